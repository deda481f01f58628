// SPDX-License-Identifier: Apache-2.0
#include "emulator/stack/webhook_hook.h"

#include <gtest/gtest.h>

namespace causeway::emulator {
namespace {

using namespace std::chrono_literals;

constexpr webhook_subject about{"app1", "dev1", "70B3D5", "EC656E", "27FE87F6"};

webhook_hook make(webhook_settings settings) {
  auto made = webhook_hook::make(std::move(settings), "https://stack.example:8885/api/v3");
  EXPECT_TRUE(made);
  return std::move(*made);
}

std::string first_line(const webhook_hook& hook) {
  const auto request = hook.make_request(about, "{}");
  return request.substr(0, request.find("\r\n"));
}

TEST(webhook_hook, writes_the_stacks_headers) {
  webhook_settings settings;
  settings.base_url = "http://gw:8080/hook";
  settings.headers = {{"Authorization", "Basic dHRzOg=="}};
  settings.downlink_api_key = "NNSXS.X";
  const auto hook = make(settings);
  EXPECT_EQ(
      hook.make_request(about, "{}"),
      "POST /hook HTTP/1.1\r\nHost: gw:8080\r\nUser-Agent: TheThingsStack/3.33.0-emulated (linux/amd64)\r\n"
      "Content-Length: 2\r\nAuthorization: Basic dHRzOg==\r\nContent-Type: application/json\r\n"
      "X-Downlink-Apikey: NNSXS.X\r\n"
      "X-Downlink-Push: "
      "https://stack.example:8885/api/v3/as/applications/app1/webhooks/causeway/devices/dev1/down/push\r\n"
      "X-Downlink-Replace: "
      "https://stack.example:8885/api/v3/as/applications/app1/webhooks/causeway/devices/dev1/down/replace\r\n"
      "X-Tts-Domain: stack.example\r\nAccept-Encoding: gzip\r\n\r\n{}");
  settings.headers = {{"user-agent", "mine"}};
  settings.downlink_api_key.clear();
  const auto plain = make(settings).make_request(about, "");
  EXPECT_EQ(plain.find("TheThingsStack"), std::string::npos);
  EXPECT_EQ(plain.find("X-Downlink"), std::string::npos);
}

TEST(webhook_hook, joins_base_url_and_path_and_fills_in_templates) {
  EXPECT_EQ(first_line(make({"https://h", "", {}, {}, {}})), "POST / HTTP/1.1");
  EXPECT_EQ(first_line(make({"https://h/a/", "/up", {}, {}, {}})), "POST /a/up HTTP/1.1");
  EXPECT_EQ(first_line(make({"https://h/lorahooks{/appID}", "/up{/devID}", {}, {}, {}})),
            "POST /lorahooks/app1/up/dev1 HTTP/1.1");
  EXPECT_EQ(
      first_line(make({"https://h{/applicationID}", "{/deviceID}{?devEUI,joinEUI,devAddr}", {}, {}, {}})),
      "POST /app1/dev1?devEUI=70B3D5&joinEUI=EC656E&devAddr=27FE87F6 HTTP/1.1");
  const auto hook = make({"https://h", "", {}, {}, {}});
  EXPECT_EQ(hook.port(), 443);
  EXPECT_TRUE(hook.is_tls());
}

TEST(webhook_hook, refuses_what_cannot_be_sent) {
  for (const auto* url : {"ftp://h/", "h/x", "http://", "http://h/a b"})
    EXPECT_FALSE(webhook_hook::make({url, "", {}, {}, {}}, "https://s")) << url;
  EXPECT_FALSE(webhook_hook::make({"http://h", "", {{"A", "b\r\nC: d"}}, {}, {}}, "https://s"));
}

TEST(webhook_hook, sends_what_its_field_mask_names) {
  const std::string body =
      R"({"end_device_ids":{"device_id":"d"},"received_at":"t","uplink_message":{"f_cnt":1,"frm_payload":"AA=="}})";
  const auto hook =
      make({"http://h", "", {}, {}, {"received_at", "up.uplink_message.frm_payload", "up.join_accept"}});
  EXPECT_EQ(hook.make_body(body, false, 0), R"({"received_at":"t","uplink_message":{"frm_payload":"AA=="}})");
  const auto all = make({"http://h", "", {}, {}, {}});
  EXPECT_EQ(all.make_body(body, false, 0), body);
  EXPECT_NE(all.make_body(body, true, 1), all.make_body(body, true, 2));
}

TEST(webhook_retries, are_seven_tries_with_growing_pauses) {
  EXPECT_FALSE(webhook_retries{}.pause_behind(1, 0.5));
  const webhook_retries retries{1min};
  std::vector<double> minutes;
  for (int tried = 1; const auto pause = retries.pause_behind(tried, 0.5); ++tried)
    minutes.push_back(std::chrono::duration<double, std::ratio<60>>(*pause).count());
  ASSERT_EQ(minutes.size(), 6U);
  EXPECT_DOUBLE_EQ(minutes[0], 4);
  EXPECT_DOUBLE_EQ(minutes[1], 8);
  EXPECT_DOUBLE_EQ(minutes[5], 15);
  EXPECT_NEAR(std::chrono::duration<double>(*retries.pause_behind(1, 0)).count(), 240 * 0.85, 1e-6);
  EXPECT_NEAR(std::chrono::duration<double>(*webhook_retries{10ms}.pause_behind(2, 0.5)).count(), 0.08, 1e-6);
}

TEST(webhook_health, gives_up_after_failures_in_a_row_until_the_interval_is_over) {
  manual_clock clock;
  webhook_health health{{3, 10s}};
  for (int i = 0; i < 3; ++i) {
    EXPECT_TRUE(health.may_send(clock.now().mono));
    health.on_failure(clock.now());
  }
  EXPECT_FALSE(health.may_send(clock.now().mono));
  clock.advance(10s);
  EXPECT_TRUE(health.may_send(clock.now().mono));
  health.on_failure(clock.now()); // begins the interval anew
  EXPECT_FALSE(health.may_send(clock.now().mono));
  clock.advance(10s);
  health.on_success();
  EXPECT_TRUE(health.may_send(clock.now().mono));
  EXPECT_EQ(health.failures(), 0U);
}

TEST(webhook_health, is_only_recorded_without_a_threshold) {
  manual_clock clock;
  webhook_health health{{}};
  for (int i = 0; i < 100; ++i)
    health.on_failure(clock.now());
  EXPECT_TRUE(health.may_send(clock.now().mono));
  EXPECT_EQ(health.failures(), 100U);
}

} // namespace
} // namespace causeway::emulator
