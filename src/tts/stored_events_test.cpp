// SPDX-License-Identifier: Apache-2.0
#include "base/sample_file.h"
#include "model/frame_of.h"
#include "tts/messages.h"
#include "tts/stored_events.h"

#include <gtest/gtest.h>

namespace causeway::tts {
using model::testing::frame_of;
namespace {

std::string sample(const std::string& name) {
  return testing::read_sample("things-stack/" + name);
}

const application_id app1{"app1"};

std::string record(const std::string& device, const std::string& uplink,
                   const std::string& more = R"(,"received_at":"2025-01-01T00:00:01Z")") {
  return R"({"result":{"end_device_ids":{"device_id":")" + device +
         R"(","application_ids":{"application_id":"app1"}})" + more + R"(,"uplink_message":)" + uplink + "}}";
}

TEST(stored_events, of_the_samples_are_read) {
  const auto one = parse_stored_events(sample("storage-01-result-line.json"), app1);
  ASSERT_TRUE(one) << one.fault().message();
  ASSERT_EQ(one->size(), 1U);
  ASSERT_TRUE((*one)[0].event);
  EXPECT_EQ(frame_of(*(*one)[0].event).f_cnt, 43U);
  EXPECT_EQ((*one)[0].at, *parse_rfc3339("2020-08-24T10:08:44.868680817Z"));

  const auto stream = parse_stored_events(sample("storage-stream-raw.txt"), app1);
  ASSERT_TRUE(stream) << stream.fault().message();
  ASSERT_GT(stream->size(), 1U);
  for (const auto& each : *stream)
    EXPECT_TRUE(each.event) << each.event.fault().message();
}

TEST(stored_events, have_the_key_that_the_live_event_has) {
  const auto stored = parse_stored_events(sample("storage-01-result-line.json"), app1);
  ASSERT_TRUE(stored);
  const auto& event = *(*stored)[0].event;
  // As the webhook would have sent it.
  const auto live = parse_application_up(event.raw, {});
  ASSERT_TRUE(live);
  ASSERT_TRUE(live->key);
  EXPECT_EQ(event.key, live->key);
}

TEST(stored_events, of_devices_without_a_session_key_id_are_told_apart_by_their_time) {
  const auto body = record("dev1", R"({"f_port":1,"received_at":"2025-01-01T00:00:00Z"})") + "\n\n" +
                    record("dev1", R"({"f_port":1,"received_at":"2025-01-01T00:00:05Z"})") + "\n\n" +
                    record("dev1", R"({"f_port":1,"received_at":"2025-01-01T00:00:00Z"})") + "\n\n" +
                    record("dev1", R"({"f_port":1})", "");
  const auto found = parse_stored_events(body, app1);
  ASSERT_TRUE(found);
  ASSERT_EQ(found->size(), 4U);
  ASSERT_TRUE((*found)[0].event->key);
  EXPECT_NE((*found)[0].event->key, (*found)[1].event->key);
  EXPECT_EQ((*found)[0].event->key, (*found)[2].event->key);
  EXPECT_FALSE((*found)[3].event->key);
}

TEST(stored_events, that_are_none_are_passed_by) {
  for (const auto* empty : {"", "\n\n", "{}", " {}\n", R"({"result":null})"}) {
    const auto found = parse_stored_events(empty, app1);
    ASSERT_TRUE(found) << empty;
    EXPECT_TRUE(found->empty()) << empty;
  }
}

TEST(stored_events, a_bad_one_does_not_spoil_the_others) {
  const auto body =
      record("dev1", R"({"f_port":1})") + record("Dev 2", R"({"f_port":1})") +
      record("dev3", R"({"f_port":256})", "") +
      R"({"result":{"end_device_ids":{"device_id":"dev1","application_ids":{"application_id":"app2"}},"uplink_message":{}}})" +
      "\n" + record("dev4", R"({"f_port":2})");
  const auto found = parse_stored_events(body, app1);
  ASSERT_TRUE(found) << found.fault().message();
  ASSERT_EQ(found->size(), 5U);
  EXPECT_TRUE((*found)[0].event);
  EXPECT_EQ((*found)[1].event.fault().code(), errc::identifier_invalid);
  EXPECT_EQ((*found)[2].event.fault().code(), errc::field_invalid);
  EXPECT_FALSE((*found)[2].at);
  EXPECT_EQ((*found)[3].event.fault().code(), errc::identifiers_mismatch);
  EXPECT_TRUE((*found)[4].event);
}

TEST(stored_events, what_is_no_stream_of_records_is_malformed) {
  const auto whole = record("dev\\\"1", "{}");
  for (const auto& body : {std::string{"[]"}, std::string{"null"}, std::string{"x"}, whole + "]",
                           whole.substr(0, whole.size() - 1), std::string{R"({"result":{]}})"}}) {
    const auto found = parse_stored_events(body, app1);
    ASSERT_FALSE(found) << body;
    EXPECT_EQ(found.fault().code(), errc::json_malformed) << body;
  }
}

TEST(stored_events, a_stream_that_broke_off_says_why) {
  const auto found = parse_stored_events(
      record("dev1", "{}") + "\n\n" + R"({"error":{"grpc_code":14,"message":"upstream unavailable"}})", app1);
  ASSERT_FALSE(found);
  EXPECT_EQ(found.fault().code(), errc::registry_unavailable);
  EXPECT_EQ(found.fault().detail(), "upstream unavailable");
}

} // namespace
} // namespace causeway::tts
