// SPDX-License-Identifier: Apache-2.0
#include "emulator/stack/uplink_body.h"

#include "base/digest.h"
#include "base/encoding.h"

#include <array>

namespace causeway::emulator {
namespace {

// "2026-01-01T00:00:00.123456789Z": the stack writes nanoseconds.
std::string nanosecond_time(wall_time time) {
  const auto since = std::chrono::duration_cast<std::chrono::nanoseconds>(time.time_since_epoch()).count();
  auto text = format_rfc3339(time).substr(0, 20); // up to the point
  auto digits = std::to_string(since % 1'000'000'000);
  text.append(9 - digits.size(), '0').append(digits).push_back('Z');
  return text;
}

// "21.5" of 215.
std::string tenths(std::int64_t value) {
  std::string text = value < 0 ? "-" : "";
  const auto magnitude = value < 0 ? -value : value;
  return text + std::to_string(magnitude / 10) + "." + std::to_string(magnitude % 10);
}

} // namespace

std::string make_dev_eui(std::string_view application, std::string_view device) {
  const auto digest = sha256(std::string{application} + "/" + std::string{device});
  return "70B3D5" + to_upper(hex_encode({reinterpret_cast<const char*>(digest.data()), 5}));
}

std::string make_uplink_body(const simulated_uplink& uplink) {
  const auto at = nanosecond_time(uplink.received_at);
  const auto temperature = tenths(180 + static_cast<std::int64_t>(uplink.variation % 100));
  const auto rssi = std::to_string(-120 + static_cast<int>(uplink.variation % 90));
  const auto snr = tenths(-100 + static_cast<std::int64_t>(uplink.variation % 200));
  const auto f_cnt = std::to_string(uplink.f_cnt);
  std::array<char, 8> frame{};
  for (std::size_t i = 0; i < frame.size(); ++i)
    frame[i] = static_cast<char>(static_cast<std::uint8_t>(uplink.marker >> (8 * (7 - i))));

  std::string json;
  json.reserve(1500);
  json += R"({"end_device_ids":{"device_id":)";
  json += json_quoted(uplink.device);
  json += R"(,"application_ids":{"application_id":)";
  json += json_quoted(uplink.application);
  json += R"(},"dev_eui":")";
  json += uplink.dev_eui;
  json += R"(","join_eui":"EC656E0000000001","dev_addr":")";
  json += uplink.dev_addr;
  json += R"("},"correlation_ids":["gs:uplink:)";
  json += uplink.dev_eui;
  json += f_cnt;
  json += R"("],"received_at":")";
  json += uplink.handled_at ? nanosecond_time(*uplink.handled_at) : at;
  json += uplink.simulated ? R"(","simulated":true,"uplink_message":{)" : R"(","uplink_message":{)";
  if (!uplink.session_key_id.empty())
    json.append(R"("session_key_id":")").append(uplink.session_key_id).append(R"(",)");
  json += R"("f_port":2)";
  if (uplink.f_cnt != 0) json.append(R"(,"f_cnt":)").append(f_cnt); // zero values are omitted (C.1)
  json += R"(,"frm_payload":")";
  json += base64_encode({frame.data(), frame.size()});
  json += R"(","decoded_payload":{"temperature":)";
  json += temperature;
  json += R"(,"batteryVoltage":3.4,"uplink":)";
  json += std::to_string(uplink.marker);
  json += R"(},"rx_metadata":[{"gateway_ids":{"gateway_id":"ttig-52ec","eui":"58A0CBFFFE8052EC"},"time":")";
  json += at;
  json += R"(","timestamp":1276394164,"rssi":)";
  json += rssi;
  json += R"(,"channel_rssi":)";
  json += rssi;
  if (snr != "0.0") json.append(R"(,"snr":)").append(snr);
  json += R"(,"received_at":")";
  json += at;
  json +=
      R"("}],"settings":{"data_rate":{"lora":{"bandwidth":125000,"spreading_factor":7,"coding_rate":"4/5"}},)"
      R"("frequency":"867700000","timestamp":1276394164,"time":")";
  json += at;
  json += R"("},"received_at":")";
  json += at;
  json += uplink.confirmed ? R"(","confirmed":true,)" : R"(",)";
  json +=
      R"("consumed_airtime":"0.061696s","version_ids":{"brand_id":"mclimate",)"
      R"("model_id":"mc-button","hardware_version":"1.2","firmware_version":"1.2","band_id":"EU_863_870"},)"
      R"("network_ids":{"net_id":"000013","ns_id":"EC656E000010181D","tenant_id":"emulated",)"
      R"("cluster_id":"eu1","cluster_address":"eu1.emulated.example"}}})";
  return json;
}

} // namespace causeway::emulator
