// SPDX-License-Identifier: Apache-2.0
#include "stack/mqtt_topic.h"

#include "base/encoding.h"

#include <algorithm>
#include <array>

namespace causeway::stack {
namespace {

struct topic_kind {
  std::string_view event; // the word of `events` in the configuration
  std::string_view topic; // behind the device
};

constexpr auto kinds = std::to_array<topic_kind>({
    {"uplink", "up"},
    {"normalized", "up/normalized"},
    {"join", "join"},
    {"downlink", "down/queued"},
    {"downlink", "down/sent"},
    {"downlink", "down/ack"},
    {"downlink", "down/nack"},
    {"downlink", "down/failed"},
    {"downlink", "down/invalidated"},
    {"location", "location/solved"},
    {"service", "service/data"},
});

error unexpected(std::string_view topic, std::string_view why) {
  constexpr std::size_t most_shown = 200;
  return error{errc::topic_unexpected,
               json_quoted(std::string{topic.substr(0, most_shown)}) + " " + std::string{why}};
}

// Whether "app" or "app@tenant" is this application's.
bool names(std::string_view uid, const application_id& application, std::string_view tenant) {
  if (!tenant.empty()) return uid == mqtt_user_name(application, tenant);
  return uid.substr(0, uid.find('@')) == application.str();
}

} // namespace

std::string mqtt_user_name(const application_id& application, std::string_view tenant) {
  return tenant.empty() ? application.str() : application.str() + "@" + std::string{tenant};
}

std::vector<std::string> mqtt_filters(std::string_view user_name, const std::vector<std::string>& events) {
  std::vector<std::string> filters;
  for (const auto& kind : kinds)
    if (std::find(events.begin(), events.end(), kind.event) != events.end())
      filters.push_back("v3/" + std::string{user_name} + "/devices/+/" + std::string{kind.topic});
  return filters;
}

result<tts::path_ids> parse_mqtt_topic(std::string_view topic, const application_id& application,
                                       std::string_view tenant) {
  auto rest = topic;
  const auto segment = [&rest] {
    const auto slash = std::min(rest.find('/'), rest.size());
    const auto one = rest.substr(0, slash);
    rest.remove_prefix(std::min(slash + 1, rest.size()));
    return one;
  };
  if (segment() != "v3") return unexpected(topic, "does not begin with v3/");
  if (!names(segment(), application, tenant))
    return unexpected(topic, "is not of " + mqtt_user_name(application, tenant));
  if (segment() != "devices") return unexpected(topic, "is not of a device");
  const auto device = segment();
  if (!is_valid_tts_id(device)) return unexpected(topic, "names no device");
  const bool known =
      std::any_of(kinds.begin(), kinds.end(), [&](const auto& kind) { return kind.topic == rest; });
  if (!known) return unexpected(topic, "is none of the kinds of events");
  return tts::path_ids{application.str(), std::string{device}, true};
}

error connack_error(int code, std::string_view user_name) {
  const auto prefix = "CONNACK " + std::to_string(code) + ": ";
  switch (code) {
  case 1:
    return error{errc::mqtt_refused, prefix + "it does not speak MQTT 3.1.1"};
  case 2:
    return error{errc::mqtt_refused, prefix + "it refuses the client identifier"};
  case 3:
    return error{errc::mqtt_refused, prefix + "it cannot serve now, or the limit of connections is reached"};
  case 4:
  case 5:
    return error{errc::mqtt_unauthorized,
                 prefix + "user name \"" + std::string{user_name} +
                     "\"; check the application's id, its mqtt_key (or api_key) and the tenant"};
  default:
    return error{errc::mqtt_refused, prefix + "a code that MQTT 3.1.1 does not have"};
  }
}

} // namespace causeway::stack
