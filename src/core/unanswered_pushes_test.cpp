// SPDX-License-Identifier: Apache-2.0
// Pushes that get no answer, and what is known of the device's uplinks.
#include "core/commands_scene.h"

#include <gtest/gtest.h>

namespace causeway::core {
namespace {

using namespace std::chrono_literals;
using testing::commands_scene;
using testing::frame_of;

using looking = commands_scene;

TEST(unanswered_pushes, that_never_arrived_are_pushed_again_though_the_device_spoke_five_seconds_before) {
  looking f;
  const auto spoke = f.clock.now().wall;
  f.hear(spoke);
  f.hear(spoke - 1h); // fetched after an outage
  f.tick(5s);
  const auto id = f.pushed(1, "a");
  f.outcome(id, push_end::unanswered);
  f.look_twice(spoke);
  f.durable();
  EXPECT_EQ(f.ports.pushed, (std::vector<command_id>{id, id}));
  f.outcome(id, push_end::taken);
  f.tick(3600s);
  f.durable();
  EXPECT_EQ(f.state(id), command_state::queued);
  EXPECT_EQ(f.ports.pushed.size(), 2U);
}

TEST(unanswered_pushes, whose_device_was_heard_before_a_kill_are_pushed_again_behind_it) {
  looking before;
  const auto spoke = before.clock.now().wall;
  before.hear(spoke);
  before.tick(5s);
  const auto id = before.pushed(1, "a");
  looking anew{looking::rules(), looking::without_device::yes};
  anew.clock.advance(6s);
  anew.start(before.on_disk());
  anew.shard.on_tick(anew.clock.now());
  anew.queue_read(false);
  anew.record_read(spoke);
  EXPECT_EQ(anew.state(id), command_state::pushing) << "it may still come for 11 s";
  anew.tick(11s);
  anew.queue_read(false);
  anew.record_read(spoke);
  anew.durable();
  EXPECT_EQ(anew.ports.pushed, std::vector<command_id>{id});
}

TEST(unanswered_pushes, whose_device_has_spoken_between_a_kill_and_the_look_are_in_doubt) {
  looking before;
  before.hear(before.clock.now().wall - 300s); // by a clock that is 5 min behind the stack's Date
  before.tick(5s);
  const auto id = before.pushed(1, "a");
  looking anew{looking::rules(), looking::without_device::yes};
  anew.clock.advance(6s);
  anew.start(before.on_disk());
  anew.shard.on_tick(anew.clock.now());
  anew.look_twice(anew.clock.now().wall - 300s);
  EXPECT_EQ(anew.state(id), command_state::in_doubt);
  anew.durable();
  EXPECT_TRUE(anew.ports.pushed.empty());
}

TEST(unanswered_pushes, whose_device_has_spoken_since_are_in_doubt) {
  for (const bool is_heard : {true, false}) { // the webhook may be lost
    looking f;
    f.hear(f.clock.now().wall - 600s);
    f.tick(5s);
    const auto id = f.pushed(1, "a");
    const auto since = f.clock.now().wall + 1s;
    if (is_heard) f.hear(since);
    f.outcome(id, push_end::unanswered);
    f.look_twice(since);
    f.durable();
    EXPECT_EQ(f.state(id), command_state::in_doubt);
    EXPECT_EQ(f.ports.pushed.size(), 1U);
  }
}

// The network server's clock is 5 min behind the stack's Date, by which the device was silent since the push.
TEST(unanswered_pushes, whose_device_has_spoken_since_are_in_doubt_whatever_the_stacks_date_says) {
  for (const bool was_heard : {true, false})
    for (const bool is_heard : {true, false}) {
      if (!was_heard && !is_heard) continue; // then nothing is known but what the clocks say
      looking f;
      const auto by_network = [&] { return f.clock.now().wall - 300s; };
      if (was_heard) f.hear(by_network());
      f.tick(600s);
      const auto id = f.pushed(1, "a");
      f.clock.advance(1s);
      const auto since = by_network();
      if (is_heard) f.hear(since);
      f.outcome(id, push_end::unanswered);
      f.look_twice(since);
      f.durable();
      EXPECT_EQ(f.state(id), command_state::in_doubt) << was_heard << is_heard;
      EXPECT_EQ(f.ports.pushed.size(), 1U);
    }
}

// For want of room it is not taken, and it has been said all the same.
TEST(unanswered_pushes, whose_device_has_spoken_to_a_full_gateway_are_in_doubt) {
  shard_options options;
  options.max_in_progress = 1;
  looking f{options};
  const auto id = f.pushed(1, "a");
  f.post(f.frame("plant", "other", 1)); // fills it
  auto event = f.frame("plant", "dev", 2);
  frame_of(event).received_at = 7;
  const auto told = f.post(std::move(event));
  EXPECT_EQ(f.ports.answered.at(told), answer::full);
  f.outcome(id, push_end::unanswered);
  f.look_twice(f.clock.now().wall - 3600s);
  EXPECT_EQ(f.state(id), command_state::in_doubt);
}

TEST(unanswered_pushes, of_whose_device_another_record_tells_are_in_doubt) {
  looking f;
  f.hear(f.clock.now().wall);
  f.tick(3600s);
  const auto id = f.pushed(1, "a");
  f.outcome(id, push_end::unanswered);
  f.look_twice({}); // its session was made anew
  EXPECT_EQ(f.state(id), command_state::in_doubt);
}

} // namespace
} // namespace causeway::core
