// SPDX-License-Identifier: Apache-2.0
// Devices of one hub: placed, connected in turns, sending, leaving.
#include "hub/fleet_scene.h"

namespace causeway::hub {
namespace {

using words = std::vector<std::string>;

model::connect_wish urgent_of(std::uint32_t application, bool urgent = true) {
  return {"", false, application, urgent};
}

TEST(fleet, opens_a_line_for_its_first_device_and_attaches_it) {
  fleet_scene s;
  s.attach(1);
  EXPECT_TRUE(s.orders.empty()) << "an order in the caller's call";
  s.run();
  EXPECT_EQ(s.orders_at.size(), 1U);
  EXPECT_EQ(s.words, (words{"attached 1"}));
  const auto totals = s.totals();
  EXPECT_EQ(totals.connections_made, 1U);
  EXPECT_EQ(totals.connections_open, 1U);
  EXPECT_EQ(totals.devices, 1U);
  EXPECT_EQ(totals.attached, 1U);
  EXPECT_EQ(totals.connects, 1U);
  EXPECT_EQ(totals.tokens_put, 1U);
  EXPECT_FALSE(totals.last_fault);
}

TEST(fleet, says_who_it_is_and_gives_each_connection_a_name_of_its_own) {
  fleet_scene s;
  s.attach(1);
  s.run();
  const auto first = s.peer().client_container;
  EXPECT_EQ(s.peer().client_host, plant);
  EXPECT_TRUE(first.starts_with("causeway-") && first.ends_with("-1")) << first;
  s.lose(0);
  s.advance(1s);
  EXPECT_NE(s.peer().client_container, first);
  EXPECT_TRUE(s.peer().client_container.ends_with("-2"));
}

TEST(fleet, has_as_many_lines_as_its_devices_need) {
  fleet_scene s;
  s.channel_max = 4; // three devices
  s.attach_many(0, 7);
  s.advance(1s);
  EXPECT_EQ(s.count_of("attached"), 7U);
  EXPECT_EQ(s.totals().connections_open, 3U);
  EXPECT_EQ(s.peer(0).telemetry.size(), 3U);
  EXPECT_EQ(s.peer(1).telemetry.size(), 3U);
  EXPECT_EQ(s.peer(2).telemetry.size(), 1U);
}

TEST(fleet, opens_its_lines_two_milliseconds_apart) {
  fleet_scene s;
  s.attach_many(0, 2'000);
  s.advance(1s);
  ASSERT_EQ(s.orders_at.size(), 3U);
  EXPECT_EQ(s.orders_at[1] - s.orders_at[0], 2ms);
  EXPECT_EQ(s.orders_at[2] - s.orders_at[1], 2ms);
  EXPECT_EQ(s.count_of("attached"), 2'000U);
}

TEST(fleet, gives_a_new_device_the_place_of_one_that_has_left) {
  fleet_scene s;
  s.channel_max = 3;
  s.attach_many(0, 4);
  s.advance(1s);
  s.detach(0);
  s.attach(9);
  s.advance(1s);
  EXPECT_EQ(s.totals().connections_open, 2U);
  EXPECT_EQ(s.peer(0).telemetry.count("dev-9"), 1U);
}

TEST(fleet, hands_on_the_model_and_the_wish_for_commands) {
  fleet_scene s;
  s.attach(1, {"dtmi:x:a;1", true});
  s.attach(2);
  s.run();
  ASSERT_EQ(s.peer().attaches.size(), 3U); // two of them telemetry
  EXPECT_EQ(s.peer().c2d.count("dev-1"), 1U);
  EXPECT_EQ(s.peer().c2d.count("dev-2"), 0U);
}

TEST(fleet, of_a_tier_without_commands_asks_for_none) {
  fleet_scene s;
  s.sections[0].commands = false;
  s.attach(1, {"", true});
  s.run();
  EXPECT_EQ(s.words, (words{"attached 1"}));
  EXPECT_TRUE(s.peer().c2d.empty());
}

TEST(fleet, keeps_the_budget_of_connects) {
  fleet_scene s;
  s.sections[0].connects_per_second = 20;
  s.attach_many(0, 100);
  s.advance(1s);
  EXPECT_LE(s.count_of("attached"), 20U);
  EXPECT_GE(s.count_of("attached"), 18U);
  EXPECT_EQ(s.totals().queued, 100U - s.count_of("attached"));
  s.advance(4500ms);
  EXPECT_EQ(s.count_of("attached"), 100U);
}

TEST(fleet, takes_no_more_than_two_hundred_turns_a_second) {
  fleet_scene s;
  s.sections[0].connects_per_second = 1'000;
  s.attach_many(0, 500);
  s.run();
  s.turns = 0;
  s.advance(250ms);
  EXPECT_GT(s.count_of("attached"), 200U);
  EXPECT_LE(s.turns, 50U);
}

TEST(fleet, urgent_devices_connect_first_and_applications_take_turns) {
  fleet_scene s;
  s.sections[0].connects_per_second = 10;
  for (std::uint32_t device = 0; device < 10; ++device)
    s.attach(device, urgent_of(0, false));
  s.attach(20, urgent_of(1, false));
  s.attach(30, urgent_of(0));
  s.set().hurry(ref(9));
  s.advance(2s);
  s.words.resize(5);
  EXPECT_EQ(s.words, (words{"attached 9", "attached 30", "attached 0", "attached 20", "attached 1"}));
}

TEST(fleet, a_device_can_become_urgent_while_it_waits_for_its_turn) {
  fleet_scene s;
  s.sections[0].connects_per_second = 10;
  s.attach_many(0, 10);
  s.run();
  s.set().hurry(ref(7));
  s.advance(150ms);
  EXPECT_EQ(s.words, (words{"attached 0", "attached 7"}));
}

TEST(fleet, a_throttled_connect_waits_as_told_and_is_tried_again) {
  fleet_scene s;
  int refusals = 1;
  s.on_peer = [&](scripted_peer& peer) {
    peer.on_put_token = [&](const auto&) -> std::optional<scripted_peer::status> {
      return refusals-- > 0 ? scripted_peer::status{429, "slow down"} : scripted_peer::status{};
    };
  };
  s.attach(1);
  s.run();
  EXPECT_TRUE(s.words.empty()) << "its owner is not troubled";
  EXPECT_EQ(s.totals().connects_refused, 1U);
  EXPECT_GT(s.totals().connects_held, 0.9);
  s.advance(1100ms);
  EXPECT_EQ(s.words, (words{"attached 1"}));
}

TEST(fleet, a_refusal_of_its_own_takes_a_device_away) {
  fleet_scene s;
  s.on_peer = [](scripted_peer& peer) {
    peer.on_put_token = [](const auto& token) -> std::optional<scripted_peer::status> {
      if (token.audience.ends_with("dev-1")) return scripted_peer::status{404, "Device not registered."};
      return scripted_peer::status{};
    };
  };
  s.attach(1);
  s.attach(2);
  s.run();
  EXPECT_EQ(s.words, (words{"detached 1 hub_device_unknown", "attached 2"}));
  EXPECT_EQ(s.totals().devices, 1U);
}

// In each stage of its way.
class fleet_leaving : public testing::TestWithParam<std::string> {
protected:
  fleet_scene s;
  void bring_to(const std::string& stage) {
    if (stage == "placed") s.answers_orders = false;
    if (stage == "queued") s.sections[0].connects_per_second = 1;
    if (stage == "released")
      s.on_peer = [](scripted_peer& peer) { peer.on_put_token = [](const auto&) { return std::nullopt; }; };
    if (stage == "waiting to send") s.sections[0].sends_per_second = 1;
    if (stage == "sending")
      s.on_peer = [](scripted_peer& peer) { peer.on_message = [](const auto&) { return amqp::outcome{}; }; };
    s.attach(0);
    s.attach(1);
    s.run();
    if (stage.find("send") == std::string::npos) return;
    if (stage == "waiting to send") s.advance(2s);
    s.send(0, 1);
    s.send(1, 2);
    s.run();
  }
};

INSTANTIATE_TEST_SUITE_P(in_any_stage, fleet_leaving,
                         testing::Values("placed", "queued", "released", "attached", "waiting to send",
                                         "sending"),
                         [](const auto& stage) {
                           auto name = stage.param;
                           std::ranges::replace(name, ' ', '_');
                           return name;
                         });

TEST_P(fleet_leaving, leaves_nothing_behind_and_is_told_nothing) {
  bring_to(GetParam());
  s.take_words();
  s.detach(1);
  s.detach(0);
  s.run();
  EXPECT_EQ(s.count_of("attached"), 0U);
  EXPECT_EQ(s.count_of("detached"), 0U);
  const auto totals = s.totals();
  EXPECT_EQ(totals.devices, 0U);
  EXPECT_EQ(totals.attached, 0U);
  EXPECT_EQ(totals.queued, 0U);
  EXPECT_EQ(totals.sends_waiting, 0U);
  s.detach(1);
  s.advance(1h);
  EXPECT_EQ(s.count_of("attached") + s.count_of("detached"), 0U);
  EXPECT_TRUE(s.told_in_a_call.empty());
}

TEST_P(fleet_leaving, can_be_followed_by_its_return_at_once) {
  bring_to(GetParam());
  s.take_words();
  s.detach(1);
  s.attach(1);
  s.answers_orders = true;
  for (auto& [id, on] : s.wires)
    if (on.peer) on.peer->on_put_token = [](const auto&) { return scripted_peer::status{}; };
  s.advance(5s);
  EXPECT_EQ(s.count("attached 1"), 1U);
  EXPECT_EQ(s.count_of("detached"), 0U);
  EXPECT_EQ(s.totals().devices, 2U);
}

TEST(fleet, carries_a_message_and_tells_its_outcome) {
  fleet_scene s;
  s.attach(1);
  s.run();
  s.take_words();
  s.send(1, 77);
  EXPECT_TRUE(s.words.empty());
  s.run();
  EXPECT_EQ(s.words, (words{"sent 77 ok"}));
  ASSERT_EQ(s.peer().messages.size(), 1U);
  EXPECT_EQ(s.peer().messages[0].device, "dev-1");
}

TEST(fleet, keeps_the_budget_of_sends) {
  fleet_scene s;
  s.sections[0].sends_per_second = 20;
  s.attach_many(0, 100);
  s.advance(2s);
  s.take_words();
  for (std::uint32_t device = 0; device < 100; ++device)
    s.send(device, device);
  s.run();
  EXPECT_EQ(s.peer().messages.size(), 1U);
  EXPECT_EQ(s.totals().sends_waiting, 99U);
  s.advance(1s);
  EXPECT_LE(s.peer().messages.size(), 20U);
  EXPECT_GE(s.peer().messages.size(), 18U);
  s.advance(5s);
  EXPECT_EQ(s.count_of("sent"), 100U);
  EXPECT_EQ(s.totals().sends_waiting, 0U);
}

TEST(fleet, a_throttled_send_is_told_and_holds_the_others) {
  fleet_scene s;
  s.attach_many(0, 3);
  s.run();
  s.take_words();
  s.peer().on_message = [](const auto&) {
    return amqp::outcome{amqp::outcome_kind::rejected, {"com.microsoft:device-container-throttled", ""}};
  };
  s.send(0, 1);
  s.run();
  EXPECT_EQ(s.words, (words{"sent 1 hub_throttled"}));
  EXPECT_EQ(s.totals().sends_refused, 1U);
  EXPECT_GT(s.totals().sends_held, 0.9);
  s.peer().on_message = [](const auto&) { return amqp::outcome{amqp::outcome_kind::accepted, {}}; };
  s.send(1, 2);
  s.advance(900ms);
  EXPECT_EQ(s.count("sent 2 ok"), 0U);
  s.advance(200ms);
  EXPECT_EQ(s.count("sent 2 ok"), 1U);
}

TEST(fleet, asks_a_used_up_day_with_one_message_a_minute) {
  fleet_scene s;
  s.attach_many(0, 10);
  s.run();
  s.take_words();
  bool used_up = true;
  s.peer().on_message = [&](const auto&) {
    if (!used_up) return amqp::outcome{amqp::outcome_kind::accepted, {}};
    return amqp::outcome{amqp::outcome_kind::rejected, {"amqp:resource-limit-exceeded", ""}};
  };
  s.send(0, 0);
  s.run();
  EXPECT_EQ(s.words, (words{"sent 0 hub_quota_exceeded"}));
  EXPECT_GT(s.last_fault->retry_after(), 60s);
  EXPECT_TRUE(s.totals().quota_used_up);
  for (std::uint32_t device = 1; device < 10; ++device)
    s.send(device, device);
  s.advance(59s);
  EXPECT_EQ(s.peer().messages.size(), 1U);
  s.advance(2s);
  EXPECT_EQ(s.peer().messages.size(), 2U);
  used_up = false;
  while (s.peer().messages.size() == 2)
    s.advance(1s);
  s.advance(100ms);
  EXPECT_EQ(s.count_of("sent"), 10U) << "all as soon as one has been taken";
  EXPECT_FALSE(s.totals().quota_used_up);
}

TEST(fleet, hands_messages_back_when_too_many_wait_but_not_from_inside_the_call) {
  fleet_scene s;
  s.sections[0].sends_per_second = 1;
  s.attach_many(0, 10'002);
  s.advance(10s);
  ASSERT_EQ(s.count_of("attached"), 10'002U);
  s.take_words();
  for (std::uint32_t device = 0; device < 10'002; ++device)
    s.send(device, device);
  EXPECT_TRUE(s.words.empty());
  s.run();
  EXPECT_EQ(s.words, (words{"sent 0 ok", "sent 10001 hub_throttled"}));
  EXPECT_TRUE(s.told_in_a_call.empty());
}

TEST(fleet, tells_of_a_message_that_is_too_large_but_not_from_inside_the_call) {
  fleet_scene s;
  s.on_peer = [](scripted_peer& peer) { peer.max_message_size = 1'000; };
  s.attach(1);
  s.run();
  s.take_words();
  auto large = reading("m");
  large.body = std::string(2'000, 'x');
  s.send(1, 5, large);
  EXPECT_TRUE(s.words.empty());
  s.run();
  EXPECT_EQ(s.words, (words{"sent 5 message_too_large"}));
  s.send(1, 6);
  s.run();
  EXPECT_EQ(s.count("sent 6 ok"), 1U);
}

TEST(fleet, a_message_that_waits_for_its_turn_goes_with_its_line) {
  fleet_scene s;
  s.sections[0].sends_per_second = 1;
  s.attach_many(0, 2);
  s.advance(1s);
  s.send(0, 1);
  s.send(1, 2);
  s.run();
  EXPECT_EQ(s.totals().sends_waiting, 1U);
  s.take_words();
  s.lose(0);
  EXPECT_EQ(s.totals().sends_waiting, 0U);
  s.advance(1h);
  EXPECT_EQ(s.count_of("sent"), 0U) << "its owner sends it again";
  EXPECT_EQ(s.count("attached 1"), 1U);
}

TEST(fleet, notes_where_the_time_went) {
  fleet_scene s;
  s.sections[0].connects_per_second = 10;
  s.attach(0);
  s.attach(1);
  s.advance(1s);
  const auto spans = s.spans.of(ref(1));
  std::map<model::phase, std::chrono::nanoseconds> took;
  for (const auto& span : spans)
    took[span.what] = span.duration;
  EXPECT_EQ(took.at(model::phase::dns), 1ms);
  EXPECT_EQ(took.at(model::phase::tcp), 2ms);
  EXPECT_EQ(took.at(model::phase::tls), 3ms);
  EXPECT_GT(took.at(model::phase::hub_queue), 90ms);
  for (const auto what : {model::phase::open, model::phase::cbs_link, model::phase::attach})
    EXPECT_EQ(took.count(what), 1U) << to_string(what);
}

TEST(fleet, wakes_its_owner_once_for_what_is_due) {
  fleet_scene s;
  s.attach(1);
  EXPECT_EQ(s.wakes, 1U);
  EXPECT_LE(s.set().deadline(), s.now());
  s.attach(2);
  EXPECT_EQ(s.wakes, 1U);
  s.run();
  EXPECT_EQ(s.set().deadline(), mono_time::max());
  const auto before = s.wakes;
  s.send(1, 1);
  EXPECT_EQ(s.wakes, before) << "a message that goes at once makes nothing due";
}

} // namespace
} // namespace causeway::hub
