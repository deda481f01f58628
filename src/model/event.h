// SPDX-License-Identifier: Apache-2.0
// What The Things Stack tells of its devices, as Causeway sees it. Plain values; built by tts, judged by the
// core, read by formats. Text fields that are numbers in the source keep the source's own text, so that
// nothing is rounded on the way.
#pragma once

#include "base/ids.h"

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace causeway::model {

// The stable name of a device (things-stack-wire.md C.2).
struct device_key {
  application_id application;
  device_id device;
  friend auto operator<=>(const device_key&, const device_key&) = default;
};

// One member of ApplicationUp (things-stack-wire.md C.2).
enum class event_kind : std::uint8_t {
  uplink,
  uplink_normalized,
  join_accept,
  downlink_queued,
  downlink_sent,
  downlink_ack,
  downlink_nack,
  downlink_failed,
  downlink_queue_invalidated,
  location_solved,
  service_data,
  unknown, // well-formed, but no kind that this version knows
};
inline constexpr std::size_t event_kinds = 12;

// "uplink", "normalized", "join", "downlink_queued", "downlink_sent", "downlink_ack", "downlink_nack",
// "downlink_failed", "downlink_queue_invalidated", "location", "service", "unknown": the message property
// `event`, the label in metrics and logs.
std::string_view to_string(event_kind kind);
// The word that switches the kind on in configuration (events = […]): "uplink", "downlink" (all six of them),
// "join", "location", "service", "normalized"; empty for `unknown`, which cannot be switched on.
std::string_view event_group(event_kind kind);
// The letter in message ids, one a kind; '\0' for a kind that is never sent.
char letter_of(event_kind kind);

// 128 bits of SHA-256 over the de-duplication key (docs/decisions/0017-de-duplication-keys.md).
using event_key = std::array<std::uint8_t, 16>;

// Of uplink_message and uplink_normalized. A number or flag that has no value is one that nobody knows: a
// field mask may have left it out. Where the event is whole its absence in the source is its zero, and it has
// that value.
struct uplink {
  std::uint8_t f_port = 0;  // 0 = none
  bool has_payload = false; // one of frm_payload, decoded_payload and normalized_payload
  std::optional<std::uint32_t> f_cnt;
  // The network server's time of it, nanoseconds since 1970: as it stands in that one's record of the device.
  std::optional<std::int64_t> received_at;
  std::optional<std::uint16_t> session; // a hash of session_key_id, never 0 where there is one; 0 = none
  std::optional<bool> confirmed;
  std::string frm_payload; // base64 as sent; empty when absent
  // A JSON object without white space between tokens; empty when absent. Of uplink_normalized its
  // normalized_payload.
  std::string decoded_payload;
  // Of an uplink without decoded_payload: its normalized_payload, a JSON array without white space between
  // tokens; empty when absent.
  std::string normalized_payload;
  std::string rssi, snr; // of the best gateway (largest snr, then rssi), JSON number text; empty when absent
  std::string data_rate; // "SF7BW125", "FSK50000", "LRFHSS136719"; empty when absent
  std::optional<std::uint32_t> gateways; // entries of rx_metadata
  std::string session_key_id;            // base64 as sent; empty when absent
};

// Of join_accept.
struct join {
  std::string session_key_id; // base64 as sent; empty when absent
};

// Of the six downlink kinds.
struct downlink_event {
  // Of the items that it is about, as sent, sorted, none twice: from the item's own list, which a kind may
  // wrap (`downlink`) or have several of (`downlinks`); where a mask has left that out, from the event's,
  // which has those of an uplink beside them.
  std::vector<std::string> correlation_ids;
  // The rest of an event about one item (all kinds but downlink_queue_invalidated). What has no value is one
  // that nobody knows; what the stack leaves out because it is zero is zero in an event of which nothing can
  // have been left out by a mask.
  std::string session_key_id;         // base64 as sent; empty when absent, as of ABP devices
  std::optional<std::uint32_t> f_cnt; // nothing also where none has been given yet: queued, and most failed
  std::optional<bool> confirmed;
  std::optional<std::uint32_t> attempt; // of confirmed_retry
  // The envelope's received_at, nanoseconds since 1970: when the application server was told, before it waits
  // for its lock on the device; equal for events of one call (real-stack-facts.md 2.8).
  std::optional<std::int64_t> at;
  // Of a failed one: its error as "namespace:name", empty without a name, and the stack's words, shortened.
  std::string error_name, error_text;
  bool by_network = false;      // of a failed one: with f_cnt or dev_addr, as the network server tells it
  bool without_payload = false; // of a queued one: it has no frm_payload, so that an empty frame will be sent
};

// Of location_solved: its `location`, a JSON object without white space between tokens; empty when absent.
struct location {
  std::string fields;
};

// Of service_data: its `data`, in the same way.
struct service {
  std::string fields;
};

struct event {
  event_kind kind = event_kind::unknown;
  device_key from;
  causeway::dev_eui dev_eui;     // empty when the event has none
  std::optional<event_key> key;  // absent: cannot be de-duplicated, never dropped
  std::optional<bool> simulated; // as the flags of uplink
  std::string received_at; // when the network received it, RFC 3339, as sent; falls back to the envelope's
                           // received_at; empty when the event has neither
  // What the kind says; nothing of one that is unknown.
  std::variant<std::monostate, uplink, join, downlink_event, location, service> what;
  std::string raw; // the event as received
};

// Nothing for an event of another kind.
inline const uplink* uplink_of(const event& from) {
  return std::get_if<uplink>(&from.what);
}
// The fields that a decoder or a service has made, a JSON object without white space between tokens; empty
// for none.
std::string_view fields_of(const event& from);

// A frame without a port and without a payload: the network's own business, nothing to send. A port that is
// absent beside a payload is one that a mask has left out, for the stack gives such frames no payload.
bool is_control_frame(const event& from);

} // namespace causeway::model
