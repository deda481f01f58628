// SPDX-License-Identifier: Apache-2.0
#include "emulator/service/registry_api.h"

#include "azure/names.h"
#include "base/digest.h"
#include "emulator/service/device_json.h"
#include "emulator/state/json_text.h"

#include <algorithm>
#include <charconv>

namespace causeway::emulator {
namespace {

namespace json = boost::json;

constexpr std::size_t most_in_bulk = 100;
constexpr std::size_t most_listed = 1000;
constexpr std::size_t most_counted = 2'000'000; // more than a hub can have

std::string text_in(const json::object& object, std::string_view name) {
  const auto* found = object.if_contains(name);
  return found != nullptr && found->is_string() ? std::string{found->as_string()} : std::string{};
}

const json::object* object_in(const json::object& object, std::string_view name) {
  const auto* found = object.if_contains(name);
  return found == nullptr ? nullptr : found->if_object();
}

struct wanted_device {
  std::string problem;
  std::string primary_key, secondary_key; // base64; empty: not named
  std::optional<bool> enabled;
};

wanted_device read_device(const json::object& body) {
  wanted_device read;
  if (const auto* authentication = object_in(body, "authentication")) {
    const auto type = text_in(*authentication, "type");
    if (!type.empty() && type != "sas") read.problem = "this hub knows symmetric keys only";
    if (const auto* keys = object_in(*authentication, "symmetricKey")) {
      read.primary_key = text_in(*keys, "primaryKey");
      read.secondary_key = text_in(*keys, "secondaryKey");
    }
  }
  const auto status = text_in(body, "status");
  if (status == "enabled" || status == "disabled")
    read.enabled = status == "enabled";
  else if (!status.empty())
    read.problem = "status is neither enabled nor disabled";
  return read;
}

} // namespace

key_pair registry_api::make_keys(const identity& id) const {
  const auto key = [&](const char* which) {
    return azure::signing_key{secret{hmac_sha256(seed_, id.str() + "/" + which)}};
  };
  return {key("primary"), key("secondary")};
}

service_answer registry_api::handle_device(const service_request& request, const identity& id, moment now) {
  if (request.method == "PUT") return put(request, id, now);
  if (hub_.registry().find(id) == nullptr) return refuse_unknown_device(id.str(), now.wall);
  if (request.method == "GET") return answer_with(device_json(hub_, id));
  if (request.method == "DELETE") return remove(request, id, now);
  return refuse_with(405, "InvalidOperation", "GET, PUT or DELETE", now.wall);
}

service_answer registry_api::put(const service_request& request, const identity& id, moment now) {
  const auto invalid = [&](std::string_view text) {
    return refuse_with(400, "ArgumentInvalid", text, now.wall);
  };
  const auto body = read_json(request.body);
  const auto* object = body ? body->if_object() : nullptr;
  if (object == nullptr) return invalid("the body is no JSON object");
  if (text_in(*object, "deviceId") != id.str()) return invalid("deviceId is not that of the path");
  if (!azure::is_valid_identity(id.str())) return invalid("the device id is not allowed");
  const auto wanted = read_device(*object);
  if (!wanted.problem.empty()) return invalid(wanted.problem);
  auto& registry = hub_.registry();
  const auto* known = registry.find(id);
  if (known != nullptr && request.if_match.empty())
    return refuse_with(409, "DeviceAlreadyExists",
                       "A device with ID '" + id.str() + "' is already registered.", now.wall);
  if (known == nullptr && !request.if_match.empty()) return refuse_unknown_device(id.str(), now.wall);
  if (known != nullptr && !matches_etag(request.if_match, device_etag(*known)))
    return refuse_with(412, "PreconditionFailed", "The etag is another one.", now.wall);
  auto keys = known == nullptr ? make_keys(id) : known->keys.clone();
  for (const auto& [text, key] :
       {std::pair{&wanted.primary_key, &keys.primary}, std::pair{&wanted.secondary_key, &keys.secondary}}) {
    if (text->empty()) continue; // the hub's own, or as it was (inferred)
    auto parsed = azure::signing_key::parse(secret{*text}, "symmetricKey");
    if (!parsed) return invalid(parsed.fault().message());
    *key = std::move(*parsed);
  }
  registry.put(id, std::move(keys), wanted.enabled.value_or(known == nullptr || known->enabled));
  hub_.review(id, now);
  return answer_with(device_json(hub_, id));
}

service_answer registry_api::remove(const service_request& request, const identity& id, moment now) {
  if (!matches_etag(request.if_match, device_etag(*hub_.registry().find(id))))
    return refuse_with(412, "PreconditionFailed", "The etag is another one.", now.wall);
  hub_.registry().remove(id);
  hub_.review(id, now);
  return {204, {}, {}};
}

service_answer registry_api::list(const service_request& request) const {
  const auto text = request.query_value("top");
  std::size_t top = most_listed;
  std::from_chars(text.data(), text.data() + text.size(), top);
  json::array devices;
  for (const auto& id : hub_.registry().list({}, std::min(top, most_listed)))
    devices.push_back(device_json(hub_, id));
  return answer_with(devices);
}

// One row, as the request that it stands for.
service_answer registry_api::change_one(const json::value& row, moment now) {
  const auto* object = row.if_object();
  if (object == nullptr) return refuse_with(400, "ArgumentInvalid", "no object", now.wall);
  const identity id{text_in(*object, "id")};
  const auto mode = text_in(*object, "importMode");
  service_request one;
  if (mode.ends_with("IfMatchETag"))
    one.if_match = text_in(*object, "eTag");
  else if (mode != "create")
    one.if_match = "*";
  auto body = *object;
  body["deviceId"] = id.str();
  one.body = json_text(body);
  if (mode.starts_with("delete")) {
    if (hub_.registry().find(id) == nullptr) return refuse_unknown_device(id.str(), now.wall);
    return remove(one, id, now);
  }
  if (mode == "create" || mode.starts_with("update")) return put(one, id, now);
  return refuse_with(400, "ArgumentInvalid", "importMode '" + mode + "' is not known", now.wall);
}

service_answer registry_api::change_many(const service_request& request, moment now) {
  const auto body = read_json(request.body);
  const auto* rows = body ? body->if_array() : nullptr;
  if (rows == nullptr || rows->size() > most_in_bulk)
    return refuse_with(400, "ArgumentInvalid", "wants a list of at most 100 devices", now.wall);
  json::array errors;
  for (const auto& row : *rows) {
    const auto changed = change_one(row, now);
    if (changed.status < 300) continue;
    errors.push_back(json::object{{"deviceId", row.is_object() ? text_in(row.get_object(), "id") : ""},
                                  {"errorCode", changed.headers.at(0).second},
                                  {"errorStatus", changed.body}});
  }
  const bool all_well = errors.empty();
  return answer_with(
      json::object{{"isSuccessful", all_well}, {"errors", std::move(errors)}, {"warnings", json::array{}}});
}

service_answer registry_api::count_devices() const {
  std::size_t enabled = 0;
  for (const auto& id : hub_.registry().list({}, most_counted))
    if (hub_.registry().find(id)->enabled) ++enabled;
  const auto all = hub_.registry().size();
  return answer_with(json::object{
      {"totalDeviceCount", all}, {"enabledDeviceCount", enabled}, {"disabledDeviceCount", all - enabled}});
}

service_answer registry_api::count_connected() const {
  const auto all = hub_.registry().list({}, most_counted);
  const auto connected =
      std::count_if(all.begin(), all.end(), [&](const identity& id) { return !hub_.links_of(id).empty(); });
  return answer_with(json::object{{"connectedDeviceCount", connected}});
}

service_answer registry_api::purge(const identity& id, moment now) {
  if (hub_.registry().find(id) == nullptr) return refuse_unknown_device(id.str(), now.wall);
  return answer_with(json::object{
      {"deviceId", id.str()}, {"totalMessagesPurged", hub_.desks().purge(id, now)}, {"moduleId", nullptr}});
}

} // namespace causeway::emulator
