// SPDX-License-Identifier: Apache-2.0
#include "formats/downlink_report.h"

#include "base/encoding.h"

#include <string_view>

namespace causeway::formats {
namespace {

void append_member(std::string& out, std::string_view name, std::string_view json) {
  if (out.back() != '{') out += ',';
  out.append("\"").append(name).append("\":").append(json);
}

void append_text(std::string& out, std::string_view name, std::string_view text) {
  append_member(out, name, json_quoted(text));
}

// Where there is some.
void append_known(std::string& out, std::string_view name, std::string_view text) {
  if (!text.empty()) append_text(out, name, text);
}

std::string list_of(const std::vector<std::string_view>& words) {
  std::string out{"["};
  for (const auto word : words)
    out.append(out.size() == 1 ? "" : ",").append(json_quoted(word));
  return out + "]";
}

std::string downlink_of(const model::downlink_report& report) {
  std::string out{"{"};
  append_text(out, "state", to_string(report.state));
  append_text(out, "command", report.of);
  append_text(out, "source", to_string(report.source));
  append_known(out, "messageId", report.message_id);
  append_known(out, "correlationId", report.correlation_id);
  if (report.f_port) append_member(out, "port", std::to_string(*report.f_port));
  append_member(out, "confirmed", report.confirmed ? "true" : "false");
  if (report.f_cnt) append_member(out, "fCnt", std::to_string(*report.f_cnt));
  if (report.attempt) append_member(out, "attempt", std::to_string(*report.attempt));
  append_text(out, "at", format_rfc3339(report.at));
  if (!report.error_name.empty() || !report.error_text.empty()) {
    std::string fault{"{"};
    append_known(fault, "name", report.error_name);
    append_known(fault, "text", report.error_text);
    append_member(out, "error", fault + "}");
  }
  if (!report.warnings.empty()) append_member(out, "warnings", list_of(report.warnings));
  return out + "}";
}

std::string lorawan_of(const model::downlink_report& report) {
  std::string out{"{"};
  append_text(out, "applicationId", report.from.application.str());
  append_text(out, "deviceId", report.from.device.str());
  append_known(out, "devEui", report.dev_eui.str());
  return out + "}";
}

} // namespace

model::message format_downlink_report(const model::downlink_report& report) {
  model::message made;
  made.id = "r-" + hex_encode({reinterpret_cast<const char*>(report.key.data()), report.key.size()});
  made.content_type = "application/json";
  made.content_encoding = "utf-8";
  made.correlation_id = !report.message_id.empty()       ? report.message_id
                        : !report.correlation_id.empty() ? report.correlation_id
                                                         : report.of;
  made.body = R"({"downlink":)" + downlink_of(report) + R"(,"lorawan":)" + lorawan_of(report) + "}";
  auto& properties = made.properties;
  properties.emplace_back("applicationId", report.from.application.str());
  properties.emplace_back("deviceId", report.from.device.str());
  if (!report.dev_eui.empty()) properties.emplace_back("devEui", report.dev_eui.str());
  properties.emplace_back("event", "downlink");
  properties.emplace_back("state", to_string(report.state));
  properties.emplace_back("iothub-creation-time-utc", format_rfc3339(report.at));
  return made;
}

} // namespace causeway::formats
