// SPDX-License-Identifier: Apache-2.0
#include "emulator/state/c2d_mail.h"

#include <gtest/gtest.h>

namespace causeway::emulator {
namespace {

using namespace std::chrono_literals;

class c2d_mail_test : public ::testing::Test {
protected:
  c2d_verdict add(const std::string& id, ack_mode ack = ack_mode::none,
                  std::optional<std::chrono::seconds> life = {}, const identity& device = identity{"dev-1"},
                  std::chrono::milliseconds delay = 0ms) {
    hub_message message;
    message.message_id = id;
    message.ack = ack;
    if (life) message.expires = clock_.now().wall + *life;
    return mail_.add(device, "7", std::move(message), delay, clock_.now());
  }
  const queued_message* take(const identity& device = identity{"dev-1"}) {
    const auto* taken = mail_.take(device, clock_.now().mono);
    if (taken != nullptr) last_ = taken->lock->token;
    return taken;
  }
  bool settle(settlement how) { return mail_.settle(identity{"dev-1"}, last_, how, clock_.now()); }
  // Feedback that waits, after so long.
  std::string feedback_after(std::chrono::seconds time) {
    clock_.advance(time);
    mail_.pass(clock_.now());
    const auto* batch = mail_.take_feedback(clock_.now().mono);
    return batch == nullptr ? "" : batch->content.body;
  }

  manual_clock clock_;
  c2d_mail mail_{"test", "localhost"};
  guid last_;
};

TEST_F(c2d_mail_test, each_device_has_a_queue_and_sequence_numbers_of_its_own) {
  add("a");
  add("b", ack_mode::none, {}, identity{"dev-2"});
  add("c");
  EXPECT_EQ(take(identity{"dev-2"})->sequence, 1U);
  EXPECT_EQ(take()->sequence, 1U);
  EXPECT_EQ(take()->sequence, 2U);
  EXPECT_EQ(take(), nullptr);
  EXPECT_EQ(take(identity{"dev-3"}), nullptr);
  EXPECT_EQ(mail_.totals().sent, 3U);
  EXPECT_EQ(mail_.totals().delivered, 3U);
}

TEST_F(c2d_mail_test, no_two_locks_are_the_same) {
  add("a");
  take();
  const auto first = last_;
  settle(settlement::abandon);
  take();
  EXPECT_NE(last_, first);
}

TEST_F(c2d_mail_test, a_message_is_kept_for_an_hour_unless_it_says_otherwise_and_two_days_at_most) {
  add("hour");
  add("minute", ack_mode::none, 60s);
  add("month", ack_mode::none, 30 * 24h);
  add("long ago", ack_mode::none, -5s);
  mail_.pass(clock_.now());
  EXPECT_EQ(mail_.waiting(identity{"dev-1"}), 3U) << "what is over when it comes is over at once";
  EXPECT_EQ(mail_.next_due(), clock_.now().mono + 60s);
  clock_.advance(60s);
  mail_.pass(clock_.now());
  EXPECT_EQ(mail_.waiting(identity{"dev-1"}), 2U);
  clock_.advance(59min);
  mail_.pass(clock_.now());
  EXPECT_EQ(mail_.waiting(identity{"dev-1"}), 1U);
  clock_.advance(47h - 1s);
  mail_.pass(clock_.now());
  EXPECT_EQ(mail_.waiting(identity{"dev-1"}), 1U);
  clock_.advance(1s);
  mail_.pass(clock_.now());
  EXPECT_EQ(mail_.waiting(identity{"dev-1"}), 0U);
  EXPECT_EQ(mail_.totals().expired, 4U);
  ASSERT_EQ(mail_.records().size(), 4U);
  EXPECT_EQ(mail_.records()[3].message_id, "month");
  EXPECT_EQ(mail_.records()[3].ended, clock_.now().wall);
}

TEST_F(c2d_mail_test, refuses_what_is_too_large_or_finds_fifty_others) {
  hub_message large;
  large.body = std::string(most_c2d_bytes, 'x');
  EXPECT_EQ(mail_.add(identity{"dev-1"}, "7", large, 0ms, clock_.now()), c2d_verdict::taken);
  large.properties = {{"a", ""}};
  EXPECT_EQ(mail_.add(identity{"dev-1"}, "7", large, 0ms, clock_.now()), c2d_verdict::too_large);
  for (int i = 1; i < 50; ++i)
    ASSERT_EQ(add("m"), c2d_verdict::taken);
  EXPECT_EQ(add("one more"), c2d_verdict::full);
  EXPECT_EQ(add("of another", ack_mode::none, {}, identity{"dev-2"}), c2d_verdict::taken);
  EXPECT_EQ(mail_.totals().refused_full, 1U);
  EXPECT_EQ(mail_.totals().refused_large, 1U);
}

TEST_F(c2d_mail_test, says_for_whom_there_is_something_when_time_has_passed) {
  add("a");
  add("b", ack_mode::none, {}, identity{"dev-2"}, 5s);
  take();
  EXPECT_TRUE(mail_.pass(clock_.now()).empty());
  clock_.advance(5s);
  EXPECT_EQ(mail_.pass(clock_.now()), std::vector{identity{"dev-2"}});
  clock_.advance(55s);
  EXPECT_EQ(mail_.pass(clock_.now()), std::vector{identity{"dev-1"}});
  EXPECT_EQ(mail_.totals().locks_expired, 1U);
  EXPECT_FALSE(settle(settlement::complete));
  EXPECT_EQ(mail_.totals().locks_lost, 1U);
}

TEST_F(c2d_mail_test, feedback_names_the_message_its_end_and_the_generation) {
  add("a", ack_mode::full);
  take();
  settle(settlement::complete);
  add("b", ack_mode::positive);
  take();
  settle(settlement::reject);
  const auto body = feedback_after(15s);
  EXPECT_EQ(body,
            R"([{"originalMessageId":"a","description":"Success","deviceGenerationId":"7",)"
            R"("deviceId":"dev-1","enqueuedTimeUtc":"2026-01-01T00:00:00.000Z","statusCode":"Success"}])");
  EXPECT_EQ(mail_.totals().feedback_records, 1U);
  EXPECT_EQ(mail_.totals().feedback_batches, 1U);
}

TEST_F(c2d_mail_test, a_batch_that_is_not_settled_comes_again) {
  add("a", ack_mode::full);
  mail_.purge(identity{"dev-1"}, clock_.now());
  EXPECT_NE(feedback_after(15s).find("Purged"), std::string::npos);
  EXPECT_EQ(feedback_after(59s), "");
  clock_.advance(1s);
  mail_.pass(clock_.now());
  const auto* again = mail_.take_feedback(clock_.now().mono);
  ASSERT_NE(again, nullptr);
  EXPECT_EQ(again->content.content_type, "application/vnd.microsoft.iothub.feedback.json");
  EXPECT_TRUE(mail_.settle_feedback(again->lock->token, settlement::complete, clock_.now().mono));
  EXPECT_FALSE(mail_.has_feedback(clock_.now().mono));
}

TEST_F(c2d_mail_test, what_goes_with_the_link_comes_again_at_once) {
  add("a");
  take();
  EXPECT_EQ(mail_.release(identity{"dev-1"}, clock_.now().mono), 1U);
  EXPECT_EQ(take()->delivery_count, 0U);
  EXPECT_EQ(mail_.totals().released, 1U);
}

TEST_F(c2d_mail_test, locks_can_be_made_to_run_out) {
  add("a");
  take();
  const auto devices =
      mail_.expire_locks([](const identity& device) { return device.str() == "dev-1"; }, clock_.now().mono);
  EXPECT_EQ(devices, std::vector{identity{"dev-1"}});
  EXPECT_FALSE(settle(settlement::complete));
  EXPECT_NE(take(), nullptr);
}

} // namespace
} // namespace causeway::emulator
