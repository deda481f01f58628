// SPDX-License-Identifier: Apache-2.0
// The cloud-to-device link beside telemetry.
#include "hub/connection.h"
#include "hub/scripted_peer.h"

#include <gtest/gtest.h>

namespace causeway::hub {
namespace {

struct commands_rig : rig {
  commands_rig() { commands = true; }
};

TEST(hub_commands, a_device_that_takes_commands_has_a_second_link_without_credit) {
  commands_rig it;
  it.client.attach(ref(7), identity{"dev#7"}, {"dtmi:acme:meter;1", true}, it.clock.now());
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
  EXPECT_EQ(c2d.credit(), 0);
  EXPECT_TRUE(c2d.remote_open());
}

TEST(hub_commands, without_the_wish_there_is_one_link) {
  rig it;
  it.attach_all(2);
  EXPECT_EQ(it.count<attached>(), 2u);
  EXPECT_EQ(it.peer.attaches.size(), 2u);
  EXPECT_TRUE(it.peer.c2d.empty());
}

TEST(hub_commands, a_device_counts_as_attached_when_both_links_are_ready) {
  commands_rig it;
  it.peer.answers_c2d = false;
  it.attach_all(2);
  EXPECT_EQ(it.count<attached>(), 0u);
  it.peer.c2d.at("dev-1").open();
  it.run();
  ASSERT_EQ(it.count<attached>(), 1u);
  EXPECT_EQ(it.all<attached>()[0].device, ref(1));
  it.peer.credit = 0;
  it.peer.answers_c2d = true;
  it.attach(2);
  it.run();
  EXPECT_EQ(it.count<attached>(), 1u);
  it.peer.telemetry.at("dev-2").add_credit(1);
  it.run();
  EXPECT_EQ(it.count<attached>(), 2u);
  it.advance(seconds{31});
  EXPECT_EQ(it.detached_with(0), errc::hub_answer_missing);
  EXPECT_EQ(it.client.attached_devices(), 2u);
}

TEST(hub_commands, a_refused_link_is_that_devices_own) {
  commands_rig it;
  it.peer.refused_c2d["dev-1"] = {"amqp:unauthorized-access",
                                  R"({"errorCode":403012,"message":"the device is disabled"})"};
  it.attach_all(3);
  EXPECT_EQ(it.count<attached>(), 2u);
  EXPECT_EQ(it.detached_with(1), errc::hub_device_disabled);
  EXPECT_EQ(it.count<detached>(), 1u);
  EXPECT_FALSE(it.peer.telemetry.contains("dev-1")); // the session went with it
  it.peer.refused_c2d.clear();
  it.attach(1);
  it.run();
  EXPECT_EQ(it.client.attached_devices(), 3u);
  EXPECT_FALSE(it.peer.fault.has_value());
}

TEST(hub_commands, a_device_whose_link_another_client_takes_goes_alone) {
  commands_rig it;
  it.attach_all(3);
  it.peer.detach_c2d("dev-1", {"com.microsoft:link-creation-conflict", "a new link has been opened"});
  it.run();
  EXPECT_EQ(it.detached_with(1), errc::hub_link_stolen);
  EXPECT_EQ(it.count<detached>(), 1u);
  EXPECT_EQ(it.client.attached_devices(), 2u);
  it.send(0, 1);
  it.send(2, 2);
  it.run();
  EXPECT_EQ(it.outcomes(), (std::vector<std::string>{"ok", "ok"}));
  EXPECT_EQ(it.count<closed>(), 0u);
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
  // A TRANSFER on the device's session (channel 1, after `$cbs`) and its second link: no engine would send
  // it.
  const std::string payload{"\0\x53\x75\xa0\x01x", 6};
  const std::string performative{"\0\x53\x14\xc0\x0a\x06\x52\x01\x43\xa0\x01g\x43\x42\x42", 15};
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
  EXPECT_EQ(it.client.attached_devices(), 1u);
  EXPECT_EQ(it.count<closed>(), 0u);
  EXPECT_EQ(it.count<detached>(), 0u);
}

} // namespace
} // namespace causeway::hub
