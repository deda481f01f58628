// SPDX-License-Identifier: Apache-2.0
#include "emulator/control/control_requests.h"

#include "base/encoding.h"
#include "emulator/control/control_fields.h"
#include "emulator/control/installation.h"

#include <boost/json.hpp>

#include <algorithm>
#include <array>

namespace causeway::emulator {
namespace {

namespace json = boost::json;

constexpr std::int64_t most_skew = 100 * 365 * 86'400LL; // seconds

constexpr auto immediate_faults = std::to_array<std::pair<immediate_fault, std::string_view>>({
    {immediate_fault::cut_connections, "hub_cut_connections"},
    {immediate_fault::close_connections, "hub_close_connections"},
    {immediate_fault::half_open, "hub_half_open"},
    {immediate_fault::detach_device, "detach_device"},
    {immediate_fault::expire_tokens, "expire_tokens"},
    {immediate_fault::expire_locks, "expire_locks"},
});

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
            "role", "seconds", "delay_ms", "for_seconds"}};
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
  const auto role = f.text("role");
  if (f.problem()) return wrong(*f.problem());
  if (rule.remaining == 0U) return wrong("count is 0");

  if (const auto found = std::find_if(immediate_faults.begin(), immediate_faults.end(),
                                      [&](const auto& named) { return named.second == kind; });
      found != immediate_faults.end())
    request.at_once = found->first;
  if (request.at_once == immediate_fault::detach_device) {
    if (!f.text("device")) return wrong("detach_device wants a device");
    rule.pattern = *f.text("device");
    if (role) request.role = find_device_link_kind(*role);
    if (role && !request.role) return wrong("role is none of telemetry, c2d, methods, twin");
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
      rule.kind == fault_kind::dps_status || rule.kind == fault_kind::dps_poll_status ||
      rule.kind == fault_kind::put_token_status || rule.kind == fault_kind::twin_status ||
      rule.kind == fault_kind::registry_status || rule.kind == fault_kind::storage_status;
  const bool wants_delay = rule.kind == fault_kind::slow_accepts || rule.kind == fault_kind::c2d_delay;
  if (wants_delay && !delay) return wrong("delay_ms is missing");
  if (rule.kind == fault_kind::clock_skew && !skew) return wrong("seconds is missing");
  if (wants_status && rule.status < 200) return wrong("status is missing");
  if (rule.kind == fault_kind::reject_messages && rule.condition.empty())
    rule.condition = "com.microsoft:device-container-throttled";
  if (rule.kind == fault_kind::hub_not_found && rule.condition.empty())
    rule.condition = "com.microsoft:iot-hub-not-found-error";
  return request;
}

result<c2d_request> parse_c2d(std::string_view body, wall_time now) {
  const auto object = parse_object(body);
  if (!object) return object.fault();
  fields f{*object,
           {"device", "body", "message_id", "correlation_id", "content_type", "content_encoding", "ack",
            "expires_in", "properties"}};
  c2d_request request{identity{f.text("device").value_or("")}, {}};
  auto& message = request.message;
  message.body = f.text("body").value_or("");
  message.message_id = f.text("message_id").value_or("");
  message.correlation_id = f.text("correlation_id").value_or("");
  message.content_type = f.text("content_type").value_or("");
  message.content_encoding = f.text("content_encoding").value_or("");
  const auto ack = parse_ack_mode(f.text("ack").value_or("none"));
  if (ack)
    message.ack = *ack;
  else
    f.fail("ack is none of none, positive, negative, full");
  if (const auto life = f.number("expires_in"))
    message.expires = now + std::chrono::milliseconds{static_cast<std::int64_t>(std::min(*life, 1e9) * 1000)};
  if (const auto* properties = f.any("properties")) {
    if (!properties->is_object()) return wrong("properties is no object");
    for (const auto& [name, value] : properties->get_object()) {
      if (!value.is_string()) return wrong("a property is not a string");
      message.properties.emplace_back(name, value.get_string());
    }
  }
  if (request.device.empty()) f.fail("device is missing");
  if (f.problem()) return wrong(*f.problem());
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

result<event_request> parse_event(std::string_view body) {
  const auto object = parse_object(body);
  if (!object) return object.fault();
  fields f{*object, {"application", "device", "kind", "topic", "by", "event", "body"}};
  event_request request;
  request.application = f.text("application").value_or("");
  request.device = f.text("device").value_or("");
  request.kind = f.text("kind").value_or("up");
  request.topic = f.text("topic").value_or("");
  const auto by = f.text("by").value_or("webhook");
  request.by_webhook = by == "webhook" || by == "both";
  request.by_mqtt = by == "mqtt" || by == "both";
  if (!request.by_webhook && !request.by_mqtt) f.fail("by is none of webhook, mqtt and both");
  const auto text = f.text("body");
  const auto* event = f.any("event");
  if (text.has_value() == (event != nullptr)) f.fail("wants either an event or a body");
  if (text) request.body = *text;
  if (event != nullptr) request.body = json::serialize(*event);
  if (request.application.empty() && (request.by_webhook || request.topic.empty()))
    f.fail("application is missing");
  if (request.by_mqtt && request.topic.empty() && request.device.empty()) f.fail("device is missing");
  if (f.problem()) return wrong(*f.problem());
  return request;
}

} // namespace causeway::emulator
