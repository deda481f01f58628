// SPDX-License-Identifier: Apache-2.0
#include "emulator/control_requests.h"

#include "base/encoding.h"
#include "emulator/installation.h"

#include <boost/json.hpp>

#include <algorithm>
#include <array>

namespace causeway::emulator {
namespace {

namespace json = boost::json;

constexpr std::size_t most_devices = 1'000'000;
constexpr std::size_t most_concurrency = 4096;
constexpr std::int64_t most_skew = 100 * 365 * 86'400LL; // seconds

constexpr auto immediate_faults = std::to_array<std::pair<immediate_fault, std::string_view>>({
    {immediate_fault::cut_connections, "hub_cut_connections"},
    {immediate_fault::close_connections, "hub_close_connections"},
    {immediate_fault::half_open, "hub_half_open"},
    {immediate_fault::detach_device, "detach_device"},
    {immediate_fault::expire_tokens, "expire_tokens"},
});

error wrong(std::string what) {
  return error{errc::field_invalid, std::move(what)};
}

// Reads a JSON object's fields and remembers the first one that has the wrong type or an unknown name.
class fields {
public:
  fields(const json::object& from, std::initializer_list<std::string_view> known) : from_{from} {
    for (const auto& entry : from)
      if (std::find(known.begin(), known.end(), std::string_view{entry.key()}) == known.end())
        fail("unknown field " + std::string{entry.key()});
  }

  std::optional<std::string> text(std::string_view name) {
    const auto* value = from_.if_contains(name);
    if (value == nullptr) return std::nullopt;
    if (value->is_string()) return std::string{value->as_string()};
    fail(std::string{name} + " is not a string");
    return std::nullopt;
  }
  std::optional<double> number(std::string_view name) {
    const auto* value = from_.if_contains(name);
    if (value == nullptr) return std::nullopt;
    double number = -1;
    if (value->is_int64()) number = static_cast<double>(value->as_int64());
    if (value->is_uint64()) number = static_cast<double>(value->as_uint64());
    if (value->is_double()) number = value->as_double();
    if (number >= 0 && number <= 1e15) return number;
    fail(std::string{name} + " is not a number from 0 on");
    return std::nullopt;
  }
  std::optional<std::int64_t> whole(std::string_view name) {
    const auto* value = from_.if_contains(name);
    if (value == nullptr) return std::nullopt;
    if (value->is_int64()) return value->as_int64();
    fail(std::string{name} + " is not a whole number");
    return std::nullopt;
  }
  std::optional<std::uint64_t> count(std::string_view name) {
    const auto value = number(name);
    if (!value) return std::nullopt;
    return static_cast<std::uint64_t>(*value);
  }
  std::optional<bool> flag(std::string_view name) {
    const auto* value = from_.if_contains(name);
    if (value == nullptr) return std::nullopt;
    if (value->is_bool()) return value->as_bool();
    fail(std::string{name} + " is neither true nor false");
    return std::nullopt;
  }
  const json::value* any(std::string_view name) const { return from_.if_contains(name); }
  void fail(std::string what) {
    if (!problem_) problem_ = std::move(what);
  }
  const std::optional<std::string>& problem() const { return problem_; }

private:
  const json::object& from_;
  std::optional<std::string> problem_;
};

result<json::object> parse_object(std::string_view body) {
  if (body.empty()) return json::object{};
  json::error_code fault;
  auto parsed = json::parse(json::string_view{body.data(), body.size()}, fault);
  if (fault || !parsed.is_object()) return wrong("the body is not a JSON object");
  return std::move(parsed.as_object());
}

// What holds for every application that does not say otherwise.
struct shared_settings {
  std::optional<std::string> webhook, authorization;
  webhook_settings settings{};
};

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
  application.webhook = shared.settings;
}

std::string basic(const std::optional<std::string>& username, const std::optional<std::string>& password) {
  return "Basic " + base64_encode(username.value_or("tts") + ":" + password.value_or(""));
}

result<simulated_application> parse_application(const json::object& object, const shared_settings& shared,
                                                const std::vector<simulated_application>& defaults) {
  fields f{object,
           {"id", "devices", "prefix", "webhook", "username", "password", "path", "headers",
            "downlink_api_key", "field_mask"}};
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
  if (application.url.empty()) f.fail("application " + application.id + " has no webhook");
  if (f.problem()) return wrong(*f.problem());
  return application;
}

} // namespace

namespace {

result<identity_change> read_identity_change(fields& f) {
  identity_change change;
  const auto primary = f.text("primary_key"), secondary = f.text("secondary_key"), status = f.text("status");
  if (f.problem()) return wrong(*f.problem());
  if (primary || secondary) {
    auto first = azure::signing_key::parse(secret{primary ? *primary : *secondary}, "primary_key");
    auto second = azure::signing_key::parse(secret{secondary ? *secondary : *primary}, "secondary_key");
    if (!first) return wrong(first.fault().message());
    if (!second) return wrong(second.fault().message());
    change.keys.emplace(key_pair{std::move(*first), std::move(*second)});
  }
  if (status) {
    if (*status != "enabled" && *status != "disabled") return wrong("status is neither enabled nor disabled");
    change.enabled = *status == "enabled";
  }
  return change;
}

} // namespace

result<identity_change> parse_identity_change(std::string_view body) {
  const auto object = parse_object(body);
  if (!object) return object.fault();
  fields f{*object, {"primary_key", "secondary_key", "status"}};
  return read_identity_change(f);
}

result<enrolment_change> parse_enrolment_change(std::string_view body) {
  const auto object = parse_object(body);
  if (!object) return object.fault();
  fields f{*object, {"primary_key", "secondary_key", "status", "device_id"}};
  enrolment_change change;
  change.device_id = f.text("device_id");
  auto read = read_identity_change(f);
  if (!read) return read.fault();
  change.identity = std::move(*read);
  return change;
}

result<reassignment> parse_reassignment(std::string_view body) {
  const auto object = parse_object(body);
  if (!object) return object.fault();
  fields f{*object, {"pattern", "hub"}};
  const auto pattern = f.text("pattern");
  const auto hub = f.count("hub");
  if (!pattern) f.fail("pattern is missing");
  if (!hub) f.fail("hub is missing");
  if (f.problem()) return wrong(*f.problem());
  return reassignment{*pattern, static_cast<std::size_t>(*hub)};
}

result<registered_device_change> parse_registered_device(std::string_view body) {
  const auto object = parse_object(body);
  if (!object) return object.fault();
  fields f{*object, {"name", "dev_eui", "attributes"}};
  registered_device_change change;
  change.name = f.text("name");
  change.dev_eui = f.text("dev_eui");
  if (const auto* attributes = f.any("attributes")) {
    if (!attributes->is_object()) return wrong("attributes is not an object");
    change.attributes.emplace();
    for (const auto& entry : attributes->as_object()) {
      if (!entry.value().is_string())
        return wrong("attribute " + std::string{entry.key()} + " is not a string");
      change.attributes->emplace_back(entry.key(), entry.value().as_string());
    }
  }
  if (f.problem()) return wrong(*f.problem());
  return change;
}

result<fault_request> parse_fault(std::string_view body) {
  const auto object = parse_object(body);
  if (!object) return object.fault();
  fields f{*object,
           {"kind", "pattern", "status", "retry_after", "count", "condition", "description", "device", "hub",
            "seconds", "delay_ms", "for_seconds"}};
  fault_request request;
  auto& rule = request.rule;
  const auto kind = f.text("kind").value_or("");
  rule.pattern = f.text("pattern").value_or(f.text("device").value_or("*"));
  rule.status = static_cast<int>(std::min<std::uint64_t>(f.count("status").value_or(0), 999));
  if (const auto wait = f.count("retry_after"))
    rule.retry_after = static_cast<int>(std::min<std::uint64_t>(*wait, 86'400));
  rule.remaining = f.count("count");
  rule.condition = f.text("condition").value_or("");
  rule.description = f.text("description").value_or("");
  if (const auto hub = f.count("hub")) rule.hub = static_cast<std::size_t>(*hub);
  const auto skew = f.whole("seconds");
  const auto delay = f.count("delay_ms");
  rule.delay = std::chrono::milliseconds{std::min<std::uint64_t>(delay.value_or(0), 86'400'000)};
  if (const auto lasts = f.number("for_seconds"))
    request.lasts = std::chrono::milliseconds{static_cast<std::int64_t>(std::min(*lasts, 86'400.0) * 1000)};
  rule.skew = std::chrono::seconds{std::clamp<std::int64_t>(skew.value_or(0), -most_skew, most_skew)};
  if (f.problem()) return wrong(*f.problem());
  if (rule.remaining == 0U) return wrong("count is 0");

  if (const auto found = std::find_if(immediate_faults.begin(), immediate_faults.end(),
                                      [&](const auto& named) { return named.second == kind; });
      found != immediate_faults.end())
    request.at_once = found->first;
  if (request.at_once == immediate_fault::detach_device) {
    if (!f.text("device")) return wrong("detach_device wants a device");
    rule.pattern = *f.text("device");
    if (rule.condition.empty()) rule.condition = "amqp:link:detach-forced";
    if (rule.description.empty()) rule.description = "Server Busy. Please retry operation";
  }
  if (request.at_once == immediate_fault::close_connections && rule.condition.empty()) {
    rule.condition = "amqp:connection:forced";
    rule.description = "The connection was closed by the service.";
  }
  if (request.at_once) return request;
  const auto known = find_fault_kind(kind);
  if (!known) {
    auto names = fault_kind_names();
    for (const auto& [value, name] : immediate_faults)
      names += ", " + std::string{name};
    return wrong("kind is none of " + names);
  }
  rule.kind = *known;
  const bool wants_status =
      rule.kind == fault_kind::dps_status || rule.kind == fault_kind::put_token_status ||
      rule.kind == fault_kind::registry_status || rule.kind == fault_kind::storage_status;
  if (rule.kind == fault_kind::slow_accepts && !delay) return wrong("delay_ms is missing");
  if (rule.kind == fault_kind::clock_skew && !skew) return wrong("seconds is missing");
  if (wants_status && rule.status < 200) return wrong("status is missing");
  if (rule.kind == fault_kind::reject_messages && rule.condition.empty())
    rule.condition = "com.microsoft:device-container-throttled";
  if (rule.kind == fault_kind::hub_not_found && rule.condition.empty())
    rule.condition = "com.microsoft:iot-hub-not-found-error";
  return request;
}

result<quota_change> parse_quota_change(std::string_view body) {
  const auto object = parse_object(body);
  if (!object) return object.fault();
  fields f{*object, {"limit", "used"}};
  quota_change change;
  const auto* limit = f.any("limit");
  change.has_limit = limit != nullptr;
  if (limit != nullptr && !limit->is_null()) change.limit = f.count("limit");
  change.used = f.count("used");
  if (f.problem()) return wrong(*f.problem());
  if (!change.has_limit && !change.used) return wrong("neither limit nor used is there");
  return change;
}

result<storage_options> parse_storage_change(std::string_view body, storage_options now) {
  const auto object = parse_object(body);
  if (!object) return object.fault();
  fields f{*object, {"kept", "delay", "retention"}};
  const auto milliseconds_of = [](double seconds) {
    return std::chrono::milliseconds{static_cast<std::int64_t>(std::min(seconds, 30 * 86'400.0) * 1000)};
  };
  if (const auto kept = f.count("kept"))
    now.kept = static_cast<std::size_t>(std::min<std::uint64_t>(*kept, 10'000'000));
  if (const auto delay = f.number("delay")) now.delay = milliseconds_of(*delay);
  if (const auto retention = f.number("retention")) now.retention = milliseconds_of(*retention);
  if (f.problem()) return wrong(*f.problem());
  return now;
}

namespace {

void read_sending(fields& f, simulation_request& into) {
  auto& sending = into.plan.sending;
  const auto milliseconds_of = [](double seconds) {
    return std::chrono::milliseconds{static_cast<std::int64_t>(std::min(seconds, 86'400.0) * 1000)};
  };
  if (const auto idle = f.count("idle_connections"))
    sending.idle_connections = static_cast<std::size_t>(*idle);
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
           {"uplinks", "seconds", "rate", "concurrency", "webhook", "username", "password", "ca_file", "path",
            "headers", "downlink_api_key", "field_mask", "idle_connections", "varied", "parallel",
            "webhook_retries", "unhealthy_threshold", "unhealthy_retry_interval", "applications"}};
  simulation_request request;
  request.plan.uplinks = f.count("uplinks");
  if (const auto seconds = f.number("seconds"))
    request.plan.duration = std::chrono::milliseconds{static_cast<std::int64_t>(*seconds * 1000)};
  request.plan.rate = f.number("rate").value_or(0);
  request.plan.concurrency = static_cast<std::size_t>(
      std::min<std::uint64_t>(f.count("concurrency").value_or(32), most_concurrency));
  request.ca_file = f.text("ca_file").value_or("");
  // For all applications: the part of the URL before "/{application}", and one log-in.
  const auto webhook = f.text("webhook"), username = f.text("username"), password = f.text("password");
  shared_settings shared{webhook, std::nullopt};
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
