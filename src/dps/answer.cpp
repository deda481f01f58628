// SPDX-License-Identifier: Apache-2.0
#include "dps/answer.h"

#include "base/excerpt.h"

#include <boost/json.hpp>

namespace causeway::dps {
namespace {

namespace json = boost::json;

constexpr std::size_t longest_text = 300; // what a peer says goes to logs; it does not choose how much

std::string text_of(const json::object& object, std::string_view name) {
  const auto* member = object.if_contains(name);
  const auto* text = member ? member->if_string() : nullptr;
  return text ? std::string{text->data(), text->size()} : std::string{};
}

std::string short_text_of(const json::object& object, std::string_view name) {
  return std::string{excerpt(text_of(object, name), longest_text)};
}

std::int64_t number_of(const json::object& object, std::string_view name) {
  const auto* member = object.if_contains(name);
  const auto* number = member ? member->if_int64() : nullptr;
  return number ? *number : 0;
}

} // namespace

result<operation_answer> parse_operation_answer(std::string_view body) {
  boost::system::error_code fault;
  const auto document = json::parse({body.data(), body.size()}, fault);
  if (fault) return error{errc::dps_protocol, "the body is not JSON"};
  const auto* object = document.if_object();
  if (!object) return error{errc::dps_protocol, "the body is not a JSON object"};
  operation_answer answer;
  answer.operation_id = text_of(*object, "operationId");
  answer.status = short_text_of(*object, "status");
  const auto* state_value = object->if_contains("registrationState");
  if (const auto* state = state_value ? state_value->if_object() : nullptr) {
    answer.assigned_hub = text_of(*state, "assignedHub");
    answer.device_id = text_of(*state, "deviceId");
    answer.substatus = short_text_of(*state, "substatus");
    answer.connection_profile = short_text_of(*state, "connectionProfile");
    answer.error_code = number_of(*state, "errorCode");
    answer.error_message = short_text_of(*state, "errorMessage");
    if (answer.status.empty()) answer.status = short_text_of(*state, "status");
  }
  if (answer.status.empty()) return error{errc::dps_protocol, "the answer has no status"};
  return answer;
}

error_answer parse_error_answer(std::string_view body) {
  boost::system::error_code fault;
  const auto document = json::parse({body.data(), body.size()}, fault);
  const auto* object = fault ? nullptr : document.if_object();
  if (!object) return {};
  error_answer answer{number_of(*object, "errorCode"), short_text_of(*object, "message"),
                      short_text_of(*object, "trackingId"), std::nullopt};
  if (const auto said = parse_rfc3339(short_text_of(*object, "timestampUtc"))) answer.timestamp = *said;
  return answer;
}

} // namespace causeway::dps
