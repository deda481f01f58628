// SPDX-License-Identifier: Apache-2.0
// What an emulated hub has accepted, as its Event-Hubs-compatible endpoint shows it (azure-iot-wire.md D.3):
// partitions, each with sequence numbers and offsets of its own, one device always in the same one. Pure. One
// thread.
//
// Bounded by number and by bytes over all partitions: beyond either the oldest events are dropped, as a
// retention time does it; sequence numbers and offsets go on. Whole messages are kept as they came over the
// wire.
#pragma once

#include "base/clock.h"
#include "base/ids.h"
#include "base/result.h"

#include <cstdint>
#include <deque>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace causeway::emulator {

struct event_log_options {
  std::size_t partitions = 4;
  std::size_t max_events = 200'000;
  std::size_t max_bytes = 512U * 1024 * 1024;
};

// A message and what the hub knows of its sender.
struct hub_event {
  identity device;
  std::uint64_t generation = 0; // of the identity
  bool by_policy = false;       // a hub policy's token opened the link, not the device's own
  std::string model_id;         // empty: none was named at the attach
  std::string encoded;          // the AMQP message as it came
  wall_time at;                 // when it was accepted
};

struct kept_event {
  std::int64_t sequence = 0; // from 0, of its partition
  std::int64_t offset = 0;   // where its bytes begin in its partition
  hub_event event;
};

// Where a reader begins: "amqp.annotation.x-opt-offset > '-1'" and its kin.
struct event_position {
  enum class kind : std::uint8_t { offset, sequence, enqueued_time, latest } by = kind::offset;
  std::int64_t value = -1; // enqueued_time: milliseconds since 1970-01-01 UTC
  bool inclusive = false;
};

// Takes what Event Hubs does: one comparison by > or >= of an annotation with a quoted value. Errors:
// field_invalid.
result<event_position> parse_event_selector(std::string_view selector);

class event_log {
public:
  explicit event_log(event_log_options options);

  void append(hub_event event);
  // Called after each append.
  void listen(std::function<void()> listener) { listener_ = std::move(listener); }

  std::size_t partitions() const { return partitions_.size(); }
  // FNV-1a over the name.
  std::size_t partition_of(const identity& device) const;
  // What is kept of a partition, oldest first.
  const std::deque<kept_event>& events(std::size_t partition) const { return partitions_[partition].events; }
  // The first sequence number that is still kept; with nothing kept, the next one that comes.
  std::int64_t begin_sequence(std::size_t partition) const;
  // -1 before the first event.
  std::int64_t last_sequence(std::size_t partition) const { return partitions_[partition].next_sequence - 1; }
  std::int64_t last_offset(std::size_t partition) const { return partitions_[partition].last_offset; }
  wall_time last_enqueued(std::size_t partition) const { return partitions_[partition].last_at; }

  // The sequence number that a reader at this position begins with; it may lie in the future.
  std::int64_t resolve(std::size_t partition, const event_position& from) const;
  // The oldest kept event with this sequence number or a later one; null when there is none yet.
  const kept_event* find(std::size_t partition, std::int64_t sequence) const;

  std::size_t size() const { return order_.size(); }
  std::size_t bytes() const { return bytes_; }

private:
  struct shard {
    std::deque<kept_event> events;
    std::int64_t next_sequence = 0, next_offset = 0, last_offset = -1;
    wall_time last_at{};
  };

  event_log_options options_;
  std::vector<shard> partitions_;
  std::deque<std::uint16_t> order_; // the partition of each kept event, oldest first
  std::size_t bytes_ = 0;
  std::function<void()> listener_;
};

} // namespace causeway::emulator
