// SPDX-License-Identifier: Apache-2.0
// The disk refuses writes, anywhere in a commit, while the connection to the hub breaks as well.
#include "conversation/gateway_world.h"

#include <gtest/gtest.h>

namespace causeway::conversation {
namespace {

using namespace std::chrono_literals;

class bad_disk : public ::testing::TestWithParam<hub::auth> {
protected:
  static constexpr std::size_t devices = 100;
  static constexpr int rounds = 3;

  static world_options options() {
    world_options made;
    made.mode = GetParam();
    made.devices = devices;
    made.disk_may_refuse = true;
    return made;
  }
  // What crosses the connection and what is written when nothing goes wrong.
  struct effort {
    std::size_t bytes = 0, writes = 0;
  };
  static effort of_conversation() {
    gateway_world w{options()};
    w.disk.fail_writes({});
    for (int round = 0; round < rounds; ++round)
      w.post_round();
    EXPECT_TRUE(w.run_until_delivered(10s));
    w.expect_all_delivered();
    EXPECT_EQ(w.refused(), 0u);
    return {w.link().bytes_carried(), w.disk.writes()};
  }
};

INSTANTIATE_TEST_SUITE_P(either_way_to_sign, bad_disk,
                         ::testing::Values(hub::auth::device_keys, hub::auth::policy), [](const auto& mode) {
                           return mode.param == hub::auth::policy ? "policy" : "device_keys";
                         });

TEST_P(bad_disk, that_fails_at_fifty_writes_between_fifty_lost_connections_loses_nothing_acknowledged) {
  constexpr std::size_t faults = 50;
  const auto plain = of_conversation();
  gateway_world w{options()};
  std::deque<std::size_t> bad_writes;
  for (std::size_t i = 0; i < faults; ++i) {
    w.breaks.after.push_back(plain.bytes * (i * 17 % faults) / faults);
    bad_writes.push_back(plain.writes * (i * 23 % faults) / faults);
    // One alone is mended within the commit; where the next ones fail too, the commit is refused.
    if (i % 2 == 1) bad_writes.insert(bad_writes.end(), 4, 0);
  }
  const auto fails = bad_writes.size();
  w.disk.fail_writes(std::move(bad_writes));
  for (int round = 0; (w.breaks.breaks < faults || w.disk.writes_failed() < fails) && round < 200; ++round) {
    w.post_round();
    w.run_for(45s);
  }
  ASSERT_EQ(w.breaks.breaks, faults);
  ASSERT_EQ(w.disk.writes_failed(), fails);
  ASSERT_TRUE(w.run_until_delivered(10min));
  w.expect_all_delivered();
  EXPECT_EQ(w.devices_in(model::device_state::online), devices);
  // Without these the faults would not have hit where it hurts: appends were refused, and each of them as a
  // whole; marks were lost with their commit, and made again.
  EXPECT_GT(w.refused(), 0u);
  EXPECT_GT(w.disk.episodes(), 10u);
  EXPECT_GT(w.arrivals.totals().duplicates, 0u);
  EXPECT_EQ(w.shard().totals().parks, 0u);
}

} // namespace
} // namespace causeway::conversation
