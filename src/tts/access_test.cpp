// SPDX-License-Identifier: Apache-2.0
#include "tts/access.h"

#include <gtest/gtest.h>

namespace causeway::tts {
namespace {

TEST(access, a_key_says_its_application_and_rights_as_the_real_stack_writes_them) {
  // real-http-answers.json, "auth_info".
  const auto facts = parse_auth_info(R"({"api_key":{"api_key":{"id":"KEYID","name":"gw","rights":[
    "RIGHT_APPLICATION_DEVICES_READ","RIGHT_APPLICATION_INFO","RIGHT_APPLICATION_TRAFFIC_READ"],
    "created_at":"2026-11-29T03:27:46.950613Z"},"entity_ids":{"application_ids":{"application_id":"lab-app"}}}})");
  ASSERT_TRUE(facts);
  EXPECT_EQ(facts->application, "lab-app");
  EXPECT_FALSE(facts->expires_at);
  EXPECT_TRUE(facts->may("RIGHT_APPLICATION_TRAFFIC_READ"));
  EXPECT_FALSE(facts->may("RIGHT_APPLICATION_TRAFFIC_DOWN_WRITE"));
}

TEST(access, one_right_may_stand_for_all_and_a_key_may_end) {
  const auto facts = parse_auth_info(R"({"api_key":{"api_key":{"rights":["RIGHT_APPLICATION_ALL"],
    "expires_at":"2027-01-01T00:00:00Z"},"entity_ids":{"user_ids":{"user_id":"u"}}}})");
  ASSERT_TRUE(facts);
  EXPECT_EQ(facts->application, "");
  EXPECT_TRUE(facts->may("RIGHT_APPLICATION_TRAFFIC_DOWN_WRITE"));
  EXPECT_EQ(format_rfc3339(*facts->expires_at), "2027-01-01T00:00:00.000Z");
  for (const auto body : {"", "[]", "{}", "{\"universal_rights\":{}}"})
    EXPECT_EQ(parse_auth_info(body).fault().code(), errc::registry_protocol) << body;
}

TEST(access, a_webhook_says_what_it_posts_and_what_its_mask_leaves) {
  const auto hooks =
      parse_webhooks(R"({"webhooks":[{"ids":{"webhook_id":"h1"},"base_url":"https://x/webhook/a",
    "format":"json","headers":{"authorization":"Basic x"},"uplink_message":{},"join_accept":{"path":"/join"},
    "field_mask":{"paths":["up.uplink_message.decoded_payload","end_device_ids"]},"paused":true},
    {"ids":{"webhook_id":"h2"},"field_mask":"up.uplink_message,received_at"}]})");
  ASSERT_TRUE(hooks);
  ASSERT_EQ(hooks->size(), 2U);
  const auto& one = hooks->front();
  EXPECT_EQ(one.id, "h1");
  ASSERT_TRUE(one.header("Authorization"));
  EXPECT_EQ(one.header("Authorization")->reveal(), "Basic x");
  EXPECT_FALSE(one.header("X-Api-Key"));
  EXPECT_TRUE(one.paused && one.posts("uplink_message") && one.posts("join_accept"));
  EXPECT_FALSE(one.posts("location_solved"));
  EXPECT_TRUE(one.leaves("end_device_ids.device_id"));
  EXPECT_TRUE(one.leaves("uplink_message"));
  EXPECT_FALSE(one.leaves("uplink_message.received_at"));
  EXPECT_FALSE(one.leaves("uplink_message.decoded"));
  EXPECT_TRUE(hooks->back().leaves("uplink_message.received_at"));
  EXPECT_FALSE(hooks->back().leaves("end_device_ids"));
  EXPECT_TRUE(parse_webhooks("{}")->empty());
}

} // namespace
} // namespace causeway::tts
