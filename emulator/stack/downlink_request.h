// SPDX-License-Identifier: Apache-2.0
// The body of a push or replace, read as each of the stack's ways in reads it, and what it refuses by the
// form alone (real-stack-facts.md 1.2, 1.3). Pure.
#pragma once

#include "emulator/stack/downlink_item.h"
#include "emulator/stack/stack_error.h"

#include <string_view>

namespace causeway::emulator {

enum class downlink_route : std::uint8_t { rest, webhook, mqtt };

// At most one of fault and bare says why nothing came of it.
struct downlink_request {
  std::vector<downlink_item> items;
  std::optional<stack_fault> fault;
  std::string bare; // the message of an answer without details; by REST only
};

downlink_request parse_downlinks(std::string_view body, downlink_route route);

// The whole list is refused with what the first bad item is refused with. published: every item of the list
// gets a downlink_failed with it, too.
struct downlink_refusal {
  stack_fault fault;
  bool published = false;
};

// What the Application Server finds in items of the right form, before it asks the network server.
std::optional<downlink_refusal> find_unfit(const std::vector<downlink_item>& items);
// What the network server finds: too long for any data rate of the band, too late.
std::optional<downlink_refusal> find_unschedulable(const std::vector<downlink_item>& items, wall_time now);

// Of which so many fit (EU868).
inline constexpr std::size_t longest_payload = 242;
stack_fault too_long(std::size_t length, std::size_t max);

} // namespace causeway::emulator
