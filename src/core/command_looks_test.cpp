// SPDX-License-Identifier: Apache-2.0
#include "core/command_looks.h"

#include "core/inquiry_scene.h"
#include "core/recording_ports.h"

#include <gtest/gtest.h>

namespace causeway::core {
namespace {

using namespace std::chrono_literals;
using testing::calls;

struct looks : ::testing::Test, testing::inquiry_scene {
  testing::recording_ports ports;
  outlet<model::downlinks> stack;
  command_looks all{stack};
  const device_key dev{application_id{"plant"}, device_id{"dev"}};

  looks() { stack.bind(ports); }
  void ask_push() { all.ask(id, dev, push_times{now(), now()}, now()); }
};

TEST_F(looks, send_one_read_at_a_time_and_say_what_was_found) {
  ask_push();
  EXPECT_EQ(all.deadline(), now());
  all.pump(now());
  all.pump(now());
  EXPECT_EQ(ports.take(), calls{"read_queue dev"});
  EXPECT_EQ(all.on_queue_read(id, queue(ours), now()), command_looks::finding{push_finding::queued});
  EXPECT_EQ(all.deadline(), std::nullopt) << "the look is over";
}

TEST_F(looks, an_answer_to_a_look_that_was_dropped_says_nothing_of_the_next) {
  ask_push();
  all.pump(now());
  all.drop(id);
  ask_push();
  all.pump(now());
  EXPECT_EQ(ports.take(), calls{"read_queue dev"}) << "the first is still to be answered";
  EXPECT_EQ(all.on_queue_read(id, queue(ours), now()), std::nullopt) << "it was asked before";
  all.pump(now());
  EXPECT_EQ(ports.take(), calls{"read_queue dev"});
  EXPECT_NE(all.on_queue_read(id, queue(ours), now()), std::nullopt);
}

TEST_F(looks, are_few_at_a_time_and_those_for_pushes_go_first) {
  const auto name = [](int i) { return command_id{std::string(30, 'c') + std::to_string(10 + i)}; };
  for (int i = 0; i < 20; ++i)
    all.ask(name(i), dev, now());
  ask_push();
  all.pump(now());
  EXPECT_EQ(ports.looked_for.size(), command_looks::most_reads);
  EXPECT_EQ(ports.looked_for.front(), id);
  EXPECT_EQ(all.deadline(), std::nullopt) << "an answer first";
  EXPECT_EQ(all.on_queue_read(name(0), empty_queue(), now()), std::nullopt);
  all.pump(now());
  EXPECT_EQ(ports.looked_for.size(), command_looks::most_reads + 1);
}

TEST_F(looks, a_read_that_fails_is_tried_again) {
  ask_push();
  all.pump(now());
  ports.take();
  EXPECT_EQ(all.on_queue_read(id, {read_end::failed, {}}, now()), std::nullopt);
  all.pump(now());
  EXPECT_EQ(ports.take(), calls{});
  ASSERT_TRUE(all.deadline());
  clock.advance(*all.deadline() - now());
  all.pump(now());
  EXPECT_EQ(ports.take(), calls{"read_queue dev"});
}

} // namespace
} // namespace causeway::core
