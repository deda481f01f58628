// SPDX-License-Identifier: Apache-2.0
#include "core/refusal_watch.h"

#include <gtest/gtest.h>

namespace causeway::core {
namespace {

using place = refusal_watch::place;
using change = refusal_watch::change;

constexpr place plant{1, 0}, field{1, 1}, third{1, 2}, elsewhere{2, 0};

struct watched {
  refusal_watch watch;
  mono_time now{seconds{1000}};

  device_ref device(std::uint32_t number) const { return device_ref{number}; }
  refusal_watch::verdict refuse(place at, std::uint32_t number, spool_seq seq = 1) {
    return watch.on_refused(at, device(number), seq, now, 0.5);
  }
  void close(place at, std::uint32_t first) {
    for (std::uint32_t i = 0; i < 4; ++i)
      EXPECT_EQ(refuse(at, first + i).gate, change::none);
    EXPECT_EQ(refuse(at, first + 4).gate, change::closed);
  }
};

TEST(refusal_watch, few_devices_or_one_again_and_again_close_nothing) {
  watched w;
  for (int i = 0; i < 100; ++i)
    EXPECT_EQ(w.refuse(plant, static_cast<std::uint32_t>(i % 4)).gate, change::none);
  EXPECT_TRUE(w.watch.lets(plant, w.device(9), w.now));
}

TEST(refusal_watch, an_accepted_message_in_between_says_that_it_is_not_the_hub) {
  watched w;
  for (std::uint32_t i = 0; i < 100; ++i) {
    EXPECT_EQ(w.refuse(plant, i).gate, change::none);
    if (i % 4 == 3) {
      EXPECT_EQ(w.watch.on_accepted(plant, w.device(1000)), change::none);
    }
  }
}

TEST(refusal_watch, a_closed_gate_lets_one_probe_at_a_time_and_opens_when_it_is_accepted) {
  watched w;
  w.close(plant, 0);
  EXPECT_FALSE(w.watch.lets(plant, w.device(7), w.now));
  EXPECT_TRUE(w.watch.lets(elsewhere, w.device(8), w.now));
  EXPECT_TRUE(w.watch.lets(field, w.device(9), w.now)) << "another application goes on";
  EXPECT_TRUE(w.watch.due(w.now).empty());
  w.now = *w.watch.deadline();
  EXPECT_EQ(w.watch.due(w.now), (std::vector<place>{plant}));
  EXPECT_TRUE(w.watch.lets(plant, w.device(7), w.now));
  EXPECT_FALSE(w.watch.lets(plant, w.device(8), w.now));
  const auto first = w.now;
  EXPECT_EQ(w.refuse(plant, 7).gate, change::none);
  EXPECT_GE(*w.watch.deadline() - first, seconds{3}) << "pauses grow";
  w.now = *w.watch.deadline();
  EXPECT_TRUE(w.watch.lets(plant, w.device(8), w.now));
  EXPECT_EQ(w.watch.on_accepted(plant, w.device(8)), change::opened);
  EXPECT_TRUE(w.watch.lets(plant, w.device(7), w.now));
  EXPECT_EQ(w.watch.closed(), 0U);
}

TEST(refusal_watch, a_probe_that_is_lost_makes_way_for_another) {
  watched w;
  w.close(plant, 0);
  w.now = *w.watch.deadline();
  EXPECT_TRUE(w.watch.lets(plant, w.device(7), w.now));
  w.watch.on_no_outcome(plant, w.device(7)); // throttled, say
  EXPECT_TRUE(w.watch.lets(plant, w.device(8), w.now));
  w.now += seconds{59}; // its connection goes without a word
  EXPECT_FALSE(w.watch.lets(plant, w.device(9), w.now));
  w.now += seconds{1};
  EXPECT_TRUE(w.watch.lets(plant, w.device(9), w.now));
}

TEST(refusal_watch, two_applications_close_the_hub_and_each_waits_for_a_message_of_its_own) {
  watched w;
  w.close(plant, 0);
  w.close(field, 10);
  EXPECT_TRUE(w.watch.lets(third, w.device(20), w.now)) << "its probe goes at once";
  EXPECT_FALSE(w.watch.lets(third, w.device(21), w.now));
  EXPECT_TRUE(w.watch.lets(elsewhere, w.device(22), w.now));
  EXPECT_EQ(w.watch.on_accepted(third, w.device(20)), change::opened);
  EXPECT_EQ(w.watch.closed(), 2U) << "one's good word is not another's";
}

TEST(refusal_watch, a_message_is_buried_after_hours_of_being_refused_itself) {
  watched w;
  const auto begun = w.now;
  while (!w.refuse(plant, 1).bury)
    w.now += seconds{300};
  EXPECT_GE(w.now - begun, seconds{4 * 3600});
  EXPECT_LE(w.now - begun, seconds{5 * 3600});
}

TEST(refusal_watch, neither_a_pause_nor_another_message_counts_for_it) {
  watched w;
  for (int i = 0; i < 20; ++i) { // the hub was away for a day between any two
    EXPECT_FALSE(w.refuse(plant, 1).bury);
    w.now += seconds{24 * 3600};
  }
  for (int i = 0; i < 20; ++i) { // 600 s each, but of different messages
    EXPECT_FALSE(w.refuse(plant, 1, static_cast<spool_seq>(100 + i)).bury);
    w.now += seconds{600};
  }
}

TEST(refusal_watch, what_never_ends_is_judged_one_by_one_in_the_end) {
  watched w;
  w.close(plant, 0);
  w.now += seconds{4 * 3600 - 1};
  EXPECT_TRUE(w.watch.open_overdue(w.now).empty());
  w.now += seconds{1};
  EXPECT_EQ(w.watch.open_overdue(w.now), (std::vector<place>{plant}));
  for (std::uint32_t i = 0; i < 100; ++i) {
    EXPECT_TRUE(w.watch.lets(plant, w.device(i), w.now));
    EXPECT_EQ(w.refuse(plant, i).gate, change::none);
  }
}

} // namespace
} // namespace causeway::core
