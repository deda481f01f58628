// SPDX-License-Identifier: Apache-2.0
#include "causeway_bench/floor_uplink.h"

#include "emulator/stack/uplink_body.h"
#include "formats/flat.h"
#include "hub/message.h"
#include "model/event_key.h"
#include "tts/messages.h"

#include <gtest/gtest.h>

namespace causeway::bench {
namespace {

std::string body_of(std::uint64_t marker, std::uint32_t variation) {
  const auto eui = emulator::make_dev_eui("water-meters", "meter-00042");
  emulator::simulated_uplink uplink;
  uplink.application = "water-meters";
  uplink.device = "meter-00042";
  uplink.dev_eui = eui;
  uplink.session_key_id = "AYj5W5MaV6MAAms=";
  uplink.f_cnt = marker;
  uplink.marker = marker;
  uplink.variation = variation;
  uplink.received_at =
      wall_time{} + std::chrono::hours{490'000} + std::chrono::nanoseconds{variation * 1'003};
  return emulator::make_uplink_body(uplink);
}

// What goes over the wire for it by the gateway's own modules.
std::string by_the_gateway(const std::string& body, std::uint64_t* key) {
  const auto event = tts::parse_application_up(body, {"water-meters", ""});
  if (!event) return "not parsed";
  *key = model::short_hash(*event->key);
  const auto messages = formats::format_flat(*event, {});
  if (!messages || messages->size() != 1) return "not formatted";
  const auto encoded = hub::encode_telemetry(messages->front(), 0);
  return encoded ? *encoded : "not encoded";
}

void replace(std::string& in, std::string_view what, std::string_view by) {
  const auto at = in.find(what);
  ASSERT_NE(at, std::string::npos) << what;
  in.replace(at, what.size(), by);
}

TEST(floor_uplink, the_generators_posts_become_the_gateways_bytes) {
  for (std::uint32_t variation = 0; variation < 400; ++variation) {
    const auto body = body_of(variation * 997, variation);
    const auto ours = read_floor_uplink(body);
    ASSERT_TRUE(ours) << body;
    std::uint64_t key = 0;
    ASSERT_EQ(ours->encoded, by_the_gateway(body, &key)) << body;
    EXPECT_EQ(ours->key, key);
    EXPECT_EQ(ours->application, "water-meters");
    EXPECT_EQ(ours->device, "meter-00042");
  }
}

TEST(floor_uplink, so_do_other_gateways_white_space_and_nested_fields) {
  auto body = body_of(7, 7);
  replace(body, R"("decoded_payload":{)", R"("decoded_payload" : { "a" : [ {"b c":"d \" {e"}, 1.50 ], )");
  replace(body, R"("rx_metadata":[)",
          R"("rx_metadata":[{"rssi":-30,"snr":-20.5},{"rssi":-31,"snr":13.25},{"rssi":-29,"snr":13.25},)");
  replace(body, R"("f_port":2)", R"("f_port":2,"confirmed":true)");
  // An escape among the decoded fields might hide our own key: the gateway looks, the floor refuses.
  EXPECT_FALSE(read_floor_uplink(body));
  replace(body, R"(d \" {e)", "d {e");
  const auto ours = read_floor_uplink(body);
  ASSERT_TRUE(ours);
  std::uint64_t key = 0;
  EXPECT_EQ(ours->encoded, by_the_gateway(body, &key));
  EXPECT_NE(ours->encoded.find(R"("rssi":-29,"snr":13.25)"), std::string::npos);
}

TEST(floor_uplink, what_it_would_send_otherwise_than_the_gateway_it_refuses) {
  const auto whole = body_of(3, 3);
  ASSERT_TRUE(read_floor_uplink(whole));
  const std::pair<std::string_view, std::string_view> changes[]{
      {"correlation_ids", "other"},
      {"rx_metadata", "other"},
      {"settings", "other"},
      {R"("lora")", R"("fsk")"},
      {"125000", "812500"},
      {"temperature", "lorawan"},
      {"uplink_message", "join_accept"},
      {R"("uplink_message":{)", R"("simulated":true,"uplink_message":{)"},
      {R"("dev_eui":"70)", R"("dev_eui":")"},
      {"meter-00042", R"(meter-0004\u0032)"},
      {R"("f_port":2)", R"("f_port":2 2)"}};
  for (const auto& [what, by] : changes) {
    auto body = whole;
    replace(body, what, by);
    EXPECT_FALSE(read_floor_uplink(body)) << body;
  }
  EXPECT_FALSE(read_floor_uplink(whole.substr(0, whole.size() - 1)));
  EXPECT_FALSE(read_floor_uplink(whole + "x"));
  EXPECT_FALSE(read_floor_uplink(""));
}

} // namespace
} // namespace causeway::bench
