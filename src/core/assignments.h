// SPDX-License-Identifier: Apache-2.0
// Which hub and identity a device has: in the table, and on disk. Owned by the shard; one thread.
#pragma once

#include "core/by_application.h"
#include "core/outlet.h"
#include "core/rules.h"
#include "model/assignment.h"
#include "model/provisioner.h"

#include <optional>
#include <string>

namespace causeway::core {

class claims;
struct device;
class device_table;
class draft;
class naming;
class rule_book;

class assignments {
public:
  // All must live as long.
  assignments(const rule_book& rules, const naming& names, claims& claimed, device_table& table,
              const outlet<provisioner>& finder, draft& book);

  // What an assignment made now is known by; another enrolment or identity template makes it stale. Empty
  // where finding the hub again costs nothing, so that a changed connection string counts at once.
  const std::string& origin_of(std::uint32_t application);
  // What one would be known by that is made now, by these rules.
  std::string origin_by(const application_rules& rules) const;
  // The application's rules are others: it is worked out anew.
  void forget_origin(std::uint32_t application) { origins_[application].reset(); }
  // The device's, from now on; saved where it is news. True: it had another hub or identity.
  bool take(device_ref which, assignment where);
  // From disk. False: it does not fit any more, or another one has the identity; nothing is done then.
  bool place(device_ref which, const assignment& where);
  // Without an assignment it is brought to its hub all the same: messages wait, its registry is followed, or
  // by connection string, where finding the hub costs nothing, so that it is attached before it sends.
  bool seeks_hub(const device& d);
  // Neither here nor on disk any more, and its identity is free.
  void lose(device_ref which);
  // On disk not any more: it has turned out not to fit.
  void displace(device_ref which);
  // Its identity is free, although it has its assignment still. False: it had it not.
  bool let_go(device_ref which);
  // It has its identity again. False: another one has it.
  bool claim_again(device_ref which);

private:
  const rule_book& rules_;
  const naming& names_;
  claims& claims_;
  device_table& table_;
  const outlet<provisioner>& finder_;
  draft& book_;
  by_application<std::optional<std::string>> origins_; // once worked out
};

} // namespace causeway::core
