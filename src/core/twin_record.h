// SPDX-License-Identifier: Apache-2.0
// What the ledger keeps of a device's twin on disk: a row beside the commands, under make_twin_record_id, so
// that one append makes both durable. Pure; any thread.
#pragma once

#include "base/result.h"
#include "core/desired_watch.h"
#include "core/words.h"
#include "model/event.h"
#include "model/journal.h"
#include "model/twin.h"

#include <cstdint>
#include <optional>

namespace causeway::core {

struct twin_record {
  kept_desired desired;
  // What is to be told of it. Of a command the state is left out: the ledger has it. Nothing: nothing is
  // asked for.
  std::optional<twin_answer> answer;
  std::uint64_t eui = 0; // whose it is; 0: of a device without a DevEUI
  friend bool operator==(const twin_record&, const twin_record&) = default;
};

kept_command make_twin_row(const device_key& of, const twin_record& what);
// Whether it is a row of this kind.
bool is_twin_row(const kept_command& row);
// Errors: record_corrupt. Precondition: is_twin_row.
result<twin_record> read_twin_row(const kept_command& row);

} // namespace causeway::core
