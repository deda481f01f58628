// SPDX-License-Identifier: Apache-2.0
#include "hub/outgoing_messages.h"

#include "hub/hub_error.h"
#include "hub/message.h"

#include <utility>

namespace causeway::hub {

result<void> outgoing_messages::send(device_session& who, spool_seq seq, const model::message& what,
                                     mono_time now) {
  auto encoded = encode_telemetry(what, who.telemetry.remote_max_message_size());
  if (!encoded) return std::move(encoded).fault();
  who.send(seq, std::move(*encoded));
  due_.push(who, now + time_out_);
  ++size_;
  ++news_.counters.messages_sent;
  return {};
}

result<void> outgoing_messages::on_outcome(device_session& who, amqp::delivery delivery) {
  const amqp::outcome outcome = delivery.remote_outcome();
  if (outcome.kind == amqp::outcome_kind::received && !delivery.remotely_settled()) return {};
  delivery.settle();
  who.in_flight = {};
  switch (outcome.kind) {
  case amqp::outcome_kind::accepted:
    finish(who, {});
    break;
  case amqp::outcome_kind::rejected: {
    error why = outcome.reason.empty() ? error{errc::hub_refused, "rejected without a reason"}
                                       : error_from_condition(outcome.reason);
    if (!concerns_message(why)) return why;
    finish(who, std::move(why));
    break;
  }
  case amqp::outcome_kind::released:
  case amqp::outcome_kind::modified:
    finish(who, error{errc::hub_busy, "released"});
    break;
  default:
    finish(who, error{errc::hub_outcome_unknown, "settled without an outcome"});
    break;
  }
  return {};
}

void outgoing_messages::finish(device_session& who, result<void> outcome) {
  if (!who.sending) return;
  who.sending = false;
  who.drop_waiting();
  due_.remove(who);
  --size_;
  ++(outcome ? news_.counters.accepted : news_.counters.refused);
  news_.events.emplace_back(sent{who.device, who.seq, std::move(outcome)});
}

} // namespace causeway::hub
