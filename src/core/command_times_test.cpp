// SPDX-License-Identifier: Apache-2.0
#include "core/command_times.h"

#include "core/commands_scene.h"
#include "core/ledger.h"

#include <gtest/gtest.h>

#include <string>

namespace causeway::core {
namespace {

using namespace std::chrono_literals;
using testing::commands_scene;

struct timed {
  manual_clock clock;
  model::timeline line{clock.now(), 64};
  commands_scene f{with_line()};

  shard_options with_line() {
    shard_options options;
    options.timeline = &line;
    return options;
  }
  // "phase milliseconds fault" of each.
  std::vector<std::string> spans() const {
    std::vector<std::string> all;
    for (auto number = line.first_kept(); number < line.noted(); ++number) {
      const auto& one = line.at(number);
      if (!is_of_command(one.what)) continue;
      all.push_back(std::string{to_string(one.what)} + " " + std::to_string(one.duration / 1ms) +
                    (one.fault ? " " + std::string{describe(*one.fault).name} : ""));
    }
    return all;
  }
  std::uint64_t count(command_leg which) const {
    std::uint64_t sum = 0;
    for (const auto one : of(which).counts)
      sum += one;
    return sum;
  }
  model::command_latency of(command_leg which) const {
    return f.shard.commands().totals().latency[static_cast<std::size_t>(which)];
  }
};

TEST(command_times, of_each_leg_are_counted_from_its_coming_and_noted_as_phases) {
  timed t;
  auto& f = t.f;
  f.c2d(1, "confirmed a");
  f.clock.advance(2ms);
  f.durable();
  f.clock.advance(3ms);
  f.durable();
  const auto id = f.ports.pushed.back();
  f.outcome(id, push_end::taken);
  f.clock.advance(10s);
  f.step(id, event_kind::downlink_sent);
  f.clock.advance(20s);
  f.step(id, event_kind::downlink_ack);
  EXPECT_EQ(t.spans(), (std::vector<std::string>{"command.store 2", "command.turn 0", "command.push 3",
                                                 "command.send 10000", "command.ack 20000"}));
  EXPECT_EQ(t.of(command_leg::stored).ms_sum, 2U);
  EXPECT_EQ(t.of(command_leg::pushed).ms_sum, 5U);
  EXPECT_EQ(t.of(command_leg::sent).ms_sum, 10'005U);
  EXPECT_EQ(t.of(command_leg::acknowledged).ms_sum, 30'005U);
}

TEST(command_times, are_counted_once_a_command) {
  timed t;
  const auto id = t.f.pushed(1, "confirmed a");
  t.f.outcome(id, push_end::taken);
  t.f.step(id, event_kind::downlink_sent, 1);
  t.f.step(id, event_kind::downlink_nack, 1);
  t.f.step(id, event_kind::downlink_sent, 2);
  EXPECT_EQ(t.count(command_leg::sent), 1U);
  EXPECT_EQ(t.count(command_leg::acknowledged), 0U);
}

TEST(command_times, of_a_refused_push_say_so_and_count_none) {
  timed t;
  const auto id = t.f.pushed(1, "a");
  t.f.outcome(id, push_end::refused, "pkg/applicationserver:no_f_port");
  EXPECT_EQ(t.spans().back(), "command.push 0 downlink_refused");
  EXPECT_EQ(t.count(command_leg::pushed), 0U);
}

TEST(command_times, of_one_that_is_tried_again_go_on) {
  timed t;
  const auto id = t.f.pushed(1, "a");
  t.f.outcome(id, push_end::not_made);
  t.f.durable();
  t.f.tick(1s);
  t.f.durable();
  t.f.outcome(id, push_end::taken);
  EXPECT_EQ(t.count(command_leg::pushed), 1U);
  EXPECT_EQ(t.of(command_leg::pushed).ms_sum, 1'000U);
}

TEST(command_times, of_before_the_start_are_none) {
  commands_scene before;
  const auto id = before.pushed(1, "confirmed a");
  before.outcome(id, push_end::taken);
  before.durable();
  timed t;
  testing::shard_fixture anew{t.with_line()};
  anew.start(before.on_disk());
  const auto& entry = *anew.shard.commands().book().find(id);
  EXPECT_EQ(entry.times.received, std::nullopt);
  for (const auto& leg : anew.shard.commands().totals().latency)
    EXPECT_EQ(leg.ms_sum, 0U);
}

TEST(command_alarms, count_what_is_in_doubt_and_what_nothing_is_heard_of) {
  commands_scene f;
  const auto id = f.pushed(1, "a");
  auto image = f.on_disk();
  auto copy = image.commands.at(0);
  copy.id = command_id{std::string(32, '7')};
  image.commands.push_back(copy);
  testing::shard_fixture anew;
  anew.start(std::move(image));
  EXPECT_EQ(anew.shard.commands().totals().in_doubt, 1U) << "the second of a device that was under way";
  EXPECT_EQ(anew.shard.commands().totals().no_word, 0U);
  static_cast<void>(id);
}

TEST(command_alarms, pushes_that_are_under_way_are_shown) {
  commands_scene f;
  const auto id = f.pushed(1, "a");
  EXPECT_EQ(f.shard.commands().totals().pushes_under_way, 1U);
  f.outcome(id, push_end::taken);
  EXPECT_EQ(f.shard.commands().totals().pushes_under_way, 0U);
}

} // namespace
} // namespace causeway::core
