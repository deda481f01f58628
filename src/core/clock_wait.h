// SPDX-License-Identifier: Apache-2.0
// Devices for which a command has waited over a stop, and may have expired meanwhile: nothing goes to them
// until a service has told what time it is. Where none does, until the command is pushed no more by the hours
// in which the store was open. Owned by commands; one thread.
#pragma once

#include "core/push_turns.h"

#include <optional>
#include <set>
#include <vector>

namespace causeway::core {

class device_table;
class ledger;
class naming;

class clock_wait {
public:
  // All must live as long.
  clock_wait(push_turns& turns, const ledger& book, const naming& names, const device_table& table)
      : turns_{turns}, book_{book}, names_{names}, table_{table} {}

  // Precondition: the command is stored, and from before the start.
  void keep(device_ref which);
  bool is_idle() const { return kept_.empty(); }
  // is_known: what time it is. Those that may be sent to from now on. That nobody tells the time is said
  // once.
  std::vector<device_ref> look(bool is_known, moment now);
  std::optional<mono_time> deadline() const;

private:
  bool has_such(device_ref which) const;

  push_turns& turns_;
  const ledger& book_;
  const naming& names_;
  const device_table& table_;
  std::set<device_ref> kept_;
  mono_time next_look_ = mono_time::min(); // there may be many of them
  std::optional<mono_time> told_at_;       // that it is not known; absent: no look has been in vain
};

} // namespace causeway::core
