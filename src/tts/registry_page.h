// SPDX-License-Identifier: Apache-2.0
// What The Things Stack's registry answers: a page of a device list, or one device (things-stack-wire.md
// E.3). Pure; any thread.
#pragma once

#include "base/clock.h"
#include "model/registry.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace causeway::tts {

// Longest text of an attribute that a warning quotes.
inline constexpr std::size_t longest_quote = 40;
// Longest model id that is believed (a DTMI of an interface).
inline constexpr std::size_t longest_model_id = 128;

struct listed_device {
  model::registered_device device;
  std::optional<wall_time> created_at, updated_at;
  // What was ignored and why, e.g. "azureintegration=\"maybe\" is neither true nor false". Empty: nothing.
  std::string warning;
};

struct registry_page {
  // In the order sent, each id once: of several entries the last.
  std::vector<listed_device> devices;
  std::uint32_t entries = 0;    // of end_devices, whatever they hold; 0: the list has ended
  std::uint32_t skipped = 0;    // of them, without a valid id, or of another application
  std::uint32_t duplicates = 0; // of them, ids that the page has more than once
};

// Attributes: `azureintegration` is true or false in any letter case; `dtdlmodelid` is a DTMI. Anything else
// counts as absent, with a warning. A DevEUI that is none is left out.
// Errors: registry_protocol (not a JSON object; end_devices is there and no array).
result<registry_page> parse_registry_page(std::string_view body, const application_id& application);
// The answer to a GET of one device. Errors: registry_protocol, also when it is another device.
result<listed_device> parse_registered_device(std::string_view body, const model::device_key& asked_for);

// Body of POST /applications/{app}/devices/filter: the devices that have changed at this time or later, which
// must lie in the past (E.5). page: from 1.
std::string format_changes_request(wall_time since, std::uint32_t page_size, std::uint64_t page);

// What an error answer says, for a log: its `message`, shortened. Empty when it has none (E.6).
std::string parse_stack_fault(std::string_view body);

// The error's own name, "pkg/auth:token"; its text may change. Empty when it has none (E.6).
std::string parse_stack_fault_name(std::string_view body);

// "dtmi:", then letters, digits and _ : ; . up to longest_model_id characters in all.
bool is_valid_model_id(std::string_view text);

} // namespace causeway::tts
