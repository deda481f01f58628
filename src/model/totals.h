// SPDX-License-Identifier: Apache-2.0
// What the core counts, and what of it is shown (figure.h). Plain values; monotonic since the start unless
// said so.
#pragma once

#include "model/amount.h"
#include "model/device_status.h"
#include "model/door.h"
#include "model/event.h"
#include "model/figure.h"

#include <array>
#include <cstdint>
#include <string_view>

namespace causeway::model {

// Why messages were given up.
enum class drop_reason : std::uint8_t { full, share, age };
inline constexpr std::size_t drop_reasons = 3;
std::string_view to_string(drop_reason why);

// Latency buckets: up to 1, 2, 5, 10, … 10,000 ms, and above.
inline constexpr std::array<std::uint32_t, 13> latency_bounds_ms{1,   2,   5,    10,   20,   50,   100,
                                                                 200, 500, 1000, 2000, 5000, 10000};

// What the core has heard of The Things Stack's registry.
struct roster_totals {
  std::uint64_t listed = 0;     // devices that it has named, now
  std::uint64_t words = 0;      // times it has named one
  std::uint64_t changes = 0;    // of these, what was new
  std::uint64_t look_ups = 0;   // asked for one device
  std::uint64_t over_limit = 0; // of these words, for devices beyond max_devices
};

struct shard_totals {
  std::array<std::uint64_t, event_kinds> received{};
  std::array<std::uint64_t, answers_known> answered{}; // by answer
  std::array<std::uint64_t, device_states> devices{};  // now, by state
  std::uint64_t sent = 0;                              // accepted by the hub
  std::uint64_t resent = 0; // sends after a try that had no outcome or a refusal for now
  std::uint64_t dead_lettered = 0;
  std::uint64_t refused_unknown = 0;     // by a hub, for a reason that is not in the catalogue
  std::uint64_t applications_paused = 0; // now, on a hub, for such refusals
  std::uint64_t grace_ended = 0;         // of these: their device could not be attached for removed_grace
  std::array<std::uint64_t, drop_reasons> dropped{}; // given up, by drop_reason
  std::uint64_t waiting_messages = 0, waiting_bytes = 0;
  spool_seq last_row = 0; // that has come
  std::uint64_t read_back = 0;
  std::uint64_t attaches = 0, detaches = 0, parks = 0, provisionings = 0;
  std::uint64_t frames_late = 0, frames_missing = 0;
  std::uint64_t portless = 0; // uplinks with a payload and without a port, which a field mask has left out
  std::array<std::uint64_t, latency_bounds_ms.size() + 1> latency{}; // acceptance to the hub's accept
  std::uint64_t latency_ms_sum = 0;
  roster_totals registry;
};
// In the order of the pages, where figures of others stand between them. The latency is a histogram, which
// watch makes.
extern const figure_table<shard_totals> event_figures;
extern const figure_table<shard_totals> message_figures;
extern const figure_table<shard_totals> device_figures;
extern const figure_table<shard_totals> drop_figures;

// What one application has in the spool.
struct spool_use {
  application_id application;
  amount waiting;            // what is being stored included
  amount letters;            // dead ones
  double letters_part = 0;   // of its share
  std::uint64_t refused = 0; // events answered share_full
  std::uint64_t dropped = 0; // messages given up
  std::uint64_t devices = 0;
  std::uint64_t devices_refused = 0; // events of devices beyond its share, or beyond max_devices
};
extern const figure_table<spool_use> spool_use_figures;

} // namespace causeway::model
