// SPDX-License-Identifier: Apache-2.0
#include "hub/authorisation.h"
#include "hub/scripted_peer.h"

#include <gtest/gtest.h>

namespace causeway::hub {
namespace {

using namespace std::chrono_literals;
using ruling = authorisation::ruling;

struct office {
  explicit office(auth mode = auth::device_keys) { options.mode = mode; }

  device_session& in(session_state state) {
    device_session& who = table.acquire(ref(next++));
    who.state = state;
    who.token.stamp = {clock.now().wall, clock.now().mono};
    return who;
  }
  authorisation& desk() {
    if (!made)
      made.emplace(options, azure::hub_address{"hub"}, tokens, links, table, counters, clock.now().mono);
    return *made;
  }
  authorisation::verdict reply(std::uint64_t asker, result<void> outcome, bool is_open = true) {
    return desk().on_reply({asker, std::move(outcome), {}}, is_open, clock.now());
  }

  manual_clock clock;
  recording_tokens tokens;
  connection_options options = device_key_options();
  session_table table;
  cbs links{100, 30s};
  connection_counters counters;
  std::optional<authorisation> made;
  std::uint32_t next = 0;
};

TEST(authorisation, what_a_reply_means_for_a_device) {
  struct row {
    session_state state;
    std::optional<errc> fault;
    ruling expected;
    std::uint64_t renewals;
  };
  const std::vector<row> rows = {
      {session_state::authorising, {}, ruling::begin, 0},
      {session_state::authorising, errc::hub_unauthorized, ruling::refuse, 0},
      {session_state::authorising, errc::hub_token_expired, ruling::refuse, 0},
      {session_state::attaching, {}, ruling::nothing, 1},
      {session_state::attached, {}, ruling::nothing, 1},
      {session_state::attached, errc::hub_unauthorized, ruling::nothing, 0},
      {session_state::ending, {}, ruling::nothing, 0},
      {session_state::ending, errc::hub_unauthorized, ruling::nothing, 0},
  };
  for (std::size_t at = 0; at < rows.size(); ++at) {
    SCOPED_TRACE(at);
    office it;
    device_session& who = it.in(rows[at].state);
    const auto given =
        it.reply(who.context(), rows[at].fault ? result<void>{error{*rows[at].fault}} : result<void>{});
    EXPECT_EQ(given.what, rows[at].expected);
    if (given.what != ruling::nothing) {
      EXPECT_EQ(given.who, &who);
    }
    EXPECT_EQ(given.why.has_value(), given.what == ruling::refuse);
    EXPECT_EQ(it.counters.renewals, rows[at].renewals);
  }
}

TEST(authorisation, a_reply_for_a_device_that_has_gone_means_nothing) {
  office it;
  device_session& who = it.in(session_state::authorising);
  const auto context = who.context();
  it.table.release(who);
  it.in(session_state::authorising); // on the same place
  EXPECT_EQ(it.reply(context, error{errc::hub_unauthorized}).what, ruling::nothing);
}

TEST(authorisation, a_first_token_of_a_wrong_time_has_one_more_turn) {
  office it;
  it.tokens.learns = true;
  device_session& who = it.in(session_state::authorising);
  const auto expired = [&](seconds ahead) {
    return it.desk().on_reply({who.context(), error{errc::hub_token_expired}, it.clock.now().wall + ahead},
                              true, it.clock.now());
  };
  EXPECT_EQ(expired(2h).what, ruling::again);
  who.token.stamp = {it.tokens.time(it.clock.now()), it.clock.now().mono};
  const auto second = expired(5h);
  ASSERT_EQ(second.what, ruling::refuse);
  EXPECT_EQ(second.why->code(), errc::clock_skew);
  EXPECT_EQ(it.tokens.hub_times.size(), 2u);
}

TEST(authorisation, who_may_have_a_turn) {
  office own, shared{auth::policy};
  EXPECT_FALSE(own.desk().has_turn()) << "$cbs is not there";
  EXPECT_FALSE(own.desk().needs_policy());
  EXPECT_FALSE(shared.desk().has_turn());
  EXPECT_TRUE(shared.desk().needs_policy());
  EXPECT_FALSE(shared.desk().is_pausing());
  device_session& who = shared.in(session_state::queued);
  EXPECT_TRUE(shared.desk().ask(who, shared.clock.now())) << "no token of its own";
  EXPECT_EQ(who.state, session_state::queued);
}

TEST(authorisation, only_a_policys_token_can_be_doubted) {
  office own, shared{auth::policy};
  const auto doubts = [](office& it) {
    device_session& who = it.in(session_state::attached);
    return it.desk().doubts(who, error{errc::hub_unauthorized}, it.clock.now().mono);
  };
  EXPECT_FALSE(doubts(own));
  EXPECT_TRUE(doubts(shared));
}

} // namespace
} // namespace causeway::hub
