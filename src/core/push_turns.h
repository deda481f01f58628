// SPDX-License-Identifier: Apache-2.0
// Whose push to The Things Stack is next. For each device in the order stored, one at a time; few for the
// whole stack, because pushes that wait for a locked device take connections that the stack needs for others
// (real-stack-facts.md 2.6); in turns among applications, each within its own budget, and within one among
// its devices, so that nobody with many commands makes others wait. Owned by the ledger; pure, one thread.
#pragma once

#include "base/budget.h"
#include "base/clock.h"
#include "base/ids.h"
#include "core/words.h"
#include "model/command.h"

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <unordered_map>
#include <utility>

namespace causeway::core {

struct push_turn_options {
  std::size_t most_under_way = 8; // for the whole stack
  milliseconds after_unanswered{
      11'000};         // nothing is sent to the device so long after a push without an answer
  budget_options pace; // of one application
};

// A push, a replace, or the emptying of a queue.
struct push_entry {
  command_id id;
  device_ref device{};
  std::uint32_t lane = 0; // its application
  // For a confirmed one of a device that may not be of class A, both: it goes only when the one like it
  // before it has its end, of which it would otherwise take the place (real-stack-facts.md 2.3). An
  // unconfirmed one of such a device waits, too: else it reaches the device before a confirmed one that is
  // sent again.
  bool waits = false;    // for the end of the one that is open
  bool replaces = false; // but not while that one stands in the queue, which this one empties
  bool opens = false;    // it is open until it has its end
};

class push_turns {
public:
  explicit push_turns(push_turn_options options) : options_{options} {}

  // At the end of its device's line.
  void enter(push_entry entry, mono_time now);
  // At its beginning: before all that waits.
  void enter_first(push_entry entry, mono_time now);
  // It does not wait any more: its time has come, or it was called off. False where it does not wait.
  bool leave(device_ref device, const command_id& id, mono_time now);
  // Something that waits goes only when another one has its end.
  bool is_held(device_ref device) const;
  // The device is of class A: what waits waits for no end.
  void hold_no_more(device_ref device, mono_time now);
  // Nothing goes to the device until let_go.
  void keep(device_ref device);
  void let_go(device_ref device, mono_time now);
  // This one is open, as is known at start.
  void set_open(device_ref device, command_id id);
  // Whether it stands in the device's queue now; if not, it is on the air, or on its way.
  void set_standing(device_ref device, const command_id& id, bool stands, mono_time now);
  // A push of before the start, of which it is not known what became: nothing is sent to the device until
  // on_known. False: there is one already.
  bool resume(push_entry entry, mono_time now);
  // It has its end, or is believed gone.
  void on_ended(device_ref device, const command_id& id, mono_time now);

  // Its push is to be sent now; it is under way until one of the following is called for its device.
  std::optional<push_entry> next(mono_time now);
  // Taken, or refused: its turn is over.
  void on_answer(device_ref device, bool taken, mono_time now);
  // Not a byte has left. The whole stack is left alone for a growing pause; the push keeps its place.
  void on_not_made(device_ref device, mono_time now);
  // The stack asks for a slower pace of this application; the push keeps its place.
  void on_later(device_ref device, milliseconds pause, mono_time now);
  // No answer, or one that says nothing. The device waits until it is known what became of it: on_known.
  void on_unanswered(device_ref device, mono_time now);
  // arrived: or nobody can know. Otherwise it is pushed again, in its place; after a growing pause from the
  // second time on, for a stack that goes on like that.
  void on_known(device_ref device, bool arrived, mono_time now);
  // What the stack says of its limit, before it refuses.
  void hold(std::uint32_t lane, mono_time until);

  // When next() is worth asking; nothing: only after another call.
  std::optional<mono_time> deadline(mono_time now) const;
  std::size_t under_way() const { return under_way_; }
  // Memory is spent on these devices alone: that wait, or that something is under way for.
  std::size_t devices() const { return lines_.size(); }

private:
  struct device_line {
    std::deque<push_entry> waiting;
    std::optional<push_entry> current; // under way, or not known yet
    std::optional<command_id> open;    // under way, to the stack or to the device
    mono_time not_before = mono_time::min();
    mono_time sent_at{};
    std::uint32_t repeats = 0; // of the first that waits
    bool open_stands = false;
    bool is_kept = false;
    bool is_ready = false; // it stands in its lane
    bool is_timed = false; // it stands in timed_
  };
  struct application_lane {
    budget pace;
    std::deque<device_ref> ready;
    mono_time held_until = mono_time::min(); // as it has said itself
  };

  device_line& busy_line(device_ref device);
  application_lane& lane_of(std::uint32_t number, mono_time now);
  static bool has_next(const device_line& line);
  void offer(device_ref device, mono_time now);
  void drop_if_idle(device_ref device, mono_time now);
  void wake(mono_time now);
  // It goes first again.
  void put_back(device_line& line);
  push_entry start(std::map<std::uint32_t, application_lane>::iterator at, mono_time now);

  push_turn_options options_;
  std::unordered_map<device_ref, device_line> lines_;
  std::map<std::uint32_t, application_lane> lanes_;
  std::set<std::pair<mono_time, device_ref>> timed_; // lines that wait for a time
  std::uint32_t next_lane_ = 0;
  std::size_t under_way_ = 0;
  mono_time held_until_ = mono_time::min(); // the whole stack
  std::uint32_t not_made_ = 0;              // in a row
};

} // namespace causeway::core
