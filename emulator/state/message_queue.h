// SPDX-License-Identifier: Apache-2.0
// A queue of the emulated hub whose messages are locked while somebody has them in hand: of one device, or of
// the services that read feedback (azure-iot-wire.md B.6, D.2). First in, first out; a message that comes
// back is delivered again before those behind it. Pure: time is a parameter. One thread.
//
// Waits are counted in mono_time; what others are told is in wall_time.
#pragma once

#include "base/clock.h"
#include "emulator/state/guid.h"

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace causeway::emulator {

// Of which ends its sender wants to hear (`iothub-ack`).
enum class ack_mode : std::uint8_t { none, positive, negative, full };
// Nothing for another word.
std::optional<ack_mode> parse_ack_mode(std::string_view word);
std::string_view to_string(ack_mode mode);

// A message as its sender made it.
struct hub_message {
  std::string message_id, correlation_id, user_id, to, content_type, content_encoding;
  std::optional<wall_time> expires; // absent: when the hub's own time for messages is over
  ack_mode ack = ack_mode::none;
  std::vector<std::pair<std::string, std::string>> properties; // without iothub-ack
  std::string body;

  // What the hub counts: the body, and names and values of the properties.
  std::size_t bytes() const;
};

struct message_lock {
  guid token;
  mono_time until{};
};

struct queued_message {
  hub_message content; // with `expires`, whoever set it
  std::uint64_t sequence = 0;
  wall_time enqueued{};
  mono_time expires{};
  mono_time deliverable{};          // not before; nor any behind it
  std::uint32_t delivery_count = 0; // given back by an abandon: a lock that runs out does not count
  std::uint32_t deliveries = 0;     // each time that somebody got it
  std::optional<message_lock> lock;
};

enum class message_end : std::uint8_t { completed, rejected, expired, delivery_count_exceeded, purged };
// As feedback calls it: "Success", "Rejected", …
std::string_view to_string(message_end how);

struct ended_message {
  queued_message message;
  message_end how{};
};

enum class settlement : std::uint8_t { complete, abandon, reject };

struct queue_limits {
  std::size_t most = 50;
  std::uint32_t max_deliveries = 10;
  std::chrono::seconds lock{60};
};

class message_queue {
public:
  explicit message_queue(queue_limits limits = {}) : limits_{limits} {}

  // Its sequence number, from 1 on; nothing when the queue is full.
  std::optional<std::uint64_t> add(hub_message message, wall_time enqueued, mono_time expires,
                                   mono_time deliverable);
  // Locks the first one that may be delivered now; null when there is none. Good until the next call.
  const queued_message* take(const guid& token, mono_time now);
  // Whether take() would find one.
  bool has_one(mono_time now) const { return first(now) != messages_.end(); }

  struct verdict {
    bool lock_lost = false; // nobody has this lock now, and nothing has happened
    std::optional<ended_message> ended;
  };
  verdict settle(const guid& token, settlement how, mono_time now);
  // All locks end, and nothing is counted. Returns how many.
  std::size_t release_all();
  // One lock ends likewise.
  void release(const guid& token);

  struct passing {
    std::vector<ended_message> ended;
    std::size_t locks_expired = 0;
  };
  // What is over by now: locks first, then messages that nobody has locked.
  passing pass(mono_time now);
  std::vector<ended_message> purge();
  // When pass() has something to do, or a message may be delivered for the first time.
  std::optional<mono_time> next_due(mono_time now) const;

  std::size_t size() const { return messages_.size(); }
  const std::deque<queued_message>& messages() const { return messages_; }

private:
  std::deque<queued_message>::iterator find(const guid& token);
  std::deque<queued_message>::const_iterator first(mono_time now) const;

  queue_limits limits_;
  std::deque<queued_message> messages_; // by sequence number
  std::uint64_t last_sequence_ = 0;
};

} // namespace causeway::emulator
