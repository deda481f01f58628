// SPDX-License-Identifier: Apache-2.0
#include "base/encoding.h"
#include "emulator/control/control_fields.h"
#include "emulator/control/control_requests.h"
#include "emulator/control/installation.h"

namespace causeway::emulator {
namespace {

namespace json = boost::json;

constexpr std::size_t most_devices = 1'000'000;
constexpr std::size_t most_concurrency = 4096;

// What holds for every application that does not say otherwise.
struct shared_settings {
  std::optional<std::string> webhook, authorization;
  std::optional<double> mqtt_share;
  webhook_settings settings{};
};

// Of the fields `by` and `mqtt_share`; nothing without either.
std::optional<double> read_mqtt_share(fields& f) {
  std::optional<double> share = f.number("mqtt_share");
  if (share && *share > 1) f.fail("mqtt_share is above 1");
  if (const auto by = f.text("by")) {
    if (*by != "webhook" && *by != "mqtt") f.fail("by is neither webhook nor mqtt");
    if (share) f.fail("by and mqtt_share say the same thing twice");
    share = *by == "mqtt" ? 1 : 0;
  }
  return share;
}

// What a webhook object says besides its URL and log-in; what is absent stays.
void read_webhook(fields& f, webhook_settings& into) {
  if (auto path = f.text("path")) into.path = std::move(*path);
  if (auto key = f.text("downlink_api_key")) into.downlink_api_key = std::move(*key);
  if (const auto* headers = f.any("headers")) {
    into.headers.clear();
    if (!headers->is_object()) f.fail("headers is not an object");
    for (const auto& entry : headers->is_object() ? headers->as_object() : json::object{}) {
      if (entry.value().is_string())
        into.headers.emplace_back(entry.key(), entry.value().as_string());
      else
        f.fail("header " + std::string{entry.key()} + " is not a string");
    }
  }
  if (const auto* mask = f.any("field_mask")) {
    into.field_mask.clear();
    if (!mask->is_array()) f.fail("field_mask is not a list");
    for (const auto& path : mask->is_array() ? mask->as_array() : json::array{}) {
      if (path.is_string())
        into.field_mask.emplace_back(path.as_string());
      else
        f.fail("field_mask has something that is not a path");
    }
  }
}

void apply(const shared_settings& shared, simulated_application& application) {
  if (shared.webhook) application.url = *shared.webhook + "/" + application.id;
  if (shared.authorization) application.authorization = *shared.authorization;
  if (shared.mqtt_share) application.mqtt_share = *shared.mqtt_share;
  application.webhook = shared.settings;
}

std::string basic(const std::optional<std::string>& username, const std::optional<std::string>& password) {
  return "Basic " + base64_encode(username.value_or("tts") + ":" + password.value_or(""));
}

result<simulated_application> parse_application(const json::object& object, const shared_settings& shared,
                                                const std::vector<simulated_application>& defaults) {
  fields f{object,
           {"id", "devices", "prefix", "identity_prefix", "webhook", "username", "password", "by",
            "mqtt_share", "path", "headers", "downlink_api_key", "field_mask"}};
  simulated_application application;
  const auto id = f.text("id");
  if (!id || id->empty()) f.fail("an application has no id");
  const auto same = std::find_if(defaults.begin(), defaults.end(),
                                 [&](const simulated_application& d) { return id && d.id == *id; });
  if (same != defaults.end()) application = *same;
  application.id = id.value_or("");
  apply(shared, application);
  if (const auto webhook = f.text("webhook")) application.url = *webhook;
  const auto username = f.text("username"), password = f.text("password");
  if (username || password) application.authorization = basic(username, password);
  read_webhook(f, application.webhook);
  const auto prefix = f.text("prefix").value_or(application.id == plant_application   ? "meter-"
                                                : application.id == field_application ? "sensor-"
                                                                                      : application.id + "-");
  if (const auto* devices = f.any("devices"); devices != nullptr && devices->is_array()) {
    application.devices.clear();
    for (const auto& name : devices->as_array()) {
      if (!name.is_string())
        f.fail("devices has something that is not a name");
      else
        application.devices.emplace_back(name.as_string());
    }
  } else if (const auto count = f.count("devices")) {
    application.devices.clear();
    if (*count > most_devices) f.fail("devices is more than 1,000,000");
    for (std::uint64_t i = 1; i <= std::min<std::uint64_t>(*count, most_devices); ++i)
      application.devices.push_back(device_name(prefix, static_cast<std::size_t>(i)));
  }
  if (const auto share = read_mqtt_share(f)) application.mqtt_share = *share;
  if (const auto before = f.text("identity_prefix")) application.identity_prefix = *before;
  if (application.url.empty()) f.fail("application " + application.id + " has no webhook");
  if (f.problem()) return wrong(*f.problem());
  return application;
}
void read_sending(fields& f, simulation_request& into) {
  auto& sending = into.plan.sending;
  const auto milliseconds_of = [](double seconds) {
    return std::chrono::milliseconds{static_cast<std::int64_t>(std::min(seconds, 86'400.0) * 1000)};
  };
  sending.varied = f.flag("varied").value_or(false);
  sending.parallel = f.flag("parallel").value_or(false);
  if (const auto minute = f.number("webhook_retries")) {
    into.has_retries = true;
    sending.retry_minute = milliseconds_of(*minute);
  }
  sending.health.threshold = f.count("unhealthy_threshold").value_or(0);
  sending.health.interval = milliseconds_of(f.number("unhealthy_retry_interval").value_or(0));
}

} // namespace

result<simulation_request> parse_simulation(std::string_view body,
                                            std::vector<simulated_application> defaults) {
  const auto object = parse_object(body);
  if (!object) return object.fault();
  fields f{*object,
           {"uplinks",
            "seconds",
            "rate",
            "burst",
            "duplicate_every",
            "swap_every",
            "rejoin_every",
            "by",
            "mqtt_share",
            "concurrency",
            "connections",
            "webhook",
            "username",
            "password",
            "ca_file",
            "path",
            "headers",
            "downlink_api_key",
            "field_mask",
            "varied",
            "parallel",
            "webhook_retries",
            "unhealthy_threshold",
            "unhealthy_retry_interval",
            "applications"}};
  simulation_request request;
  request.plan.uplinks = f.count("uplinks");
  if (const auto seconds = f.number("seconds"))
    request.plan.duration = std::chrono::milliseconds{static_cast<std::int64_t>(*seconds * 1000)};
  request.plan.rate = f.number("rate").value_or(0);
  request.plan.burst = f.count("burst").value_or(1);
  request.plan.switches = {f.count("duplicate_every").value_or(0), f.count("swap_every").value_or(0),
                           f.count("rejoin_every").value_or(0)};
  request.plan.concurrency = static_cast<std::size_t>(
      std::min<std::uint64_t>(f.count("concurrency").value_or(32), most_concurrency));
  if (const auto use = f.text("connections")) {
    if (*use != "kept" && *use != "new") return wrong("connections is kept or new");
    request.plan.connections = *use == "new" ? connection_use::fresh : connection_use::kept;
  }
  request.ca_file = f.text("ca_file").value_or("");
  // For all applications: the part of the URL before "/{application}", and one log-in.
  const auto webhook = f.text("webhook"), username = f.text("username"), password = f.text("password");
  shared_settings shared{webhook, std::nullopt, read_mqtt_share(f), {}};
  read_webhook(f, shared.settings);
  read_sending(f, request);
  if (username || password) shared.authorization = basic(username, password);
  if (const auto* applications = f.any("applications")) {
    if (!applications->is_array()) return wrong("applications is not a list");
    for (const auto& item : applications->as_array()) {
      if (!item.is_object()) return wrong("applications has something that is not an object");
      auto application = parse_application(item.as_object(), shared, defaults);
      if (!application) return application.fault();
      request.plan.applications.push_back(std::move(*application));
    }
  } else {
    request.plan.applications = std::move(defaults);
    for (auto& application : request.plan.applications)
      apply(shared, application);
  }
  if (f.problem()) return wrong(*f.problem());
  return request;
}

} // namespace causeway::emulator
