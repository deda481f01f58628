// SPDX-License-Identifier: Apache-2.0
// The twins of a connection's devices (azure-iot-wire.md B.8): what has been asked of the hub and has no
// answer, by a correlation-id of ours, and the credit for what comes. At most one request of a kind is under
// way for a device. Part of command_desk. Pure; one thread.
//
// A device is to subscribe first and to read then, or a change between the two would be lost.
#pragma once

#include "base/clock.h"
#include "hub/delivery_queue.h"
#include "hub/device_session.h"

#include <cstdint>
#include <optional>
#include <string_view>

namespace causeway::hub {

inline constexpr int most_twin_credit = 20;    // answers and changes that may come at once
inline constexpr seconds twin_answer_time{60}; // as C#'s SDK waits

class twin_intake {
public:
  // Must live as long as this.
  explicit twin_intake(session_table& table) : table_{table} {}

  // Once both links are there: credit is given again, and requests that have waited for it go. True: the
  // links have just come.
  bool replenish(device_session& who);
  // It is its turn: to subscribe first, to read and report once that is done, one of each at a time.
  // Precondition: it has a twin's side; as of all calls here.
  static bool can_ask(const device_session& who, twin_request what);
  // Precondition: can_ask().
  void ask(device_session& who, twin_request what, std::string_view patch, mono_time now);
  struct finished {
    twin_request what{};
    mono_time asked{};
  };
  // The hub has answered; nothing: to nobody that still waits.
  std::optional<finished> on_answer(device_session& who, std::string_view request);
  // The links are gone, or the device: nobody waits for what was asked.
  static void forget(twin_side& of);

  struct overdue {
    device_session* who;
    finished request;
  };
  // A request that has waited too long, and is under way no more.
  std::optional<overdue> take_overdue(mono_time now);
  std::optional<mono_time> deadline() const { return due_.deadline(); }

private:
  open_request* find(const delivery_queue::entry& of);

  session_table& table_;
  delivery_queue due_;
  std::uint64_t last_request_ = 0;
};

} // namespace causeway::hub
