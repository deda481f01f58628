// SPDX-License-Identifier: Apache-2.0
// The connection to the hub breaks, anywhere.
#include "conversation/gateway_world.h"

#include <gtest/gtest.h>

namespace causeway::conversation {
namespace {

using namespace std::chrono_literals;

class lost_connection : public ::testing::TestWithParam<hub::auth> {
protected:
  static world_options with(std::size_t devices) {
    world_options options;
    options.mode = GetParam();
    options.devices = devices;
    return options;
  }
  // How many bytes a connection carries from OPEN to the last of this many rounds.
  static std::size_t bytes_of_conversation(std::size_t devices, int rounds) {
    gateway_world w{with(devices)};
    for (int round = 0; round < rounds; ++round)
      w.post_round();
    EXPECT_TRUE(w.run_until_delivered(10s));
    EXPECT_EQ(w.link().connections_made(), 1u);
    w.expect_all_delivered();
    EXPECT_EQ(w.arrivals.totals().duplicates, 0u);
    return w.link().bytes_carried();
  }
};

INSTANTIATE_TEST_SUITE_P(either_way_to_sign, lost_connection,
                         ::testing::Values(hub::auth::device_keys, hub::auth::policy), [](const auto& mode) {
                           return mode.param == hub::auth::policy ? "policy" : "device_keys";
                         });

// The conversation of issue and design: 100 devices, 50 breaks spread evenly from the first byte over OPEN,
// $cbs, attaches, transfers and outcomes.
TEST_P(lost_connection, at_fifty_points_costs_a_hundred_devices_no_message) {
  constexpr std::size_t devices = 100, breaks = 50;
  const auto bytes = bytes_of_conversation(devices, 3);
  gateway_world w{with(devices)};
  // Long and short lives mixed; 17 and 50 have no common divisor, so each point comes once.
  for (std::size_t i = 0; i < breaks; ++i)
    w.breaks.after.push_back(bytes * (i * 17 % breaks) / breaks);
  for (int round = 0; w.breaks.breaks < breaks && round < 200; ++round) {
    w.post_round();
    w.run_for(45s);
  }
  ASSERT_EQ(w.breaks.breaks, breaks);
  ASSERT_TRUE(w.run_until_delivered(10min));
  w.expect_all_delivered();
  EXPECT_EQ(w.link().connections_made(), breaks + 1);
  EXPECT_EQ(w.devices_in(model::device_state::online), devices);
  // Without these the breaks would not have hit where it hurts.
  EXPECT_GT(w.arrivals.totals().duplicates, 0u);
  EXPECT_GT(w.shard().totals().resent, w.arrivals.totals().duplicates);
  EXPECT_GT(w.disk.rows_read_back(), 0u);
  EXPECT_GT(w.disk.largest_group(), 1u);
  // Nobody was detached for a reason of its own.
  EXPECT_EQ(w.link().own_detaches(), 0u);
  EXPECT_EQ(w.shard().totals().parks, 0u);
  EXPECT_EQ(w.hub.totals().detaches, 0u);
  EXPECT_EQ(w.hub.totals().put_tokens_refused, 0u);
  EXPECT_EQ(w.hub.totals().attaches_refused, 0u);
}

TEST_P(lost_connection, at_any_byte_of_a_small_conversation_costs_no_message) {
  constexpr std::size_t devices = 3;
  const auto bytes = bytes_of_conversation(devices, 2);
  std::uint64_t duplicates = 0;
  // A stride that is prime to the frames' sizes, so that breaks fall into headers and bodies alike.
  for (std::size_t point = 0; point < bytes; point += 131) {
    SCOPED_TRACE("after " + std::to_string(point) + " bytes of " + std::to_string(bytes));
    gateway_world w{with(devices)};
    w.breaks.after.push_back(point);
    w.post_round();
    w.post_round();
    ASSERT_TRUE(w.run_until_delivered(1min));
    w.expect_all_delivered();
    EXPECT_EQ(w.breaks.breaks, 1u);
    EXPECT_EQ(w.link().connections_made(), 2u);
    duplicates += w.arrivals.totals().duplicates;
    if (HasFailure()) return;
  }
  EXPECT_GT(duplicates, 0u);
}

TEST_P(lost_connection, to_a_hub_that_drops_everybody_comes_back) {
  gateway_world w{with(100)};
  for (int restart = 0; restart < 5; ++restart) {
    w.post_round();
    w.hub.cut_all();
    w.post_round();
    w.run_for(20s);
  }
  ASSERT_TRUE(w.run_until_delivered(10min));
  w.expect_all_delivered();
  EXPECT_EQ(w.link().connections_lost(), 5u);
  EXPECT_EQ(w.shard().totals().parks, 0u);
}

// The hub takes messages and says nothing: each device gives up after its time-out, alone, and tries again.
TEST_P(lost_connection, is_not_needed_for_outcomes_to_stay_away) {
  gateway_world w{with(20)};
  w.post_round();
  ASSERT_TRUE(w.run_until_delivered(10s));
  emulator::fault silence;
  silence.kind = emulator::fault_kind::hub_hang;
  w.faults.add(silence);
  w.post_round();
  w.run_for(10min);
  EXPECT_EQ(w.arrivals.totals().accepted, 20u);
  w.faults.clear();
  w.hub.resume();
  ASSERT_TRUE(w.run_until_delivered(1h));
  w.expect_all_delivered();
  EXPECT_EQ(w.link().connections_made(), 1u);
}

} // namespace
} // namespace causeway::conversation
