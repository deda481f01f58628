// SPDX-License-Identifier: Apache-2.0
#include "formats/downlink_report.h"

#include <gtest/gtest.h>

namespace causeway::formats {
namespace {

model::downlink_report sample() {
  model::downlink_report made;
  made.of = std::string(32, 'a');
  made.key = {0x00, 0x11, 0x22};
  made.from = {application_id{"app1"}, device_id{"dev-1"}};
  made.dev_eui = dev_eui{"0004A30B001C0530"};
  made.source = decltype(model::downlink_report::source)::c2d;
  made.message_id = "m-1";
  made.correlation_id = "c-1";
  made.state = decltype(model::downlink_report::state)::sent;
  made.f_port = 10;
  made.f_cnt = 7;
  made.attempt = 1;
  made.at = wall_time{seconds{1'767'225'600}};
  return made;
}

TEST(downlink_report, says_all_that_is_known) {
  auto report = sample();
  report.error_name = "pkg/networkserver:transmission";
  report.error_text = "result \"TOO_LATE\"";
  report.warnings = {model::no_encoder, model::long_payload};
  const auto made = format_downlink_report(report);
  EXPECT_EQ(made.body,
            R"({"downlink":{"state":"sent","command":"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa","source":"c2d",)"
            R"("messageId":"m-1","correlationId":"c-1","port":10,"confirmed":false,"fCnt":7,"attempt":1,)"
            R"("at":"2026-01-01T00:00:00.000Z","error":{"name":"pkg/networkserver:transmission",)"
            R"("text":"result \"TOO_LATE\""},"warnings":["no_encoder","long_payload"]},)"
            R"("lorawan":{"applicationId":"app1","deviceId":"dev-1","devEui":"0004A30B001C0530"}})");
  EXPECT_EQ(made.id, "r-00112200000000000000000000000000");
  EXPECT_EQ(made.content_type, "application/json");
  EXPECT_EQ(made.content_encoding, "utf-8");
  const std::vector<std::pair<std::string, std::string>> properties{
      {"applicationId", "app1"},
      {"deviceId", "dev-1"},
      {"devEui", "0004A30B001C0530"},
      {"event", "downlink"},
      {"state", "sent"},
      {"iothub-creation-time-utc", "2026-01-01T00:00:00.000Z"}};
  EXPECT_EQ(made.properties, properties);
}

TEST(downlink_report, leaves_out_what_is_not_known) {
  model::downlink_report report;
  report.of = "b";
  report.from = sample().from;
  report.source = decltype(model::downlink_report::source)::twin;
  report.state = decltype(model::downlink_report::state)::no_word;
  report.confirmed = true;
  const auto made = format_downlink_report(report);
  EXPECT_EQ(made.body,
            R"({"downlink":{"state":"no_word","command":"b","source":"twin","confirmed":true,)"
            R"("at":"1970-01-01T00:00:00.000Z"},"lorawan":{"applicationId":"app1","deviceId":"dev-1"}})");
}

TEST(downlink_report, of_a_failure_without_a_name_has_its_text) {
  auto report = sample();
  report.error_text = "context canceled";
  EXPECT_NE(format_downlink_report(report).body.find(R"("error":{"text":"context canceled"})"),
            std::string::npos);
}

TEST(downlink_report, is_correlated_with_the_message_or_what_that_was_about_or_with_what_it_reports_on) {
  auto report = sample();
  EXPECT_EQ(format_downlink_report(report).correlation_id, "m-1");
  report.message_id.clear();
  EXPECT_EQ(format_downlink_report(report).correlation_id, "c-1");
  report.correlation_id.clear();
  EXPECT_EQ(format_downlink_report(report).correlation_id, std::string(32, 'a'));
}

} // namespace
} // namespace causeway::formats
