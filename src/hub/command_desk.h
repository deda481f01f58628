// SPDX-License-Identifier: Apache-2.0
// The command links of a connection's devices, beside their telemetry: attached with it, and when one is
// refused or taken away, on the same session again after a growing pause, while the device goes on. What
// comes on them is told as news; what the device's owner says of it goes back. Part of hub::connection; pure;
// one thread.
//
// It owns its parts: c2d_intake, method_intake, twin_intake.
#pragma once

#include "base/clock.h"
#include "base/error.h"
#include "base/ids.h"
#include "hub/c2d_intake.h"
#include "hub/command_decoder.h"
#include "hub/command_news.h"
#include "hub/connection_events.h"
#include "hub/connection_options.h"
#include "hub/device_session.h"
#include "hub/method_intake.h"
#include "hub/twin_intake.h"
#include "model/hub_command.h"

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string_view>
#include <vector>

namespace causeway::hub {

class command_desk {
public:
  // All must live as long as this.
  command_desk(const connection_options& options, session_table& table, connection_counters& counters);

  // Says ATTACH of what is wished for. handle_max: the peer's, as far as it is known. Precondition: the
  // session has begun on this side.
  void begin(device_session& who, const link_wish& wish, std::uint32_t handle_max, mono_time now);
  // Messages may come from now on.
  void on_attached(device_session& who);
  // Of a link of the device's other than telemetry. Precondition: the device is attaching or attached.
  void on_event(device_session& who, const amqp::event& what, mono_time now);
  // The device goes: what is in hand is nobody's any more.
  void forget(device_session& who);

  // As model::hub_link's. No effect for what is not of this connection, or over.
  void settle(device_ref device, model::delivery_number which, model::c2d_settlement how, moment now);
  void answer(device_ref device, model::delivery_number which, const model::method_answer& what);
  // What is on its way comes in any case.
  void take_c2d(bool any);
  // Of a device's twin: its turn has come (twin_linked, or who has been told that it is open). Answered by
  // twin_answered, or by twin_linked once its links were away. can_ask_twin: it would be sent.
  bool can_ask_twin(device_ref device, twin_request what);
  // No effect where it cannot. patch: of a report alone.
  void ask_twin(device_ref device, twin_request what, std::string_view patch, mono_time now);
  std::vector<command_news> take_news();

  void tick(mono_time now);
  std::optional<mono_time> deadline() const;

private:
  enum class side : std::uint8_t { c2d, methods, twin };
  static constexpr std::array all_sides{side::c2d, side::methods, side::twin};
  struct retry {
    std::uint64_t context = 0;
    side which{};
  };
  static side_links* links_of(device_session& who, side which);
  static std::string_view name_of(side which);
  static std::optional<side> side_of(device_session& who, const amqp::link& link);
  void open(device_session& who, side which, mono_time now);
  void replenish(device_session& who, side which);
  void on_closed(device_session& who, side which, amqp::link link, mono_time now);
  void on_lost(device_session& who, side which, const error& why, mono_time now);
  void on_c2d(device_session& who, const amqp::event& what, mono_time now);
  void on_call(device_session& who, const amqp::event& what, mono_time now);
  void on_twin(device_session& who, const amqp::event& what, mono_time now);
  void on_twin_answer(device_session& who, const twin_answer& what, mono_time now);
  void refuse(device_session& who, side which, const amqp::event& what, const error& why);
  model::delivery_number next_number();

  const connection_options& options_;
  session_table& table_;
  connection_counters& counters_;
  c2d_intake c2d_;
  method_intake methods_;
  twin_intake twins_;
  std::multimap<mono_time, retry> retries_; // of those alone that have lost a link
  std::vector<command_news> news_;
  std::uint64_t last_link_ = 0, last_delivery_ = 0;
};

} // namespace causeway::hub
