// SPDX-License-Identifier: Apache-2.0
// What somebody in Azure asks a device to be sent, in each of the ways that there are, as the downlink that
// The Things Stack is to get: the properties and the body of a cloud-to-device message, a direct method, the
// desired properties of a twin. Each fault is told alone, with the name of what is wrong and the way out.
// Here and not in the core, because it is reading JSON. Pure; any thread.
#pragma once

#include "base/clock.h"
#include "base/result.h"
#include "model/command.h"
#include "model/downlink.h"
#include "model/twin.h"

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace causeway::tts {

// What the configuration says of a name by which IoT Central, or a method's caller, asks.
struct named_downlink {
  std::string name;
  std::uint8_t f_port = 0; // 1 to 223
  bool confirmed = false;
  model::downlink_priority priority = model::downlink_priority::normal;
  model::queue_operation queue = model::queue_operation::replace;
  std::string payload; // a JSON object without white space between tokens, sent where none is given; or empty
};
using named_downlinks = std::span<const named_downlink>;

// In any letter case, and 0 to 6: "belownormal", "BELOW_NORMAL", "2".
std::optional<model::downlink_priority> parse_priority(std::string_view text);

// Application properties in text: numbers in decimal, flags as true and false.
using c2d_properties = std::span<const std::pair<std::string, std::string>>;
// Names in any letter case; others than these are the sender's own business.
//   method-name: IoT Central's; what is configured for this name counts, and of the others none. The body is
//     `@`, null or nothing: the configured payload; an object or array: that; any other: {name: value}.
//   Port: 1 to 223. Confirmed: true, false. Priority: as parse_priority. Queue: push, replace. The body is a
//     JSON object or array, which the device's formatter encodes, or base64.
// Errors: downlink_port_invalid, _confirmed_invalid, _priority_invalid, _queue_invalid, _payload_missing,
// _payload_invalid, _payload_too_long, _member_invalid (a property given twice), method_unknown.
result<model::downlink> read_c2d(c2d_properties properties, std::string_view body, named_downlinks named);

// Of a direct method: the built-in `downlink`, with f_port, frm_payload (base64) or decoded_payload,
// confirmed, priority, queue, class_b_c, max_attempts, wait, wait_seconds and id; or a configured name, with
// a payload as behind method-name. Members in snake_case or lowerCamelCase; null is absent, an unknown one is
// refused. Without f_port the formatter must give it. Errors: as read_c2d.
result<model::downlink_call> read_method(std::string_view name, std::string_view payload,
                                         named_downlinks named);

// What is sent for this name: the payload as behind method-name, but that a bare value becomes {member:
// value}. Errors: downlink_payload_missing, _payload_invalid.
result<model::downlink> read_named(const named_downlink& of, std::string_view member,
                                   std::string_view payload);

// desired: the twin's desired properties, a JSON object. `lorawan.downlink` with a method's members; or, as
// The Things Industries' own integration has them, `decodedPayload`, which is sent without a port, and
// `rawDownlink` with fPort, framePayload in hex, confirmed and operation; both together are one downlink
// (things-stack-wire.md F.1). Null is absent.
// Errors: json_malformed; in `what` as read_c2d, and twin_ambiguous for both kinds at once.
result<model::desired_downlink> read_desired(std::string_view desired);

} // namespace causeway::tts
