// SPDX-License-Identifier: Apache-2.0
// A hub's connections are lost and made again; the hub is away; everything is closed.
#include "hub/fleet_scene.h"

namespace causeway::hub {
namespace {

using words = std::vector<std::string>;

// So many lines of one device each, all open.
void open_lines(fleet_scene& s, std::uint32_t lines) {
  s.channel_max = 2;
  s.attach_many(0, lines);
  s.advance(1s);
  ASSERT_EQ(s.totals().connections_open, lines);
  ASSERT_EQ(s.count_of("attached"), lines);
  s.take_words();
  s.orders_at.clear();
}

void lose_all(fleet_scene& s, errc why = errc::connection_lost) {
  for (auto& [id, on] : s.wires)
    if (on.which->is_up()) s.lose(id, error{why});
}

TEST(fleet_lines, a_lost_line_brings_its_devices_back) {
  fleet_scene s;
  s.attach_many(0, 3);
  s.run();
  s.take_words();
  s.lose(0);
  EXPECT_EQ(s.words,
            (words{"detached 0 connection_lost, comes back", "detached 1 connection_lost, comes back",
                   "detached 2 connection_lost, comes back"}));
  EXPECT_EQ(s.totals().attached, 0U);
  EXPECT_EQ(s.totals().devices, 3U);
  EXPECT_EQ(s.totals().connections_lost, 1U);
  EXPECT_EQ(s.totals().connections_open, 0U);
  EXPECT_EQ(s.totals().last_fault->code(), errc::connection_lost);
  s.take_words();
  s.advance(499ms);
  EXPECT_EQ(s.orders_at.size(), 1U);
  s.advance(1ms);
  EXPECT_EQ(s.words, (words{"attached 0", "attached 1", "attached 2"}));
  EXPECT_FALSE(s.totals().last_fault);
  EXPECT_EQ(s.totals().connections_made, 2U);
  EXPECT_EQ(s.totals().tokens_put, 6U) << "those of the first connection count on";
}

TEST(fleet_lines, what_the_hub_says_last_is_the_reason) {
  fleet_scene s;
  s.attach(0);
  s.run();
  s.take_words();
  s.peer().engine().close({"amqp:connection:forced", "maintenance"});
  s.run();
  EXPECT_EQ(s.words, (words{"detached 0 hub_interrupted, comes back"}));
  EXPECT_EQ(s.totals().last_fault->code(), errc::hub_interrupted);
}

TEST(fleet_lines, who_waits_for_its_turn_when_the_line_is_lost_comes_back_with_it) {
  fleet_scene s;
  s.sections[0].connects_per_second = 10;
  s.attach_many(0, 5);
  s.run();
  EXPECT_EQ(s.totals().queued, 4U);
  s.lose(0);
  EXPECT_EQ(s.totals().queued, 0U);
  EXPECT_EQ(s.words, (words{"attached 0", "detached 0 connection_lost, comes back"}))
      << "the others had nothing to lose";
  s.take_words();
  s.advance(2s);
  EXPECT_EQ(s.count_of("attached"), 5U);
}

TEST(fleet_lines, who_is_on_its_way_when_the_line_is_lost_is_told_and_comes_back) {
  fleet_scene s;
  s.on_peer = [](scripted_peer& peer) { peer.on_put_token = [](const auto&) { return std::nullopt; }; };
  s.attach(0);
  s.run();
  s.on_peer = [](scripted_peer&) {};
  s.lose(0);
  EXPECT_EQ(s.words, (words{"detached 0 connection_lost, comes back"}));
  s.advance(1s);
  EXPECT_EQ(s.words.back(), "attached 0");
}

TEST(fleet_lines, the_owner_may_let_go_of_devices_while_it_hears_of_the_loss) {
  fleet_scene s;
  s.attach_many(0, 4);
  s.run();
  s.take_words();
  s.on_detached = [&](device_ref device, bool, moment when) {
    if (device == ref(0)) {
      s.set().detach(ref(0), when);
      s.set().detach(ref(2), when);
    }
  };
  s.lose(0);
  EXPECT_EQ(s.count_of("detached 2"), 0U);
  s.advance(1s);
  EXPECT_EQ(s.totals().devices, 2U);
  EXPECT_EQ(s.count("attached 1") + s.count("attached 3"), 2U);
  EXPECT_EQ(s.count_of("attached"), 2U);
}

TEST(fleet_lines, nothing_is_told_of_a_line_that_is_gone) {
  fleet_scene s;
  s.attach(0);
  s.run();
  auto& wire = s.wires.at(0);
  s.lose(0);
  s.take_words();
  EXPECT_TRUE(wire.which->is_over());
  wire.of->line_events(*wire.which, s.clock.now());
  s.set().renew_tokens(s.clock.now());
  EXPECT_FALSE(s.set().any_in_flight());
  EXPECT_TRUE(s.words.empty());
}

TEST(fleet_lines, a_message_under_way_ends_with_its_line_before_its_device) {
  fleet_scene s;
  s.on_peer = [](scripted_peer& peer) { peer.on_message = [](const auto&) { return amqp::outcome{}; }; };
  s.attach(0);
  s.run();
  s.take_words();
  s.send(0, 9);
  s.run();
  EXPECT_TRUE(s.set().any_in_flight());
  s.lose(0);
  EXPECT_EQ(s.words, (words{"sent 9 hub_outcome_unknown", "detached 0 connection_lost, comes back"}));
}

// The core sends the next message as soon as it hears of the last one, and that can be among the last events.
TEST(fleet_lines, what_is_sent_while_a_line_ends_is_answered_by_the_detach) {
  fleet_scene s;
  s.on_peer = [](scripted_peer& peer) { peer.on_message = [](const auto&) { return amqp::outcome{}; }; };
  s.attach_many(0, 2);
  s.run();
  s.send(0, 1);
  s.run();
  s.take_words();
  s.on_detached = [&](device_ref device, bool, moment when) {
    if (device == ref(0)) s.set().send(ref(1), 2, reading("m2"), when);
  };
  s.lose(0);
  EXPECT_EQ(s.count_of("sent 2"), 0U);
  EXPECT_EQ(s.words.back(), "detached 1 connection_lost, comes back");
}

TEST(fleet_lines, one_line_tries_for_all_while_nothing_is_open) {
  fleet_scene s;
  open_lines(s, 5);
  s.unreachable = error{errc::connection_refused};
  lose_all(s);
  s.advance(500ms);
  EXPECT_EQ(s.orders_at.size(), 1U);
  s.advance(1s);
  EXPECT_EQ(s.orders_at.size(), 2U);
  s.advance(1h);
  EXPECT_LE(s.orders_at.size(), 80U) << "one a minute";
  EXPECT_EQ(s.totals().last_fault->code(), errc::connection_refused);
  s.unreachable.reset();
  s.orders_at.clear();
  s.advance(62s);
  ASSERT_EQ(s.orders_at.size(), 5U) << "one, and all the others as soon as it is open";
  for (std::size_t i = 1; i < 5; ++i)
    EXPECT_EQ(s.orders_at[i] - s.orders_at[i - 1], 2ms);
  EXPECT_EQ(s.count_of("attached"), 5U);
}

TEST(fleet_lines, the_others_wait_while_the_one_that_tries_is_not_answered) {
  fleet_scene s;
  open_lines(s, 3);
  s.answers_orders = false;
  lose_all(s);
  s.advance(1h);
  EXPECT_EQ(s.orders_at.size(), 1U);
}

TEST(fleet_lines, when_the_devices_of_the_line_that_would_try_have_left_another_one_tries) {
  fleet_scene s;
  open_lines(s, 3);
  s.unreachable = error{errc::connection_refused};
  lose_all(s);
  s.advance(5s);
  s.detach(0);
  s.unreachable.reset();
  s.advance(1min);
  EXPECT_EQ(s.count("attached 1") + s.count("attached 2"), 2U);
}

TEST(fleet_lines, lines_that_are_lost_together_count_as_one_failure) {
  fleet_scene s;
  open_lines(s, 8);
  lose_all(s);
  s.advance(500ms + 20ms);
  EXPECT_EQ(s.count_of("attached"), 8U);
}

TEST(fleet_lines, pauses_grow_while_connections_do_not_last) {
  fleet_scene s;
  s.attach(0);
  s.run();
  std::vector<std::chrono::nanoseconds> pauses;
  for (int i = 0; i < 4; ++i) {
    const auto lost = s.now();
    s.orders_at.clear();
    s.lose(0);
    s.advance(9s); // not long enough to have lasted
    pauses.push_back(s.orders_at.at(0) - lost);
  }
  EXPECT_EQ(pauses, (std::vector<std::chrono::nanoseconds>{500ms, 1s, 2s, 4s}));
}

TEST(fleet_lines, a_connection_that_has_lasted_starts_the_pauses_anew) {
  fleet_scene s;
  s.attach(0);
  s.advance(1s);
  for (int i = 0; i < 4; ++i) {
    s.orders_at.clear();
    s.lose(0);
    s.advance(11s);
    const auto again = s.now();
    s.lose(0);
    s.orders_at.clear();
    s.advance(501ms);
    ASSERT_EQ(s.orders_at.size(), 1U) << i;
    EXPECT_EQ(s.orders_at[0] - again, 500ms);
    s.advance(10s);
  }
}

TEST(fleet_lines, who_closes_without_a_word_behind_tls_speaks_no_amqp) {
  fleet_scene s;
  s.says_nothing = true;
  s.attach(0);
  for (int i = 0; i < 3; ++i) {
    s.run();
    EXPECT_NE(s.totals().last_fault.value_or(error{errc::stopped}).code(), errc::hub_speaks_no_amqp);
    s.lose(0, error{errc::peer_closed});
    if (i < 2) s.advance(5s);
  }
  EXPECT_EQ(s.totals().last_fault->code(), errc::hub_speaks_no_amqp);
}

TEST(fleet_lines, who_closes_without_a_word_on_plain_tcp_may_be_anything) {
  fleet_scene s;
  s.sections[0].tls = false;
  s.says_nothing = true;
  s.attach(0);
  for (int i = 0; i < 5; ++i) {
    s.run();
    s.lose(0, error{errc::peer_closed});
    s.advance(10s);
  }
  s.lose(0, error{errc::peer_closed});
  EXPECT_EQ(s.totals().last_fault->code(), errc::peer_closed);
}

TEST(fleet_lines, what_was_in_the_way_may_have_gone) {
  fleet_scene s;
  open_lines(s, 3);
  s.unreachable = error{errc::connection_refused};
  lose_all(s);
  s.advance(1h);
  s.unreachable.reset();
  s.set().try_now(s.now());
  s.advance(10ms);
  EXPECT_EQ(s.count_of("attached"), 3U);
}

TEST(fleet_lines, tokens_are_put_anew_on_all_that_are_open) {
  fleet_scene s;
  s.mode = auth::policy;
  open_lines(s, 2);
  const auto before = s.totals().tokens_put;
  s.set().renew_tokens(s.clock.now());
  s.run();
  EXPECT_EQ(s.totals().tokens_put, before + 2);
}

TEST(fleet_lines, the_second_connection_knows_that_sessions_hold_two_links) {
  fleet_scene s;
  s.attach(0);
  s.run();
  s.lose(0);
  s.advance(1s);
  EXPECT_EQ(s.words.back(), "attached 0");
}

// A hub through DPS.
class fleet_gone : public testing::Test {
protected:
  fleet_gone() {
    s.sections[0].through_dps = true;
    s.attach_many(0, 5);
    s.advance(1s);
    s.take_words();
  }
  void go_away(errc why = errc::connection_refused) {
    s.unreachable = error{why};
    s.lose(0);
    s.take_words();
  }
  // Whom the core is to ask DPS about.
  std::vector<std::uint32_t> asked() const {
    std::vector<std::uint32_t> out;
    for (const auto& word : s.words)
      if (word.starts_with("detached") && word.ends_with("hub_not_found"))
        out.push_back(static_cast<std::uint32_t>(std::stoul(word.substr(9))));
    return out;
  }
  fleet_scene s;
};

TEST_F(fleet_gone, one_device_asks_for_all_after_a_quarter_of_an_hour) {
  go_away();
  s.advance(14min);
  EXPECT_TRUE(s.words.empty());
  s.advance(2min);
  EXPECT_EQ(asked().size(), 1U);
  EXPECT_EQ(s.totals().devices, 4U);
  s.advance(10min);
  EXPECT_EQ(asked().size(), 1U);
}

TEST_F(fleet_gone, a_name_that_is_gone_is_asked_about_after_two_minutes) {
  go_away(errc::name_unresolved);
  s.advance(110s);
  EXPECT_TRUE(asked().empty());
  s.advance(2min);
  EXPECT_EQ(asked().size(), 1U);
}

TEST_F(fleet_gone, all_are_given_up_when_the_one_that_asked_has_another_hub) {
  go_away();
  s.advance(16min);
  ASSERT_EQ(asked().size(), 1U);
  const auto scout = asked()[0];
  s.take_words();
  s.attach(scout, fleet_scene::at("other.azure-devices.net", name_of(scout).str()));
  EXPECT_TRUE(s.told_in_a_call.empty());
  s.run();
  EXPECT_EQ(asked().size(), 4U);
  EXPECT_EQ(s.totals().devices, 0U);
  EXPECT_EQ(s.totals("other.azure-devices.net").devices, 1U);
}

TEST_F(fleet_gone, all_stay_when_the_one_that_asked_is_sent_back_and_none_asks_for_a_quarter_of_an_hour) {
  go_away();
  s.advance(16min);
  ASSERT_EQ(asked().size(), 1U);
  const auto scout = asked()[0];
  s.take_words();
  s.attach(scout);
  s.advance(13min);
  EXPECT_TRUE(asked().empty());
  EXPECT_EQ(s.totals().devices, 5U);
  s.advance(4min);
  EXPECT_EQ(asked().size(), 1U);
}

TEST_F(fleet_gone, another_one_asks_when_the_first_does_not_come_back) {
  go_away();
  s.advance(16min);
  ASSERT_EQ(asked().size(), 1U);
  s.advance(17min);
  EXPECT_EQ(asked().size(), 2U);
}

TEST_F(fleet_gone, nobody_asks_once_the_hub_is_back) {
  go_away();
  s.advance(14min);
  s.unreachable.reset();
  s.advance(2min);
  EXPECT_EQ(s.count_of("attached"), 5U);
  s.advance(1h);
  EXPECT_TRUE(asked().empty());
}

TEST_F(fleet_gone, how_long_it_was_away_while_nobody_wanted_it_means_nothing) {
  go_away();
  for (std::uint32_t device = 0; device < 5; ++device)
    s.detach(device);
  s.advance(1h);
  s.attach(7);
  s.advance(10min);
  EXPECT_TRUE(asked().empty());
  s.advance(7min);
  EXPECT_EQ(asked(), std::vector<std::uint32_t>{7});
}

TEST_F(fleet_gone, a_device_that_was_sent_to_ask_before_the_hub_came_back_means_nothing_any_more) {
  go_away();
  s.advance(16min);
  ASSERT_EQ(asked().size(), 1U);
  const auto scout = asked()[0];
  s.unreachable.reset();
  s.advance(2min);
  s.take_words();
  s.attach(scout, fleet_scene::at("other.azure-devices.net", name_of(scout).str()));
  s.run();
  EXPECT_TRUE(asked().empty());
  EXPECT_EQ(s.totals().attached, 4U);
}

TEST_F(fleet_gone, a_hub_that_says_so_itself_is_believed) {
  s.on_peer = [](scripted_peer& peer) {
    peer.answers_open = false;
    peer.engine().close({"com.microsoft:iot-hub-not-found-error", ""});
  };
  s.lose(0);
  s.take_words();
  s.advance(1s);
  EXPECT_EQ(asked().size(), 5U);
  EXPECT_EQ(s.totals().devices, 0U);
}

TEST(fleet_lines, where_no_dps_can_know_another_hub_all_stay) {
  fleet_scene s;
  s.attach_many(0, 3);
  s.run();
  s.take_words();
  s.unreachable = error{errc::name_unresolved};
  s.lose(0);
  s.advance(1h);
  EXPECT_EQ(s.totals().devices, 3U);
  s.unreachable.reset();
  s.on_peer = [](scripted_peer& peer) {
    peer.answers_open = false;
    peer.engine().close({"com.microsoft:iot-hub-not-found-error", ""});
  };
  s.advance(10min);
  EXPECT_EQ(s.totals().devices, 3U);
  s.on_peer = [](scripted_peer&) {};
  s.advance(2min);
  EXPECT_EQ(s.count_of("attached"), 3U);
}

TEST(fleet_lines, the_end_sends_nothing_more_and_says_close) {
  fleet_scene s;
  open_lines(s, 2);
  s.set().stop();
  s.send(0, 1);
  s.attach(9);
  s.detach(1);
  s.advance(1s);
  EXPECT_TRUE(s.peer(0).messages.empty());
  EXPECT_EQ(s.totals().devices, 2U);
  s.set().close(s.clock.now());
  s.run();
  EXPECT_TRUE(s.peer(0).closed_by_client) << "the peer has answered, and the stream has ended";
  EXPECT_FALSE(s.set().any_up());
  EXPECT_EQ(s.totals().connections_lost, 0U);
  EXPECT_EQ(s.totals().connections_open, 0U);
  s.advance(1h);
  EXPECT_EQ(s.totals().connections_made, 2U);
}

TEST(fleet_lines, the_end_lets_nobody_connect_any_more) {
  fleet_scene s;
  s.sections[0].connects_per_second = 1;
  s.attach_many(0, 3);
  s.run();
  s.set().stop();
  EXPECT_EQ(s.set().deadline(), mono_time::max());
  s.advance(10s);
  s.set().advance(s.clock.now());
  s.run();
  EXPECT_EQ(s.words, (words{"attached 0"}));
}

TEST(fleet_lines, the_end_waits_for_outcomes_as_long_as_its_owner_likes) {
  fleet_scene s;
  std::optional<amqp::delivery> held;
  s.on_peer = [&](scripted_peer& peer) {
    peer.on_message = [&](const auto& seen) {
      held = seen.delivery;
      return amqp::outcome{};
    };
  };
  s.attach(0);
  s.run();
  s.send(0, 1);
  s.run();
  s.set().stop();
  EXPECT_TRUE(s.set().any_in_flight());
  held->settle({amqp::outcome_kind::accepted, {}});
  s.run();
  EXPECT_FALSE(s.set().any_in_flight());
  EXPECT_EQ(s.words.back(), "sent 1 ok");
}

TEST(fleet_lines, a_stream_that_comes_after_the_end_is_not_wanted) {
  fleet_scene s;
  s.answers_orders = false;
  s.attach(0);
  s.run();
  ASSERT_EQ(s.orders.size(), 1U);
  s.set().stop();
  EXPECT_FALSE(s.orders[0].first->line_opened(*s.orders[0].second, {}, s.clock.now()));
  EXPECT_FALSE(s.set().any_up());
}

TEST(fleet_lines, who_does_not_answer_close_is_cut) {
  fleet_scene s;
  s.says_nothing = true;
  s.attach(0);
  s.run();
  s.set().stop();
  s.set().close(s.clock.now());
  EXPECT_TRUE(s.set().any_up());
  EXPECT_TRUE(s.set().cut_one());
  EXPECT_FALSE(s.set().any_up());
  EXPECT_FALSE(s.set().cut_one());
}

} // namespace
} // namespace causeway::hub
