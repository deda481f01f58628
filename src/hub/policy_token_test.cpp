// SPDX-License-Identifier: Apache-2.0
#include "hub/policy_token.h"
#include "hub/scripted_peer.h"

#include <gtest/gtest.h>

namespace causeway::hub {
namespace {

using namespace std::chrono_literals;

class policy_token_test : public testing::Test {
protected:
  // Puts it, if it wants to be put, and answers.
  result<void> answer(result<void> with, bool may_wait = true, std::optional<wall_time> hub_time = {}) {
    EXPECT_TRUE(it.is_wanted());
    static_cast<void>(it.make(clock.now()));
    if (hub_time) tokens.on_hub_time(*hub_time, clock.now());
    return it.on_reply({1, std::move(with), hub_time}, may_wait, clock.now());
  }
  void accept() { ASSERT_TRUE(answer({}).has_value()); }
  bool tick_after(std::chrono::nanoseconds by) {
    clock.advance(by);
    return it.tick(clock.now().mono);
  }
  bool doubts(std::uint32_t device, errc why) {
    return it.doubts(device_ref{device}, error{why}, clock.now().mono);
  }

  manual_clock clock;
  recording_tokens tokens;
  policy_token it{tokens, 3600s};
};

TEST_F(policy_token_test, it_is_wanted_at_first_and_then_at_half_its_life) {
  EXPECT_FALSE(it.is_accepted());
  EXPECT_FALSE(it.is_pausing());
  EXPECT_FALSE(it.deadline().has_value());
  accept();
  EXPECT_TRUE(it.is_accepted());
  EXPECT_FALSE(it.is_wanted());
  EXPECT_EQ(it.deadline(), clock.now().mono + 1800s);
  EXPECT_TRUE(tick_after(1799s));
  EXPECT_FALSE(it.is_wanted());
  EXPECT_TRUE(tick_after(1s));
  EXPECT_TRUE(it.is_wanted());
  EXPECT_TRUE(it.is_accepted()) << "the old one still serves";
  EXPECT_EQ(it.deadline(), clock.now().mono + 1800s) << "when that one expires";
}

TEST_F(policy_token_test, a_token_is_as_old_as_its_sending) {
  EXPECT_EQ(it.make(clock.now()).reveal(),
            "policy0:" + std::to_string(unix_seconds(clock.now().wall) + 3600));
  const auto sent = clock.now().mono;
  clock.advance(20s);
  ASSERT_TRUE(it.on_reply({1, {}, {}}, false, clock.now()).has_value());
  EXPECT_EQ(it.deadline(), sent + 1800s);
}

TEST_F(policy_token_test, one_that_expires_is_the_end) {
  accept();
  EXPECT_TRUE(tick_after(1800s));
  static_cast<void>(answer(error{errc::hub_busy}));
  EXPECT_TRUE(tick_after(1799s));
  EXPECT_FALSE(tick_after(1s));
}

TEST_F(policy_token_test, what_a_refusal_of_the_first_one_means) {
  struct row {
    std::string name;
    errc why;
    bool may_wait;
    std::optional<seconds> hub_is_ahead;
    std::optional<errc> expected; // nothing: it is tried again
  };
  const std::vector<row> rows = {
      {"a fault that passes, before the connection is open", errc::hub_busy, false, {}, errc::hub_busy},
      {"a fault that passes", errc::hub_busy, true, {}, {}},
      {"no answer", errc::hub_answer_missing, true, {}, {}},
      {"its pace", errc::hub_throttled, true, {}, {}},
      {"no right", errc::hub_unauthorized, true, {}, errc::hub_unauthorized},
      {"expired, nobody knows by which clock", errc::hub_token_expired, true, {}, errc::clock_skew},
      {"expired, by a clock that is far ahead", errc::hub_token_expired, true, 7200s, errc::clock_skew},
      {"expired, and the clocks agree", errc::hub_token_expired, true, 3s, errc::hub_token_expired},
  };
  for (const row& row : rows) {
    SCOPED_TRACE(row.name);
    policy_token one{tokens, 3600s};
    static_cast<void>(one.make(clock.now()));
    std::optional<wall_time> theirs;
    if (row.hub_is_ahead) theirs = clock.now().wall + *row.hub_is_ahead;
    const auto outcome = one.on_reply({1, error{row.why}, theirs}, row.may_wait, clock.now());
    EXPECT_EQ(outcome.has_value(), !row.expected);
    if (!outcome) {
      EXPECT_EQ(outcome.fault().code(), row.expected);
    }
    EXPECT_EQ(one.is_pausing(), !row.expected);
    EXPECT_FALSE(one.is_wanted());
  }
}

TEST_F(policy_token_test, a_renewal_that_is_refused_is_tried_again_whatever_the_reason) {
  for (const errc why : {errc::hub_busy, errc::hub_unauthorized, errc::hub_token_expired}) {
    policy_token one{tokens, 3600s};
    static_cast<void>(one.make(clock.now()));
    ASSERT_TRUE(one.on_reply({1, {}, {}}, true, clock.now()).has_value());
    clock.advance(1800s);
    ASSERT_TRUE(one.tick(clock.now().mono));
    static_cast<void>(one.make(clock.now()));
    EXPECT_TRUE(one.on_reply({1, error{why}, {}}, true, clock.now()).has_value());
    EXPECT_FALSE(one.is_wanted());
    EXPECT_GE(*one.deadline(), clock.now().mono + 3s);
    EXPECT_LE(*one.deadline(), clock.now().mono + 7s);
  }
}

TEST_F(policy_token_test, the_other_key_is_tried_at_once_and_once) {
  tokens.other_keys = 5;
  EXPECT_TRUE(answer(error{errc::hub_unauthorized}).has_value());
  EXPECT_TRUE(it.is_wanted());
  EXPECT_EQ(tokens.key, 1);
  EXPECT_FALSE(answer(error{errc::hub_unauthorized}).has_value());
  EXPECT_EQ(tokens.key, 1);
}

TEST_F(policy_token_test, a_key_that_serves_makes_room_for_the_next_change) {
  tokens.other_keys = 2;
  EXPECT_TRUE(answer(error{errc::hub_unauthorized}).has_value());
  accept();
  EXPECT_TRUE(tick_after(1800s));
  EXPECT_TRUE(answer(error{errc::hub_unauthorized}).has_value());
  EXPECT_TRUE(it.is_wanted());
  EXPECT_EQ(tokens.key, 2);
}

TEST_F(policy_token_test, a_time_that_was_learnt_is_tried_at_once_and_once) {
  tokens.learns = true;
  EXPECT_TRUE(answer(error{errc::hub_token_expired}, true, clock.now().wall + 2h).has_value());
  EXPECT_TRUE(it.is_wanted());
  const auto second = answer(error{errc::hub_token_expired}, true, clock.now().wall + 4h);
  ASSERT_FALSE(second.has_value());
  EXPECT_EQ(second.fault().code(), errc::clock_skew);
}

TEST_F(policy_token_test, what_of_a_devices_refusals_makes_it_doubtful) {
  struct row {
    errc why;
    bool expected;
  };
  const std::vector<row> rows = {
      {errc::hub_token_expired, true},   {errc::hub_unauthorized, true}, {errc::hub_device_disabled, false},
      {errc::hub_device_unknown, false}, {errc::hub_busy, false},        {errc::hub_token_limit, false},
  };
  for (const row& row : rows) {
    SCOPED_TRACE(std::string{describe(row.why).name});
    policy_token one{tokens, 3600s};
    static_cast<void>(one.make(clock.now()));
    ASSERT_TRUE(one.on_reply({1, {}, {}}, true, clock.now()).has_value());
    EXPECT_EQ(one.doubts(device_ref{1}, error{row.why}, clock.now().mono), row.expected);
    EXPECT_EQ(one.is_accepted(), !row.expected);
    EXPECT_EQ(one.is_wanted(), row.expected);
  }
}

TEST_F(policy_token_test, while_a_new_one_is_on_its_way_every_device_waits_for_it) {
  accept();
  EXPECT_TRUE(doubts(1, errc::hub_unauthorized));
  EXPECT_TRUE(doubts(2, errc::hub_unauthorized));
  EXPECT_TRUE(doubts(1, errc::hub_unauthorized));
  static_cast<void>(it.make(clock.now()));
  EXPECT_TRUE(doubts(3, errc::hub_token_expired));
  EXPECT_FALSE(it.is_wanted()) << "it is under way";
}

TEST_F(policy_token_test, a_device_refused_with_both_is_its_own_trouble_until_it_was_attached) {
  accept();
  EXPECT_TRUE(doubts(1, errc::hub_unauthorized));
  accept();
  EXPECT_FALSE(doubts(1, errc::hub_unauthorized));
  EXPECT_TRUE(it.is_accepted());
  it.on_attached(device_ref{1});
  EXPECT_TRUE(doubts(1, errc::hub_unauthorized));
}

TEST_F(policy_token_test, what_may_be_devices_own_does_not_make_the_others_wait_for_long) {
  accept();
  std::uint32_t device = 0;
  for (; device < 3; ++device) {
    ASSERT_TRUE(doubts(device, errc::hub_unauthorized));
    EXPECT_TRUE(it.is_wanted() || it.is_pausing());
    if (!it.is_wanted()) {
      EXPECT_TRUE(tick_after(*it.deadline() - clock.now().mono));
    }
    accept();
  }
  EXPECT_FALSE(doubts(device++, errc::hub_unauthorized));
  EXPECT_TRUE(doubts(device++, errc::hub_token_expired)) << "that is nobody's own";
}

TEST_F(policy_token_test, doubts_in_a_row_pause_longer_and_are_forgotten) {
  accept();
  std::vector<std::chrono::nanoseconds> pauses;
  for (int round = 0; round < 10; ++round) {
    ASSERT_TRUE(doubts(1, errc::hub_token_expired));
    pauses.push_back(it.is_wanted() ? 0ns : *it.deadline() - clock.now().mono);
    if (!it.is_wanted()) {
      EXPECT_TRUE(tick_after(pauses.back()));
    }
    accept();
  }
  EXPECT_EQ(pauses[0], 0ns);
  EXPECT_EQ(pauses[1], 500ms);
  EXPECT_EQ(pauses[2], 1s);
  EXPECT_EQ(pauses[9], 60s);
  clock.advance(21s);
  EXPECT_TRUE(doubts(1, errc::hub_token_expired));
  EXPECT_TRUE(it.is_wanted()) << "the first again";
}

TEST_F(policy_token_test, renew_puts_anew_what_is_there_and_not_under_way) {
  it.renew();
  static_cast<void>(it.make(clock.now()));
  it.renew();
  EXPECT_FALSE(it.is_wanted());
  ASSERT_TRUE(it.on_reply({1, {}, {}}, false, clock.now()).has_value());
  it.renew();
  EXPECT_TRUE(it.is_wanted());
  EXPECT_TRUE(it.is_accepted());
}

} // namespace
} // namespace causeway::hub
