// SPDX-License-Identifier: Apache-2.0
// The cloud-to-device link beside telemetry: how it comes, goes and comes again.
#include "hub/connection.h"
#include "hub/scripted_peer.h"

#include <chrono>
#include <gtest/gtest.h>
#include <set>

namespace causeway::hub {
namespace {

using std::chrono::minutes;

struct commands_rig : rig {
  commands_rig() { commands = true; }
};

TEST(hub_commands, a_device_that_takes_commands_has_a_second_link) {
  commands_rig it;
  it.client.attach(ref(7), identity{"dev#7"}, {"dtmi:acme:meter;1", true, false}, it.clock.now());
  it.run();
  ASSERT_EQ(it.count<attached>(), 1u);
  ASSERT_EQ(it.peer.attaches.size(), 2u);
  EXPECT_EQ(it.peer.attaches[0].address, "/devices/dev%237/messages/events");
  EXPECT_EQ(it.peer.attaches[1].address, "/devices/dev%237/messages/devicebound");
  const amqp::value& properties = it.peer.attaches[1].properties;
  ASSERT_NE(properties.find("com.microsoft:client-version"), nullptr);
  EXPECT_EQ(*properties.find("com.microsoft:client-version")->text(), "causeway/test");
  EXPECT_EQ(properties.find("com.microsoft:model-id"), nullptr);
  const amqp::link c2d = it.peer.c2d.at("dev#7");
  EXPECT_TRUE(c2d.session() == it.peer.telemetry.at("dev#7").session());
  it.advance(std::chrono::hours{3});
  EXPECT_TRUE(c2d.remote_open());
}

TEST(hub_commands, without_the_wish_there_is_one_link) {
  rig it;
  it.attach_all(2);
  EXPECT_EQ(it.count<attached>(), 2u);
  EXPECT_EQ(it.peer.attaches.size(), 2u);
  EXPECT_TRUE(it.peer.c2d.empty());
}

TEST(hub_commands, a_device_is_attached_when_its_telemetry_is) {
  commands_rig it;
  it.peer.answers_c2d = false;
  it.attach_all(2);
  EXPECT_EQ(it.count<attached>(), 2u);
  it.send(0, 1);
  it.run();
  EXPECT_EQ(it.outcomes(), std::vector<std::string>{"ok"});
  it.advance(minutes{5});
  EXPECT_EQ(it.client.attached_devices(), 2u) << "the other link may come late";
  it.peer.c2d.at("dev-1").open();
  it.run();
  EXPECT_EQ(it.peer.c2d.at("dev-1").credit(), 8);
}

TEST(hub_commands, no_message_comes_before_telemetry_is_ready) {
  commands_rig it;
  it.peer.credit = 0;
  it.attach_all(1);
  EXPECT_EQ(it.peer.c2d.at("dev-0").credit(), 0);
  it.peer.telemetry.at("dev-0").add_credit(1);
  it.run();
  EXPECT_EQ(it.count<attached>(), 1u);
  EXPECT_EQ(it.peer.c2d.at("dev-0").credit(), 8);
}

TEST(hub_commands, a_refused_link_costs_neither_session_nor_telemetry) {
  commands_rig it;
  it.peer.refused_c2d["dev-1"] = {"amqp:not-allowed", "The basic tier has no cloud-to-device communication."};
  it.attach_all(3);
  EXPECT_EQ(it.count<attached>(), 3u);
  EXPECT_EQ(it.count<detached>(), 0u);
  it.send(1, 1);
  it.run();
  EXPECT_EQ(it.outcomes(), std::vector<std::string>{"ok"});
  ASSERT_EQ(it.news.size(), 1u);
  const auto& told = std::get<command_trouble>(it.news[0]);
  EXPECT_EQ(told.device, ref(1));
  EXPECT_EQ(told.of, "c2d");
  EXPECT_EQ(told.why.code(), errc::hub_refused);
  EXPECT_EQ(it.client.counters().command_links_lost, 1u);
  EXPECT_FALSE(it.peer.fault.has_value());
}

TEST(hub_commands, a_link_that_another_client_takes_comes_again_on_the_same_session) {
  commands_rig it;
  it.attach_all(3);
  const auto session = it.peer.telemetry.at("dev-1").session();
  it.peer.detach_c2d("dev-1", {"com.microsoft:link-creation-conflict", "a new link has been opened"});
  it.run();
  EXPECT_EQ(it.count<detached>(), 0u);
  EXPECT_EQ(it.client.attached_devices(), 3u);
  EXPECT_EQ(std::get<command_trouble>(it.news.at(0)).why.code(), errc::hub_link_stolen);
  EXPECT_EQ(it.peer.c2d.count("dev-1"), 0u);
  it.advance(seconds{10});
  ASSERT_EQ(it.peer.c2d.count("dev-1"), 1u);
  EXPECT_TRUE(it.peer.c2d.at("dev-1").session() == session);
  EXPECT_EQ(it.peer.c2d.at("dev-1").credit(), 8);
  it.send(1, 1);
  it.run();
  EXPECT_EQ(it.outcomes(), std::vector<std::string>{"ok"});
}

TEST(hub_commands, a_link_that_is_refused_again_and_again_pauses_ever_longer_up_to_ten_minutes) {
  commands_rig it;
  it.peer.refused_c2d["dev-0"] = {"amqp:not-allowed", "no"};
  it.attach_all(1);
  it.advance(std::chrono::hours{3});
  std::vector<seconds> pauses;
  for (const auto& one : it.news)
    pauses.push_back(std::chrono::round<seconds>(*std::get<command_trouble>(one).pause));
  ASSERT_GE(pauses.size(), 15u);
  EXPECT_LE(pauses.size(), 35u);
  EXPECT_GE(pauses[0], seconds{3});
  EXPECT_LE(pauses[0], seconds{7});
  for (std::size_t i = 1; i < 7; ++i)
    EXPECT_GT(pauses[i], pauses[i - 1]);
  EXPECT_LE(pauses.back(), minutes{13}); // and a quarter
  EXPECT_GE(pauses.back(), minutes{7});
  EXPECT_EQ(it.client.attached_devices(), 1u);
}

TEST(hub_commands, the_pauses_begin_anew_when_a_link_has_lasted) {
  commands_rig it;
  it.attach_all(1);
  const auto steal = [&] {
    it.peer.detach_c2d("dev-0", {"com.microsoft:link-creation-conflict", "a new link has been opened"});
    it.run();
    return *std::get<command_trouble>(it.news.back()).pause;
  };
  const auto first = steal();
  it.advance(seconds{20});
  EXPECT_GT(steal(), first) << "it had been there for seconds";
  it.advance(minutes{15});
  EXPECT_EQ(steal(), first);
}

TEST(hub_commands, pauses_are_spread_over_devices) {
  commands_rig it;
  std::set<milliseconds> pauses;
  for (int number = 0; number < 20; ++number)
    it.peer.refused_c2d["dev-" + std::to_string(number)] = {"amqp:not-allowed", "no"};
  it.attach_all(20);
  for (const auto& one : it.news)
    pauses.insert(*std::get<command_trouble>(one).pause);
  EXPECT_GE(pauses.size(), 18u);
}

TEST(hub_commands, a_device_that_goes_while_a_link_pauses_is_not_missed) {
  commands_rig it;
  it.peer.refused_c2d["dev-0"] = {"amqp:not-allowed", "no"};
  it.attach_all(2);
  it.client.detach(ref(0), it.clock.now());
  it.run();
  it.advance(minutes{20});
  EXPECT_EQ(it.peer.attaches.size(), 4u);
  EXPECT_FALSE(it.peer.fault.has_value());
}

TEST(hub_commands, a_device_comes_and_goes_with_both_links) {
  commands_rig it;
  for (int round = 0; round < 3; ++round) {
    it.attach_all(4);
    EXPECT_EQ(it.client.attached_devices(), 4u);
    for (std::uint32_t number = 0; number < 4; ++number)
      it.client.detach(ref(number), it.clock.now());
    it.run();
    EXPECT_TRUE(it.peer.c2d.empty());
    EXPECT_TRUE(it.peer.telemetry.empty());
  }
  EXPECT_EQ(it.peer.link_names.size(), 2u + 3u * 4u * 2u); // no name twice
  EXPECT_FALSE(it.peer.fault.has_value());
}

TEST(hub_commands, a_message_that_comes_without_credit_is_released) {
  commands_rig it;
  it.attach_all(1);
  for (int i = 0; i < 8; ++i)
    it.peer.give_c2d("dev-0", "m" + std::to_string(i));
  it.run();
  ASSERT_EQ(it.news.size(), 8u);
  // A TRANSFER on the device's session (channel 1, after `$cbs`) and its second link: no engine would send
  // it.
  const std::string payload{"\0\x53\x75\xa0\x01x", 6};
  const std::string performative{"\0\x53\x14\xc0\x0b\x06\x52\x01\x52\x08\xa0\x01g\x43\x42\x42", 16};
  const auto size = static_cast<char>(8 + performative.size() + payload.size());
  const std::string frame =
      std::string{"\0\0\0", 3} + size + std::string{"\x02\0\0\x01", 4} + performative + payload;
  it.client.on_bytes(frame, it.clock.now());
  std::string answer;
  it.client.take_output(answer);
  const std::string disposition{"\0\x53\x15", 3}, released{"\0\x53\x26", 3};
  EXPECT_NE(answer.find(disposition), std::string::npos);
  EXPECT_NE(answer.find(released), std::string::npos);
  it.collect();
  EXPECT_EQ(it.news.size(), 8u);
  EXPECT_EQ(it.client.attached_devices(), 1u);
  EXPECT_EQ(it.count<closed>(), 0u);
  EXPECT_EQ(it.count<detached>(), 0u);
}

} // namespace
} // namespace causeway::hub
