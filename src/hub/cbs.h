// SPDX-License-Identifier: Apache-2.0
// Claims-based security: the `$cbs` pair of links that a connection's tokens go through (azure-iot-wire.md
// B.2). Many put-tokens at once, bounded; answers are matched by message-id. Part of hub::connection, which
// owns it. Pure.
#pragma once

#include "amqp/engine.h"
#include "base/clock.h"
#include "base/secret.h"

#include <cstdint>
#include <deque>
#include <optional>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace causeway::hub {

class cbs {
public:
  struct reply {
    std::uint64_t asker = 0; // the caller's, as given to put_token()
    result<void> outcome;
    std::optional<wall_time> hub_time; // as the hub gave it with a refusal
  };

  // in_flight: at most so many put-tokens wait for an answer; the hub's own credit counts as well.
  cbs(std::uint32_t in_flight, milliseconds answer_time_out)
      : in_flight_{in_flight}, answer_time_out_{answer_time_out} {}

  // Begins the session and attaches the first link; the second one too where the hub is known to give
  // sessions room for two, else once its BEGIN has said so. context: what marks all its handles.
  void open(amqp::engine& engine, std::uintptr_t context, bool room_for_two);
  // The hub's BEGIN is in. Errors: hub_protocol where that leaves no room for the second link.
  result<void> on_begun(std::uint32_t handle_max);
  // Both links are attached.
  bool ready() const;
  // Precondition of put_token().
  bool can_send() const { return ready() && waiting_.size() < in_flight_ && sender_.credit() > 0; }
  void put_token(std::uint64_t asker, const std::string& audience, const secret& token, mono_time now);

  // An event of one of its handles; answers are appended. A fault means that the links or the session are
  // gone, and with them the use of the connection.
  result<void> on_event(const amqp::event& what, std::vector<reply>& out);
  // Appends hub_answer_missing for what has waited too long. An answer that comes later is ignored.
  void expire(mono_time now, std::vector<reply>& out);
  std::optional<mono_time> deadline() const;

  std::size_t waiting() const { return waiting_.size(); }
  std::uint64_t sent() const { return last_id_; }

private:
  void open_receiver();
  void on_message(const amqp::event& what, std::vector<reply>& out);
  void on_outcome(amqp::delivery delivery, std::vector<reply>& out);
  void conclude(std::uint64_t id, result<void> outcome, std::vector<reply>& out,
                std::optional<wall_time> hub_time = std::nullopt);

  std::uint32_t in_flight_;
  milliseconds answer_time_out_;
  amqp::session session_;
  amqp::link sender_, receiver_;
  std::uint64_t last_id_ = 0;
  std::unordered_map<std::uint64_t, std::uint64_t> waiting_; // message-id → the asker
  struct deadline_of {
    mono_time due;
    std::uint64_t id;
  };
  std::deque<deadline_of>
      deadlines_; // in the order sent; those answered are dropped when they come to the front
};

} // namespace causeway::hub
