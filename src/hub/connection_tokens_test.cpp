// SPDX-License-Identifier: Apache-2.0
#include "hub/scripted_peer.h"

#include <gtest/gtest.h>
#include <unordered_map>

namespace causeway::hub {
namespace {

using std::chrono::hours;
using std::chrono::minutes;

// The largest number of times that fall into any span of this length.
std::size_t most_within(const std::vector<mono_time>& times, seconds span) {
  std::size_t most = 0, first = 0;
  for (std::size_t last = 0; last < times.size(); ++last) {
    while (times[last] - times[first] >= span)
      ++first;
    most = std::max(most, last - first + 1);
  }
  return most;
}

TEST(hub_tokens, a_day_of_renewals_of_900_devices_leaves_no_gap_and_no_burst) {
  constexpr std::uint32_t devices = 900;
  rig it;
  std::unordered_map<std::string, wall_time> valid_until;
  std::vector<mono_time> renewals, late_renewals;
  std::size_t gaps = 0;
  const mono_time settled = it.clock.now().mono + hours{4};
  it.peer.on_put_token = [&](const auto& token) {
    const moment now = it.clock.now();
    const auto [known, first] = valid_until.try_emplace(token.audience, now.wall);
    if (!first) {
      if (known->second <= now.wall) ++gaps;
      renewals.push_back(now.mono);
      if (now.mono >= settled) late_renewals.push_back(now.mono);
    }
    known->second = now.wall + hours{1};
    it.peer.tokens.clear();
    return scripted_peer::status{};
  };
  it.attach_all(devices);
  it.advance(hours{24});
  EXPECT_EQ(gaps, 0u);
  EXPECT_EQ(valid_until.size(), devices);
  for (const auto& [audience, until] : valid_until)
    EXPECT_GT(until, it.clock.now().wall) << audience;
  // Each device at 60 to 80 % of the hour.
  EXPECT_GE(it.client.counters().renewals, devices * 30u);
  EXPECT_LE(it.client.counters().renewals, devices * 40u);
  EXPECT_EQ(it.client.counters().renewals, renewals.size());
  // All were attached in one moment: the first round is spread over a fifth of the hour, the later ones over
  // all of it.
  const std::size_t mean = late_renewals.size() / (20 * 60);
  EXPECT_GE(mean, 18u);
  EXPECT_LE(most_within(renewals, seconds{60}), 5 * mean);
  EXPECT_LE(most_within(late_renewals, seconds{60}), 3 * mean);
  EXPECT_LE(most_within(late_renewals, seconds{1}), 8u);
  // In place: no link was attached again, nobody went.
  EXPECT_EQ(it.peer.attaches.size(), devices);
  EXPECT_EQ(it.count<detached>(), 0u);
  EXPECT_EQ(it.client.authorised_devices(), devices);
  EXPECT_LT(it.ticks, 24u * 3600u); // it sleeps between
}

TEST(hub_tokens, a_renewal_that_is_refused_is_tried_again_until_the_token_expires) {
  rig it;
  bool refuse = false;
  std::vector<wall_time> tries;
  it.peer.on_put_token = [&](const auto& token) {
    if (!refuse || !token.audience.ends_with("dev-1")) return scripted_peer::status{};
    tries.push_back(it.clock.now().wall);
    return scripted_peer::status{503, "Service unavailable"};
  };
  it.attach_all(3);
  refuse = true;
  const wall_time start = it.clock.now().wall;
  it.advance(minutes{59});
  EXPECT_EQ(it.count<detached>(), 0u);
  ASSERT_GT(tries.size(), 5u);
  EXPECT_GE(tries[1] - tries[0], seconds{3});
  EXPECT_GE(tries.back() - tries[tries.size() - 2], seconds{40});
  it.advance(minutes{2});
  EXPECT_EQ(it.detached_with(1), errc::hub_token_expired);
  EXPECT_EQ(it.count<detached>(), 1u);
  EXPECT_LE(tries.back() - start, hours{1});
  EXPECT_EQ(it.client.attached_devices(), 2u);
  refuse = false;
  it.attach(1);
  it.run();
  EXPECT_EQ(it.client.attached_devices(), 3u);
}

TEST(hub_tokens, a_renewal_that_succeeds_late_is_good_enough) {
  rig it;
  int refused = 0;
  it.peer.on_put_token = [&](const auto&) -> std::optional<scripted_peer::status> {
    if (it.peer.tokens.size() == 1 || refused == 4) return scripted_peer::status{};
    ++refused;
    if (refused == 2) return std::nullopt; // no answer at all counts as well
    return scripted_peer::status{500, "Internal error"};
  };
  it.attach_all(1);
  it.advance(hours{2});
  EXPECT_EQ(refused, 4);
  EXPECT_EQ(it.count<detached>(), 0u);
  EXPECT_GE(it.client.counters().renewals, 2u);
}

TEST(hub_tokens, messages_flow_while_tokens_are_renewed) {
  rig it;
  it.attach_all(5);
  for (spool_seq seq = 0; seq < 500; ++seq) {
    it.send(static_cast<std::uint32_t>(seq % 5), seq);
    it.advance(seconds{30});
    it.run();
  }
  EXPECT_EQ(it.outcomes(), std::vector<std::string>(500, "ok"));
  EXPECT_GT(it.client.counters().renewals, 20u);
}

connection_options policy_options() {
  connection_options out = device_key_options();
  out.mode = auth::policy;
  return out;
}

TEST(hub_tokens, a_policy_needs_one_put_token_a_connection) {
  rig it{policy_options()};
  it.attach_all(50);
  EXPECT_EQ(it.count<attached>(), 50u);
  EXPECT_EQ(it.count<opened>(), 1u);
  ASSERT_EQ(it.peer.tokens.size(), 1u);
  EXPECT_EQ(it.peer.tokens[0].audience, "contoso.azure-devices.net");
  EXPECT_TRUE(it.peer.tokens[0].token.starts_with("policy0:"));
  EXPECT_EQ(it.tokens.device_tokens, 0);
  it.advance(minutes{29});
  EXPECT_EQ(it.peer.tokens.size(), 1u);
  it.advance(minutes{2});
  EXPECT_EQ(it.peer.tokens.size(), 2u);
  it.advance(hours{23});
  EXPECT_EQ(it.peer.tokens.size(), 48u); // 23 h 31 min
  EXPECT_EQ(it.count<detached>(), 0u);
}

TEST(hub_tokens, a_refused_policy_closes_the_connection) {
  rig it{policy_options()};
  it.peer.on_put_token = [](const auto&) { return scripted_peer::status{401, "invalid signature"}; };
  it.attach_all(2);
  ASSERT_EQ(it.count<closed>(), 1u);
  EXPECT_EQ(it.all<closed>()[0].why.code(), errc::hub_unauthorized);
  EXPECT_EQ(it.count<opened>(), 0u);
  EXPECT_EQ(it.count<detached>(), 2u);
}

TEST(hub_tokens, a_policy_that_cannot_be_renewed_lasts_until_its_token_expires) {
  rig it{policy_options()};
  it.attach_all(2);
  it.peer.on_put_token = [](const auto&) { return scripted_peer::status{503, "Service unavailable"}; };
  it.advance(minutes{59});
  EXPECT_EQ(it.count<closed>(), 0u);
  EXPECT_GT(it.peer.tokens.size(), 20u);
  it.advance(minutes{2});
  ASSERT_EQ(it.count<closed>(), 1u);
  EXPECT_EQ(it.all<closed>()[0].why.code(), errc::hub_token_expired);
}

TEST(hub_tokens, a_policy_token_without_an_answer_is_given_up) {
  rig it{policy_options()};
  it.peer.on_put_token = [](const auto&) { return std::nullopt; };
  it.attach_all(1);
  it.advance(seconds{31});
  ASSERT_EQ(it.count<closed>(), 1u);
  EXPECT_EQ(it.all<closed>()[0].why.code(), errc::hub_answer_missing);
}

// The hub's words of 401003, with its own clock.
scripted_peer::status expired(const std::string& stamp) {
  return {401, R"({"errorCode":401003,"trackingId":"0","message":"Token expired","timestampUtc":")" + stamp +
                   R"("})"};
}

TEST(hub_tokens, a_first_token_that_has_expired_already_means_the_clocks) {
  rig it;
  it.peer.on_put_token = [](const auto& token) {
    if (token.audience.ends_with("dev-0")) return expired("2026-01-01T02:00:00.1234567Z");
    if (token.audience.ends_with("dev-1")) return scripted_peer::status{401, "The SAS token has expired"};
    if (token.audience.ends_with("dev-2")) return expired("2026-01-01T00:00:03"); // the clocks agree
    return scripted_peer::status{};
  };
  it.attach_all(4);
  EXPECT_EQ(it.detached_with(0), errc::clock_skew);
  EXPECT_EQ(it.detached_with(1), errc::clock_skew);
  EXPECT_EQ(it.detached_with(2), errc::hub_token_expired); // a token that was made elsewhere
  EXPECT_EQ(it.client.attached_devices(), 1u);
  const std::string with_time = it.all<detached>()[0].why.detail(),
                    without = it.all<detached>()[1].why.detail();
  EXPECT_NE(with_time.find("7200 s behind the hub's"), std::string::npos) << with_time;
  EXPECT_NE(without.find("set this machine's clock (NTP)"), std::string::npos) << without;
  EXPECT_EQ(without.find("behind"), std::string::npos) << without;
}

TEST(hub_tokens, a_renewal_that_the_hub_finds_expired_is_no_clock_skew) {
  rig it;
  it.attach_all(1);
  it.peer.on_put_token = [](const auto&) { return expired("2026-01-01T09:00:00Z"); };
  it.advance(minutes{61});
  EXPECT_EQ(it.detached_with(0), errc::hub_token_expired);
}

TEST(hub_tokens, a_policys_first_token_that_has_expired_already_means_the_clocks) {
  rig it{policy_options()};
  it.peer.on_put_token = [](const auto&) { return expired("2026-01-02T00:00:00Z"); };
  it.attach_all(1);
  ASSERT_EQ(it.count<closed>(), 1u);
  EXPECT_EQ(it.all<closed>()[0].why.code(), errc::clock_skew);
  EXPECT_NE(it.all<closed>()[0].why.detail().find("86400 s behind"), std::string::npos);
}

TEST(hub_tokens, a_policy_changes_over_to_its_other_key_on_the_same_connection) {
  rig it{policy_options()};
  it.tokens.other_keys = 1;
  it.peer.on_put_token = [](const auto& token) {
    return token.token.starts_with("policy1:") ? scripted_peer::status{}
                                               : scripted_peer::status{401, "invalid signature"};
  };
  it.attach_all(3);
  EXPECT_EQ(it.count<attached>(), 3u);
  EXPECT_EQ(it.count<closed>(), 0u);
  ASSERT_EQ(it.peer.tokens.size(), 2u);
  EXPECT_TRUE(it.peer.tokens[1].token.starts_with("policy1:"));
  it.advance(hours{2});
  EXPECT_EQ(it.tokens.key, 1); // and keeps it
  EXPECT_EQ(it.count<detached>(), 0u);
}

TEST(hub_tokens, both_keys_of_a_policy_refused_close_the_connection) {
  rig it{policy_options()};
  it.tokens.other_keys = 5;
  it.peer.on_put_token = [](const auto&) { return scripted_peer::status{401, "invalid signature"}; };
  it.attach_all(1);
  EXPECT_EQ(it.peer.tokens.size(), 2u);
  ASSERT_EQ(it.count<closed>(), 1u);
  EXPECT_EQ(it.all<closed>()[0].why.code(), errc::hub_unauthorized);
}

TEST(hub_tokens, a_policy_key_replaced_while_running_costs_no_device_its_session) {
  rig it{policy_options()};
  it.tokens.other_keys = 1;
  it.attach_all(3);
  it.peer.on_put_token = [](const auto& token) {
    return token.token.starts_with("policy0:") ? scripted_peer::status{401, "invalid signature"}
                                               : scripted_peer::status{};
  };
  it.advance(hours{3});
  EXPECT_EQ(it.count<detached>(), 0u);
  EXPECT_EQ(it.client.attached_devices(), 3u);
  EXPECT_EQ(it.tokens.key, 1);
}

} // namespace
} // namespace causeway::hub
