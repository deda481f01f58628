// SPDX-License-Identifier: Apache-2.0
// What cannot be delivered, kept with its reason: a message, or an event that its format refused. Plain
// values.
#pragma once

#include "base/clock.h"
#include "model/amount.h"
#include "model/event.h"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace causeway::model {

struct dead_letter {
  std::uint64_t id = 0; // rises; never given again
  wall_time at{};
  device_key from;    // empty texts: its device was not known
  std::string reason; // the error's name
  std::string detail;
  std::uint64_t bytes = 0;
  bool is_event = false;
  // Of one that was asked for by its id: the event as received, or the message's record (decode_message).
  std::string content;
};

// How much there is of each application that has any.
using dead_letter_amounts = std::map<application_id, amount>;

struct dead_letter_query {
  std::uint64_t after = 0; // ids above this one
  std::size_t limit = 100;
  std::string application, device, reason; // empty: any
};

// A part of the dead letters, oldest first. A call looks at a bounded number of them, so a page may be short,
// even empty, and yet have a next one.
struct dead_letter_page {
  std::vector<dead_letter> letters;
  std::optional<std::uint64_t> next; // where the next part goes on (after); nothing: that was all
  std::uint64_t newest = 0;          // the highest id there is; 0: none
};

} // namespace causeway::model
