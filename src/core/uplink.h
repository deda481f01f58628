// SPDX-License-Identifier: Apache-2.0
// What The Things Stack sends upstream, as Causeway's core sees it. Plain values; built by tts, read by
// formats and bridge. Text fields that are numbers in the source keep the source's own text, so that nothing
// is rounded on the way.
#pragma once

#include "base/ids.h"

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace causeway::core {

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

// 128 bits of SHA-256 over the de-duplication key (things-stack-wire.md C.8, kind included).
using event_key = std::array<std::uint8_t, 16>;

struct uplink {
  event_kind kind = event_kind::unknown;
  device_key from;
  causeway::dev_eui dev_eui;    // empty when the event has none
  std::optional<event_key> key; // absent: cannot be de-duplicated, never dropped
  std::uint8_t f_port = 0;      // 0 = absent: a control frame
  std::uint32_t f_cnt = 0;      // absent in the source = 0
  std::uint16_t session = 0;    // a hash of session_key_id, never 0 where there is one; 0 = absent
  bool confirmed = false;
  bool simulated = false;
  std::string received_at; // when the network received it, RFC 3339, as sent; falls back to the envelope's
                           // received_at; empty when the event has neither
  std::string frm_payload; // base64 as sent; empty when absent
  // A JSON object without white space between tokens; empty when absent. Of uplink_normalized its
  // normalized_payload, of location_solved its location, of service_data its data.
  std::string decoded_payload;
  std::string rssi, snr; // of the best gateway (largest snr, then rssi), JSON number text; empty when absent
  std::string data_rate; // "SF7BW125", "FSK50000", "LRFHSS136719"; empty when absent
  std::uint32_t gateways = 0; // entries of rx_metadata
  std::string raw;            // the event as received
};

// The first 8 bytes, big-endian, so that its hex is the start of the message-id's: what the device table and
// the store keep.
std::uint64_t short_hash(const event_key& key);

} // namespace causeway::core
