// SPDX-License-Identifier: Apache-2.0
#include "core/command_report.h"

#include <gtest/gtest.h>

namespace causeway::core {
namespace {

using event = command_event;

struct command_report_test : ::testing::Test {
  command_report_test() {
    asked.id = command_id{std::string(32, 'a')};
    asked.source = command_source::method;
    asked.to = {application_id{"app1"}, device_id{"dev-1"}};
    asked.what.f_port = 10;
    asked.what.confirmed = true;
    asked.message_id = "m-1";
    asked.correlation_id = "c-1";
    track.on(event::push_began);
  }
  downlink_report report_of(const command_effect& effect, const report_cause& cause) const {
    return make_report(asked, dev_eui{"0004A30B001C0530"}, track.record(), effect, cause, now);
  }
  downlink_report on_step(const command_step& step) {
    return report_of(track.on_step(step), {.step = &step});
  }

  command asked;
  command_track track{true, false};
  wall_time now{seconds{1'800'000'000}};
};

command_step step(step_kind kind, std::int64_t at, std::string error_name = {}) {
  command_step made;
  made.kind = kind;
  made.received_at = at;
  made.f_cnt = 7;
  made.attempt = 2;
  made.error_name = std::move(error_name);
  made.error_text = made.error_name.empty() ? "" : "TOO_LATE";
  made.by_network = true;
  return made;
}

TEST_F(command_report_test, has_what_was_asked_for_and_what_was_heard) {
  const auto report = on_step(step(step_kind::sent, 1'700'000'000'123'456'789));
  EXPECT_EQ(report.of, std::string(32, 'a'));
  EXPECT_EQ(report.from.device.str(), "dev-1");
  EXPECT_EQ(report.dev_eui.str(), "0004A30B001C0530");
  EXPECT_EQ(report.source, command_source::method);
  EXPECT_EQ(report.message_id, "m-1");
  EXPECT_EQ(report.correlation_id, "c-1");
  EXPECT_EQ(report.state, command_state::sent);
  EXPECT_EQ(report.f_port, 10);
  EXPECT_TRUE(report.confirmed);
  EXPECT_EQ(report.f_cnt, 7U);
  EXPECT_EQ(report.attempt, 2U);
  EXPECT_EQ(format_rfc3339(report.at), "2023-11-14T22:13:20.123Z");
  EXPECT_EQ(report.error_name, "");
  EXPECT_TRUE(report.warnings.empty());
}

TEST_F(command_report_test, of_an_older_step_says_what_that_said) {
  on_step(step(step_kind::nack, 9));
  const auto older = on_step(step(step_kind::sent, 8));
  EXPECT_EQ(track.state(), command_state::nacked);
  EXPECT_EQ(older.state, command_state::sent);
  EXPECT_EQ(older.at, wall_time{std::chrono::nanoseconds{8}});
}

TEST_F(command_report_test, of_a_failure_says_failed_only_at_an_end) {
  track.on(event::push_taken);
  const auto setback = on_step(step(step_kind::failed, 5, "pkg/networkserver:transmission"));
  EXPECT_EQ(setback.state, command_state::queued);
  EXPECT_EQ(setback.error_name, "pkg/networkserver:transmission");
  EXPECT_EQ(setback.error_text, "TOO_LATE");
  const auto end = on_step(step(step_kind::failed, 6, "pkg/applicationserver:max_retries_reached"));
  EXPECT_EQ(end.state, command_state::failed);
}

TEST_F(command_report_test, of_fixed_paths_says_no_gateway_unless_paths_were_asked_for) {
  const auto fault = step(step_kind::failed, 5, "pkg/networkserver:fixed_paths");
  const auto effect = track.on_step(fault);
  EXPECT_EQ(report_of(effect, {.step = &fault}).error_text.find("no gateway"), 0U);
  EXPECT_EQ(report_of(effect, {.step = &fault}).error_name, "pkg/networkserver:fixed_paths");
  asked.what.class_b_c = "{}";
  EXPECT_EQ(report_of(effect, {.step = &fault}).error_text, "TOO_LATE");
}

TEST_F(command_report_test, of_what_was_done_has_the_time_at_which_it_is_made_and_its_reason) {
  const auto effect = track.on(event::push_refused);
  const auto report =
      report_of(effect, {.error_name = "pkg/applicationserver:no_f_port", .error_text = "no FPort"});
  EXPECT_EQ(report.state, command_state::failed);
  EXPECT_EQ(report.at, now);
  EXPECT_EQ(report.error_name, "pkg/applicationserver:no_f_port");
  EXPECT_EQ(report.error_text, "no FPort");
  EXPECT_EQ(report.f_cnt, std::nullopt);
}

TEST_F(command_report_test, of_the_answer_and_of_the_event_has_the_same_key) {
  auto by_event = track;
  const auto queued = step(step_kind::queued, 5);
  const auto answered = report_of(track.on(event::push_taken), {});
  const auto heard =
      make_report(asked, {}, by_event.record(), by_event.on_step(queued), {.step = &queued}, now);
  EXPECT_EQ(answered.key, heard.key);
  EXPECT_NE(answered.key, on_step(step(step_kind::sent, 6)).key);
  asked.id = command_id{std::string(32, 'b')};
  EXPECT_NE(answered.key, report_of({.moved = true, .report = "queued"}, {}).key);
}

TEST_F(command_report_test, warns_of_an_empty_frame_and_of_a_long_payload) {
  asked.what.frm_payload = std::string(51, 'x');
  EXPECT_TRUE(report_of(track.on(event::push_taken), {}).warnings.empty());
  asked.what.frm_payload += 'x';
  track = command_track{true, true};
  track.on(event::push_began);
  auto queued = step(step_kind::queued, 5);
  queued.without_payload = true;
  EXPECT_EQ(on_step(queued).warnings, (std::vector{no_encoder, long_payload}));
}

} // namespace
} // namespace causeway::core
