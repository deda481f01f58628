// SPDX-License-Identifier: Apache-2.0
#include "emulator/hub/cbs.h"

#include "amqp/message.h"

namespace causeway::emulator {
namespace {

const std::string* text_property(const amqp::message& message, std::string_view name) {
  const auto* property = message.application_property(name);
  return property == nullptr ? nullptr : property->text();
}

} // namespace

put_token_request parse_put_token(std::string_view payload) {
  put_token_request request;
  auto message = amqp::decode_message(payload);
  if (!message) {
    request.problem = message.fault().message();
    return request;
  }
  request.message_id = std::move(message->message_id);
  request.reply_to = std::move(message->reply_to);
  const auto* operation = text_property(*message, "operation");
  const auto* type = text_property(*message, "type");
  const auto* name = text_property(*message, "name");
  if (operation == nullptr || *operation != "put-token")
    request.problem = "the operation is not put-token";
  else if (type == nullptr || *type != "servicebus.windows.net:sastoken")
    request.problem = "the type is not servicebus.windows.net:sastoken";
  else if (name == nullptr)
    request.problem = "the property name is missing";
  else if (message->kind != amqp::message::body_kind::value || message->body.text() == nullptr)
    request.problem = "the body is not a string";
  if (!request.problem.empty()) return request;
  request.name = *name;
  request.token = *message->body.text();
  return request;
}

std::string make_put_token_answer(const amqp::value& correlation_id, int status,
                                  const std::string& description) {
  amqp::message answer;
  answer.correlation_id = correlation_id;
  answer.application_properties = {
      {amqp::value{std::string{"status-code"}}, amqp::value{static_cast<std::int32_t>(status)}},
      {amqp::value{std::string{"status-description"}}, amqp::value{description}},
  };
  answer.kind = amqp::message::body_kind::data;
  return amqp::encode_message(answer);
}

} // namespace causeway::emulator
