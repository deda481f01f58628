// SPDX-License-Identifier: Apache-2.0
// What the demo shows while it runs: a few lines redrawn in place on a terminal, a plain line now and then
// elsewhere.
#pragma once

#include "admin/snapshot.h"
#include "testbed/emulator_child.h"

#include <string>

namespace causeway {

class demo_view {
public:
  // on_terminal: whether stderr is one.
  demo_view(bool on_terminal, std::uint32_t devices) : on_terminal_{on_terminal}, devices_{devices} {}
  // Draws to stderr.
  void show(const admin::snapshot& gateway, const emulator_figures& emulator, mono_time now);
  // Leaves the last picture standing.
  void end();

private:
  bool on_terminal_;
  std::uint32_t devices_;
  int lines_ = 0;
  std::uint64_t delivered_before_ = 0;
  mono_time shown_at_{};
  double rate_ = 0;
};

} // namespace causeway
