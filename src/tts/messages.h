// SPDX-License-Identifier: Apache-2.0
// ApplicationUp, the JSON that The Things Stack sends upstream by webhook and MQTT, to model::event
// (things-stack-wire.md C). Pure; any thread.
#pragma once

#include "base/result.h"
#include "model/event.h"

#include <string>
#include <string_view>

namespace causeway::tts {

// What the webhook's URL, the MQTT topic or a question to the storage names beside the body; each may be
// empty.
struct path_ids {
  std::string application;        // must be the body's where the body names one
  std::string device;             // for a body that names none
  bool device_must_match = false; // as the application
};

// Whether a field mask may have left something out of the body. By MQTT and in the storage events are whole;
// of those by webhook one is whole that has what none is without: correlation_ids, both received_at and, of
// uplinks, rx_metadata and settings.
enum class masking { possible, none };

// Member names in snake_case or lowerCamelCase, unknown ones ignored, of several with one name the last; a
// member that is null is absent. The ids of the body win, the path fills what the body lacks. A device that
// is named with a kind that this version does not know gives event_kind::unknown.
//
// What is left of each kind:
//   uplink_message: every field of model::uplink. A number or flag that is absent is its zero in a whole
//   event and not known in another. uplink_normalized: the same; decoded_payload is its normalized_payload.
//   join_accept: ids, received_at, key, session_key_id.
//   location_solved: ids, received_at, key, `location`.
//   service_data: ids, received_at, key, `data`.
//   downlink_*: ids, received_at, model::downlink_event (downlink_event.h).
//
// The best gateway's snr is "0" when the entry has an rssi but no snr, because the stack omits zeros.
//
// model::event::key, absent for `simulated` events (decision 17; event_key.h):
//   uplink: timed_key of uplink_message.received_at.
//   uplink_normalized: the same, with digest_of(normalized_payload); absent without it.
//   service: timed_key of the envelope's received_at, with digest_of(data); absent without it.
//   location: timed_key of the envelope's received_at, with the service.
//   join: make_event_key of letter_of(kind), application_id, device_id, session_key_id; absent without it.
//
// Errors, all permanent: json_malformed (with the offset), event_unrecognised (not an ApplicationUp, or of
// two kinds; of an envelope around one it says what to take out of it), identifiers_missing,
// identifiers_mismatch (body and path), identifier_invalid, field_invalid.
result<model::event> parse_application_up(std::string_view body, const path_ids& path,
                                          masking mask = masking::possible);

} // namespace causeway::tts
