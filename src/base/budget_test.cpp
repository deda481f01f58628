// SPDX-License-Identifier: Apache-2.0
#include "base/budget.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

namespace causeway {
namespace {

constexpr seconds minute{60};

// A service with a sliding window over what it has accepted, some way off.
struct far_service {
  std::size_t quota;
  std::chrono::nanoseconds window;
  std::vector<mono_time> accepted;
  std::size_t refused = 0;

  std::size_t in_window(mono_time at) const {
    return static_cast<std::size_t>(
        std::count_if(accepted.begin(), accepted.end(), [&](mono_time when) { return when > at - window; }));
  }
  bool ask(mono_time at) {
    if (in_window(at) >= quota) {
      ++refused;
      return false;
    }
    accepted.push_back(at);
    return true;
  }
  seconds retry_after(mono_time at) const {
    const auto oldest =
        *std::find_if(accepted.begin(), accepted.end(), [&](mono_time when) { return when > at - window; });
    return std::max(seconds{1}, std::chrono::ceil<seconds>(oldest + window - at));
  }
  std::size_t accepted_between(mono_time from, mono_time to) const {
    return static_cast<std::size_t>(std::count_if(accepted.begin(), accepted.end(),
                                                  [&](mono_time when) { return when >= from && when < to; }));
  }
};

struct answer {
  mono_time taken, arrives;
  bool good;
  seconds pause;
};

// Asks as often as the budget allows. The way there takes 10 to 90 ms, the way back 10 ms.
void drive(manual_clock& clock, budget& pace, far_service& service, std::size_t wanted, seconds at_most) {
  std::vector<answer> answers;
  std::vector<std::pair<mono_time, mono_time>> on_the_way; // arrives, taken
  std::size_t asked = 0;
  const auto end = clock.now().mono + at_most;
  while (clock.now().mono < end && (service.accepted.size() < wanted || !on_the_way.empty())) {
    const auto now = clock.now().mono;
    while (asked - service.refused < wanted && pace.take(now)) {
      on_the_way.emplace_back(now + milliseconds{10 + 80 * static_cast<int>(asked % 2)}, now);
      ++asked;
    }
    for (auto& [arrives, taken] : on_the_way)
      if (arrives <= now) {
        const bool good = service.ask(now);
        answers.push_back(
            {taken, now + milliseconds{10}, good, good ? seconds{0} : service.retry_after(now)});
      }
    std::erase_if(on_the_way, [&](const auto& one) { return one.first <= now; });
    for (const auto& one : answers)
      if (one.arrives <= now) {
        if (one.good)
          pace.answered(now);
        else
          pace.refused(one.taken, one.pause, now);
      }
    std::erase_if(answers, [&](const answer& one) { return one.arrives <= now; });
    clock.advance(milliseconds{5});
  }
}

TEST(budget, spreads_what_a_window_allows) {
  manual_clock clock;
  budget pace{{.ceiling = 100, .window = seconds{1}, .burst = 5}, clock.now().mono};
  int taken = 0;
  while (pace.take(clock.now().mono))
    ++taken;
  EXPECT_EQ(taken, 5);
  EXPECT_EQ(pace.next(clock.now().mono) - clock.now().mono, milliseconds{10});
  for (int i = 0; i < 1'000; ++i) {
    clock.advance(milliseconds{10});
    while (pace.take(clock.now().mono))
      ++taken;
  }
  EXPECT_GE(taken, 990);
  EXPECT_LE(taken, 1'005);
}

TEST(budget, no_window_ever_has_more_than_the_limit) {
  manual_clock clock;
  budget pace{{.ceiling = 50, .window = seconds{1}}, clock.now().mono};
  std::vector<mono_time> taken;
  for (int i = 0; i < 4'000; ++i) {
    clock.advance(
        milliseconds{i % 700 == 0 ? 900 : 3}); // with stalls, after which there is a lot to catch up
    while (pace.take(clock.now().mono))
      taken.push_back(clock.now().mono);
  }
  for (std::size_t i = 50; i < taken.size(); ++i)
    EXPECT_GE(taken[i] - taken[i - 50], seconds{1}) << i;
}

// A burst that is delayed on its way must not meet another one, exactly a window later.
TEST(budget, a_burst_does_not_come_again_a_window_later) {
  manual_clock clock;
  budget pace{{.ceiling = 1'000, .window = seconds{1}, .burst = 25}, clock.now().mono};
  const auto start = clock.now().mono;
  std::vector<mono_time> arrived;
  for (int i = 0; i < 5'000; ++i) {
    const auto now = clock.now().mono;
    while (pace.take(now))
      arrived.push_back(now == start ? now + milliseconds{3} : now); // the first ones are late
    clock.advance(milliseconds{1});
  }
  EXPECT_GE(arrived.size(), 4'950u);
  std::sort(arrived.begin(), arrived.end());
  std::size_t busiest = 0;
  for (std::size_t first = 0, i = 0; i < arrived.size(); ++i) {
    while (arrived[i] - arrived[first] >= seconds{1})
      ++first;
    busiest = std::max(busiest, i - first + 1);
  }
  EXPECT_LE(busiest, 1'004u);
}

TEST(budget, uses_a_quota_a_minute_without_a_single_refusal) {
  manual_clock clock;
  budget pace{{.ceiling = 1'000, .window = minute, .until_answered = true}, clock.now().mono};
  far_service service{1'000, minute, {}, 0};
  drive(clock, pace, service, 3'000, seconds{600});
  ASSERT_EQ(service.accepted.size(), 3'000u);
  EXPECT_EQ(service.refused, 0u);
  const auto spent =
      std::chrono::duration<double>(service.accepted.back() - service.accepted.front()).count();
  EXPECT_GE(3'000.0 / (1'000.0 * spent / 60.0), 0.98);
}

TEST(budget, finds_a_quota_that_is_half_of_what_it_was_told) {
  manual_clock clock;
  budget pace{{.ceiling = 1'000, .window = minute, .until_answered = true}, clock.now().mono};
  far_service service{500, minute, {}, 0};
  const auto start = clock.now().mono;
  drive(clock, pace, service, 10'000, seconds{600});
  for (int i = 1; i < 10; ++i)
    EXPECT_GE(service.accepted_between(start + i * minute, start + (i + 1) * minute), 475u) << "minute " << i;
  EXPECT_LE(service.refused, 200u);
}

TEST(budget, rises_again_when_the_service_takes_more) {
  manual_clock clock;
  budget pace{{.ceiling = 100, .window = seconds{1}}, clock.now().mono};
  for (int i = 0; i < 30; ++i) {
    clock.advance(milliseconds{20});
    static_cast<void>(pace.take(clock.now().mono));
  }
  pace.refused(clock.now().mono, seconds{2}, clock.now().mono);
  EXPECT_EQ(pace.refusals(), 1u);
  EXPECT_EQ(pace.limit(), 50);
  EXPECT_FALSE(pace.take(clock.now().mono));
  EXPECT_EQ(pace.next(clock.now().mono), clock.now().mono + seconds{2});
  // One refusal of many that were under way together lowers it once.
  pace.refused(clock.now().mono - milliseconds{1}, seconds{2}, clock.now().mono);
  EXPECT_EQ(pace.limit(), 50);
  clock.advance(seconds{2} + seconds{105});
  EXPECT_TRUE(pace.take(clock.now().mono));
  EXPECT_EQ(pace.limit(), 60);
  clock.advance(seconds{3'600});
  EXPECT_TRUE(pace.take(clock.now().mono));
  EXPECT_EQ(pace.limit(), 100);
}

TEST(budget, takes_another_ceiling_and_what_is_taken_stays_taken) {
  manual_clock clock;
  budget pace{{.ceiling = 100, .window = seconds{1}, .burst = 4}, clock.now().mono};
  for (int i = 0; i < 4; ++i)
    EXPECT_TRUE(pace.take(clock.now().mono));
  pace.set_ceiling(4, 4, clock.now().mono);
  EXPECT_EQ(pace.ceiling(), 4);
  EXPECT_EQ(pace.limit(), 4);
  clock.advance(milliseconds{999});
  EXPECT_FALSE(pace.take(clock.now().mono)) << "four were taken in this second";
  pace.set_ceiling(400, 10, clock.now().mono);
  EXPECT_EQ(pace.limit(), 400);
  clock.advance(seconds{2});
  int at_once = 0;
  while (pace.take(clock.now().mono))
    ++at_once;
  EXPECT_EQ(at_once, 10);
}

TEST(budget, that_was_lowered_by_a_refusal_rises_to_another_ceiling_as_ever) {
  manual_clock clock;
  budget pace{{.ceiling = 100, .window = seconds{1}}, clock.now().mono};
  pace.refused(clock.now().mono, seconds{1}, clock.now().mono);
  ASSERT_EQ(pace.limit(), 50);
  pace.set_ceiling(200, 0, clock.now().mono);
  EXPECT_EQ(pace.limit(), 50);
  clock.advance(seconds{3'600});
  EXPECT_TRUE(pace.take(clock.now().mono));
  EXPECT_EQ(pace.limit(), 200);
}

TEST(budget, says_when_to_try_again) {
  manual_clock clock;
  budget pace{{.ceiling = 2, .window = minute, .burst = 2, .until_answered = true}, clock.now().mono};
  const auto start = clock.now().mono;
  ASSERT_TRUE(pace.take(start));
  ASSERT_TRUE(pace.take(start));
  clock.advance(seconds{40});
  EXPECT_EQ(pace.next(clock.now().mono), mono_time::max()); // both wait for their answers
  pace.answered(clock.now().mono);
  EXPECT_EQ(pace.next(clock.now().mono), clock.now().mono + minute);
  clock.advance(minute - milliseconds{1});
  EXPECT_FALSE(pace.take(clock.now().mono));
  clock.advance(milliseconds{1});
  EXPECT_TRUE(pace.take(clock.now().mono));
}

} // namespace
} // namespace causeway
