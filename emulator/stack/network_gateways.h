// SPDX-License-Identifier: Apache-2.0
// What devices of the emulated network server share, and what the gateways make of what they are given
// (real-stack-facts.md 1.1, 1.5). Pure.
#pragma once

#include "emulator/stack/agenda.h"
#include "emulator/stack/downlink_book.h"
#include "emulator/stack/network_state.h"
#include "emulator/stack/ulid_source.h"

#include <functional>

namespace causeway::emulator {

// What devices share. All must outlive them.
struct network_context {
  agenda& steps;
  ulid_source& ids;
  downlink_book& book;
  // To the Application Server, which may call requeue() at once.
  std::function<void(const std::string& application, const std::string& device, network_report)> report;
  std::uint64_t hasty_words = 0; // what hasty gateways have said so far
  std::uint64_t restarts = 0;    // of the stack: what was on its way before is lost
};

// Whether a downlink of class C finds no gateway: the stack calls that fixed_paths.
bool is_unreachable(const network_settings& settings, const downlink_item& item);

// A scheduled item goes to the gateway; what really becomes of it stands in the book. What the gateway says,
// if anything. ids: of this transmission.
std::optional<network_report> send_by_gateway(const network_settings& settings, network_context& with,
                                              const downlink_item& item, const std::vector<std::string>& ids,
                                              moment now);

} // namespace causeway::emulator
