// SPDX-License-Identifier: Apache-2.0
// Which hub and identity a device has: in the table, and on disk. Owned by the shard; one thread.
#pragma once

#include "core/claims.h"
#include "core/outlet.h"
#include "model/assignment.h"
#include "model/provisioner.h"

#include <optional>
#include <string>
#include <vector>

namespace causeway::core {

class draft;

class assignments {
public:
  // All must live as long.
  assignments(const rule_book& rules, const naming& names, claims& claimed, device_table& table,
              const outlet<provisioner>& finder, draft& book);

  // What an assignment made now is known by; another enrolment or identity template makes it stale. Empty
  // where finding the hub again costs nothing, so that a changed connection string counts at once.
  const std::string& origin_of(std::uint32_t application);
  // The device's, from now on; saved where it is news. True: it had another hub or identity.
  bool take(device_ref which, assignment where);
  // From disk. False: it does not fit any more, or another one has the identity; nothing is done then.
  bool place(device_ref which, const assignment& where);
  // Neither here nor on disk any more, and its identity is free.
  void lose(device_ref which);

private:
  const rule_book& rules_;
  const naming& names_;
  claims& claims_;
  device_table& table_;
  const outlet<provisioner>& finder_;
  draft& book_;
  std::vector<std::optional<std::string>> origins_; // by application, once worked out
};

} // namespace causeway::core
