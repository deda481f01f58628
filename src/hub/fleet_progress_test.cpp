// SPDX-License-Identifier: Apache-2.0
// What a device is said to wait for.
#include "hub/fleet_scene.h"

namespace causeway::hub {
namespace {

TEST(fleet_progress, names_the_connection_while_it_is_made) {
  fleet_scene s;
  s.answers_orders = false;
  s.attach(1);
  const auto begun = s.now();
  s.advance(1s);
  const auto is = s.progress(1);
  EXPECT_EQ(is.waits_for, "the connection to the hub (name, TCP, TLS)");
  EXPECT_EQ(is.since, begun);
  EXPECT_FALSE(is.fault);
}

TEST(fleet_progress, names_what_the_hub_owes) {
  fleet_scene s;
  s.on_peer = [](scripted_peer& peer) { peer.answers_open = false; };
  s.attach(1);
  s.advance(5s);
  EXPECT_EQ(s.progress(1).waits_for, "the hub's OPEN");
  EXPECT_EQ(s.progress(1).since, s.now() - 5s);
}

TEST(fleet_progress, names_the_turn_within_the_budget_of_connects) {
  fleet_scene s;
  s.sections[0].connects_per_second = 1;
  s.attach_many(0, 3);
  s.run();
  const auto since = s.now();
  s.advance(500ms);
  EXPECT_EQ(s.progress(2).waits_for, "its turn within the budget of connects");
  EXPECT_EQ(s.progress(2).since, since);
}

TEST(fleet_progress, names_the_hubs_answer_to_its_token_and_link) {
  fleet_scene s;
  s.on_peer = [](scripted_peer& peer) { peer.on_put_token = [](const auto&) { return std::nullopt; }; };
  s.attach(1);
  s.run();
  const auto since = s.now();
  s.advance(1s);
  EXPECT_EQ(s.progress(1).waits_for, "the hub's answer to its token and its link");
  EXPECT_EQ(s.progress(1).since, since);
}

TEST(fleet_progress, of_a_device_that_sends_names_its_turn_or_the_hubs_word) {
  fleet_scene s;
  s.sections[0].sends_per_second = 1;
  s.on_peer = [](scripted_peer& peer) { peer.on_message = [](const auto&) { return amqp::outcome{}; }; };
  s.attach_many(0, 2);
  s.advance(1s);
  s.send(0, 1);
  s.send(1, 2);
  const auto sent = s.now();
  s.advance(10ms);
  EXPECT_EQ(s.progress(0).waits_for, "the hub's word on its message");
  EXPECT_EQ(s.progress(0).since, sent);
  EXPECT_EQ(s.progress(1).waits_for, "its turn within the budget of sends");
}

TEST(fleet_progress, of_a_used_up_day_names_it_and_when_it_is_asked_again) {
  fleet_scene s;
  s.on_peer = [](scripted_peer& peer) {
    peer.on_message = [](const auto&) {
      return amqp::outcome{amqp::outcome_kind::rejected, {"amqp:resource-limit-exceeded", ""}};
    };
  };
  s.attach_many(0, 2);
  s.run();
  s.send(0, 1);
  s.run();
  s.send(1, 2);
  EXPECT_EQ(s.progress(1).fault->code(), errc::hub_quota_exceeded);
  EXPECT_EQ(s.progress(1).next_try, s.now() + 1min);
}

TEST(fleet_progress, of_a_hub_that_is_away_names_the_fault_and_the_next_try) {
  fleet_scene s;
  s.unreachable = error{errc::connection_refused};
  s.attach(1);
  s.run();
  const auto is = s.progress(1);
  EXPECT_EQ(is.waits_for, "");
  EXPECT_EQ(is.fault->code(), errc::connection_refused);
  EXPECT_EQ(is.next_try, s.now() + 500ms);
}

TEST(fleet_progress, says_what_is_under_way_once_that_takes_longer_than_a_moment) {
  fleet_scene s;
  s.unreachable = error{errc::connection_refused};
  s.attach(1);
  s.run();
  s.answers_orders = false;
  s.advance(600ms);
  EXPECT_EQ(s.progress(1).fault->code(), errc::connection_refused) << "how the try before it ended";
  s.advance(3s);
  EXPECT_EQ(s.progress(1).waits_for, "the connection to the hub (name, TCP, TLS)");
}

TEST(fleet_progress, of_those_whose_line_waits_is_that_of_the_line_that_tries_for_all) {
  fleet_scene s;
  s.channel_max = 2;
  s.attach_many(0, 2);
  s.advance(1s);
  s.answers_orders = false;
  s.lose(0);
  s.lose(1);
  s.advance(10s);
  ASSERT_EQ(s.orders.size(), 1U);
  for (std::uint32_t device = 0; device < 2; ++device)
    EXPECT_EQ(s.progress(device).waits_for, "the connection to the hub (name, TCP, TLS)") << device;
}

TEST(fleet_progress, of_what_is_everybodys_names_it_and_the_next_try) {
  fleet_scene s;
  s.on_peer = [](scripted_peer& peer) {
    peer.on_put_token = [](const auto&) {
      return scripted_peer::status{401, "SAS auth is disabled (disableLocalAuth)"};
    };
  };
  s.attach_many(0, 2);
  s.run();
  EXPECT_EQ(s.progress(1).fault->code(), errc::local_authentication_off);
  EXPECT_EQ(s.progress(1).next_try, s.now() + 500ms);
}

} // namespace
} // namespace causeway::hub
