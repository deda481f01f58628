// SPDX-License-Identifier: Apache-2.0
// How the emulated stack's downlink side behaves worse than it must: answers to pushes, and events. Pure.
// One thread.
#pragma once

#include "base/clock.h"
#include "emulator/hub/faults.h"
#include "emulator/stack/stack_error.h"

#include <map>

namespace causeway::emulator {

// Whom a rule is for, and how often and long it counts.
struct switch_scope {
  std::string pattern = "*";              // of device names
  std::optional<std::uint64_t> remaining; // absent: for ever
  std::optional<mono_time> until;         // likewise
};

// What happens to pushes and replaces.
struct push_rule : switch_scope {
  enum class event : std::uint8_t { as_ever, none, failed };

  // Absent: what it would have been anyway. 409, 499, 500 and 504 have the bodies of real-stack-facts.md 2.5.
  std::optional<int> status;
  std::optional<std::uint32_t> retry_after; // seconds, as X-Rate-Limit-Retry
  bool queued = false;         // with a status, or hanging up: the items are in the queue all the same
  event told = event::as_ever; // of items that are; failed, of others too: with the answer's error
  bool hang_up = false;        // closes the connection without a byte
  milliseconds delay{0};       // of the answer; what is to be done is done before
  // With queued: the stack's database stands still, and the items come into the queue so much after the
  // push has ended, by its answer or because its client has left. Until then the device is locked, and its
  // readings fail.
  std::optional<milliseconds> queued_after;
};

// What happens to readings of the queue and of the network server's record.
struct read_rule : switch_scope {
  bool of_queue = true, of_record = true;
  int status = 504;
  milliseconds delay{0};
};

// What happens to events on their way out.
struct event_disorder {
  std::vector<std::string> kinds; // "downlink_sent"; empty: all of downlinks
  std::uint64_t drop_every = 0;   // each nth; 0: none
  std::uint64_t double_every = 0;
  std::uint64_t swap_every = 0; // leaves behind the next one
  bool shuffle = false;         // those of one push, in any order
  milliseconds delay{0};
};

struct downlink_switches {
  std::vector<push_rule> pushes; // the first that matches counts
  std::vector<read_rule> reads;  // likewise
  event_disorder events;
  // Requests a minute to each method; absent: no limit.
  std::optional<std::uint32_t> rate;
  std::vector<std::string> rate_of;  // "push", "replace", "queue", "record"; empty: all of them
  bool rate_per_application = false; // since v3.35.2; else per device; always per key
  milliseconds push_time{12};        // how long the stack works on a push
  milliseconds lock_time{10'000};    // of a device, when the client of a push leaves meanwhile
  std::size_t most_waiting = 20;     // pushes, for locks, before the whole Application Server suffers
  milliseconds starved_after{4'000}; // until it gives up
  milliseconds stalled_after{3'000}; // until a reading does, while the database stands still
  std::size_t webhook_pool = 20'000; // events that wait for their post; the webhook never gets what is more
  std::map<std::string, std::string>
      formatters; // by device: "none" (the default), "good", "error", "script", "long"

  // Counts it as used.
  std::optional<push_rule> use_push(const std::string& device, mono_time now);
  std::optional<read_rule> use_read(const std::string& device, bool of_queue, mono_time now);
};

// The answer that a status stands for.
stack_fault fault_of_status(int status);

} // namespace causeway::emulator
