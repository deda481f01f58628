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

// What a hub sends when a token has run out by its clock.
amqp::condition expired_by(wall_time theirs) {
  return {"amqp:unauthorized-access",
          R"({"errorCode":401003,"message":"IoTHubUnauthorized: expired","timestampUtc":")" +
              format_rfc3339(theirs) + R"("})"};
}

// All links of the hub's go, one by one.
void detach_all(rig& it, const amqp::condition& why) {
  while (!it.peer.telemetry.empty())
    it.peer.detach(it.peer.telemetry.begin()->first, why);
  it.run();
}

// As the pool does it.
void attach_again(rig& it) {
  for (const auto& gone : std::exchange(it.events, {}))
    if (const auto* const one = std::get_if<detached>(&gone); one != nullptr && one->of_policy)
      it.attach(index_of(one->device));
  it.run();
}

TEST(hub_tokens, a_policys_token_that_the_hub_no_longer_takes_is_put_anew_at_once) {
  rig it{policy_options()};
  it.attach_all(60);
  ASSERT_EQ(it.peer.tokens.size(), 1u);
  it.events.clear();
  it.peer.on_put_token = [](const auto&) { return std::nullopt; };
  detach_all(it, expired_by(it.clock.now().wall));
  EXPECT_EQ(it.count<detached>(), 60u);
  for (const auto& gone : it.all<detached>())
    EXPECT_TRUE(gone.of_policy);
  ASSERT_EQ(it.peer.tokens.size(), 2u); // one for all
  const auto attaches = it.peer.attaches.size();
  attach_again(it);
  EXPECT_EQ(it.peer.attaches.size(), attaches); // they wait for it
  EXPECT_EQ(it.client.waiting_for(), "word on the policy's token");
  it.peer.answer(it.peer.tokens[1], {});
  it.run();
  EXPECT_EQ(it.client.attached_devices(), 60u);
  EXPECT_EQ(it.peer.tokens.size(), 2u);
  EXPECT_EQ(it.count<closed>(), 0u);
}

TEST(hub_tokens, a_policy_key_taken_back_is_changed_for_the_other_one_at_the_first_refusal) {
  rig it{policy_options()};
  it.tokens.other_keys = 1;
  it.attach_all(60);
  it.events.clear();
  it.peer.on_put_token = [](const auto& token) {
    return token.token.starts_with("policy1:") ? scripted_peer::status{}
                                               : scripted_peer::status{401, "invalid signature"};
  };
  detach_all(it, {"amqp:unauthorized-access", "Unauthorized"});
  attach_again(it);
  EXPECT_EQ(it.client.attached_devices(), 60u);
  EXPECT_EQ(it.peer.tokens.size(), 3u);
  EXPECT_EQ(it.count<closed>(), 0u);
}

TEST(hub_tokens, two_connections_of_a_policy_change_its_key_once) {
  recording_tokens tokens;
  tokens.other_keys = 1;
  EXPECT_TRUE(tokens.next_policy_key(0));
  EXPECT_TRUE(tokens.next_policy_key(0)); // the other connection's token was of the old key, too
  EXPECT_EQ(tokens.key, 1);
  EXPECT_FALSE(tokens.next_policy_key(1));
}

TEST(hub_tokens, a_device_refused_with_the_old_and_the_new_token_is_its_own_trouble) {
  rig it{policy_options()};
  it.attach_all(3);
  it.peer.refused_attaches["dev-9"] = {"amqp:unauthorized-access", "Unauthorized"};
  it.events.clear();
  it.attach(9);
  it.run();
  ASSERT_EQ(it.count<detached>(), 1u);
  EXPECT_TRUE(it.all<detached>()[0].of_policy);
  attach_again(it);
  ASSERT_EQ(it.count<detached>(), 1u);
  EXPECT_FALSE(it.all<detached>()[0].of_policy);
  EXPECT_EQ(it.detached_with(9), errc::hub_unauthorized);
  EXPECT_EQ(it.peer.tokens.size(), 2u);
  EXPECT_EQ(it.client.attached_devices(), 3u); // nobody else has noticed
}

TEST(hub_tokens, a_device_that_is_disabled_is_no_doubt_of_the_policys_token) {
  rig it{policy_options()};
  it.attach_all(1);
  it.peer.refused_attaches["dev-9"] = {"amqp:unauthorized-access", "Device dev-9 is disabled."};
  it.attach(9);
  it.run();
  EXPECT_EQ(it.detached_with(9), errc::hub_device_disabled);
  EXPECT_EQ(it.peer.tokens.size(), 1u);
}

TEST(hub_tokens, tokens_that_are_accepted_and_expired_at_once_are_no_storm) {
  rig it{policy_options()};
  it.peer.refused_attaches["dev-0"] = expired_by(it.clock.now().wall);
  it.attach_all(1);
  for (int second = 0; second < 600; ++second) {
    attach_again(it);
    it.advance(seconds{1});
  }
  EXPECT_LE(it.peer.tokens.size(), 40u);
  EXPECT_GE(it.peer.tokens.size(), 10u);
  EXPECT_EQ(it.count<closed>(), 0u);
}

TEST(hub_tokens, a_new_policys_token_that_cannot_be_judged_now_is_put_again) {
  rig it{policy_options()};
  it.attach_all(2);
  it.events.clear();
  bool busy = true;
  it.peer.on_put_token = [&](const auto&) {
    return busy ? scripted_peer::status{500, "Internal error"} : scripted_peer::status{};
  };
  detach_all(it, expired_by(it.clock.now().wall));
  attach_again(it);
  busy = false;
  it.advance(seconds{50}); // longer than a device waits for credit that does not come
  EXPECT_EQ(it.client.attached_devices(), 2u);
  EXPECT_EQ(it.count<closed>(), 0u);
}

// The hub's clock is 40 min ahead: what lives an hour here ends after 20 min there.
TEST(hub_tokens, a_policys_token_is_made_by_the_hubs_clock_once_that_is_known) {
  constexpr minutes behind{40};
  rig it{policy_options()};
  it.tokens.learns = true;
  it.attach_all(3);
  it.advance(minutes{20});
  it.events.clear();
  const auto theirs = it.clock.now().wall + behind;
  detach_all(it, expired_by(theirs));
  attach_again(it);
  EXPECT_EQ(it.client.attached_devices(), 3u);
  ASSERT_EQ(it.peer.tokens.size(), 2u);
  EXPECT_EQ(it.peer.tokens[1].token, "policy0:" + std::to_string(unix_seconds(theirs + hours{1})));
  EXPECT_EQ(it.tokens.hub_times.front(), theirs);
}

TEST(hub_tokens, a_first_token_that_has_expired_already_is_made_anew_by_the_hubs_clock) {
  for (const auto mode : {auth::policy, auth::device_keys}) {
    auto options = device_key_options();
    options.mode = mode;
    rig it{options};
    it.tokens.learns = true;
    const auto theirs = it.clock.now().wall + hours{2};
    it.peer.on_put_token = [&](const auto& token) {
      const auto expiry = std::stoll(token.token.substr(token.token.rfind(':') + 1));
      return expiry > unix_seconds(theirs) ? scripted_peer::status{} : expired(format_rfc3339(theirs));
    };
    it.attach_all(2);
    EXPECT_EQ(it.client.attached_devices(), 2u);
    EXPECT_EQ(it.count<detached>(), 0u);
    EXPECT_EQ(it.count<closed>(), 0u);
  }
}

TEST(hub_tokens, a_hub_that_finds_each_token_expired_is_asked_twice) {
  for (const auto mode : {auth::policy, auth::device_keys}) {
    auto options = device_key_options();
    options.mode = mode;
    rig it{options};
    it.tokens.learns = true;
    auto theirs = it.clock.now().wall;
    it.peer.on_put_token = [&](const auto&) { return expired(format_rfc3339(theirs += hours{5})); };
    it.attach_all(1);
    EXPECT_EQ(it.peer.tokens.size(), 2u);
    EXPECT_EQ(mode == auth::policy ? it.all<closed>()[0].why.code() : it.detached_with(0), errc::clock_skew);
  }
}

TEST(hub_tokens, tokens_made_by_a_wrong_clock_are_all_put_anew) {
  rig one{policy_options()};
  one.attach_all(3);
  one.client.renew_tokens(one.clock.now());
  one.run();
  EXPECT_EQ(one.peer.tokens.size(), 2u);

  rig many;
  many.attach_all(50);
  many.client.renew_tokens(many.clock.now());
  many.run();
  many.advance(seconds{32});
  EXPECT_EQ(many.peer.tokens.size(), 100u);
  EXPECT_EQ(many.count<detached>(), 0u);
}

} // namespace
} // namespace causeway::hub
