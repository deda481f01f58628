// SPDX-License-Identifier: Apache-2.0
// Which of the stack's errors say for sure that an item is not, or not any more, in its queue. Data; any
// thread.
#pragma once

#include <cstdint>
#include <string_view>

namespace causeway::model {

enum class downlink_refusal : std::uint8_t {
  none,        // it says nothing for sure: the item may be in the queue
  not_now,     // the stack asks for a slower pace; nothing was taken
  for_good,    // nothing was taken, or what was taken has been given up
  by_network,  // the same, of an item that the network server has taken out of the queue
  transmitted, // a gateway has not sent it: the end of an unconfirmed one alone
};

// name: "pkg/networkserver:transmission", as the answer to a push, or a downlink_failed, has it
// (real-stack-facts.md 1.3, things-stack-wire.md D.4). Of a name that is not in the tables, of none, of
// context_deadline_exceeded and of all of pkg/redis: none (real-stack-facts.md 2.5).
downlink_refusal find_refusal(std::string_view name);

} // namespace causeway::model
