// SPDX-License-Identifier: Apache-2.0
#include "hub/cbs.h"

#include "amqp/message.h"
#include "base/check.h"
#include "hub/hub_error.h"

#include <charconv>
#include <string>

namespace causeway::hub {
namespace {

const std::string address = "$cbs";

std::optional<std::uint64_t> parse_id(const amqp::value& correlation) {
  const std::string* text = correlation.text();
  if (text == nullptr) return std::nullopt;
  std::uint64_t id = 0;
  const auto [end, fault] = std::from_chars(text->data(), text->data() + text->size(), id);
  if (fault != std::errc{} || end != text->data() + text->size()) return std::nullopt;
  return id;
}

void prepare(amqp::link& link, std::uintptr_t context) {
  link.set_context(context);
  link.set_source(address);
  link.set_target(address);
  link.set_settle_modes(amqp::settle_mode::unsettled, amqp::receive_mode::first);
  link.open();
}

} // namespace

void cbs::open(amqp::engine& engine, std::uintptr_t context, bool room_for_two) {
  session_ = engine.new_session();
  session_.set_context(context);
  session_.open();
  sender_ = session_.sender("$cbs-sender");
  prepare(sender_, context);
  if (room_for_two) open_receiver();
}

void cbs::open_receiver() {
  receiver_ = session_.receiver("$cbs-receiver");
  prepare(receiver_, session_.context());
  receiver_.add_credit(static_cast<int>(in_flight_));
}

result<void> cbs::on_begun(std::uint32_t handle_max) {
  constexpr std::uint32_t receivers_handle = 1; // the engine counts them from 0
  if (receiver_) return {};
  if (handle_max < receivers_handle)
    return error{errc::hub_protocol,
                 "BEGIN with a handle-max of 0, which leaves no room for the second link of $cbs"};
  open_receiver();
  return {};
}

bool cbs::ready() const {
  return sender_ && receiver_ && sender_.remote_open() && !sender_.remote_terminus_null() &&
         receiver_.remote_open() && !receiver_.remote_terminus_null();
}

void cbs::put_token(std::uint64_t asker, const std::string& audience, const secret& token, mono_time now) {
  CAUSEWAY_CHECK(can_send());
  const std::uint64_t id = ++last_id_;
  amqp::message request;
  request.message_id = amqp::value{std::to_string(id)};
  request.to = address;
  request.reply_to = "cbs";
  request.application_properties = {
      {amqp::value{std::string{"operation"}}, amqp::value{std::string{"put-token"}}},
      {amqp::value{std::string{"type"}}, amqp::value{std::string{"servicebus.windows.net:sastoken"}}},
      {amqp::value{std::string{"name"}}, amqp::value{audience}},
  };
  request.kind = amqp::message::body_kind::value;
  request.body = amqp::value{std::string{token.reveal()}};
  amqp::delivery delivery = sender_.send(std::to_string(id), amqp::encode_message(request), false);
  delivery.set_context(static_cast<std::uintptr_t>(id));
  waiting_.emplace(id, asker);
  deadlines_.push_back({now + answer_time_out_, id});
}

result<void> cbs::on_event(const amqp::event& what, std::vector<reply>& out) {
  switch (what.kind) {
  case amqp::event_kind::message:
    on_message(what, out);
    break;
  case amqp::event_kind::message_aborted:
    if (what.condition.empty()) receiver_.add_credit(1);
    break;
  case amqp::event_kind::outcome:
    on_outcome(what.delivery, out);
    break;
  case amqp::event_kind::link_closed:
    return error_from_condition(what.link.remote_condition()).in("$cbs");
  case amqp::event_kind::session_closed:
    return error_from_condition(what.session.remote_condition()).in("$cbs");
  default:
    break; // attach and flow change what ready() and can_send() say
  }
  return {};
}

void cbs::on_message(const amqp::event& what, std::vector<reply>& out) {
  amqp::delivery delivery = what.delivery;
  if (delivery) delivery.settle({amqp::outcome_kind::accepted, {}});
  receiver_.add_credit(1);
  const auto message = amqp::decode_message(what.payload);
  // What cannot be read or matched helps nobody: the put-token that it may have meant runs into its time-out.
  if (!message) return;
  const auto id = parse_id(message->correlation_id);
  if (!id) return;
  const amqp::value* status = message->application_property("status-code");
  const auto code = status == nullptr ? std::nullopt : status->integer();
  const amqp::value* text = message->application_property("status-description");
  const std::string* description = text == nullptr ? nullptr : text->text();
  if (!code) return conclude(*id, error{errc::hub_protocol, "$cbs answered without a status-code"}, out);
  if (*code == 200 || *code == 202) return conclude(*id, {}, out);
  const std::string_view said = description == nullptr ? std::string_view{} : *description;
  conclude(*id, error_from_status(*code, said), out, time_in(said));
}

void cbs::on_outcome(amqp::delivery delivery, std::vector<reply>& out) {
  const amqp::outcome outcome = delivery.remote_outcome();
  const std::uint64_t id = delivery.context();
  delivery.settle();
  switch (outcome.kind) {
  case amqp::outcome_kind::rejected:
    return conclude(id, error_from_condition(outcome.reason), out, time_in(outcome.reason.description));
  case amqp::outcome_kind::released:
  case amqp::outcome_kind::modified:
    return conclude(id, error{errc::hub_busy, "the put-token was released"}, out);
  default:
    break; // accepted: the answer follows as a message
  }
}

void cbs::conclude(std::uint64_t id, result<void> outcome, std::vector<reply>& out,
                   std::optional<wall_time> hub_time) {
  const auto found = waiting_.find(id);
  if (found == waiting_.end()) return;
  out.push_back({found->second, std::move(outcome), hub_time});
  waiting_.erase(found);
  while (!deadlines_.empty() && !waiting_.contains(deadlines_.front().id))
    deadlines_.pop_front();
}

void cbs::expire(mono_time now, std::vector<reply>& out) {
  while (!deadlines_.empty() && deadlines_.front().due <= now) {
    const std::uint64_t id = deadlines_.front().id;
    conclude(id, error{errc::hub_answer_missing, "put-token"}, out);
  }
}

std::optional<mono_time> cbs::deadline() const {
  if (deadlines_.empty()) return std::nullopt;
  return deadlines_.front().due;
}

} // namespace causeway::hub
