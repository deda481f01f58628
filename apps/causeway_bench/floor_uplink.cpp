// SPDX-License-Identifier: Apache-2.0
#include "causeway_bench/floor_uplink.h"

#include "amqp/primitive.h"
#include "base/clock.h"
#include "base/digest.h"
#include "base/encoding.h"
#include "causeway_bench/floor_event.h"

#include <array>
#include <charconv>

namespace causeway::bench {
namespace {

using amqp::code;

// Decimal digits without a string of their own.
class decimal {
public:
  explicit decimal(std::int64_t value)
      : size_{static_cast<std::size_t>(
            std::to_chars(digits_.data(), digits_.data() + digits_.size(), value).ptr - digits_.data())} {}
  std::string_view text() const { return {digits_.data(), size_}; }

private:
  std::array<char, 24> digits_;
  std::size_t size_;
};

// from: a colon and an object, then anything. Appends the object without white space between its tokens.
void append_object(std::string& out, std::string_view from) {
  std::size_t depth = 0;
  bool in_text = false;
  for (std::size_t at = from.find('{'); at < from.size(); ++at) {
    const char c = from[at];
    if (in_text) {
      out += c;
      if (c == '\\') out += from[++at];
      in_text = c != '"';
      continue;
    }
    if (c == ' ' || c == '\n' || c == '\r' || c == '\t') continue;
    out += c;
    in_text = c == '"';
    if (c == '{' || c == '[') ++depth;
    if ((c == '}' || c == ']') && --depth == 0) return;
  }
}

void append_text(std::string& out, std::string_view key, std::string_view text) {
  out.append("\"").append(key).append("\":\"").append(text).append("\",");
}

void append_number(std::string& out, std::string_view key, std::string_view number) {
  out.append("\"").append(key).append("\":").append(number).append(",");
}

// As docs/formats.md has it. False: a decoded field may have our key.
bool write_body(std::string& out, const floor_event& of, std::string_view eui) {
  out.clear();
  if (of.decoded.empty())
    out = "{}";
  else
    append_object(out, of.decoded);
  if (out.find("lorawan") != std::string::npos || out.find('\\') != std::string::npos) return false;
  out.pop_back();
  if (out.size() > 1) out += ',';
  out += "\"lorawan\":{";
  append_text(out, "applicationId", of.application);
  append_text(out, "deviceId", of.device);
  append_text(out, "devEui", eui);
  if (of.f_port != 0) append_number(out, "fPort", decimal{of.f_port}.text());
  append_number(out, "fCnt", decimal{of.f_cnt}.text());
  append_text(out, "receivedAt", of.received_at);
  if (!of.frm_payload.empty()) append_text(out, "payload", of.frm_payload);
  if (!of.rssi.empty()) append_number(out, "rssi", of.rssi);
  if (!of.snr.empty()) append_number(out, "snr", of.snr);
  out.append("\"dataRate\":\"SF").append(decimal{of.spreading_factor}.text());
  out.append("BW").append(decimal{of.bandwidth / 1000}.text()).append("\",");
  append_number(out, "gateways", decimal{of.gateways}.text());
  append_number(out, "confirmed", of.confirmed ? "true" : "false");
  out += "\"simulated\":false}}";
  return true;
}

// The de-duplication key: 16 bytes of SHA-256 over these texts, each behind its length.
sha256_digest digest_of(const floor_event& of, wall_time received) {
  const auto whole = unix_seconds(received);
  const auto rest =
      std::chrono::duration_cast<std::chrono::nanoseconds>(received - wall_time{seconds{whole}});
  const decimal second{whole}, nanosecond{rest.count()};
  thread_local std::string text;
  text.clear();
  for (const auto part :
       {std::string_view{"u"}, of.application, of.device, second.text(), nanosecond.text()}) {
    amqp::put_unsigned(text, static_cast<std::uint32_t>(part.size()));
    text += part;
  }
  return sha256(text);
}

std::string encode(const floor_event& of, std::string_view eui, std::string_view id, std::string_view body) {
  std::string out;
  out.reserve(body.size() + 384);
  amqp::put_descriptor(out, 0x73); // properties
  const auto fields = amqp::begin_compound(out);
  amqp::put_string(out, id);
  for (int absent = 0; absent < 5; ++absent) // user-id to correlation-id
    amqp::put_null(out);
  amqp::put_symbol(out, "application/json");
  amqp::put_symbol(out, "utf-8");
  amqp::end_compound(out, fields, code::list8, code::list32, 8);
  amqp::put_descriptor(out, 0x74); // application-properties
  const auto properties = amqp::begin_compound(out);
  std::size_t count = 0;
  const auto put = [&](std::string_view name, std::string_view value) {
    amqp::put_string(out, name);
    amqp::put_string(out, value);
    count += 2;
  };
  put("applicationId", of.application);
  put("deviceId", of.device);
  put("devEui", eui);
  if (of.f_port != 0) put("fPort", decimal{of.f_port}.text());
  put("event", "uplink");
  put("simulated", "false");
  put("iothub-creation-time-utc", of.received_at);
  amqp::end_compound(out, properties, code::map8, code::map32, count);
  amqp::put_descriptor(out, 0x75); // data
  amqp::put_binary(out, body);
  return out;
}

// A time that is a part of the key as it is written.
std::optional<wall_time> read_time(std::string_view text) {
  const auto time = parse_rfc3339(text);
  if (!time || text[10] != 'T' || text.back() != 'Z' || text.substr(17, 2) == "60") return std::nullopt;
  return *time;
}

} // namespace

std::optional<floor_uplink> read_floor_uplink(std::string_view text) {
  const auto event = read_floor_event(text);
  if (!event || !event->is_whole || event->simulated || event->dev_eui.size() != 16) return std::nullopt;
  if (event->application.empty() || event->device.empty() || event->f_port < 0 || event->f_cnt < 0)
    return std::nullopt;
  const bool is_lora = event->spreading_factor > 0 && event->bandwidth > 0 && event->bandwidth % 1000 == 0;
  const bool is_control = event->f_port == 0 && event->frm_payload.empty();
  const auto received = read_time(event->received_at);
  if (!is_lora || is_control || !received) return std::nullopt;

  std::array<char, 16> eui{};
  for (std::size_t i = 0; i < eui.size(); ++i)
    eui[i] = static_cast<char>(event->dev_eui[i] - (event->dev_eui[i] >= 'a' ? 'a' - 'A' : 0));
  const std::string_view eui_text{eui.data(), eui.size()};
  thread_local std::string body;
  if (!write_body(body, *event, eui_text)) return std::nullopt;

  const auto digest = digest_of(*event, *received);
  floor_uplink made{event->application, event->device, 0, {}};
  for (std::size_t i = 0; i < 8; ++i)
    made.key = made.key << 8 | digest[i];
  const auto id = "u-" + hex_encode({reinterpret_cast<const char*>(digest.data()), 16});
  made.encoded = encode(*event, eui_text, id, body);
  return made;
}

} // namespace causeway::bench
