// SPDX-License-Identifier: Apache-2.0
// What the demo shows while it runs: a few lines redrawn in place on a terminal, a plain line now and then
// elsewhere.
#pragma once

#include "testbed/emulator_child.h"
#include "watch/snapshot.h"

#include <string>
#include <vector>

namespace causeway {

class demo_view {
public:
  // on_terminal: whether stderr is one.
  demo_view(bool on_terminal, std::uint32_t devices) : on_terminal_{on_terminal}, devices_{devices} {}
  // Draws to stderr.
  void show(const watch::snapshot& gateway, const emulator_figures& emulator, mono_time now);
  // Leaves the last picture standing.
  void end();

private:
  std::string plain_line(const watch::snapshot& gateway, const emulator_figures& emulator) const;
  std::vector<std::string> picture(const watch::snapshot& gateway, const emulator_figures& emulator,
                                   std::size_t columns) const;
  void draw(const std::vector<std::string>& lines, std::size_t columns);

  bool on_terminal_;
  std::uint32_t devices_;
  std::size_t drawn_ = 0; // lines
  std::uint64_t delivered_before_ = 0;
  mono_time shown_at_{};
  double rate_ = 0;
};

} // namespace causeway
