// SPDX-License-Identifier: Apache-2.0
#include "hub/scripted_peer.h"

#include <gtest/gtest.h>

namespace causeway::hub {
namespace {

using std::chrono::hours;
using std::chrono::minutes;

TEST(hub_tokens, a_day_of_renewals_leaves_no_gap_and_no_burst) {
  constexpr std::uint32_t devices = 40;
  connection_options options = device_key_options();
  options.cbs_in_flight = 10;
  rig it{options};
  std::map<std::string, wall_time> valid_until;
  std::map<std::int64_t, int> a_minute;
  std::size_t gaps = 0;
  it.peer.on_put_token = [&](const auto& token) {
    const wall_time now = it.clock.now().wall;
    const auto known = valid_until.find(token.audience);
    if (known != valid_until.end()) {
      if (known->second <= now) ++gaps;
      ++a_minute[unix_seconds(now) / 60];
    }
    valid_until[token.audience] = now + hours{1};
    return scripted_peer::status{};
  };
  it.attach_all(devices);
  it.advance(hours{24});
  EXPECT_EQ(gaps, 0u);
  for (const auto& [audience, until] : valid_until)
    EXPECT_GT(until, it.clock.now().wall) << audience;
  // Each device at 60 to 80 % of the hour.
  EXPECT_GE(it.client.counters().renewals, devices * 30u);
  EXPECT_LE(it.client.counters().renewals, devices * 40u);
  int most = 0;
  for (const auto& [minute, count] : a_minute)
    most = std::max(most, count);
  EXPECT_LE(most, 15);
  // In place: no link was attached again, nobody went.
  EXPECT_EQ(it.peer.attaches.size(), devices);
  EXPECT_EQ(it.count<detached>(), 0u);
  EXPECT_EQ(it.client.authorised_devices(), devices);
  EXPECT_LT(it.ticks, devices * 40u * 3u); // it sleeps between
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

} // namespace
} // namespace causeway::hub
