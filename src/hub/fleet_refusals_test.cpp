// SPDX-License-Identifier: Apache-2.0
// A hub refuses devices for what is none's own fault, counts tokens its own way, or is to give places back.
#include "hub/fleet_scene.h"

namespace causeway::hub {
namespace {

using words = std::vector<std::string>;

class fleet_refusals : public testing::Test {
protected:
  fleet_refusals() {
    s.on_peer = [this](scripted_peer& peer) {
      auto* const self = &peer;
      authorised[self].clear();
      peer.on_put_token = [this, self](const scripted_peer::put_token& token) { return judge(*self, token); };
    };
  }
  std::optional<scripted_peer::status> judge(scripted_peer& peer, const scripted_peer::put_token& token) {
    ++tries;
    if (keys_off) return scripted_peer::status{401, "SAS auth is disabled (disableLocalAuth)"};
    auto& seen = authorised[&peer];
    seen.insert(token.audience);
    const auto device = token.audience.substr(std::min(token.audience.rfind('/') + 1, token.audience.size()));
    if (seen.size() > most_tokens || never.contains(device))
      return scripted_peer::status{500, "The maximum number of tokens per connection has been reached."};
    return scripted_peer::status{};
  }

  fleet_scene s;
  bool keys_off = false;
  std::size_t most_tokens = 10'000, tries = 0;
  std::set<std::string> never; // devices that no connection has room for
  std::map<scripted_peer*, std::set<std::string>> authorised;
};

TEST_F(fleet_refusals, what_is_everybodys_is_tried_by_one_for_all) {
  keys_off = true;
  s.attach_many(0, 200);
  s.advance(1s);
  EXPECT_EQ(tries, 200U + 1U) << "those under way, and one after half a second";
  EXPECT_TRUE(s.words.empty()) << "no device is to blame";
  EXPECT_EQ(s.totals().devices, 200U);
  EXPECT_EQ(s.totals().last_fault->code(), errc::local_authentication_off);
  s.advance(1h);
  EXPECT_LE(tries, 200U + 80U);
  keys_off = false;
  s.advance(1min + 15s);
  EXPECT_EQ(s.count_of("attached"), 200U);
  EXPECT_FALSE(s.totals().last_fault);
}

TEST_F(fleet_refusals, the_next_one_tries_for_all_when_the_device_that_did_has_left) {
  s.attach(0); // keeps the connection
  s.run();
  keys_off = true;
  s.attach_many(1, 3);
  s.run();
  s.take_words();
  for (auto& [id, on] : s.wires)
    on.peer->on_put_token = [this](const auto&) -> std::optional<scripted_peer::status> {
      ++tries;
      return std::nullopt; // no word
    };
  tries = 0;
  s.advance(1s);
  ASSERT_EQ(tries, 1U);
  const auto last = s.peer().tokens.back().audience;
  keys_off = false;
  s.peer().on_put_token = [](const auto&) { return scripted_peer::status{}; };
  s.detach(static_cast<std::uint32_t>(std::stoul(last.substr(last.rfind('-') + 1))));
  s.advance(1s);
  EXPECT_EQ(s.count_of("attached"), 2U);
}

TEST_F(fleet_refusals, the_next_one_tries_for_all_when_the_line_of_the_one_that_did_is_lost) {
  keys_off = true;
  s.attach_many(0, 3);
  s.run();
  for (auto& [id, on] : s.wires)
    on.peer->on_put_token = [](const auto&) { return std::nullopt; };
  s.advance(1s); // one is on its way
  s.lose(0);
  keys_off = false;
  s.advance(5s);
  EXPECT_EQ(s.count_of("attached"), 3U);
}

TEST_F(fleet_refusals, what_was_in_the_way_may_have_gone) {
  keys_off = true;
  s.attach_many(0, 3);
  s.advance(1h);
  keys_off = false;
  s.set().try_now(s.now());
  s.run();
  EXPECT_EQ(s.count_of("attached"), 3U);
}

TEST_F(fleet_refusals, a_connection_whose_tokens_are_used_up_takes_nobody_any_more) {
  most_tokens = 100;
  s.attach_many(0, 150);
  s.advance(1min);
  EXPECT_EQ(s.count_of("attached"), 150U);
  EXPECT_EQ(s.count_of("detached"), 0U) << "the devices are not to blame";
  EXPECT_EQ(s.totals().connections_open, 2U);
  EXPECT_EQ(s.peer(0).telemetry.size(), 100U);
  EXPECT_EQ(s.peer(1).telemetry.size(), 50U);
  s.attach(500);
  s.run();
  EXPECT_EQ(s.peer(1).telemetry.size(), 51U) << "also without being refused first";
}

TEST_F(fleet_refusals, a_device_that_has_moved_once_and_was_attached_moves_again) {
  s.sections[0].connects_per_second = 100; // so that some are attached when the first is refused
  most_tokens = 100;
  s.attach_many(0, 150);
  s.advance(1min);
  s.take_words();
  most_tokens = 30;
  s.peer(0).on_put_token = [](const auto&) { return scripted_peer::status{}; };
  s.lose(1); // with the 50 that have moved
  s.advance(1min);
  EXPECT_EQ(s.count_of("attached"), 50U);
  EXPECT_EQ(s.count_of("detached"), 50U);
  for (const auto& word : s.words)
    EXPECT_EQ(word.find("hub_token_limit"), std::string::npos) << word;
}

TEST_F(fleet_refusals, connections_that_are_made_for_it_are_made_no_faster_than_the_back_off_allows) {
  most_tokens = 100;
  s.attach_many(0, 200);
  s.run();
  ASSERT_EQ(s.orders_at.size(), 1U);
  s.advance(400ms);
  EXPECT_EQ(s.orders_at.size(), 1U);
  s.advance(100ms);
  EXPECT_EQ(s.orders_at.size(), 2U);
}

TEST_F(fleet_refusals, a_device_that_no_connection_has_room_for_is_meant_itself) {
  never.insert("dev-7");
  s.attach_many(0, 20);
  s.advance(1h);
  EXPECT_EQ(s.count_of("attached"), 19U);
  EXPECT_EQ(s.count("detached 7 hub_token_limit"), 1U);
  EXPECT_LE(s.orders_at.size(), 2U);
}

TEST_F(fleet_refusals, the_first_device_of_a_connection_is_meant_itself) {
  never.insert("dev-0");
  s.attach(0);
  s.advance(1h);
  EXPECT_EQ(s.words, (words{"detached 0 hub_token_limit"}));
  EXPECT_EQ(s.orders_at.size(), 1U);
}

TEST_F(fleet_refusals, of_the_policys_token_leave_the_device_waiting_on_its_line) {
  s.mode = auth::policy;
  s.attach_many(0, 2);
  s.run();
  s.take_words();
  s.advance(1min);
  s.peer().detach("dev-0", {"amqp:unauthorized-access", ""});
  s.run();
  EXPECT_EQ(s.words, (words{"detached 0 hub_unauthorized, comes back", "attached 0"}));
  EXPECT_EQ(s.totals().devices, 2U);
  EXPECT_EQ(s.totals().attached, 2U);
}

class fleet_rotation : public testing::Test {
protected:
  // A connection that has authorised 995 devices, of which 900 are there.
  fleet_rotation() {
    s.attach_many(0, 900);
    s.advance(1s);
    for (std::uint32_t device = 0; device < 95; ++device)
      s.detach(device);
    s.attach_many(1'000, 95);
    s.advance(1s);
    EXPECT_EQ(s.totals().attached, 900U);
    EXPECT_EQ(s.totals().connections_made, 1U);
    s.take_words();
  }
  void leave(std::uint32_t first, std::uint32_t count) {
    for (auto device = first; device < first + count; ++device)
      s.detach(device);
  }
  fleet_scene s;
};

TEST_F(fleet_rotation, moves_all_to_a_new_connection_a_few_at_a_time_and_closes_the_old_one) {
  leave(95, 90);
  s.advance(10min);
  EXPECT_EQ(s.count_of("detached"), 810U);
  EXPECT_EQ(s.count_of("attached"), 810U);
  EXPECT_TRUE(s.words[0].starts_with("detached") && s.words[0].ends_with("hub_interrupted, comes back"))
      << s.words[0];
  const auto totals = s.totals();
  EXPECT_EQ(totals.connections_rotated, 1U);
  EXPECT_EQ(totals.connections_open, 1U);
  EXPECT_EQ(totals.connections_lost, 0U);
  EXPECT_EQ(totals.attached, 810U);
}

// In the pause between two rotations too: nobody leaves it again, so nobody would look at it any more.
TEST_F(fleet_rotation, a_used_up_connection_that_is_empty_is_closed_at_once) {
  leave(95, 805);
  leave(1'000, 95);
  s.advance(1s);
  ASSERT_EQ(s.totals().connections_rotated, 1U);
  s.attach_many(3'000, 900);
  s.advance(1s);
  leave(3'000, 95);
  s.attach_many(5'000, 95);
  s.advance(1s);
  ASSERT_EQ(s.totals().connections_open, 1U);
  leave(3'095, 805);
  leave(5'000, 95);
  s.advance(1s);
  EXPECT_EQ(s.totals().connections_rotated, 2U);
  EXPECT_EQ(s.totals().connections_open, 0U);
  s.attach(9'000);
  s.advance(1s);
  EXPECT_EQ(s.totals().attached, 1U);
}

TEST_F(fleet_rotation, leaves_those_alone_that_are_sending) {
  s.peer().on_message = [](const auto&) { return amqp::outcome{}; };
  s.send(500, 1);
  s.run();
  leave(95, 90);
  s.advance(5s);
  EXPECT_EQ(s.count_of("detached"), 809U);
  EXPECT_EQ(s.count_of("detached 500"), 0U);
  EXPECT_EQ(s.totals().connections_open, 2U);
  s.peer().messages.back().delivery.settle({amqp::outcome_kind::accepted, {}});
  s.advance(1s);
  EXPECT_EQ(s.count("sent 1 ok"), 1U);
  EXPECT_EQ(s.count_of("detached 500"), 1U);
  EXPECT_EQ(s.totals().connections_rotated, 1U);
}

TEST_F(fleet_rotation, goes_on_when_the_connection_is_lost_meanwhile) {
  s.peer().on_message = [](const auto&) { return amqp::outcome{}; };
  s.send(500, 1);
  s.run();
  leave(95, 90);
  s.advance(1s);
  s.lose(0);
  s.advance(1min);
  EXPECT_EQ(s.totals().connections_rotated, 1U);
  EXPECT_EQ(s.totals().connections_open, 1U);
  EXPECT_EQ(s.totals().attached, 810U);
}

TEST_F(fleet_rotation, moves_twenty_a_turn) {
  leave(95, 90);
  s.set().advance(s.clock.now());
  EXPECT_EQ(s.count_of("detached"), 20U);
  s.set().advance(s.clock.now());
  EXPECT_EQ(s.count_of("detached"), 40U);
}

// On a connection of its own.
TEST_F(fleet_rotation, waits_until_nobody_is_offline) {
  s.attach(2'000);
  s.advance(1s);
  ASSERT_EQ(s.totals().connections_open, 2U);
  s.take_words();
  s.attach_many(3'000, 800);
  leave(95, 90);
  EXPECT_GT(s.totals().queued, 0U);
  s.set().advance(s.clock.now());
  EXPECT_GT(s.totals().queued, 0U) << "more than the budget lets through at once";
  EXPECT_EQ(s.count_of("detached"), 0U);
  s.advance(1min);
  EXPECT_EQ(s.count_of("detached"), 810U);
}

} // namespace
} // namespace causeway::hub
