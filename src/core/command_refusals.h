// SPDX-License-Identifier: Apache-2.0
// What of Azure's is not taken, here or by The Things Stack: its sender is told, and the log. Owned by
// commands; one thread.
#pragma once

#include "base/log_limiter.h"
#include "core/command_senders.h"
#include "model/command_totals.h"
#include "model/hub_command.h"

#include <string_view>

namespace causeway::core {

class device_table;
class naming;

class command_refusals {
public:
  // All must live as long.
  command_refusals(const naming& names, const device_table& table, const command_senders& senders,
                   model::command_totals& totals)
      : names_{names}, table_{table}, senders_{senders}, totals_{totals} {}

  // Precondition of both: the device is in the table. What is wrong with a message stays wrong: it is
  // rejected. What there is no room for now the hub gives again.
  void refuse(device_ref which, const c2d_message& what, const error& why, moment now);
  void refuse(device_ref which, const method_call& what, const error& why, moment now);
  // Of the device's twin, which is told by who has asked.
  void refuse(device_ref which, const command_id& what, const error& why, moment now);
  // One that was taken has failed: whoever has asked for it is told by others.
  void note_failed(const command_entry& what, moment now);

private:
  // called: what its sender calls it, and how.
  void note(device_ref which, command_source source, const char* how, std::string_view called,
            const error& why, moment now);

  const naming& names_;
  const device_table& table_;
  const command_senders& senders_;
  model::command_totals& totals_;
  log_limiter told_{};
};

} // namespace causeway::core
