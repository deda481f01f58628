// SPDX-License-Identifier: Apache-2.0
// A shard goes to another process: its connections, and no other's.
#include "hub/fleet_scene.h"

namespace causeway::hub {
namespace {

using words = std::vector<std::string>;

model::connect_wish of_shard(unsigned number) {
  model::connect_wish wish;
  wish.shard = static_cast<model::shard_number>(number);
  return wish;
}

struct leaving_scene : fleet_scene {
  // No token is answered: attaches stay with the hub.
  void hold_attaches() {
    on_peer = [](scripted_peer& peer) { peer.on_put_token = [](const auto&) { return std::nullopt; }; };
  }
  void close(unsigned number, std::chrono::nanoseconds within) {
    const auto before = count_of("closed");
    set().close(static_cast<model::shard_number>(number), now() + within, clock.now());
    EXPECT_EQ(count_of("closed"), before) << "never from inside the call";
  }
};

TEST(fleet_leaving, a_connection_has_devices_of_one_shard) {
  leaving_scene s;
  s.attach(1, of_shard(0));
  s.attach(2, of_shard(1));
  s.attach(3, of_shard(0));
  s.run();
  EXPECT_EQ(s.orders_at.size(), 2U);
  EXPECT_EQ(s.totals().connections_open, 2U);
  EXPECT_EQ(s.set().totals(s.now()).size(), 1U) << "one hub all the same";
  s.take_words();
  s.close(0, 3s);
  s.run();
  EXPECT_EQ(s.words, words{"closed 0"});
  EXPECT_EQ(s.totals().attached, 1U);
  EXPECT_EQ(s.totals().connections_open, 1U);
  s.send(2, 7);
  s.run();
  EXPECT_EQ(s.words.back(), "sent 7 ok");
}

TEST(fleet_leaving, a_shard_of_which_nothing_was_with_a_hub_is_closed_at_once) {
  leaving_scene s;
  s.close(5, 3s);
  EXPECT_LE(s.set().deadline(), s.now());
  s.run();
  EXPECT_EQ(s.words, words{"closed 5"});
  EXPECT_EQ(s.set().deadline(), mono_time::max());
}

TEST(fleet_leaving, what_is_with_the_hub_is_told_before_the_connections_are_closed) {
  leaving_scene s;
  s.attach(1);
  s.run();
  s.take_words();
  s.send(1, 7);
  s.close(0, 3s);
  EXPECT_FALSE(s.peer().closed_by_client);
  s.run();
  s.advance(100ms);
  EXPECT_EQ(s.words, (words{"sent 7 ok", "closed 0"}));
  EXPECT_TRUE(s.peer().closed_by_client);
}

// The hub would give the link to us after the next owner has it.
TEST(fleet_leaving, an_attach_that_waits_at_the_hub_is_waited_for) {
  leaving_scene s;
  s.hold_attaches();
  s.attach(1);
  s.run();
  s.attach(2); // its turn comes when there is a turn
  s.close(0, 3s);
  s.advance(2s);
  EXPECT_EQ(s.words, words{});
  EXPECT_FALSE(s.peer().closed_by_client);
  for (const auto& token : s.peer().tokens)
    s.peer().answer(token, {});
  s.advance(100ms);
  EXPECT_EQ(s.words, (words{"attached 1", "closed 0"}));
  EXPECT_TRUE(s.peer().closed_by_client);
  EXPECT_EQ(s.peer().attaches.size(), 1U) << "nothing new is attached";
  EXPECT_EQ(s.totals().devices, 0U);
}

TEST(fleet_leaving, a_hub_that_does_not_answer_is_waited_for_until_the_given_time) {
  leaving_scene s;
  s.hold_attaches();
  s.attach(1);
  s.run();
  s.close(0, 3s);
  s.advance(2999ms);
  EXPECT_EQ(s.words, words{});
  s.advance(20ms);
  EXPECT_EQ(s.words, words{"closed 0"});
  EXPECT_EQ(s.totals().connections_open, 0U);
}

// Until it has ended the hub may still give a link to it.
TEST(fleet_leaving, a_connection_counts_until_the_hub_has_closed_it) {
  leaving_scene s;
  s.attach(1);
  s.run();
  s.take_words();
  s.peer().answers_close = false;
  s.close(0, 3s);
  s.advance(1s);
  EXPECT_TRUE(s.peer().closed_by_client);
  EXPECT_EQ(s.words, words{});
  s.peer().engine().close();
  s.advance(10ms);
  EXPECT_EQ(s.words, words{"closed 0"});
}

TEST(fleet_leaving, a_connection_that_the_hub_does_not_close_is_cut_at_the_given_time) {
  leaving_scene s;
  s.attach(1);
  s.run();
  s.take_words();
  s.peer().answers_close = false;
  s.close(0, 3s);
  s.advance(2999ms);
  EXPECT_EQ(s.words, words{});
  s.advance(10ms);
  EXPECT_EQ(s.words, words{"closed 0"});
  EXPECT_EQ(s.totals().connections_open, 0U);
}

TEST(fleet_leaving, a_time_that_is_over_frees_the_identities_at_once) {
  leaving_scene s;
  s.attach(1);
  s.run();
  s.take_words();
  s.send(1, 7);
  s.close(0, 0s);
  const auto next = static_cast<std::uint32_t>(make_ref(1, 1));
  s.attach(next, fleet_scene::at(plant, "dev-next"));
  s.attach(2, fleet_scene::at(plant, name_of(1).str()), of_shard(1));
  s.advance(100ms);
  EXPECT_EQ(s.count("attached 2"), 1U) << "nobody else has the identity";
  EXPECT_EQ(s.count("attached 1"), 1U) << "who has come meanwhile gets a connection of its own";
  EXPECT_EQ(s.count("closed 0"), 1U);
  EXPECT_EQ(s.totals().attached, 2U);
}

TEST(fleet_leaving, a_shard_that_comes_back_is_attached_on_new_connections) {
  leaving_scene s;
  for (std::uint32_t round = 1; round <= 3; ++round) {
    s.attach(round);
    s.advance(1s);
    EXPECT_EQ(s.totals().attached, 1U);
    s.close(0, 3s);
    s.advance(1s);
    EXPECT_EQ(s.totals().devices, 0U);
  }
  EXPECT_EQ(s.count("closed 0"), 3U);
  EXPECT_EQ(s.totals().connections_made, 3U);
}

TEST(fleet_leaving, a_lost_connection_of_a_leaving_shard_is_not_made_again) {
  leaving_scene s;
  s.hold_attaches();
  s.attach(1);
  s.run();
  s.close(0, 3s);
  s.lose(0);
  s.advance(10s);
  EXPECT_EQ(s.orders_at.size(), 1U);
  EXPECT_EQ(s.words.back(), "closed 0");
}

TEST(fleet_leaving, one_that_was_being_connected_has_nothing_to_wait_for) {
  leaving_scene s;
  s.answers_orders = false;
  s.attach(1);
  s.run();
  ASSERT_EQ(s.orders.size(), 1U);
  s.close(0, 3s);
  s.advance(10ms);
  EXPECT_EQ(s.words, words{"closed 0"});
  s.answer_orders();
  s.advance(1s);
  EXPECT_EQ(s.totals().attached, 0U);
  EXPECT_EQ(s.totals().devices, 0U);
}

} // namespace
} // namespace causeway::hub
