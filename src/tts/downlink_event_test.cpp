// SPDX-License-Identifier: Apache-2.0
// Every downlink event captured from a running stack, through the reader of all events.
#include "base/sample_file.h"
#include "model/command.h"
#include "model/downlink_refusals.h"
#include "tts/messages.h"

#include <gtest/gtest.h>

namespace causeway::tts {
namespace {

using model::step_kind;

std::string sample(const std::string& name) {
  return testing::read_sample("things-stack/" + name);
}

struct expected_step {
  const char* file;
  step_kind kind;
  const char *item, *own, *session;
  std::optional<std::uint32_t> f_cnt, attempt;
  std::optional<bool> confirmed;
  std::int64_t at;
  const char *error_name, *error_text;
  bool by_network;
};

// Read off the files by hand; times by `date -d … +%s%N`.
const expected_step steps[] = {
    {"real-down-queued-by-rest.json",
     step_kind::queued,
     "as:downlink:01M8JNMC71QXQ1M05H1C5RV7V3",
     "my:1",
     "",
     {},
     {},
     false,
     1795922997473582602,
     "",
     "",
     false},
    {"real-down-queued-by-webhook-route.json",
     step_kind::queued,
     "as:downlink:01M8JNMCQES49243HMKXES3H63",
     "my:1",
     "",
     {},
     {},
     false,
     1795922997998405903,
     "",
     "",
     false},
    {"real-down-queued-confirmed-default.json",
     step_kind::queued,
     "as:downlink:01M8JP013BHNN2TY8QE6CBNGN4",
     "my:c6-confirmed",
     "",
     {},
     1,
     true,
     1795923379307720831,
     "",
     "",
     false},
    {"real-down-sent-class-a.json",
     step_kind::sent,
     "as:downlink:01M8JNP62F9JFX90FF94WFBSX9",
     "my:u1",
     "",
     2,
     {},
     false,
     1795923056942151064,
     "",
     "",
     false},
    {"real-down-sent-otaa.json",
     step_kind::sent,
     "as:downlink:01M8JNYY8Q46JK4WZCKBAT30A9",
     "my:o1-pending",
     "AaIlX1nLmr0qGeKiBTx6ug==",
     1,
     {},
     false,
     1795923345198248025,
     "",
     "",
     false},
    {"real-down-ack.json", step_kind::ack, "as:downlink:01M8JNPA0EQQEP72VS7EVRS7MX", "my:c1", "", 3, 0, true,
     1795923061979989116, "", "", false},
    {"real-down-nack-attempt-1.json", step_kind::nack, "as:downlink:01M8JNQEV7ECFAHQC2M8RCVPGQ", "my:c3", "",
     5, 1, true, 1795923107717795674, "", "", false},
    {"real-down-failed-max-retries.json", step_kind::failed, "as:downlink:01M8JNQEV7ECFAHQC2M8RCVPGQ",
     "my:c3", "", 7, 3, true, 1795923123746108575, "pkg/applicationserver:max_retries_reached",
     "maximum number of retries (2) reached", true},
    {"real-down-failed-no-session.json",
     step_kind::failed,
     "as:downlink:01M8JNMCH9JB6AF8EK1MMQQS78",
     "my:nojoin",
     "",
     {},
     {},
     false,
     1795922997801280112,
     "pkg/applicationserver:no_device_session",
     "no device session; check device activation",
     false},
    {"real-down-failed-no-port.json",
     step_kind::failed,
     "as:downlink:01M8JNMC8FZH4FMD082VGFN7Q5",
     "my:p0",
     "",
     {},
     {},
     {},
     1795922997519902526,
     "pkg/applicationserver:no_f_port",
     "no FPort",
     false},
    {"real-down-failed-too-long-at-push.json",
     step_kind::failed,
     "as:downlink:01M8JNMCBCHCMPGZJK6XDCECP8",
     "my:len243",
     "",
     {},
     {},
     false,
     1795922997612557261,
     "pkg/networkserver:application_downlink_too_long",
     "application downlink payload length `243` exceeds maximum '242'",
     false},
    {"real-down-failed-cancelled-but-queued.json",
     step_kind::failed,
     "as:downlink:01M8JPBF8TEQ9XXEY9QQBEEWZZ",
     "my:one-r-7-2",
     "",
     {},
     {},
     false,
     1795923754266787219,
     "",
     "context canceled",
     false},
    {"real-down-failed-fixed-paths-gateway-offline.json",
     step_kind::failed,
     "as:downlink:01M8JPMJH4D21BJWY9Q57CANNN",
     "my:gone1",
     "",
     19,
     {},
     false,
     1795924052823379549,
     "pkg/networkserver:fixed_paths",
     "invalid fixed paths set in application downlink",
     true},
    {"real-down-failed-transmission.json",
     step_kind::failed,
     "as:downlink:01M8JNTDT4PXRB4EEFJG02GXTT",
     "my:e1",
     "",
     2,
     {},
     false,
     1795923196606360164,
     "pkg/networkserver:transmission",
     "downlink transmission failed with result `TOO_LATE`",
     true},
    {"real-down-failed-transmission-confirmed-goes-on.json",
     step_kind::failed,
     "as:downlink:01M8JNTVW13KYW79MDF2980C3B",
     "my:e2",
     "",
     3,
     {},
     true,
     1795923210883007903,
     "pkg/networkserver:transmission",
     "downlink transmission failed with result `COLLISION_PACKET`",
     true},
};

TEST(downlink_events, of_a_running_stack_are_steps_of_their_items) {
  for (const auto& want : steps) {
    SCOPED_TRACE(want.file);
    const auto parsed = parse_application_up(sample(want.file), {});
    ASSERT_TRUE(parsed) << parsed.fault().message();
    const auto& told = std::get<model::downlink_event>(parsed->what);
    EXPECT_EQ(told.confirmed, want.confirmed);
    EXPECT_EQ(std::count(told.correlation_ids.begin(), told.correlation_ids.end(), want.own), 1);
    const auto step = model::step_of(*parsed);
    ASSERT_TRUE(step);
    EXPECT_EQ(step->kind, want.kind);
    EXPECT_EQ(step->item, want.item);
    EXPECT_EQ(step->session, want.session);
    EXPECT_EQ(step->f_cnt, want.f_cnt);
    EXPECT_EQ(step->attempt, want.attempt);
    EXPECT_EQ(step->received_at, want.at);
    EXPECT_EQ(step->error_name, want.error_name);
    EXPECT_EQ(step->error_text, want.error_text);
    EXPECT_EQ(step->by_network, want.by_network);
    EXPECT_FALSE(step->without_payload);
    EXPECT_FALSE(parsed->key); // the ledger takes each step once
  }
}

TEST(downlink_events, that_say_that_something_failed_say_whether_that_is_an_end) {
  const auto refusal_of = [](const char* file) {
    return model::find_refusal(model::step_of(*parse_application_up(sample(file), {}))->error_name);
  };
  using enum model::downlink_refusal;
  EXPECT_EQ(refusal_of("real-down-failed-cancelled-but-queued.json"), none);
  EXPECT_EQ(refusal_of("real-down-failed-no-session.json"), for_good);
  EXPECT_EQ(refusal_of("real-down-failed-max-retries.json"), for_good);
  EXPECT_EQ(refusal_of("real-down-failed-fixed-paths-gateway-offline.json"), by_network);
  EXPECT_EQ(refusal_of("real-down-failed-transmission.json"), transmitted);
}

// kind: the member's name; item: its members but the ids.
model::downlink_event parsed(const std::string& kind, const std::string& item,
                             const std::string& outside = R"("received_at":"2026-11-29T03:31:01Z",)") {
  const auto event = parse_application_up(
      R"({"end_device_ids":{"device_id":"dev1","application_ids":{"application_id":"app1"}},)" + outside +
          R"("correlation_ids":["as:downlink:01A","gs:uplink:2"],")" + kind + R"(":{)" + item +
          R"("correlation_ids":["as:downlink:01A"]}})",
      {});
  EXPECT_TRUE(event) << event.fault().message();
  return std::get<model::downlink_event>(event->what);
}

TEST(downlink_events, have_the_zeros_that_the_stack_leaves_out) {
  EXPECT_EQ(parsed("downlink_sent", R"("f_port":1,)").f_cnt, 0U);
  EXPECT_EQ(parsed("downlink_ack", R"("f_port":1,)").f_cnt, 0U);
  EXPECT_EQ(parsed("downlink_nack", R"("f_port":1,"confirmed_retry":{"max_attempts":2},)").attempt, 0U);
  EXPECT_EQ(parsed("downlink_sent", R"("f_port":1,)").confirmed, false);
  // An item has no counter before it is in the queue.
  EXPECT_EQ(parsed("downlink_queued", R"("f_port":1,)").f_cnt, std::nullopt);
  EXPECT_EQ(parsed("downlink_sent", R"("f_port":1,)").attempt, std::nullopt);
}

TEST(downlink_events, say_nothing_of_what_a_mask_may_have_left_out) {
  EXPECT_EQ(parsed("downlink_sent", "").f_cnt, std::nullopt);
  EXPECT_EQ(parsed("downlink_sent", "").confirmed, std::nullopt);
  EXPECT_EQ(parsed("downlink_sent", R"("f_port":1,)", "").f_cnt, std::nullopt);
  EXPECT_EQ(parsed("downlink_sent", R"("f_cnt":3,)", "").f_cnt, 3U);
  EXPECT_FALSE(parsed("downlink_queued", "").without_payload);
  EXPECT_EQ(parsed("downlink_sent", R"("f_port":1,)", "").at, std::nullopt);
}

TEST(downlink_events, tell_an_item_that_no_encoder_has_made_bytes_of) {
  EXPECT_TRUE(parsed("downlink_queued", R"("f_port":1,"decoded_payload":{"a":1},)").without_payload);
  EXPECT_FALSE(parsed("downlink_queued", R"("f_port":1,"frm_payload":"AQ==",)").without_payload);
  EXPECT_FALSE(parsed("downlink_sent", R"("f_port":1,)").without_payload);
}

TEST(downlink_events, are_the_network_servers_by_a_counter_or_an_address) {
  const auto error = R"("error":{"namespace":"pkg/networkserver","name":"fixed_paths"},)";
  EXPECT_TRUE(
      parsed("downlink_failed", error + std::string{R"("downlink":{"f_port":1,"f_cnt":4},)"}).by_network);
  EXPECT_FALSE(parsed("downlink_failed", error + std::string{R"("downlink":{"f_port":1},)"}).by_network);
  const auto with_address = parse_application_up(
      R"({"end_device_ids":{"device_id":"dev1","application_ids":{"application_id":"app1"},"dev_addr":"00100004"},)"
      R"("downlink_failed":{"downlink":{"f_port":1}}})",
      {});
  ASSERT_TRUE(with_address);
  EXPECT_TRUE(std::get<model::downlink_event>(with_address->what).by_network);
}

TEST(downlink_events, are_read_in_either_nesting) {
  const auto wrapped = parsed("downlink_failed", R"("downlink":{"f_port":1,"f_cnt":4,"confirmed":true},)");
  EXPECT_EQ(wrapped.f_cnt, 4U);
  EXPECT_EQ(wrapped.confirmed, true);
  const auto plain = parsed("downlink_failed", R"("f_port":1,"f_cnt":4,"confirmed":true,)");
  EXPECT_EQ(plain.f_cnt, 4U);
  EXPECT_EQ(plain.confirmed, true);
}

TEST(downlink_events, with_members_of_another_shape_are_told_without_them) {
  const auto odd = parsed("downlink_nack",
                          R"("f_port":1,"f_cnt":"7","confirmed":1,"session_key_id":5,"confirmed_retry":[],)",
                          R"("received_at":"2026-11-29T03:31:01.5Z",)");
  EXPECT_EQ(odd.f_cnt, std::nullopt);
  EXPECT_EQ(odd.confirmed, std::nullopt);
  EXPECT_EQ(odd.session_key_id, "");
  EXPECT_EQ(odd.attempt, std::nullopt);
  EXPECT_EQ(odd.correlation_ids, std::vector<std::string>{"as:downlink:01A"});
  for (const auto* error : {R"("error":7,)", R"("error":{"name":5},)", R"("error":{"namespace":"pkg/a"},)"})
    EXPECT_EQ(parsed("downlink_failed", error).error_name, "") << error;
}

TEST(downlink_events, compare_their_times_as_numbers) {
  const auto at = [](const std::string& time) {
    return parsed("downlink_sent", "", R"("received_at":")" + time + R"(",)").at;
  };
  EXPECT_EQ(at("2026-11-29T03:31:01.5Z"), at("2026-11-29T03:31:01.500000000Z"));
  EXPECT_LT(at("2026-11-29T03:31:01.842351127Z"), at("2026-11-29T03:31:01.85Z"));
}

} // namespace
} // namespace causeway::tts
