// SPDX-License-Identifier: Apache-2.0
// What the ledger keeps of a device's twin on disk: a row beside the commands, under make_twin_record_id, so
// that one append makes both durable. Pure; any thread.
#pragma once

#include "base/result.h"
#include "core/words.h"
#include "model/event.h"
#include "model/event_key.h"
#include "model/journal.h"
#include "model/twin.h"

#include <cstdint>
#include <map>
#include <optional>
#include <string>

namespace causeway::core {

// What one place of the twin asks for.
struct twin_slot {
  event_key object{}; // of the canonical form; all zero: nothing
  // What is to be told of it. Of a command the state is left out: the ledger has it. Nothing: nothing is
  // asked for.
  std::optional<twin_answer> answer;
  friend bool operator==(const twin_slot&, const twin_slot&) = default;
};

struct twin_record {
  std::int64_t version = 0; // $version at which the twin was read
  std::uint64_t eui = 0;    // whose it is; 0: of a device without a DevEUI
  // By property, as desired_downlink's; of `lorawan.downlink`, under the empty name, there is always one.
  std::map<std::string, twin_slot> slots;

  const twin_slot* find(const std::string& property) const { // nothing: it has never been read
    const auto found = slots.find(property);
    return found == slots.end() ? nullptr : &found->second;
  }
  friend bool operator==(const twin_record&, const twin_record&) = default;
};

// Precondition: the record has what is always there.
kept_command make_twin_row(const device_key& of, const twin_record& what);
// Whether it is a row of this kind.
bool is_twin_row(const kept_command& row);
// Errors: record_corrupt. Precondition: is_twin_row.
result<twin_record> read_twin_row(const kept_command& row);

} // namespace causeway::core
