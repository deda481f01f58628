// SPDX-License-Identifier: Apache-2.0
#include "core/frame_watch.h"
#include "core/organ_scene.h"

#include <gtest/gtest.h>

namespace causeway::core {
namespace {

using testing::frame_of;
using testing::shard_fixture;

struct seen_frame {
  std::optional<std::uint16_t> session;
  std::uint32_t f_cnt;
};

TEST(frame_watch_alone, counts_what_is_late_or_missing) {
  struct row {
    const char* what;
    std::vector<seen_frame> frames;
    std::uint32_t gaps, late;
  };
  const std::vector<row> table{
      {"one after the other", {{7, 1}, {7, 2}, {7, 3}}, 0, 0},
      {"two were lost", {{7, 1}, {7, 4}}, 2, 0},
      {"one came late", {{7, 1}, {7, 3}, {7, 2}}, 1, 1},
      {"the same again is not late", {{7, 5}, {7, 5}}, 0, 0},
      {"a join begins anew", {{7, 100}, {8, 1}, {8, 2}}, 0, 0},
      {"the first frame says nothing of those before", {{7, 1000}}, 0, 0},
      {"an implausible gap is none", {{7, 1}, {7, 100'000}}, 0, 0},
      {"ABP starts again", {{std::nullopt, 500}, {std::nullopt, 0}, {std::nullopt, 1}}, 0, 0},
      {"a 0 behind the 1 is late", {{std::nullopt, 1}, {std::nullopt, 0}}, 0, 1},
  };
  for (const auto& row : table) {
    shard_totals totals;
    frame_watch watch{totals};
    device d;
    manual_clock clock;
    for (const auto& frame : row.frames) {
      auto event = shard_fixture::frame("plant", "dev", frame.f_cnt);
      frame_of(event).session = frame.session;
      watch.note(d, event, clock.now());
    }
    EXPECT_EQ(d.gaps, row.gaps) << row.what;
    EXPECT_EQ(d.late, row.late) << row.what;
    EXPECT_EQ(totals.frames_missing, row.gaps) << row.what;
    EXPECT_EQ(totals.frames_late, row.late) << row.what;
    EXPECT_EQ(d.last_seen, clock.now().wall);
  }
}

TEST(frame_watch_alone, a_simulated_frame_counts_for_nothing_but_its_time) {
  shard_totals totals;
  frame_watch watch{totals};
  device d;
  manual_clock clock;
  auto event = shard_fixture::frame("plant", "dev", 9);
  event.simulated = true;
  watch.note(d, event, clock.now());
  EXPECT_EQ(d.session, 0U);
  EXPECT_EQ(d.last_seen, clock.now().wall);
}

TEST(frame_watch_alone, the_newest_uplink_is_the_largest_of_those_that_a_network_server_has_taken_up) {
  shard_totals totals;
  frame_watch watch{totals};
  device d;
  manual_clock clock;
  auto event = shard_fixture::frame("plant", "dev", 9);
  const auto hear = [&](std::optional<std::int64_t> at, bool simulated = false) {
    frame_of(event).received_at = at;
    event.simulated = simulated;
    watch.note(d, event, clock.now());
    return d.newest_uplink;
  };
  EXPECT_EQ(hear(std::nullopt), 0);
  EXPECT_EQ(hear(70), 70);
  EXPECT_EQ(hear(60), 70) << "late, or fetched after an outage";
  EXPECT_EQ(hear(std::nullopt), 70);
  EXPECT_EQ(hear(80, true), 70) << "of no record";
  EXPECT_EQ(hear(71), 71);
}

} // namespace
} // namespace causeway::core
