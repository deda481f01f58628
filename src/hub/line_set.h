// SPDX-License-Identifier: Apache-2.0
// The lines of one hub's fleet, by their number in its placement. They live as long as it. Pure; one thread.
#pragma once

#include "hub/line.h"

#include <memory>
#include <vector>

namespace causeway::hub {

class line_set {
public:
  // id: as line's.
  void add(std::uint32_t id);
  std::size_t size() const { return lines_.size(); }
  line& at(std::uint32_t index) const { return *lines_[index]; }
  auto begin() const { return lines_.begin(); }
  auto end() const { return lines_.end(); }

  // One has a connection, open or not.
  bool any_up() const { return first_up() != nullptr; }
  // That one; null: there is none.
  line* first_up() const;
  // A message has been sent, and has no outcome.
  bool any_in_flight() const;

private:
  std::vector<std::unique_ptr<line>> lines_;
};

} // namespace causeway::hub
