// SPDX-License-Identifier: Apache-2.0
// Every device-to-cloud message that the emulated hub has accepted, in the order of arrival: the independent
// witness of what was delivered. Pure. One thread.
//
// Bounded: the last `compact_capacity` messages are kept as 48 bytes each, the last `body_capacity` of them
// whole. The counters go on for ever. Message-ids and markers are remembered for the messages that are kept,
// or up to max_marker.
#pragma once

#include "base/clock.h"
#include "base/ids.h"
#include "emulator/hub/histogram.h"

#include <cstdint>
#include <deque>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

namespace causeway::emulator {

struct arrivals_limits {
  std::size_t compact_capacity = 2'000'000;
  std::size_t body_capacity = 10'000;
};

// A message as it came over the wire; text forms of AMQP values.
struct d2c_message {
  std::string message_id, correlation_id; // empty: none
  std::string content_type, content_encoding;
  std::vector<std::pair<std::string, std::string>> properties;  // application properties
  std::vector<std::pair<std::string, std::string>> annotations; // message annotations
  std::string body;
};

// What the arrivals tell about one message. `whole` is null when only the compact form is kept.
struct arrival {
  std::uint64_t order = 0; // from 1, over all devices and hubs
  std::size_t hub = 0;     // which of the emulator's hubs took it
  identity device;
  wall_time at;
  std::optional<std::uint64_t> marker; // the simulator's running number of the device, when the body has one
  std::uint64_t body_digest = 0;       // first 8 bytes of SHA-256 over the body
  bool duplicate = false;              // this device has sent this message-id before
  bool out_of_order = false; // first arrival of a marker lower than one this device has shown before
  const d2c_message* whole = nullptr;
};

struct arrival_totals {
  std::uint64_t accepted = 0;
  std::uint64_t unique = 0; // different message-ids of a device; messages without one count each
  std::uint64_t duplicates = 0;
  std::uint64_t out_of_order = 0;
  std::uint64_t without_id = 0;
  std::uint64_t unrecognisable = 0; // a marker of the device again, and no duplicate: under another id

  arrival_totals& operator+=(const arrival_totals& more);
};

class arrivals {
public:
  explicit arrivals(std::string hub, arrivals_limits limits = {});

  // Records one message that a hub has accepted and tells the listener. A message-id that came before is a
  // duplicate whichever hub took it.
  void record(const identity& device, d2c_message message, wall_time now, std::size_t hub = 0);
  // Called for each message after it has been recorded.
  void listen(std::function<void(const arrival&)> listener) { listener_ = std::move(listener); }
  // Forgets everything; order numbers start anew.
  void clear();

  const std::string& hub() const { return hub_; }
  const arrival_totals& totals() const { return totals_; }
  arrival_totals totals_of_hub(std::size_t hub) const {
    return hub < by_hub_.size() ? by_hub_[hub] : arrival_totals{};
  }
  // From each message's iothub-creation-time-utc to its arrival; of those with a marker that have one in the
  // past. An event of a downlink has the time at which the stack made it, and has been on its way since.
  const histogram& latency() const { return latency_; }
  const histogram& latency_of_hub(std::size_t hub) const;
  // Begins these anew.
  void clear_latency();
  // Zeros for a device that has not sent.
  arrival_totals totals_of(const identity& device) const;
  std::size_t devices() const { return names_.size(); }
  // Calls visit for kept messages with order > after, oldest first, at most limit times; of one device when
  // given.
  void visit(const std::optional<identity>& device, std::uint64_t after, std::size_t limit,
             const std::function<void(const arrival&)>& visit) const;
  // The newest `limit` of them, oldest first.
  void visit_newest(const std::optional<identity>& device, std::size_t limit,
                    const std::function<void(const arrival&)>& visit) const;
  // Each device that has sent, with its totals.
  void visit_devices(const std::function<void(const identity&, const arrival_totals&)>& visit) const;
  // Each device that has shown markers, with all of them in ranges, first and last.
  using marker_ranges = std::vector<std::pair<std::uint64_t, std::uint64_t>>;
  void visit_markers(const std::function<void(const identity&, const marker_ranges&)>& visit) const;
  // Each device with markers that were out of order, at most 100,000 in all.
  void visit_late(const std::function<void(const identity&, const std::vector<std::uint64_t>&)>& visit) const;

private:
  struct compact {
    std::uint64_t id_hash = 0; // 0: no message-id
    std::uint64_t body_digest = 0;
    std::uint64_t marker = 0;
    std::int64_t at_ns = 0;
    std::uint32_t device = 0;
    std::uint16_t hub = 0;
    bool has_marker = false, duplicate = false, out_of_order = false, unrecognisable = false;
  };
  struct device_record {
    arrival_totals totals;
    std::uint64_t highest_marker = 0;
    bool has_marker = false;
    std::vector<bool> seen;          // by marker
    std::vector<std::uint64_t> late; // markers that were out of order
  };

  arrival expand(std::uint64_t order) const;
  void record_latency(const d2c_message& of, wall_time now, std::size_t hub);
  void forget_oldest();

  std::string hub_;
  arrivals_limits limits_;
  std::function<void(const arrival&)> listener_;
  arrival_totals totals_;
  std::vector<arrival_totals> by_hub_;
  std::size_t late_kept_ = 0; // of all devices
  histogram latency_;
  std::vector<histogram> latency_by_hub_;
  std::uint64_t next_order_ = 1;
  std::deque<compact> compacts_;   // the last one has order next_order_ - 1
  std::deque<d2c_message> bodies_; // likewise
  std::vector<identity> names_;
  std::vector<device_record> records_;
  std::unordered_map<identity, std::uint32_t> index_;
  std::unordered_set<std::uint64_t> ids_; // hash of device and message-id
};

// The number behind the first `"uplink":` of a body, as the simulator writes it.
std::optional<std::uint64_t> find_marker(std::string_view body);

} // namespace causeway::emulator
