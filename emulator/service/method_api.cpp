// SPDX-License-Identifier: Apache-2.0
#include "emulator/service/method_api.h"

#include "emulator/state/json_text.h"

#include <utility>

namespace causeway::emulator {
namespace {

namespace json = boost::json;

constexpr std::int64_t least_answer_wait = 5, longest_wait = 300; // seconds

// A member of the call in seconds, within its bounds; nothing for what is none.
std::optional<std::chrono::seconds> seconds_in(const json::object& call, std::string_view name,
                                               std::int64_t least, std::int64_t otherwise) {
  const auto* found = call.if_contains(name);
  if (found == nullptr || found->is_null()) return std::chrono::seconds{otherwise};
  const auto* number = found->if_int64();
  if (number == nullptr || *number > longest_wait || (*number < least && *number != 0)) return std::nullopt;
  if (*number == 0) return std::chrono::seconds{otherwise};
  return std::chrono::seconds{*number};
}

// Nothing: it is no call.
std::optional<method_request> read_call(const std::string& body, const identity& id) {
  const auto read = read_json(body);
  const auto* call = read ? read->if_object() : nullptr;
  if (call == nullptr) return std::nullopt;
  const auto* name = call->if_contains("methodName");
  const auto answer_wait = seconds_in(*call, "responseTimeoutInSeconds", least_answer_wait, 30);
  const auto connect_wait = seconds_in(*call, "connectTimeoutInSeconds", 0, 0);
  if (name == nullptr || !name->is_string() || name->get_string().empty() || !answer_wait || !connect_wait)
    return std::nullopt;
  const auto* payload = call->if_contains("payload");
  return method_request{id, std::string{name->get_string()},
                        payload == nullptr ? "null" : json_text(*payload), *connect_wait, *answer_wait};
}

service_answer answer_of(const method_result& result, wall_time now) {
  switch (result.how) {
  case method_end::answered: {
    auto payload = result.payload.empty() ? std::optional{json::value{}} : read_json(result.payload);
    if (!payload) return refuse_with(502, "InvalidResultStatusCode", "The device's answer is no JSON.", now);
    return answer_with(json::object{{"status", result.status}, {"payload", std::move(*payload)}});
  }
  case method_end::not_online:
    return refuse_with(404, "DeviceNotOnline",
                       R"({"errorCode":404103,"message":"Timed out waiting for device to connect."})", now);
  case method_end::without_answer:
    return refuse_with(504, "GatewayTimeout",
                       R"({"errorCode":504101,"message":"Timed out waiting for the response from device."})",
                       now);
  case method_end::too_many:
    return refuse_with(429, "ThrottlingException", "Too many calls wait.", now);
  case method_end::answer_too_large:
    return refuse_with(502, "InvalidResultStatusCode", "The device's answer is larger than 131072 bytes.",
                       now);
  }
  return refuse_with(500, "ServerError", "", now);
}

} // namespace

void call_method(hub_service& hub, const service_request& request, const identity& id, moment now,
                 service_done done) {
  if (hub.registry().find(id) == nullptr) return done(refuse_unknown_device(id.str(), now.wall));
  auto call = read_call(request.body, id);
  if (!call)
    return done(refuse_with(400, "ArgumentInvalid",
                            "wants methodName, responseTimeoutInSeconds from 5 to 300 and "
                            "connectTimeoutInSeconds up to 300",
                            now.wall));
  if (call->payload.size() > most_method_bytes)
    return done(refuse_with(413, "MessageTooLarge", "The payload is larger than 131072 bytes.", now.wall));
  hub.desks().call(
      std::move(*call), now,
      [at = now.wall, done = std::move(done)](const method_result& result) { done(answer_of(result, at)); });
}

} // namespace causeway::emulator
