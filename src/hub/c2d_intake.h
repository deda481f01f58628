// SPDX-License-Identifier: Apache-2.0
// A connection's cloud-to-device messages, from their coming until they are settled or their lock is over
// (azure-iot-wire.md B.6): how much credit each device's link has, and what is in hand. Part of command_desk.
// Pure; one thread.
//
// A message that has not been settled stays unsettled: any word about a dead lock may cost the link, and a
// release counts as a delivery, which a lock that runs out does not. Such messages are held by the link, so
// one with many of them is attached anew.
#pragma once

#include "base/clock.h"
#include "base/ids.h"
#include "hub/connection_events.h"
#include "hub/delivery_queue.h"
#include "hub/device_session.h"
#include "model/hub_command.h"

#include <cstddef>
#include <optional>

namespace causeway::hub {

// Of a device. Enough that a round trip for each credit costs nothing where devices get a few messages an
// hour, and so few that the messages of a whole fleet in hand (64 KB each at most) are bounded by what is
// stored at once.
inline constexpr std::size_t most_c2d_in_hand = 8;
// From its receipt: until then it may be settled, and from then on its lock of 60 s is over for certain.
inline constexpr seconds c2d_settle_time{55}, c2d_lock_time{61};
inline constexpr std::size_t most_dead_on_a_link = 8;

class c2d_intake {
public:
  // Both must live as long as this.
  c2d_intake(session_table& table, connection_counters& counters) : table_{table}, counters_{counters} {}

  // Credit is given, or taken back. The device's link may be closed, to come again.
  void replenish(device_session& who);
  // False: there is no room; the hub has given what it had no credit for.
  bool has_room(const device_session& who) const;
  // It is in hand. Precondition: has_room().
  void take(device_session& who, model::delivery_number number, amqp::delivery delivery, mono_time now);
  // Nothing for what is not in hand any more.
  void settle(device_session& who, model::delivery_number which, model::c2d_settlement how, mono_time now);
  // The link is gone, or the device.
  static void forget(c2d_side& of);
  // Whether the hub is to give any. replenish() of each device is to follow.
  void accept(bool any) { accepts_ = any; }

  void tick(mono_time now);
  std::optional<mono_time> deadline() const { return locks_.deadline(); }

private:
  held_message* find(const delivery_queue::entry& of);

  session_table& table_;
  connection_counters& counters_;
  delivery_queue locks_;
  bool accepts_ = true;
};

} // namespace causeway::hub
