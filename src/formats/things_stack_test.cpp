// SPDX-License-Identifier: Apache-2.0
#include "formats/things_stack.h"

#include "model/frame_of.h"

#include <gtest/gtest.h>

namespace causeway::formats {
using model::testing::frame_of;
namespace {

model::event event_of(model::event_kind kind) {
  model::event event;
  event.kind = kind;
  event.from = {application_id{"app1"}, device_id{"dev1"}};
  frame_of(event).f_port = 3;
  event.simulated = false;
  event.received_at = "2025-01-01T00:00:00Z";
  event.raw = "{ \"uplink_message\" :\n{\"f_port\":3.0} }";
  return event;
}

TEST(things_stack, is_the_event_byte_for_byte) {
  const auto made = format_things_stack(event_of(model::event_kind::uplink), {});
  ASSERT_TRUE(made);
  ASSERT_EQ(made->size(), 1U);
  const auto& m = made->front();
  EXPECT_EQ(m.body, "{ \"uplink_message\" :\n{\"f_port\":3.0} }");
  EXPECT_EQ(m.content_type, "application/json");
  EXPECT_EQ(m.content_encoding, "utf-8");
  const std::vector<std::pair<std::string, std::string>> expected{
      {"applicationId", "app1"},
      {"deviceId", "dev1"},
      {"fPort", "3"},
      {"event", "uplink"},
      {"simulated", "false"},
      {"iothub-creation-time-utc", "2025-01-01T00:00:00Z"}};
  EXPECT_EQ(m.properties, expected);
}

TEST(things_stack, takes_every_kind_that_is_known) {
  for (std::size_t i = 0; i < model::event_kinds; ++i) {
    const auto kind = static_cast<model::event_kind>(i);
    const auto made = format_things_stack(event_of(kind), {});
    EXPECT_EQ(made.has_value(), kind != model::event_kind::unknown) << to_string(kind);
    if (made) continue;
    EXPECT_EQ(made.fault().code(), errc::format_refused);
  }
}

TEST(things_stack, refuses_what_the_hub_would_not_take) {
  auto event = event_of(model::event_kind::uplink);
  event.raw.assign(model::max_message_bytes, 'x');
  const auto made = format_things_stack(event, {});
  ASSERT_FALSE(made);
  EXPECT_EQ(made.fault().code(), errc::message_too_large);
}

} // namespace
} // namespace causeway::formats
