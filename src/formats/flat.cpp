// SPDX-License-Identifier: Apache-2.0
#include "formats/flat.h"

#include "base/encoding.h"
#include "formats/location.h"

#include <boost/json.hpp>

#include <optional>

namespace causeway::formats {
namespace {

constexpr std::string_view own_key = "lorawan";

// The first of lorawan, lorawan_, lorawan__ … that the decoded fields leave free; nothing when they are no
// JSON object.
std::optional<std::string> free_key(std::string_view decoded) {
  std::string key{own_key};
  // Nearly every payload: no key can be ours where neither its letters nor an escape occurs.
  if (decoded.find(own_key) == std::string_view::npos && decoded.find('\\') == std::string_view::npos)
    return key;
  boost::json::parse_options options;
  options.max_depth = 64; // what tts lets through
  boost::json::error_code ec;
  const auto fields = boost::json::parse({decoded.data(), decoded.size()}, ec, {}, options);
  if (ec || !fields.is_object()) return std::nullopt;
  while (fields.get_object().contains(key))
    key += '_';
  return key;
}

void append_member(std::string& out, std::string_view key, std::string_view json) {
  out += '"';
  out += key;
  out += "\":";
  out += json;
  out += ',';
}

void append_text_member(std::string& out, std::string_view key, std::string_view text) {
  out += '"';
  out += key;
  out += "\":\"";
  append_json_escaped(out, text);
  out += "\",";
}

void append_lorawan(std::string& out, const core::uplink& event, std::string_view received_at) {
  out += '{';
  append_text_member(out, "applicationId", event.from.application.str());
  append_text_member(out, "deviceId", event.from.device.str());
  if (!event.dev_eui.empty()) append_text_member(out, "devEui", event.dev_eui.str());
  const bool radio = core::is_radio_uplink(event.kind);
  if (radio && event.f_port != 0) append_member(out, "fPort", std::to_string(event.f_port));
  if (radio && event.f_cnt) append_member(out, "fCnt", std::to_string(*event.f_cnt));
  append_text_member(out, "receivedAt", received_at);
  if (radio) {
    if (!event.frm_payload.empty()) append_text_member(out, "payload", event.frm_payload);
    if (!event.normalized_payload.empty()) append_member(out, "normalizedPayload", event.normalized_payload);
    if (!event.rssi.empty()) append_member(out, "rssi", event.rssi);
    if (!event.snr.empty()) append_member(out, "snr", event.snr);
    if (!event.data_rate.empty()) append_text_member(out, "dataRate", event.data_rate);
    if (event.gateways) append_member(out, "gateways", std::to_string(*event.gateways));
    if (event.confirmed) append_member(out, "confirmed", *event.confirmed ? "true" : "false");
  }
  if (event.simulated) append_member(out, "simulated", *event.simulated ? "true" : "false");
  out.back() = '}';
}

} // namespace

result<std::vector<core::message>> format_flat(const core::uplink& event, const format_context& context) {
  if (letter_of(event.kind) == '\0')
    return error{errc::format_refused, "a kind that this version does not know"};
  std::string_view decoded = event.decoded_payload.empty() ? "{}" : std::string_view{event.decoded_payload};
  std::string with_location;
  if (context.iot_central) {
    with_location = add_location(decoded);
    decoded = with_location;
  }
  const auto key = free_key(decoded);
  if (!key || decoded.size() < 2 || decoded.front() != '{' || decoded.back() != '}')
    return error{errc::format_refused, "decoded_payload is not a JSON object"};

  core::message made = make_envelope(event, context);
  made.body.reserve(decoded.size() + event.frm_payload.size() + 384);
  made.body += decoded.substr(0, decoded.size() - 1);
  if (made.body.size() > 1) made.body += ',';
  made.body += '"';
  made.body += *key;
  made.body += "\":";
  append_lorawan(made.body, event, format_received_at(event, context));
  made.body += '}';

  return one_message(std::move(made));
}

} // namespace causeway::formats
