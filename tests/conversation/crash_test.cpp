// SPDX-License-Identifier: Apache-2.0
// The gateway dies and comes back with what its disk has kept.
#include "conversation/gateway_world.h"

#include <gtest/gtest.h>

namespace causeway::conversation {
namespace {

using namespace std::chrono_literals;

class crash : public ::testing::TestWithParam<hub::auth> {
protected:
  static world_options with(std::size_t devices) {
    world_options options;
    options.mode = GetParam();
    options.devices = devices;
    return options;
  }
  // How many bytes cross when nothing goes wrong.
  static std::size_t bytes_of_conversation(std::size_t devices, int rounds) {
    gateway_world w{with(devices)};
    for (int round = 0; round < rounds; ++round)
      w.post_round();
    EXPECT_TRUE(w.run_until_delivered(10s));
    return w.link().bytes_carried();
  }
};

INSTANTIATE_TEST_SUITE_P(either_way_to_sign, crash,
                         ::testing::Values(hub::auth::device_keys, hub::auth::policy), [](const auto& mode) {
                           return mode.param == hub::auth::policy ? "policy" : "device_keys";
                         });

TEST_P(crash, at_twenty_points_loses_nothing_that_was_acknowledged) {
  constexpr std::size_t devices = 100, crashes = 20;
  const auto bytes = bytes_of_conversation(devices, 3);
  auto options = with(devices);
  options.breaks_are_crashes = true;
  gateway_world w{options};
  for (std::size_t i = 0; i < crashes; ++i)
    w.breaks.after.push_back(bytes * (i * 7 % crashes + 1) / crashes);
  std::size_t repeats = 0;
  for (int round = 0; w.crashes() < crashes && round < 200; ++round) {
    const auto before = w.crashes();
    w.post_round();
    // The Things Stack did not hear the answer to what is stored, and sends it again to the new gateway.
    if (w.crashes() != before && w.has_stored(7)) {
      EXPECT_EQ(w.repeat_last_stored(7), model::answer::duplicate);
      ++repeats;
    }
  }
  ASSERT_EQ(w.crashes(), crashes);
  ASSERT_TRUE(w.run_until_delivered(1min));
  w.expect_all_delivered();
  EXPECT_GT(repeats, 0u);
  EXPECT_EQ(w.devices_in(model::device_state::online), devices);
  // The crashes hit between accept and mark, and between webhook and commit.
  EXPECT_GT(w.arrivals.totals().duplicates, 0u);
  EXPECT_LT(w.stored(), w.posted());
  EXPECT_EQ(w.shard().totals().parks, 0u);
}

TEST_P(crash, at_any_byte_of_a_small_conversation_loses_nothing_that_was_acknowledged) {
  constexpr std::size_t devices = 3;
  constexpr int rounds = 4;
  const auto bytes = bytes_of_conversation(devices, rounds);
  auto options = with(devices);
  options.breaks_are_crashes = true;
  for (std::size_t point = 0; point < bytes; point += 131) {
    SCOPED_TRACE("after " + std::to_string(point) + " bytes of " + std::to_string(bytes));
    gateway_world w{options};
    w.breaks.after.push_back(point);
    for (int round = 0; round < rounds; ++round)
      w.post_round();
    ASSERT_TRUE(w.run_until_delivered(1min));
    w.expect_all_delivered();
    EXPECT_EQ(w.crashes(), 1u);
    if (HasFailure()) return;
  }
}

} // namespace
} // namespace causeway::conversation
