// SPDX-License-Identifier: Apache-2.0
// Refusals of messages that the catalogue does not know: is it the message, its application, or the hub's
// mood? Pure bookkeeping; time is a parameter. Owned by the shard; one thread.
//
// Of one application on one hub a `gate`. As soon as many_devices of its devices have been refused so with no
// message accepted in between, the gate closes: nothing more is sent but one probe at a time, with growing
// pauses, until one is accepted. While two applications' gates on a hub are closed by their own devices, the
// others there are closed as well, each with a probe of its own: what ends an application's wait is always a
// message of its own that was accepted. A gate that has been closed for closed_at_most opens for judging:
// each device tries by itself again, and what goes on being refused is buried.
//
// A message is given up only when it has itself been refused for bury_after, counted from refusal to refusal
// and longest_gap at most between two: neither a hub that is away nor a closed gate nor a stopped process nor
// a clock that jumps counts. What is counted is forgotten with the process: then it begins anew.
#pragma once

#include "base/backoff.h"
#include "base/clock.h"
#include "base/ids.h"
#include "core/limits.h"

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <unordered_map>
#include <vector>

namespace causeway::core {

// The messages of one application at one hub.
struct gate_place {
  std::uint32_t hub = 0, application = 0;
  friend auto operator<=>(const gate_place&, const gate_place&) = default;
};

class refusal_watch {
public:
  using place = gate_place;
  enum class change : std::uint8_t { none, closed, opened };
  struct verdict {
    bool bury = false;
    change gate = change::none;
  };

  explicit refusal_watch(refusal_limits limits = {}) : limits_{limits} {}

  // Whether the device may send now; from a closed gate as its probe.
  bool lets(place at, device_ref device, mono_time now);
  // The device's oldest message was refused. random: uniform in [0, 1).
  verdict on_refused(place at, device_ref device, spool_seq seq, mono_time now, double random);
  // A message was accepted.
  change on_accepted(place at, device_ref device);
  // The device's send ended in another way: not a word about refusals of the kind.
  void on_no_outcome(place at, device_ref device);
  // Its messages are no longer looked at.
  void forget(device_ref device) { messages_.erase(device); }

  // The closed gates whose probe may go at `now`, or later: then deadline tells when.
  std::vector<place> due(mono_time now) const;
  std::optional<mono_time> deadline() const;
  // Closed for too long: they open, each told once, and each device tries by itself.
  std::vector<place> open_overdue(mono_time now);

  bool is_closed(place at) const;
  std::size_t closed() const { return closed_; }
  std::uint64_t refusals() const { return refusals_; }

private:
  struct gate {
    std::set<device_ref> refused; // since the last accept; at most many_devices
    bool is_closed = false;
    bool by_others = false; // not by its own devices
    bool judging = false;   // until the next accept
    mono_time closed_at{}, probe_at{};
    std::uint32_t failures = 0;
    std::optional<device_ref> probe; // under way
    mono_time probe_since{};
  };
  struct refused_message {
    spool_seq seq = 0;
    mono_time last{};
    mono_time::duration spent{};
  };

  void close(gate& which, bool by_others, mono_time now, double random);
  void open(gate& which);
  bool hub_is_closed(std::uint32_t hub) const;

  refusal_limits limits_;
  std::map<place, gate> gates_; // only of places that have met such a refusal, or beside such
  std::unordered_map<device_ref, refused_message> messages_;
  std::size_t closed_ = 0;
  std::uint64_t refusals_ = 0;
};

} // namespace causeway::core
