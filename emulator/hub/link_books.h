// SPDX-License-Identifier: Apache-2.0
// Which links of devices a hub has: those that are attached, and telemetry links whose attach waits for its
// answer. Part of hub_service; the links are their connections'. Pure. One thread.
#pragma once

#include "base/ids.h"
#include "emulator/hub/hub_link.h"

#include <cstddef>
#include <unordered_map>
#include <vector>

namespace causeway::emulator {

class link_books {
public:
  // An attach that will be answered later, or next. True: another connection has a telemetry link of this
  // device, attached or waiting too.
  bool await(hub_link& link);
  // It is attached now.
  void add(hub_link& link);
  // No effect on one that is in neither way here.
  void remove(hub_link& link);

  // What is attached.
  std::vector<hub_link*> of(const identity& device) const;
  std::size_t attached() const { return attached_; }
  std::size_t c2d_links() const { return c2d_links_; }

private:
  using rows = std::unordered_map<identity, std::vector<hub_link*>>;
  static void take_out(rows& of, hub_link& link);
  static bool has_elsewhere(const rows& of, const hub_link& link);

  rows links_;   // attached
  rows awaited_; // telemetry alone
  std::size_t attached_ = 0, c2d_links_ = 0;
};

} // namespace causeway::emulator
