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
  boost::system::error_code ec;
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

void append_radio(std::string& out, const model::uplink& frame) {
  if (!frame.frm_payload.empty()) append_text_member(out, "payload", frame.frm_payload);
  if (!frame.normalized_payload.empty()) append_member(out, "normalizedPayload", frame.normalized_payload);
  if (!frame.rssi.empty()) append_member(out, "rssi", frame.rssi);
  if (!frame.snr.empty()) append_member(out, "snr", frame.snr);
  if (!frame.data_rate.empty()) append_text_member(out, "dataRate", frame.data_rate);
  if (frame.gateways) append_member(out, "gateways", std::to_string(*frame.gateways));
  if (frame.confirmed) append_member(out, "confirmed", *frame.confirmed ? "true" : "false");
}

void append_lorawan(std::string& out, const model::event& event, std::string_view received_at) {
  const auto* const frame = uplink_of(event);
  out += '{';
  append_text_member(out, "applicationId", event.from.application.str());
  append_text_member(out, "deviceId", event.from.device.str());
  if (!event.dev_eui.empty()) append_text_member(out, "devEui", event.dev_eui.str());
  if (frame != nullptr && frame->f_port != 0) append_member(out, "fPort", std::to_string(frame->f_port));
  if (frame != nullptr && frame->f_cnt) append_member(out, "fCnt", std::to_string(*frame->f_cnt));
  append_text_member(out, "receivedAt", received_at);
  if (frame != nullptr) append_radio(out, *frame);
  if (event.simulated) append_member(out, "simulated", *event.simulated ? "true" : "false");
  out.back() = '}';
}

} // namespace

result<std::vector<model::message>> format_flat(const model::event& event, const format_context& context) {
  if (letter_of(event.kind) == '\0')
    return error{errc::format_refused, "a kind that this version does not know"};
  auto decoded = fields_of(event);
  if (decoded.empty()) decoded = "{}";
  std::string with_location;
  if (context.iot_central) {
    with_location = add_location(decoded);
    decoded = with_location;
  }
  const auto key = free_key(decoded);
  if (!key || decoded.size() < 2 || decoded.front() != '{' || decoded.back() != '}')
    return error{errc::format_refused, "decoded_payload is not a JSON object"};

  model::message made = make_envelope(event, context);
  const auto* const frame = uplink_of(event);
  made.body.reserve(decoded.size() + (frame == nullptr ? 0 : frame->frm_payload.size()) + 384);
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
