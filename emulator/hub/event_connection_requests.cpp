// SPDX-License-Identifier: Apache-2.0
// Put-token and $management requests, and their answers.
#include "amqp/message.h"
#include "base/encoding.h"
#include "emulator/hub/event_connection.h"

namespace causeway::emulator {
namespace {

constexpr std::size_t max_grants = 1000;

amqp::value text(std::string_view value) {
  return {std::string{value}};
}

std::int64_t milliseconds_of(wall_time time) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(time.time_since_epoch()).count();
}

amqp::value describe_hub(const event_hub& hub) {
  amqp::value_array ids;
  for (std::size_t i = 0; i < hub.log->partitions(); ++i)
    ids.items.push_back(text(std::to_string(i)));
  amqp::value_map map;
  map.emplace_back(text("name"), text(hub.name));
  map.emplace_back(text("type"), text("com.microsoft:eventhub"));
  map.emplace_back(text("created_at"), amqp::value{amqp::timestamp{0}});
  map.emplace_back(text("partition_count"), amqp::value{static_cast<std::int32_t>(hub.log->partitions())});
  map.emplace_back(text("partition_ids"), amqp::value{std::move(ids)});
  return {std::move(map)};
}

amqp::value describe_partition(const event_hub& hub, std::size_t partition) {
  const auto& log = *hub.log;
  amqp::value_map map;
  map.emplace_back(text("name"), text(hub.name));
  map.emplace_back(text("type"), text("com.microsoft:partition"));
  map.emplace_back(text("partition"), text(std::to_string(partition)));
  map.emplace_back(text("begin_sequence_number"), amqp::value{log.begin_sequence(partition)});
  map.emplace_back(text("last_enqueued_sequence_number"), amqp::value{log.last_sequence(partition)});
  map.emplace_back(text("last_enqueued_offset"), text(std::to_string(log.last_offset(partition))));
  map.emplace_back(text("last_enqueued_time_utc"),
                   amqp::value{amqp::timestamp{milliseconds_of(log.last_enqueued(partition))}});
  map.emplace_back(text("is_partition_empty"), amqp::value{log.events(partition).empty()});
  return {std::move(map)};
}

} // namespace

void event_connection::answer_put_token(const amqp::event& event) {
  const auto request = parse_put_token(event.payload);
  event_token_verdict verdict;
  if (!request.problem.empty()) {
    verdict.status = 400;
    verdict.description = request.problem;
  } else {
    verdict = endpoint_.judge_token(request.token, now_.wall);
  }
  if (verdict.status == 202) {
    if (grants_.size() >= max_grants && !grants_.contains(verdict.path)) grants_.erase(grants_.begin());
    grants_[verdict.path] = verdict.expires;
    if (wake_) wake_(); // the next tick may be due earlier
  }
  answer(link_kind::cbs_answer, request.reply_to,
         make_put_token_answer(request.message_id, verdict.status, verdict.description));
}

void event_connection::answer_management(const amqp::event& event) {
  const auto request = amqp::decode_message(event.payload);
  if (!request) return;
  const auto property = [&](std::string_view name) {
    const auto* value = request->application_property(name);
    const auto* found = value == nullptr ? nullptr : value->text();
    return found == nullptr ? std::string{} : *found;
  };
  amqp::message reply;
  reply.correlation_id = request->message_id;
  reply.kind = amqp::message::body_kind::value;
  int status = 200;
  std::string description = "OK", condition;
  const auto fail = [&](int code, std::string_view name, std::string text) {
    status = code;
    condition = name;
    description = std::move(text);
  };
  const auto* hub = endpoint_.find(property("name"));
  const auto type = property("type");
  if (property("operation") != "READ") {
    fail(501, "amqp:not-implemented", "Only the operation READ is there.");
  } else if (hub == nullptr || !authorised("/" + to_lower(property("name")) + "/$management")) {
    fail(404, "amqp:not-found", "The messaging entity '" + property("name") + "' could not be found.");
  } else if (type == "com.microsoft:eventhub") {
    reply.body = describe_hub(*hub);
  } else if (type == "com.microsoft:partition") {
    const auto number = hub->find_partition(property("partition"));
    if (number)
      reply.body = describe_partition(*hub, *number);
    else
      fail(400, "com.microsoft:argument-out-of-range", "There is no such partition.");
  } else {
    fail(400, "com.microsoft:argument-error", "The type " + type + " is not known.");
  }
  reply.application_properties = {
      {text("status-code"), amqp::value{static_cast<std::int32_t>(status)}},
      {text("status-description"), text(description)},
  };
  if (!condition.empty()) reply.application_properties.emplace_back(text("error-condition"), text(condition));
  answer(link_kind::management_answer, request->reply_to, amqp::encode_message(reply));
}

void event_connection::answer(link_kind kind, const std::string& reply_to, std::string encoded) {
  event_link* to = nullptr;
  for (auto& link : links_) {
    if (link.kind != kind) continue;
    if (to == nullptr || link.reply_address == reply_to || link.link.name() == reply_to) to = &link;
  }
  // A client that has given no credit for the answer gets none; its request times out.
  if (to == nullptr || to->link.credit() <= 0) return;
  to->link.send(std::to_string(next_tag_++), encoded, true);
}

} // namespace causeway::emulator
