// SPDX-License-Identifier: Apache-2.0
#include "hub/connection.h"
#include "hub/scripted_peer.h"

#include <algorithm>
#include <gtest/gtest.h>

namespace causeway::hub {
namespace {

TEST(hub_connection, opens_and_learns_the_peers_limits) {
  connection_options options = device_key_options();
  options.host = hub_host{"contoso.azure-devices.net:15671"};
  rig it{options, 100};
  it.run();
  EXPECT_EQ(it.peer.client_host, "contoso.azure-devices.net");
  EXPECT_EQ(it.peer.client_container, "causeway-test-1");
  ASSERT_EQ(it.count<opened>(), 1u);
  const opened seen = it.all<opened>()[0];
  EXPECT_EQ(seen.peer.channel_max, 100);
  EXPECT_EQ(seen.peer.idle_time_out, milliseconds{240'000});
  EXPECT_EQ(seen.capacity, 99u);
}

TEST(hub_connection, a_device_is_attached_once_its_token_and_its_link_are_accepted) {
  rig it;
  it.client.attach(ref(7), identity{"dev#7"}, {"dtmi:acme:meter;1"}, it.clock.now());
  it.run();
  ASSERT_EQ(it.count<attached>(), 1u);
  EXPECT_EQ(it.client.attached_devices(), 1u);

  ASSERT_EQ(it.peer.tokens.size(), 1u);
  const scripted_peer::put_token& token = it.peer.tokens[0];
  EXPECT_EQ(token.operation, "put-token");
  EXPECT_EQ(token.type, "servicebus.windows.net:sastoken");
  EXPECT_EQ(token.audience, "contoso.azure-devices.net/devices/dev#7");
  EXPECT_EQ(token.to, "$cbs");
  EXPECT_EQ(token.reply_to, "cbs");
  const std::int64_t expiry = unix_seconds(it.clock.now().wall) + 3600;
  EXPECT_EQ(token.token, "token:7:dev#7:" + std::to_string(expiry));

  ASSERT_EQ(it.peer.attaches.size(), 1u);
  EXPECT_EQ(it.peer.attaches[0].address, "/devices/dev%237/messages/events");
  const amqp::value& properties = it.peer.attaches[0].properties;
  ASSERT_NE(properties.find("com.microsoft:client-version"), nullptr);
  EXPECT_EQ(*properties.find("com.microsoft:client-version")->text(), "causeway/test");
  EXPECT_EQ(*properties.find("com.microsoft:api-version")->text(), "2020-09-30"); // what a model id needs
  EXPECT_EQ(*properties.find("com.microsoft:model-id")->text(), "dtmi:acme:meter;1");
}

// Performatives in the order of their frames, the AMQP header skipped.
std::vector<int> performatives(std::string_view bytes) {
  std::vector<int> out;
  if (bytes.starts_with("AMQP")) bytes.remove_prefix(8);
  const auto octet = [&](std::size_t at) {
    return static_cast<std::size_t>(static_cast<unsigned char>(bytes[at]));
  };
  while (bytes.size() >= 11) {
    const std::size_t size = octet(0) << 24 | octet(1) << 16 | octet(2) << 8 | octet(3);
    out.push_back(static_cast<int>(octet(10)));
    bytes.remove_prefix(size);
  }
  return out;
}

connection_options known_hub() {
  auto out = device_key_options();
  out.two_links_a_session = true;
  return out;
}

TEST(hub_connection, cbs_is_asked_for_behind_open_and_a_device_only_after_its_token) {
  rig it{known_hub()};
  it.attach(0);
  std::string bytes;
  it.client.take_output(bytes);
  EXPECT_EQ(performatives(bytes), (std::vector<int>{0x10, 0x11, 0x12, 0x12, 0x13})); // credit for the answers
  it.peer.on_put_token = [](const auto&) { return std::nullopt; };
  it.peer.feed(bytes);
  it.run();
  ASSERT_EQ(it.peer.tokens.size(), 1u);
  EXPECT_TRUE(it.peer.attaches.empty());
  EXPECT_EQ(it.count<opened>(), 1u);
  it.peer.answer(it.peer.tokens[0], {});
  it.run();
  EXPECT_EQ(it.peer.attaches.size(), 1u);
}

TEST(hub_connection, three_round_trips_bring_a_device_up_and_each_is_timed) {
  rig it{known_hub()};
  it.attach(0);
  it.exchange(milliseconds{10});
  ASSERT_EQ(it.count<opened>(), 1u);
  EXPECT_EQ(it.all<opened>()[0].open, milliseconds{10});
  EXPECT_EQ(it.all<opened>()[0].cbs, milliseconds{0}); // came with the OPEN
  it.exchange(milliseconds{20});
  it.exchange(milliseconds{30});
  ASSERT_EQ(it.count<attached>(), 1u);
  EXPECT_EQ(it.all<attached>()[0].cbs, milliseconds{20});
  EXPECT_EQ(it.all<attached>()[0].attach, milliseconds{30});
}

TEST(hub_connection, a_policys_token_is_timed_with_the_opening) {
  connection_options options = known_hub();
  options.mode = auth::policy;
  rig it{options};
  it.attach(0);
  it.exchange(milliseconds{10});
  EXPECT_EQ(it.count<opened>(), 0u);
  it.exchange(milliseconds{20});
  ASSERT_EQ(it.count<opened>(), 1u);
  EXPECT_EQ(it.all<opened>()[0].open, milliseconds{10});
  EXPECT_EQ(it.all<opened>()[0].cbs, milliseconds{20});
  it.exchange(milliseconds{30});
  ASSERT_EQ(it.count<attached>(), 1u);
  EXPECT_EQ(it.all<attached>()[0].cbs, milliseconds{0});
  EXPECT_EQ(it.all<attached>()[0].attach, milliseconds{30});
}

TEST(hub_connection, a_message_is_answered_by_accepted) {
  rig it;
  it.attach_all(1);
  EXPECT_EQ(it.peer.attaches[0].properties.find("com.microsoft:model-id"), nullptr);
  it.send(0, 41);
  EXPECT_EQ(it.client.in_flight(), 1u);
  it.run();
  ASSERT_EQ(it.peer.messages.size(), 1u);
  EXPECT_EQ(it.peer.messages[0].device, "dev-0");
  EXPECT_EQ(*it.peer.messages[0].what.message_id.text(), "m41");
  EXPECT_EQ(it.peer.messages[0].what.data, R"({"t":1})");
  ASSERT_EQ(it.outcomes(), std::vector<std::string>{"ok"});
  EXPECT_EQ(it.all<sent>()[0].seq, 41u);
  EXPECT_EQ(it.client.in_flight(), 0u);
  EXPECT_EQ(it.client.counters().accepted, 1u);
}

TEST(hub_connection, put_tokens_in_flight_are_bounded_and_devices_come_up_in_order) {
  connection_options options = device_key_options();
  options.cbs_in_flight = 5;
  rig it{options};
  std::size_t answered = 0, most = 0;
  it.peer.on_put_token = [&](const auto&) -> std::optional<scripted_peer::status> {
    most = std::max(most, it.peer.tokens.size() - answered);
    return std::nullopt; // answered below, one at a time
  };
  it.attach_all(50);
  EXPECT_EQ(it.peer.tokens.size(), 5u);
  while (answered < it.peer.tokens.size()) {
    it.peer.answer(scripted_peer::put_token{it.peer.tokens[answered]}, {});
    ++answered;
    it.run();
  }
  EXPECT_EQ(most, 5u);
  const auto order = it.all<attached>();
  ASSERT_EQ(order.size(), 50u);
  for (std::uint32_t number = 0; number < 50; ++number)
    EXPECT_EQ(order[number].device, ref(number));
}

TEST(hub_connection, the_peers_credit_on_cbs_bounds_put_tokens_too) {
  rig it;
  it.peer.cbs_credit = 3;
  it.peer.cbs_credit_back = false;
  it.attach_all(8);
  EXPECT_EQ(it.count<attached>(), 3u);
  it.peer.cbs_receiver().add_credit(5);
  it.run();
  EXPECT_EQ(it.count<attached>(), 8u);
}

TEST(hub_connection, an_attach_waits_for_credit) {
  rig it;
  it.peer.credit = 0;
  it.attach_all(1);
  EXPECT_EQ(it.count<attached>(), 0u);
  it.peer.telemetry.at("dev-0").add_credit(1);
  it.run();
  EXPECT_EQ(it.count<attached>(), 1u);
}

TEST(hub_connection, a_message_without_credit_waits_and_is_sent_once) {
  rig it;
  it.peer.credit = 1;
  it.peer.credit_back = false;
  it.attach_all(2);
  it.send(0, 1);
  it.run();
  it.send(0, 2);
  it.send(1, 3);
  it.run();
  EXPECT_EQ(it.outcomes(), (std::vector<std::string>{"ok", "ok"}));
  EXPECT_EQ(it.client.in_flight(), 1u);
  it.peer.telemetry.at("dev-0").add_credit(5);
  it.run();
  EXPECT_EQ(it.outcomes(), (std::vector<std::string>{"ok", "ok", "ok"}));
  ASSERT_EQ(it.peer.messages.size(), 3u);
  EXPECT_EQ(*it.peer.messages[2].what.message_id.text(), "m2");
}

TEST(hub_connection, a_second_message_of_a_device_in_flight_is_refused_here) {
  rig it;
  it.peer.on_message = [](const auto&) { return amqp::outcome{}; };
  it.attach_all(1);
  it.send(0, 1);
  const auto second = it.client.send(ref(0), 2, reading("m2"), it.clock.now());
  ASSERT_FALSE(second.has_value());
  EXPECT_EQ(second.fault().code(), errc::internal);
  EXPECT_FALSE(it.client.send(ref(99), 3, reading("m3"), it.clock.now()).has_value());
}

TEST(hub_connection, what_the_hub_says_of_a_message_is_the_messages_own) {
  struct row {
    amqp::outcome answer;
    std::string expected;
  };
  const auto rejected = [](std::string name) {
    return amqp::outcome{amqp::outcome_kind::rejected, {std::move(name), ""}};
  };
  const std::vector<row> rows = {
      {rejected("amqp:link:message-size-exceeded"), "message_too_large"},
      {rejected("amqp:invalid-field"), "hub_refused"},
      {rejected(""), "hub_refused"},
      {rejected("com.microsoft:device-container-throttled"), "hub_throttled"},
      {rejected("amqp:resource-limit-exceeded"), "hub_quota_exceeded"},
      {rejected("amqp:internal-error"), "hub_busy"},
      {{amqp::outcome_kind::released, {}}, "hub_busy"},
      {{amqp::outcome_kind::modified, {}}, "hub_busy"},
      {{amqp::outcome_kind::accepted, {}}, "ok"},
  };
  rig it;
  it.attach_all(1);
  std::vector<std::string> expected;
  for (const row& row : rows) {
    it.peer.on_message = [&](const auto&) { return row.answer; };
    it.send(0, expected.size());
    it.run();
    expected.push_back(row.expected);
  }
  EXPECT_EQ(it.outcomes(), expected);
  EXPECT_EQ(it.count<detached>(), 0u);
  EXPECT_EQ(it.client.counters().refused, 8u);
}

TEST(hub_connection, a_message_beyond_the_limits_never_reaches_the_wire) {
  rig it;
  it.peer.max_message_size = 2000;
  it.attach_all(1);
  model::message large = reading("large");
  large.body.assign(2000, 'x');
  const auto refused = it.client.send(ref(0), 1, large, it.clock.now());
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.fault().code(), errc::message_too_large);
  it.run();
  EXPECT_TRUE(it.peer.messages.empty());
  it.send(0, 2);
  it.run();
  EXPECT_EQ(it.outcomes(), std::vector<std::string>{"ok"});
}

TEST(hub_connection, a_detached_device_comes_back_under_another_link_name) {
  rig it;
  it.attach_all(2);
  it.client.detach(ref(0), it.clock.now());
  it.run();
  EXPECT_EQ(it.detached_with(0), errc::stopped);
  EXPECT_FALSE(it.peer.telemetry.contains("dev-0"));
  EXPECT_TRUE(it.peer.telemetry.contains("dev-1"));
  it.attach(0);
  it.run();
  EXPECT_EQ(it.count<attached>(), 3u);
  EXPECT_EQ(it.client.attached_devices(), 2u);
  EXPECT_EQ(it.peer.link_names.size(), 2u + 3u); // $cbs' pair, and no name twice
  EXPECT_EQ(it.client.authorised_devices(), 2u);
}

TEST(hub_connection, a_device_may_go_at_every_stage_of_its_attach) {
  rig it;
  it.peer.on_put_token = [](const auto&) { return std::nullopt; };
  it.attach(0);
  it.client.detach(ref(0), it.clock.now()); // queued
  it.run();
  it.attach(1);
  it.run();
  it.client.detach(ref(1), it.clock.now()); // authorising
  it.attach(1);
  it.run();
  ASSERT_EQ(it.peer.tokens.size(), 2u);
  it.peer.answer(it.peer.tokens[0], {401, "late"}); // for the attach that is over
  it.run();
  EXPECT_EQ(it.count<detached>(), 2u);
  it.peer.credit = 0;
  it.peer.answer(it.peer.tokens[1], {});
  it.run();
  it.client.detach(ref(1), it.clock.now()); // attaching
  it.run();
  EXPECT_EQ(it.count<detached>(), 3u);
  EXPECT_EQ(it.count<attached>(), 0u);
  EXPECT_EQ(it.client.devices(), 0u);
  EXPECT_TRUE(it.peer.telemetry.empty());
}

TEST(hub_connection, no_more_devices_than_the_peers_channels_allow) {
  rig it{device_key_options(), 4};
  for (std::uint32_t number = 0; number < 5; ++number)
    it.attach(number); // before OPEN: the limit is not known yet
  it.run();
  EXPECT_EQ(it.client.capacity(), 3u);
  EXPECT_EQ(it.count<attached>(), 3u);
  EXPECT_EQ(it.detached_with(3), errc::hub_token_limit);
  EXPECT_EQ(it.detached_with(4), errc::hub_token_limit);
  it.attach(5);
  it.run();
  EXPECT_EQ(it.detached_with(5), errc::hub_token_limit);
  EXPECT_FALSE(it.peer.fault.has_value());
}

TEST(hub_connection, an_attach_waits_while_ended_sessions_hold_all_channels) {
  rig it{device_key_options(), 4};
  it.peer.answers_end = false;
  it.attach_all(3);
  std::vector<amqp::session> ended;
  for (std::uint32_t number = 0; number < 3; ++number) {
    ended.push_back(it.peer.telemetry.at(name_of(number).str()).session());
    it.client.detach(ref(number), it.clock.now());
  }
  it.run();
  it.attach_all(3);
  EXPECT_EQ(it.count<attached>(), 4u); // the one channel in reserve
  for (amqp::session session : ended)
    session.close();
  it.run();
  EXPECT_EQ(it.count<attached>(), 6u);
  EXPECT_FALSE(it.peer.fault.has_value());
}

TEST(hub_connection, a_connection_that_has_authorised_995_devices_takes_no_new_ones) {
  rig it;
  it.run();
  for (std::uint32_t number = 0; number < 995; number += 5) {
    for (std::uint32_t one = number; one < number + 5; ++one)
      it.attach(one);
    it.run();
    for (std::uint32_t one = number; one < number + 5; ++one)
      it.client.detach(ref(one), it.clock.now());
    it.run();
  }
  EXPECT_EQ(it.count<attached>(), 995u);
  it.attach(995);
  EXPECT_EQ((it.collect(), it.detached_with(995)), errc::hub_token_limit);
  it.attach(3); // one that it knows
  it.run();
  EXPECT_EQ(it.count<attached>(), 996u);
}

TEST(hub_connection, close_detaches_all_and_says_close) {
  rig it;
  it.peer.on_message = [](const auto&) { return amqp::outcome{}; };
  it.attach_all(3);
  it.send(1, 9);
  it.run();
  it.client.close(it.clock.now());
  it.run();
  EXPECT_TRUE(it.peer.closed_by_client);
  EXPECT_EQ(it.outcomes(), std::vector<std::string>{"hub_outcome_unknown"});
  EXPECT_EQ(it.count<detached>(), 3u);
  ASSERT_EQ(it.count<closed>(), 1u);
  EXPECT_EQ(it.all<closed>()[0].why.code(), errc::stopped);
  EXPECT_FALSE(it.client.deadline().has_value());
  it.attach(7);
  it.collect();
  EXPECT_EQ(it.detached_with(7), errc::connection_lost);
}

TEST(hub_connection, anonymous_sasl_can_be_spoken_first) {
  connection_options options = device_key_options();
  options.sasl = amqp::sasl::anonymous;
  recording_tokens tokens;
  manual_clock clock;
  connection client{options, tokens, clock.now()};
  std::string bytes;
  client.take_output(bytes);
  EXPECT_EQ(bytes.substr(0, 8), std::string("AMQP\x03\x01\x00\x00", 8));
}

TEST(hub_connection, what_it_keeps_of_a_device_is_small_beside_the_engines_share) {
  EXPECT_LE(sizeof(device_session), 320u);
  device_session kept;
  kept.waiting.assign(100'000, 'x');
  kept.drop_waiting();
  EXPECT_LT(kept.waiting.capacity(), 100u);
}

} // namespace
} // namespace causeway::hub
