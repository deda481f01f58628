// SPDX-License-Identifier: Apache-2.0
// ApplicationUp, the JSON that The Things Stack sends upstream by webhook and MQTT, to core::uplink
// (things-stack-wire.md C). Pure; any thread.
#pragma once

#include "base/result.h"
#include "core/uplink.h"

#include <string>
#include <string_view>

namespace causeway::tts {

// What the webhook's URL or the MQTT topic names; each may be empty.
struct path_ids {
  std::string application;
  std::string device;
  std::string kind; // not used for parsing: the content says what an event is
};

// Member names in snake_case or lowerCamelCase, unknown ones ignored, of several with one name the last; a
// member that is absent or null has its zero value. The ids of the body win, the path fills what the body
// lacks. A device that is named with a kind that this version does not know gives event_kind::unknown.
//
// What is left of each kind:
//   uplink_message: every field of core::uplink.
//   uplink_normalized: the same; decoded_payload is its normalized_payload; no key, for one uplink gives
//   several of them.
//   join_accept: ids, received_at, key.
//   location_solved: ids, received_at, key; decoded_payload is its `location`.
//   service_data: ids, received_at; decoded_payload is its `data`.
//   downlink_*: ids, received_at.
//
// The best gateway's snr is "0" when the entry has an rssi but no snr, because the stack omits zeros.
//
// core::uplink::key is the first 16 bytes of SHA-256 over these texts, each behind its length in 4 bytes,
// big-endian:
//   uplink: letter_of(kind), application_id, device_id, session_key_id, f_cnt in decimal,
//   uplink_message.received_at; absent unless session_key_id and uplink_message.received_at are both there.
//   join: letter_of(kind), application_id, device_id, session_key_id; absent without session_key_id.
//   location: letter_of(kind), application_id, device_id, service, the first correlation id that names an
//   uplink (gs:uplink:…, or pba:uplink:… through Packet Broker); absent without service or such an id.
//
// Errors, all permanent: json_malformed (with the offset), event_unrecognised (not an ApplicationUp, or of
// two kinds), identifiers_missing, identifiers_mismatch (body and path), identifier_invalid, field_invalid.
result<core::uplink> parse_application_up(std::string_view body, const path_ids& path);

} // namespace causeway::tts
