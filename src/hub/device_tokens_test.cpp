// SPDX-License-Identifier: Apache-2.0
#include "hub/device_tokens.h"
#include "hub/scripted_peer.h"

#include <gtest/gtest.h>

namespace causeway::hub {
namespace {

using namespace std::chrono_literals;

class device_tokens_test : public testing::Test {
protected:
  // With a token that was accepted in the moment it was made.
  device_session& online(std::uint32_t number) {
    device_session& who = table.acquire(ref(number));
    who.identity = name_of(number);
    who.state = session_state::attached;
    static_cast<void>(it.make(who, clock.now()));
    it.on_accepted(who);
    return who;
  }
  std::vector<device_session*> expired_after(std::chrono::nanoseconds by) {
    clock.advance(by);
    std::vector<device_session*> out;
    it.take_due(clock.now().mono, out);
    return out;
  }

  manual_clock clock;
  recording_tokens tokens;
  session_table table;
  device_tokens it{tokens, table, 1000s, clock.now().mono};
};

TEST_F(device_tokens_test, a_token_is_made_for_its_device_and_its_life) {
  device_session& who = table.acquire(ref(7));
  who.identity = name_of(7);
  EXPECT_EQ(it.make(who, clock.now()).reveal(),
            "token:7:dev-7:" + std::to_string(unix_seconds(clock.now().wall) + 1000));
  EXPECT_FALSE(it.deadline().has_value()) << "until the hub has taken it";
}

TEST_F(device_tokens_test, a_renewal_waits_its_turn_between_60_and_80_percent_of_the_life) {
  device_session& who = online(1);
  EXPECT_TRUE(expired_after(599s).empty());
  EXPECT_EQ(it.next_renewal(), nullptr);
  EXPECT_TRUE(expired_after(202s).empty());
  EXPECT_EQ(it.next_renewal(), &who);
  EXPECT_EQ(it.next_renewal(), nullptr) << "once";
  EXPECT_TRUE(who.token.renewing);
}

TEST_F(device_tokens_test, a_device_that_has_gone_meanwhile_is_skipped) {
  device_session& gone = online(1);
  device_session& ending = online(2);
  device_session& here = online(3);
  EXPECT_TRUE(expired_after(801s).empty());
  it.forget(gone);
  table.release(gone);
  ending.state = session_state::ending;
  EXPECT_EQ(it.next_renewal(), &here);
  EXPECT_EQ(it.next_renewal(), nullptr);
}

TEST_F(device_tokens_test, a_renewal_that_is_refused_is_tried_again_and_the_reason_is_kept_for_the_end) {
  device_session& who = online(1);
  EXPECT_TRUE(expired_after(801s).empty());
  EXPECT_EQ(it.next_renewal(), &who);
  static_cast<void>(it.make(who, clock.now()));
  it.on_renewal_refused(who, error{errc::hub_busy}, clock.now());
  EXPECT_FALSE(who.token.renewing);
  EXPECT_TRUE(expired_after(3s).empty());
  EXPECT_EQ(it.next_renewal(), nullptr);
  EXPECT_TRUE(expired_after(5s).empty());
  EXPECT_EQ(it.next_renewal(), &who);
  EXPECT_EQ(expired_after(200s), std::vector<device_session*>{&who});
  const error why = device_tokens::expiry(who);
  EXPECT_EQ(why.code(), errc::hub_token_expired);
  EXPECT_NE(why.detail().find("hub_busy"), std::string::npos);
}

TEST_F(device_tokens_test, a_renewal_refused_by_a_clock_that_is_known_by_now_comes_at_once) {
  device_session& who = online(1);
  tokens.learns = true;
  tokens.lead = 40min;
  it.on_renewal_refused(who, error{errc::hub_token_expired}, clock.now());
  EXPECT_TRUE(expired_after(1s).empty());
  EXPECT_EQ(it.next_renewal(), &who);
}

TEST_F(device_tokens_test, a_first_token_is_corrected_once_and_only_for_a_time_that_is_known_better) {
  struct row {
    errc why;
    seconds lead;
    bool expected;
  };
  const std::vector<row> rows = {
      {errc::hub_token_expired, 40min, true},
      {errc::hub_token_expired, 30s, false},
      {errc::hub_token_expired, -31s, true},
      {errc::hub_unauthorized, 40min, false},
  };
  tokens.learns = true;
  for (std::uint32_t at = 0; at < rows.size(); ++at) {
    SCOPED_TRACE(at);
    tokens.lead = 0s;
    device_session& who = table.acquire(ref(at));
    static_cast<void>(it.make(who, clock.now()));
    tokens.lead = rows[at].lead;
    EXPECT_EQ(it.corrects(who, error{rows[at].why}, clock.now()), rows[at].expected);
    tokens.lead += 2h;
    if (rows[at].expected) {
      EXPECT_FALSE(it.corrects(who, error{rows[at].why}, clock.now()));
    }
  }
}

TEST_F(device_tokens_test, all_are_put_anew_within_half_a_minute_but_those_under_way) {
  std::vector<device_session*> all;
  for (std::uint32_t number = 0; number < 20; ++number)
    all.push_back(&online(number));
  all[3]->token.renewing = true;
  all[4]->state = session_state::authorising;
  it.renew_all(clock.now().mono);
  EXPECT_TRUE(expired_after(10s).empty());
  std::size_t early = 0, late = 0;
  while (it.next_renewal() != nullptr)
    ++early;
  EXPECT_TRUE(expired_after(21s).empty());
  while (it.next_renewal() != nullptr)
    ++late;
  EXPECT_EQ(early + late, 18u);
  EXPECT_GT(early, 0u);
  EXPECT_GT(late, 0u);
}

} // namespace
} // namespace causeway::hub
