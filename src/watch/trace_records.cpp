// SPDX-License-Identifier: Apache-2.0
#include "watch/trace_records.h"

#include "base/digest.h"
#include "base/encoding.h"

#include <boost/json.hpp>

#include <algorithm>
#include <array>

namespace causeway::watch {
namespace {

namespace json = boost::json;

// Where a connection string names no endpoint.
constexpr std::string_view default_ingestion = "https://dc.services.visualstudio.com";
constexpr std::size_t longest_connection_string = 4'096;
constexpr int otlp_kind_internal = 1, otlp_kind_client = 3, otlp_status_error = 2;

bool is_waiting(model::phase what) {
  return what == model::phase::dps_queue || what == model::phase::dps_wait ||
         what == model::phase::hub_queue || what == model::phase::command_store ||
         what == model::phase::command_turn;
}
bool is_of_dps(model::phase what) {
  return what == model::phase::dps_queue || what == model::phase::dps_register ||
         what == model::phase::dps_wait || what == model::phase::dps_poll;
}

std::string_view type_of(model::phase what) {
  if (is_of_dps(what)) return "Azure DPS";
  return is_of_command(what) ? "The Things Stack" : "Azure IoT Hub";
}

std::int64_t nanoseconds_of(wall_time time) {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(time.time_since_epoch()).count();
}

std::string two(std::int64_t value) {
  return (value < 10 ? "0" : "") + std::to_string(value);
}

// "0.00:00:03.021000": days, then hours to microseconds.
std::string time_span(std::chrono::nanoseconds duration) {
  const auto us = std::max<std::int64_t>(duration.count(), 0) / 1'000;
  const auto whole = us / 1'000'000;
  auto fraction = std::to_string(us % 1'000'000);
  fraction.insert(0, 6 - fraction.size(), '0');
  return std::to_string(whole / 86'400) + "." + two(whole / 3'600 % 24) + ":" + two(whole / 60 % 60) + ":" +
         two(whole % 60) + "." + fraction;
}

json::object text_attribute(std::string_view key, std::string_view value) {
  return {{"key", key}, {"value", json::object{{"stringValue", value}}}};
}

void append_otlp(std::string& out, const span_record& of) {
  json::array attributes;
  const auto add = [&](std::string_view key, std::string_view value) {
    if (!value.empty()) attributes.push_back(text_attribute(key, value));
  };
  add("application.id", of.application);
  add("device.id", of.device);
  add("azure.iot.identity", of.identity);
  add("azure.iot.hub", of.hub);
  if (of.connection != 0)
    attributes.push_back(json::object{{"key", "causeway.connection"},
                                      {"value", json::object{{"intValue", std::to_string(of.connection)}}}});
  if (of.fault) add("error.type", describe(*of.fault).name);
  json::object span{{"traceId", of.trace_id},
                    {"spanId", of.span_id},
                    {"name", model::to_string(of.what)},
                    {"kind", is_waiting(of.what) ? otlp_kind_internal : otlp_kind_client},
                    {"startTimeUnixNano", std::to_string(nanoseconds_of(of.begin))},
                    {"endTimeUnixNano", std::to_string(nanoseconds_of(of.begin) + of.duration.count())},
                    {"attributes", std::move(attributes)}};
  if (of.fault)
    span["status"] = json::object{{"code", otlp_status_error}, {"message", describe(*of.fault).text}};
  out += json::serialize(span);
}

void append_insights(std::string& out, const span_record& of, const std::string& key,
                     const std::string& version) {
  json::object properties;
  const auto add = [&](std::string_view name, std::string_view value) {
    if (!value.empty()) properties[name] = value;
  };
  add("application.id", of.application);
  add("device.id", of.device);
  add("azure.iot.identity", of.identity);
  if (of.connection != 0) add("causeway.connection", std::to_string(of.connection));
  json::object data{{"ver", 2},
                    {"id", of.span_id},
                    {"name", model::to_string(of.what)},
                    {"duration", time_span(of.duration)},
                    {"success", !of.fault.has_value()},
                    {"resultCode", of.fault ? describe(*of.fault).name : "0"},
                    {"type", type_of(of.what)},
                    {"target", is_of_command(of.what) ? std::string_view{} : std::string_view{of.hub}},
                    {"properties", std::move(properties)}};
  const json::object envelope{
      {"name", "Microsoft.ApplicationInsights.RemoteDependency"},
      {"time", format_rfc3339(of.begin)},
      {"iKey", key},
      {"tags", json::object{{"ai.cloud.role", "causeway"},
                            {"ai.operation.id", of.trace_id},
                            {"ai.internal.sdkVersion", "causeway:" + version}}},
      {"data", json::object{{"baseType", "RemoteDependencyData"}, {"baseData", std::move(data)}}}};
  out += json::serialize(envelope);
}

std::string hash_of(std::string_view text, std::size_t bytes) {
  const auto digest = sha256(text);
  std::string first;
  for (std::size_t i = 0; i < bytes; ++i)
    first.push_back(static_cast<char>(digest[i]));
  return hex_encode(first);
}

bool is_instrumentation_key(std::string_view text) {
  return !text.empty() && text.size() <= 64 &&
         text.find_first_not_of("0123456789abcdefABCDEF-") == std::string_view::npos;
}

bool is_endpoint(std::string_view text) {
  const auto scheme = text.find("://");
  if (scheme == std::string_view::npos) return false;
  const auto name = to_lower(text.substr(0, scheme));
  const auto host = text.substr(scheme + 3);
  return (name == "https" || name == "http") && !host.empty() &&
         host.find_first_of(" \t\r\n\"<>?#@") == std::string_view::npos;
}

} // namespace

trace_format otlp_format(std::string_view version) {
  trace_format format;
  format.content_type = "application/json";
  format.prefix =
      json::serialize(json::object{{"attributes", json::array{text_attribute("service.name", "causeway"),
                                                              text_attribute("service.version", version)}}});
  format.prefix = R"({"resourceSpans":[{"resource":)" + format.prefix +
                  R"(,"scopeSpans":[{"scope":{"name":"causeway.timeline"},"spans":[)";
  format.separator = ",";
  format.suffix = "]}]}]}";
  format.append = append_otlp;
  return format;
}

trace_format application_insights_format(std::string instrumentation_key, std::string_view version) {
  trace_format format;
  format.content_type = "application/x-json-stream";
  format.separator = "\n";
  format.suffix = "\n";
  format.append = [key = std::move(instrumentation_key), number = std::string{version}](
                      std::string& out, const span_record& of) { append_insights(out, of, key, number); };
  return format;
}

result<application_insights_target> parse_application_insights(const secret& text, std::string_view what) {
  const auto malformed = [&](const std::string& why) {
    return error{errc::connection_string_malformed, std::string{what} + ": " + why};
  };
  auto rest = text.reveal();
  while (!rest.empty() && std::string_view{" \t\r\n"}.find(rest.back()) != std::string_view::npos)
    rest.remove_suffix(1);
  if (rest.empty()) return malformed("it is empty");
  if (rest.size() > longest_connection_string) return malformed("it is longer than 4,096 characters");
  std::string key, endpoint, suffix;
  while (!rest.empty()) {
    const auto part = rest.substr(0, rest.find(';'));
    rest.remove_prefix(std::min(rest.size(), part.size() + 1));
    if (part.empty()) continue;
    const auto equals = part.find('=');
    if (equals == std::string_view::npos) return malformed("a part without '='");
    const auto name = part.substr(0, equals);
    const std::string value{part.substr(equals + 1)};
    if (equals_ignoring_case(name, "InstrumentationKey")) key = value;
    if (equals_ignoring_case(name, "IngestionEndpoint")) endpoint = value;
    if (equals_ignoring_case(name, "EndpointSuffix")) suffix = value;
    if (equals_ignoring_case(name, "Authorization") && !equals_ignoring_case(value, "ikey"))
      return malformed("Authorization is not ikey, which alone is supported");
  }
  if (key.empty()) return malformed("InstrumentationKey is missing");
  if (!is_instrumentation_key(key)) return malformed("InstrumentationKey is not a UUID");
  if (endpoint.empty()) endpoint = suffix.empty() ? std::string{default_ingestion} : "https://dc." + suffix;
  while (endpoint.ends_with('/'))
    endpoint.pop_back();
  if (!is_endpoint(endpoint)) return malformed("IngestionEndpoint is not an address such as https://host");
  return application_insights_target{key, endpoint + "/v2/track"};
}

std::string make_trace_id(std::string_view subject, wall_time begin) {
  return hash_of(std::string{subject} + "\n" + std::to_string(nanoseconds_of(begin)), 16);
}

std::string make_span_id(std::string_view trace_id, std::uint64_t number) {
  return hash_of(std::string{trace_id} + "\n" + std::to_string(number), 8);
}

} // namespace causeway::watch
