// SPDX-License-Identifier: Apache-2.0
// What comes down to devices, through the fleets.
#include "hub/fleet_scene.h"

#include <gtest/gtest.h>

namespace causeway::hub {
namespace {

using words = std::vector<std::string>;

struct fleet_commands : testing::Test {
  fleet_commands() { wish.commands = wish.methods = true; }
  void attach(std::uint32_t number) { s.attach(number, wish); }
  void give(std::uint32_t number, const std::string& tag, std::uint32_t line = 0) {
    s.peer(line).give_c2d(name_of(number).str(), tag);
    s.run();
  }
  int credit(std::uint32_t number, std::uint32_t line = 0) {
    return s.peer(line).c2d.at(name_of(number).str()).credit();
  }

  fleet_scene s;
  model::connect_wish wish;
};

TEST_F(fleet_commands, are_told_of_devices_that_are_attached_and_settled_on_their_line) {
  attach(1);
  s.run();
  give(1, "a");
  EXPECT_EQ(s.words, (words{"attached 1", "c2d 1 body of a"}));
  EXPECT_TRUE(s.told_in_a_call.empty());
  s.settle(1, s.messages.at(0).number, model::c2d_settlement::reject);
  s.run();
  ASSERT_EQ(s.peer().outcomes.size(), 1U);
  EXPECT_EQ(s.peer().outcomes[0].with.kind, amqp::outcome_kind::rejected);
}

TEST_F(fleet_commands, calls_are_answered_on_their_line) {
  attach(1);
  s.run();
  s.peer().call("dev-1", "reboot", amqp::value{amqp::uuid{{1}}}, "null");
  s.run();
  EXPECT_EQ(s.words.back(), "call 1 reboot");
  s.answer(1, s.calls.at(0).number, {200, "{}"});
  s.run();
  ASSERT_EQ(s.peer().messages.size(), 1U);
  EXPECT_EQ(s.peer().messages[0].what.data, "{}");
}

TEST_F(fleet_commands, of_a_tier_without_commands_no_methods_are_asked_for) {
  s.sections[0].commands = false;
  attach(1);
  s.run();
  EXPECT_EQ(s.peer().attaches.size(), 1U);
}

TEST_F(fleet_commands, a_wish_for_messages_alone_opens_no_links_of_methods) {
  wish.methods = false;
  attach(1);
  s.run();
  EXPECT_EQ(s.peer().attaches.size(), 2U);
  EXPECT_TRUE(s.peer().calls.empty());
}

TEST_F(fleet_commands, numbers_are_not_used_again_by_the_next_connection) {
  attach(1);
  s.run();
  give(1, "a");
  const auto first = s.messages.at(0).number;
  s.lose(0);
  s.advance(5s);
  give(1, "a");
  ASSERT_EQ(s.messages.size(), 2U);
  EXPECT_GT(s.messages[1].number, first);
  s.settle(1, first);
  s.run();
  EXPECT_TRUE(s.peer().outcomes.empty()) << "it went with its connection";
  s.settle(1, s.messages[1].number);
  s.run();
  EXPECT_EQ(s.peer().outcomes.size(), 1U);
}

TEST_F(fleet_commands, nothing_is_settled_for_a_device_that_is_not_here) {
  attach(1);
  s.run();
  give(1, "a");
  const auto number = s.messages.at(0).number;
  s.detach(1);
  s.settle(1, number);
  s.settle(77, number);
  s.answer(77, number, {});
  s.run();
  EXPECT_TRUE(s.peer().outcomes.empty());
}

TEST_F(fleet_commands, hubs_keep_their_messages_from_the_first_device_on_when_told_so) {
  s.take_c2d(false);
  attach(1);
  s.run();
  EXPECT_EQ(credit(1), 0);
  s.take_c2d(true);
  s.run();
  EXPECT_EQ(credit(1), 8);
}

TEST_F(fleet_commands, every_line_of_every_hub_is_told_a_turn_each) {
  s.channel_max = 3; // two devices a line
  for (std::uint32_t number = 0; number < 6; ++number)
    attach(number);
  s.attach(9, fleet_scene::at("other.azure-devices.net", "dev-9"), wish);
  s.advance(10s);
  const auto credits = [&] {
    std::multiset<int> all;
    for (const auto& [id, on] : s.wires)
      for (const auto& [device, link] : on.peer->c2d)
        all.insert(link.credit());
    return all;
  };
  ASSERT_EQ(credits().count(8), 7U) << s.wires.size() << " lines";
  const auto before = s.turns;
  s.take_c2d(false);
  s.run();
  EXPECT_EQ(credits().count(0), 7U);
  EXPECT_GE(s.turns - before, s.wires.size());
  s.take_c2d(true);
  s.run();
  EXPECT_EQ(credits().count(8), 7U);
}

TEST_F(fleet_commands, a_line_that_opens_while_others_are_told_begins_as_told) {
  attach(1);
  s.run();
  s.take_c2d(false);
  s.run();
  s.lose(0);
  s.advance(5s);
  EXPECT_EQ(credit(1), 0);
}

TEST_F(fleet_commands, a_device_whose_command_link_is_refused_stays_attached) {
  s.on_peer = [](scripted_peer& peer) { peer.refused_c2d["dev-1"] = {"amqp:not-allowed", "no"}; };
  attach(1);
  s.run();
  s.advance(20s);
  EXPECT_EQ(s.words, words{"attached 1"});
  EXPECT_EQ(s.totals().attached, 1U);
  EXPECT_EQ(s.totals().devices, 1U);
}

} // namespace
} // namespace causeway::hub
