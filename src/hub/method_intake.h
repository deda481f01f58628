// SPDX-License-Identifier: Apache-2.0
// A connection's direct methods (azure-iot-wire.md B.7): calls that have no answer yet, and answers on the
// link of the pair that the call came by. Part of command_desk. Pure; one thread.
#pragma once

#include "base/clock.h"
#include "hub/connection_events.h"
#include "hub/delivery_queue.h"
#include "hub/device_session.h"
#include "model/hub_command.h"

#include <cstddef>
#include <cstdint>
#include <optional>

namespace causeway::hub {

inline constexpr std::size_t most_open_calls = 16; // of a device, answers that wait for credit among them
// A caller waits 300 s at most (azure-iot-wire.md D.1).
inline constexpr seconds call_time{310};

class method_intake {
public:
  // Both must live as long as this.
  method_intake(session_table& table, connection_counters& counters) : table_{table}, counters_{counters} {}

  // Once both links are there: credit is given, and answers that have waited for it go.
  void replenish(device_session& who);
  // False: there is no room; the hub has given what it had no credit for.
  bool has_room(const device_session& who) const;
  // Precondition: has_room().
  void take(device_session& who, model::delivery_number number, amqp::value correlation, mono_time now);
  // Nothing for a call that is not open any more.
  void answer(device_session& who, model::delivery_number which, const model::method_answer& what);
  // The links are gone, or the device.
  static void forget(method_side& of);

  void tick(mono_time now);
  std::optional<mono_time> deadline() const { return calls_.deadline(); }

private:
  open_call* find(const delivery_queue::entry& of);

  session_table& table_;
  connection_counters& counters_;
  delivery_queue calls_;
  std::uint64_t last_tag_ = 0;
};

} // namespace causeway::hub
