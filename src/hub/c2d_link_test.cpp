// SPDX-License-Identifier: Apache-2.0
// Cloud-to-device messages over a connection: credit, what is in hand, how it ends.
#include "hub/connection.h"
#include "hub/scripted_peer.h"

#include <algorithm>
#include <gtest/gtest.h>

namespace causeway::hub {
namespace {

using namespace std::chrono_literals;
using model::c2d_settlement;
using strings = std::vector<std::string>;

struct c2d_link : testing::Test {
  c2d_link() {
    it.commands = true;
    it.attach_all(1);
  }
  amqp::link link() { return it.peer.c2d.at("dev-0"); }
  void give(const std::string& tag) {
    it.peer.give_c2d("dev-0", tag);
    it.run();
  }
  std::vector<c2d_given> given() const {
    std::vector<c2d_given> out;
    for (const auto& one : it.news)
      if (const auto* what = std::get_if<c2d_given>(&one)) out.push_back(*what);
    return out;
  }
  model::delivery_number last() const { return given().back().what.number; }
  void settle(model::delivery_number which, c2d_settlement how = c2d_settlement::complete) {
    it.client.commands().settle(ref(0), which, how, it.clock.now());
    it.run();
  }
  void take(bool any) {
    it.client.commands().take_c2d(any);
    it.run();
  }
  strings outcomes() const {
    strings out;
    for (const auto& one : it.peer.outcomes)
      out.push_back(one.tag +
                    (one.with.kind == amqp::outcome_kind::accepted   ? " accepted"
                     : one.with.kind == amqp::outcome_kind::rejected ? " rejected"
                     : one.with.kind == amqp::outcome_kind::released ? " released"
                                                                     : " nothing") +
                    (one.with.reason.empty() ? "" : " " + one.with.reason.name));
    return out;
  }

  rig it;
};

TEST_F(c2d_link, a_device_that_is_attached_has_credit_for_eight) {
  EXPECT_EQ(link().credit(), 8);
}

TEST_F(c2d_link, a_message_comes_with_a_number_of_its_own) {
  give("a");
  give("b");
  ASSERT_EQ(given().size(), 2U);
  EXPECT_EQ(given()[0].device, ref(0));
  EXPECT_EQ(given()[0].what.message_id, "a");
  EXPECT_EQ(given()[0].what.body, "body of a");
  EXPECT_NE(given()[0].what.number, model::delivery_number{});
  EXPECT_LT(given()[0].what.number, given()[1].what.number);
}

TEST_F(c2d_link, numbers_go_on_from_where_the_connection_was_told) {
  auto options = device_key_options();
  options.first_delivery = std::uint64_t{5} << 32;
  rig other{options};
  other.commands = true;
  other.attach_all(1);
  other.peer.give_c2d("dev-0", "a");
  other.run();
  ASSERT_EQ(other.news.size(), 1U);
  EXPECT_EQ(std::get<c2d_given>(other.news[0]).what.number,
            model::delivery_number{(std::uint64_t{5} << 32) + 1});
}

TEST_F(c2d_link, complete_accepts_and_reject_rejects_without_a_reason) {
  give("a");
  settle(last());
  give("b");
  settle(last(), c2d_settlement::reject);
  EXPECT_EQ(outcomes(), (strings{"a accepted", "b rejected"}));
}

TEST_F(c2d_link, each_settled_one_gives_its_credit_again) {
  for (int i = 0; i < 8; ++i)
    give("m" + std::to_string(i));
  EXPECT_EQ(link().credit(), 0);
  EXPECT_EQ(given().size(), 8U);
  settle(given()[3].what.number);
  EXPECT_EQ(link().credit(), 1);
  settle(given()[0].what.number);
  EXPECT_EQ(link().credit(), 2);
}

TEST_F(c2d_link, what_is_settled_once_is_settled) {
  give("a");
  settle(last());
  settle(last(), c2d_settlement::reject);
  EXPECT_EQ(outcomes(), strings{"a accepted"});
  EXPECT_EQ(link().credit(), 8);
}

TEST_F(c2d_link, a_number_that_is_of_another_device_does_nothing) {
  it.attach_all(2);
  give("a");
  it.client.commands().settle(ref(1), last(), c2d_settlement::complete, it.clock.now());
  it.client.commands().settle(ref(9), last(), c2d_settlement::complete, it.clock.now());
  it.run();
  EXPECT_TRUE(outcomes().empty());
}

TEST_F(c2d_link, one_may_be_settled_for_55_seconds) {
  give("a");
  it.advance(55s);
  settle(last());
  EXPECT_EQ(outcomes(), strings{"a accepted"});
}

TEST_F(c2d_link, after_55_seconds_it_is_left_alone) {
  give("a");
  it.advance(55s + 1ms);
  settle(last());
  EXPECT_TRUE(outcomes().empty());
  EXPECT_EQ(link().credit(), 7) << "its lock may still live";
}

TEST_F(c2d_link, after_61_seconds_it_is_dead_and_its_credit_is_given_again) {
  give("a");
  it.advance(60s);
  EXPECT_EQ(link().credit(), 7);
  it.advance(1s);
  EXPECT_EQ(link().credit(), 8);
  settle(last());
  EXPECT_TRUE(outcomes().empty()) << "a word about a dead lock may cost the link";
  EXPECT_EQ(it.client.counters().c2d_dead, 1U);
}

TEST_F(c2d_link, settled_ones_wake_nobody) {
  give("a");
  give("b");
  const auto first = given()[0].what.number, second = given()[1].what.number;
  settle(second);
  settle(first);
  const auto before = it.ticks;
  it.peer.answers_close = true;
  it.advance(61s);
  EXPECT_LE(it.ticks - before, 10U) << "heartbeats alone";
  EXPECT_EQ(it.client.counters().c2d_dead, 0U);
}

TEST_F(c2d_link, after_eight_dead_ones_the_link_comes_anew_when_none_is_alive) {
  for (int i = 0; i < 7; ++i)
    give("dead" + std::to_string(i));
  it.advance(30s);
  give("eighth");
  it.advance(31s);
  EXPECT_EQ(it.client.counters().c2d_dead, 7U);
  EXPECT_EQ(link().credit(), 7);
  give("alive"); // given before the eighth is dead
  it.advance(30s);
  EXPECT_EQ(it.client.counters().c2d_dead, 8U);
  EXPECT_EQ(link().credit(), 0) << "no new one is to come on this link";
  EXPECT_TRUE(it.peer.detached_by_client.empty()) << "one is alive";
  const auto old = link().name();
  settle(last());
  EXPECT_EQ(outcomes(), strings{"alive accepted"});
  EXPECT_EQ(it.peer.detached_by_client, strings{old});
  EXPECT_NE(link().name(), old);
  EXPECT_EQ(link().credit(), 8);
  EXPECT_EQ(it.client.attached_devices(), 1U);
  EXPECT_EQ(it.count<detached>(), 0U);
  give("next");
  EXPECT_EQ(given().back().what.message_id, "next");
  EXPECT_EQ(it.client.counters().command_links_lost, 0U);
}

TEST_F(c2d_link, a_worn_link_is_kept_until_the_hubs_detach_is_in) {
  it.peer.answers_detach = false;
  for (int i = 0; i < 8; ++i)
    give("dead" + std::to_string(i));
  it.advance(61s);
  EXPECT_EQ(it.peer.detached_by_client.size(), 1U);
  EXPECT_EQ(it.peer.attaches.size(), 2U) << "not attached anew";
  EXPECT_TRUE(outcomes().empty()) << "giving the link's memory back would say something of the dead ones";
  it.peer.let_go_c2d("dev-0");
  it.run();
  EXPECT_EQ(it.peer.attaches.size(), 3U);
  EXPECT_EQ(link().credit(), 8);
}

TEST_F(c2d_link, nothing_is_taken_while_nothing_can_be_stored) {
  take(false);
  EXPECT_EQ(link().credit(), 0);
  it.attach_all(2);
  EXPECT_EQ(it.peer.c2d.at("dev-1").credit(), 0);
  take(true);
  EXPECT_EQ(link().credit(), 8);
  EXPECT_EQ(it.peer.c2d.at("dev-1").credit(), 8);
  give("a");
  EXPECT_EQ(given().size(), 1U);
}

TEST_F(c2d_link, what_is_on_its_way_comes_all_the_same_and_can_be_settled) {
  it.peer.give_c2d("dev-0", "a"); // before the drain is there
  take(false);
  ASSERT_EQ(given().size(), 1U);
  settle(last());
  EXPECT_EQ(outcomes(), strings{"a accepted"});
  EXPECT_EQ(link().credit(), 0) << "its credit is not given again";
}

TEST_F(c2d_link, a_hub_that_does_not_drain_has_what_credit_it_had) {
  it.peer.answers_drain = false;
  take(false);
  take(true);
  EXPECT_EQ(link().credit(), 8);
  give("a");
  settle(last());
  EXPECT_EQ(link().credit(), 8);
}

TEST_F(c2d_link, begins_without_credit_where_it_is_told_so) {
  auto options = device_key_options();
  options.takes_c2d = false;
  rig other{options};
  other.commands = true;
  other.attach_all(1);
  EXPECT_EQ(other.peer.c2d.at("dev-0").credit(), 0);
}

TEST_F(c2d_link, a_malformed_message_is_rejected_at_once_and_told) {
  scripted_peer::give_bytes(link(), "bad", "no message");
  it.run();
  EXPECT_EQ(outcomes(), strings{"bad rejected"});
  EXPECT_TRUE(given().empty());
  ASSERT_EQ(it.news.size(), 1U);
  const auto& told = std::get<command_trouble>(it.news[0]);
  EXPECT_EQ(told.why.code(), errc::amqp_value_malformed);
  EXPECT_FALSE(told.pause);
  EXPECT_EQ(link().credit(), 8);
  EXPECT_EQ(it.client.counters().commands_malformed, 1U);
}

TEST_F(c2d_link, what_a_link_has_given_is_forgotten_with_it) {
  give("a");
  const auto number = last();
  it.peer.detach_c2d("dev-0", {"amqp:link:detach-forced", "Server Busy. Please retry operation"});
  it.run();
  // Giving the link's memory back says without a state that it is forgotten, to a hub that has done so.
  const auto before = outcomes();
  EXPECT_EQ(std::ranges::count(before, "a accepted"), 0);
  settle(number);
  EXPECT_EQ(outcomes(), before);
  it.advance(10s);
  EXPECT_EQ(link().credit(), 8);
  it.advance(61s);
  EXPECT_EQ(it.client.counters().c2d_dead, 0U);
}

TEST_F(c2d_link, what_a_device_has_in_hand_is_forgotten_with_it) {
  give("a");
  const auto number = last();
  it.client.detach(ref(0), it.clock.now());
  it.run();
  it.attach(0);
  it.run();
  settle(number);
  EXPECT_TRUE(outcomes().empty());
  it.advance(61s);
  EXPECT_EQ(it.client.counters().c2d_dead, 0U);
}

TEST_F(c2d_link, news_of_a_device_that_has_gone_are_not_told) {
  it.peer.give_c2d("dev-0", "a");
  std::string bytes;
  it.peer.engine().take_output(bytes);
  it.client.on_bytes(bytes, it.clock.now());
  it.client.detach(ref(0), it.clock.now());
  it.run();
  EXPECT_TRUE(it.news.empty());
}

TEST_F(c2d_link, a_device_without_commands_costs_no_more_than_it_did) {
  static_assert(sizeof(void*) != 8 || sizeof(device_session) <= 184);
  rig other;
  other.attach_all(1);
  EXPECT_EQ(other.peer.attaches.size(), 1U);
}

} // namespace
} // namespace causeway::hub
