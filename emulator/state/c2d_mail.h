// SPDX-License-Identifier: Apache-2.0
// The messages that an emulated hub holds for its devices, with their locks and their ends, and the feedback
// on these for its services (azure-iot-wire.md B.6, D.2). Knows no protocol: who carries a message asks for
// it, and says what became of it. Pure: time is a parameter. One thread.
//
// It tells nobody: who adds a message, settles one or lets time pass offers the device what there is then.
#pragma once

#include "base/ids.h"
#include "emulator/state/feedback.h"

#include <cstdint>
#include <deque>
#include <functional>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

namespace causeway::emulator {

inline constexpr std::size_t most_c2d_bytes = 64 * 1024;
inline constexpr std::chrono::hours default_c2d_life{1};
inline constexpr std::chrono::hours longest_c2d_life{48}; // a later expiry counts as this one (inferred)

struct c2d_totals {
  std::uint64_t sent = 0;          // by services, and taken
  std::uint64_t refused_full = 0;  // 50 wait already
  std::uint64_t refused_large = 0; // beyond 64 KiB
  std::uint64_t delivered = 0;     // to devices, each time
  std::uint64_t abandoned = 0;     // by devices
  std::uint64_t released = 0;      // with the link that they were locked on
  std::uint64_t locks_expired = 0;
  std::uint64_t locks_lost = 0; // settlements that came too late
  // Ends.
  std::uint64_t completed = 0, rejected = 0, expired = 0, delivery_count_exceeded = 0, purged = 0;
  std::uint64_t feedback_records = 0, feedback_batches = 0;
  std::uint64_t feedback_dropped = 0; // batches for which there was no room

  c2d_totals& operator+=(const c2d_totals& more);
};

// What became of a message, for whoever judges.
struct c2d_record {
  identity device;
  std::string message_id;
  std::uint64_t sequence = 0;
  std::uint32_t delivery_count = 0, deliveries = 0;
  wall_time enqueued{}, ended{};
  message_end how{};
};

enum class c2d_verdict : std::uint8_t { taken, full, too_large };

class c2d_mail {
public:
  static constexpr std::size_t most_records = 10'000; // of ends; the oldest is forgotten

  // seed: makes the lock tokens this hub's own. hub: its name, whom feedback comes from.
  c2d_mail(const std::string& seed, std::string hub);

  // generation: of the identity. delay: until it may be delivered.
  c2d_verdict add(const identity& device, std::string generation, hub_message message,
                  std::chrono::milliseconds delay, moment now);
  // Locks the device's next message; null when there is none. Good until the next call.
  const queued_message* take(const identity& device, mono_time now);
  // False: the lock is dead, and nothing has happened.
  bool settle(const identity& device, const guid& token, settlement how, moment now);
  // The device's link has gone: its locks end. Returns how many.
  std::size_t release(const identity& device, mono_time now);
  // The locks of these devices run out now. Returns the devices.
  std::vector<identity> expire_locks(const std::function<bool(const identity&)>& concerned, mono_time now);
  // Returns how many messages there were.
  std::size_t purge(const identity& device, moment now);
  std::size_t waiting(const identity& device) const;
  // Null: none.
  const message_queue* find(const identity& device) const;

  // Locks, messages and feedback batches whose time is over. Returns the devices for which there is something
  // to deliver now.
  std::vector<identity> pass(moment now);
  std::optional<mono_time> next_due() const;

  // Feedback, as messages for any service that asks. As the functions above.
  const queued_message* take_feedback(mono_time now);
  bool settle_feedback(const guid& token, settlement how, mono_time now);
  void release_feedback(const guid& token);
  bool has_feedback(mono_time now) const { return feedback_.has_one(now); }

  const c2d_totals& totals() const { return totals_; }
  const std::deque<c2d_record>& records() const { return records_; }

private:
  struct box {
    message_queue queue;
    std::string generation;
    std::optional<mono_time> due; // its place in dues_
  };
  void end(const identity& device, const box& of, ended_message ended, moment now);
  void count(message_end how);
  void gather_feedback(moment now);
  void reckon(const identity& device, box& of, mono_time now);

  guid_maker guids_;
  std::string hub_;
  std::unordered_map<identity, box> boxes_;
  std::set<std::pair<mono_time, identity>> dues_;
  feedback_batches gathered_;
  message_queue feedback_;
  std::optional<mono_time> feedback_due_;
  std::deque<c2d_record> records_;
  c2d_totals totals_;
};

} // namespace causeway::emulator
