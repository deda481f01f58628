// SPDX-License-Identifier: Apache-2.0
#include "emulator/state/feedback.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace causeway::emulator {
namespace {

using namespace std::chrono_literals;

TEST(feedback, each_mode_hears_of_its_ends) {
  using enum message_end;
  for (const auto how : {completed, rejected, expired, delivery_count_exceeded, purged}) {
    EXPECT_FALSE(wants_feedback(ack_mode::none, how));
    EXPECT_TRUE(wants_feedback(ack_mode::full, how));
    EXPECT_EQ(wants_feedback(ack_mode::positive, how), how == completed);
    EXPECT_EQ(wants_feedback(ack_mode::negative, how), how != completed);
  }
}

TEST(feedback, a_record_has_the_members_that_services_read) {
  const manual_clock clock;
  const std::vector<feedback_record> records = {
      {"cmd-1", message_end::completed, "dev-1", "7", clock.now().wall},
      {"", message_end::delivery_count_exceeded, "dev-2", "8", clock.now().wall}};
  EXPECT_EQ(
      feedback_json(records),
      R"([{"originalMessageId":"cmd-1","description":"Success","deviceGenerationId":"7","deviceId":"dev-1",)"
      R"("enqueuedTimeUtc":"2026-01-01T00:00:00.000Z","statusCode":"Success"},)"
      R"({"originalMessageId":"","description":"DeliveryCountExceeded","deviceGenerationId":"8","deviceId":"dev-2",)"
      R"("enqueuedTimeUtc":"2026-01-01T00:00:00.000Z","statusCode":"DeliveryCountExceeded"}])");
}

TEST(feedback, a_batch_waits_for_fifteen_seconds) {
  manual_clock clock;
  feedback_batches batches;
  EXPECT_FALSE(batches.next_due());
  batches.add({"a", message_end::completed, "dev-1", "1", {}}, clock.now().mono);
  clock.advance(10s);
  batches.add({"b", message_end::completed, "dev-1", "1", {}}, clock.now().mono);
  EXPECT_FALSE(batches.take(clock.now().mono));
  EXPECT_EQ(batches.next_due(), clock.now().mono + 5s);
  clock.advance(5s);
  const auto batch = batches.take(clock.now().mono);
  ASSERT_TRUE(batch);
  EXPECT_NE(batch->find("\"a\""), std::string::npos);
  EXPECT_NE(batch->find("\"b\""), std::string::npos);
  EXPECT_FALSE(batches.take(clock.now().mono));
}

TEST(feedback, or_for_sixty_four_records) {
  const manual_clock clock;
  feedback_batches batches;
  for (int i = 0; i < 63; ++i)
    batches.add({"m", message_end::completed, "dev-1", "1", {}}, clock.now().mono);
  EXPECT_FALSE(batches.take(clock.now().mono));
  batches.add({"m", message_end::completed, "dev-1", "1", {}}, clock.now().mono);
  EXPECT_EQ(batches.next_due(), clock.now().mono);
  auto batch = batches.take(clock.now().mono);
  ASSERT_TRUE(batch);
  EXPECT_EQ(std::count(batch->begin(), batch->end(), '{'), 64);
  for (int i = 0; i < 65; ++i)
    batches.add({"m", message_end::completed, "dev-1", "1", {}}, clock.now().mono);
  batch = batches.take(clock.now().mono);
  EXPECT_EQ(std::count(batch->begin(), batch->end(), '{'), 64) << "the 65th is of the next batch";
  EXPECT_FALSE(batches.take(clock.now().mono));
}

} // namespace
} // namespace causeway::emulator
