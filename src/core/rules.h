// SPDX-License-Identifier: Apache-2.0
// What the operator has configured, in the core's words. Immutable; others take their place whole
// (rule_book.h).
#pragma once

#include "base/clock.h"
#include "base/result.h"
#include "core/words.h"
#include "model/command.h"
#include "model/event.h"

#include <bitset>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace causeway::core {

// So many downlinks a device within this time; further ones are refused.
struct downlink_brake {
  std::uint32_t count = 1;
  seconds within{24 * 3600};
};

struct application_rules {
  application_id id;
  azure_name section;
  std::string identity_template = "{device_id}"; // also {application_id} {dev_eui}
  std::string model_id;                          // empty = none; a device's own wins
  std::bitset<event_kinds> events;               // kinds that are sent
  bool enabled_by_default = true;                // a device's attribute wins
  bool commands = false;                         // devices hold a link for cloud-to-device messages
  bool twin = false;                             // and the links of their twins
  bool sends_first_desired = false;              // of a twin that is read for the first time ever
  // At least so long from one report of what an uplink says of the device to the next; nothing: there is
  // none.
  std::optional<seconds> twin_interval{};
  // The step at which the hub's message is completed, and held until then; nothing: once it is stored.
  std::optional<model::awaited_step> settle_at{};
  seconds command_timeout{24 * 3600}; // without a word of a downlink, until the stack is asked for it
  std::optional<downlink_brake> max_downlinks{};
  bool follows_registry = false; // devices wait until the registry has spoken
  // How long a message waits for a device that may not be attached, in time in which the store was open.
  seconds removed_grace{7 * 24 * 3600};
  // Where its names meet those of others: a hub, or an id scope. Empty: its section alone.
  std::string realm{};
  bool any_case = false; // there letters of both cases count as one
};

// The identity that the template gives this device.
// Errors: identity_incomplete (the device has no DevEUI), identity_invalid (outside IoT Hub's characters or
// length, azure-iot-wire.md A.4).
result<identity> expand_identity(const std::string& identity_template, const device_key& key,
                                 const dev_eui& eui);

} // namespace causeway::core
