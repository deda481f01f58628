// SPDX-License-Identifier: Apache-2.0
#include "emulator/hub/method_desk.h"

#include "amqp/message.h"
#include "emulator/hub/d2c_decoder.h"
#include "emulator/hub/hub_links.h"
#include "emulator/hub/hub_service.h"

#include <charconv>
#include <utility>

namespace causeway::emulator {
namespace {

// Node writes the uuid as it reads it: as its text (B.7).
std::optional<guid> correlation_of(const amqp::message& message) {
  if (const auto* id = message.correlation_id.as<amqp::uuid>()) return guid{id->bytes};
  const auto* text = message.correlation_id.text();
  return text == nullptr ? std::nullopt : guid::from_text(*text);
}

// An integer of any width, or its decimal text.
std::optional<std::int64_t> status_of(const amqp::message& message) {
  const auto* status = message.application_property("IoThub-status");
  if (status == nullptr) return std::nullopt;
  if (const auto number = status->integer()) return number;
  const auto* text = status->text();
  std::int64_t number = 0;
  if (text == nullptr) return std::nullopt;
  const auto* end = text->data() + text->size();
  const auto read = std::from_chars(text->data(), end, number);
  if (read.ec != std::errc{} || read.ptr != end) return std::nullopt;
  return number;
}

std::string encode_call(const method_calls::waiting_call& call) {
  amqp::message out;
  out.correlation_id = {amqp::uuid{call.id.bytes}};
  out.application_properties = {
      {amqp::value{std::string{"IoThub-methodname"}}, amqp::value{call.request.name}}};
  out.kind = amqp::message::body_kind::data;
  out.data = call.request.payload;
  return amqp::encode_message(out);
}

} // namespace

bool method_desk::is_there(const identity& device) const {
  const auto* receiver = hub_.exclusive_link(device, link_kind::method);
  return receiver != nullptr && receiver->partner() != nullptr;
}

void method_desk::on_open(hub_link& link, moment now) {
  if (!is_there(link.device)) return;
  state_.calls.come(link.device, now.mono);
  deliver(link);
}

void method_desk::deliver(hub_link& link) {
  auto* receiver = hub_.exclusive_link(link.device, link_kind::method);
  if (receiver == nullptr || receiver->partner() == nullptr) return;
  bool any = false;
  while (receiver->owner->can_transmit(*receiver)) {
    const auto* next = state_.calls.next(link.device);
    if (next == nullptr) break;
    const auto id = next->id;
    receiver->owner->transmit(*receiver, id.dotnet_bytes(), encode_call(*next), true);
    state_.calls.note_delivery(id);
    any = true;
  }
  if (any) receiver->owner->send_off();
}

void method_desk::on_message(hub_link& link, amqp::event& event) {
  link.owner->replenish(link, telemetry_credit);
  event.delivery.settle({amqp::outcome_kind::accepted, {}});
  auto read = amqp::decode_message(event.payload);
  if (!read) return;
  const auto id = correlation_of(*read);
  const auto status = status_of(*read);
  if (!id || !status) return;
  const auto* binary = read->body.as<amqp::binary>();
  auto payload = read->kind == amqp::message::body_kind::data ? std::move(read->data)
                 : binary != nullptr                          ? binary->bytes
                                                              : text_of(read->body);
  state_.calls.answer(link.device, *id, *status, std::move(payload));
}

void method_desk::call(method_request request, moment now, method_calls::on_end done) {
  const auto device = request.device;
  state_.calls.call(std::move(request), is_there(device), now.mono, std::move(done));
  if (auto* receiver = hub_.exclusive_link(device, link_kind::method)) deliver(*receiver);
}

} // namespace causeway::emulator
