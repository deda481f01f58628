// SPDX-License-Identifier: Apache-2.0
#include "emulator/hub/twin_desk.h"

#include "emulator/hub/hub_links.h"
#include "emulator/hub/hub_service.h"
#include "emulator/state/json_text.h"

#include <utility>

namespace causeway::emulator {
namespace {

constexpr std::string_view reported_resource = "/properties/reported";
constexpr std::string_view desired_resource = "/properties/desired";
constexpr std::string_view notifications_resource = "/notifications/twin/properties/desired";

std::string annotation_of(const amqp::message& message, std::string_view name) {
  const auto* found = message.annotation(name);
  const auto* text = found == nullptr ? nullptr : found->text();
  return text == nullptr ? std::string{} : *text;
}

std::pair<amqp::value, amqp::value> annotation(const char* name, amqp::value value) {
  return {amqp::value{amqp::symbol{name}}, std::move(value)};
}

amqp::value long_value(std::uint64_t number) {
  return {static_cast<std::int64_t>(number)};
}

std::string encode_push(const desired_change& told) {
  amqp::message out;
  out.message_annotations = {annotation("resource", {std::string{desired_resource}}),
                             annotation("version", long_value(told.version))};
  out.kind = amqp::message::body_kind::data;
  out.data = told.patch;
  return amqp::encode_message(out);
}

} // namespace

void twin_desk::on_open(hub_link& link) {
  if (!link.link.is_sender()) pairs_[&link];
  deliver(link);
}

void twin_desk::on_gone(hub_link& link) {
  pairs_.erase(&link);
}

void twin_desk::deliver(hub_link& link) {
  auto* to = link.link.is_sender() ? &link : link.partner();
  auto* asks = link.link.is_sender() ? link.partner() : &link;
  if (to == nullptr || asks == nullptr) return;
  auto& pair = pairs_[asks];
  const auto send_some = [&](std::deque<std::string>& waiting) {
    while (!waiting.empty() && to->owner->can_transmit(*to)) {
      to->owner->transmit(*to, state_.tags.next().dotnet_bytes(), waiting.front(), true);
      waiting.pop_front();
    }
  };
  send_some(pair.answers);
  const auto before = pair.pushes.size();
  if (pair.subscribed && pair.answers.empty()) send_some(pair.pushes);
  state_.twins.totals().desired_pushed += before - pair.pushes.size();
  to->owner->send_off();
}

void twin_desk::on_message(hub_link& link, amqp::event& event, moment now) {
  link.owner->replenish(link, telemetry_credit);
  if (!event.settled) {
    event.delivery.settle({amqp::outcome_kind::accepted, {}});
    link.owner->send_off(); // before the answer, as for put-token (B.2)
  }
  const auto request = amqp::decode_message(event.payload);
  if (!request) return;
  auto answer = perform(link, *request, now);
  if (answer.status >= 400) ++state_.twins.totals().refused;
  amqp::message out;
  out.correlation_id = request->correlation_id; // of whatever type
  out.message_annotations = {annotation("status", {static_cast<std::int32_t>(answer.status)})};
  if (answer.version) out.message_annotations.push_back(annotation("version", long_value(*answer.version)));
  out.kind = amqp::message::body_kind::data;
  out.data = std::move(answer.body);
  auto& pair = pairs_[&link];
  if (pair.answers.size() < most_waiting) pair.answers.push_back(amqp::encode_message(out));
  deliver(link);
}

twin_desk::twin_answer twin_desk::perform(hub_link& link, const amqp::message& request, moment now) {
  const auto operation = annotation_of(request, "operation");
  const auto resource = annotation_of(request, "resource");
  if (const auto fault = hub_.faults().use(fault_kind::twin_status, link.device.str()))
    return refuse({fault->status, fault->status * 1000 + 1,
                   fault->description.empty() ? "Injected fault." : fault->description},
                  now.wall);
  auto& twin = state_.twins.of(link.device, now.wall);
  auto& pair = pairs_[&link];
  if (operation == "GET") {
    ++state_.twins.totals().reads;
    twin.note_read(now.wall);
    pair.has_read = true;
    if (!pair.subscribed) pair.pushes.clear(); // it reads what they say
    return {200, twin.version(), twin.device_view()};
  }
  if (operation == "PATCH" && resource == reported_resource) return report(link.device, request.data, now);
  if ((operation == "PUT" || operation == "DELETE") && resource == notifications_resource) {
    pair.subscribed = operation == "PUT";
    if (!pair.subscribed) pair = {false, false, std::move(pair.answers), {}};
    return {200, twin.version(), {}};
  }
  return refuse({400, 400004, "The operation '" + operation + "' on '" + resource + "' is not known."},
                now.wall);
}

twin_desk::twin_answer twin_desk::report(const identity& device, const std::string& patch, moment now) {
  const auto read = read_json(patch);
  const auto* object = read ? read->if_object() : nullptr;
  if (object == nullptr) return refuse({400, 400004, "The patch is no JSON object."}, now.wall);
  auto& twin = state_.twins.of(device, now.wall);
  if (const auto refusal = twin.report(*object, now.wall)) return refuse(*refusal, now.wall);
  ++state_.twins.totals().reports;
  return {200, twin.reported().version, {}};
}

twin_desk::twin_answer twin_desk::refuse(const twin_refusal& why, wall_time now) {
  return {why.status, std::nullopt, hub_.describe(why.code, why.text, now)};
}

std::optional<twin_refusal> twin_desk::change(const identity& device, const twin_change& asked,
                                              wall_time now) {
  std::optional<desired_change> told;
  if (auto refusal = state_.twins.of(device, now).change(asked, now, told)) return refusal;
  ++state_.twins.totals().changes;
  if (told) push(device, *told);
  return std::nullopt;
}

void twin_desk::push(const identity& device, const desired_change& told) {
  auto* receiver = hub_.exclusive_link(device, link_kind::twin);
  auto* asks = receiver == nullptr ? nullptr : receiver->partner();
  if (asks == nullptr) return;
  auto& pair = pairs_[asks];
  if (!pair.subscribed && !pair.has_read) return;
  if (pair.pushes.size() >= most_waiting) pair.pushes.pop_front();
  pair.pushes.push_back(encode_push(told));
  deliver(*receiver);
}

} // namespace causeway::emulator
