// SPDX-License-Identifier: Apache-2.0
#include "stack/backfill_window.h"

#include <gtest/gtest.h>

namespace causeway::stack {
namespace {

using std::chrono::minutes;

class backfill_window_test : public testing::Test {
protected:
  static constexpr backfill_options options{seconds{300}, seconds{30}};
  manual_clock time;
  wall_time started = time.now().wall;
  moment now() const { return time.now(); }
  // Asks now and takes all there is.
  void fill(backfill_window& window) {
    const auto asked = now();
    ASSERT_TRUE(window.next(asked));
    window.on_complete(asked.wall, now());
  }
};

TEST_F(backfill_window_test, asks_for_the_time_in_which_causeway_was_down) {
  backfill_window window{options, started - minutes{10}, now()};
  EXPECT_FALSE(window.next(now())); // events do not come yet
  EXPECT_FALSE(window.due());
  time.advance(seconds{1});
  window.on_live(now());
  const auto asked = window.next(now());
  ASSERT_TRUE(asked);
  EXPECT_EQ(asked->after, started - minutes{10} - seconds{30});
  EXPECT_EQ(asked->before, started + seconds{31});
}

TEST_F(backfill_window_test, the_first_start_has_missed_nothing) {
  backfill_window window{options, {}, now()};
  EXPECT_EQ(window.cursor(now()), started);
  window.on_live(now());
  ASSERT_TRUE(window.next(now()));
  EXPECT_EQ(window.next(now())->after, started - options.margin);
}

TEST_F(backfill_window_test, asks_again_until_the_storage_must_have_shown_everything) {
  backfill_window window{options, started - minutes{10}, now()};
  window.on_live(now());
  int questions = 0;
  while (!window.is_whole()) {
    ASSERT_TRUE(window.due());
    time.advance(*window.due() - now().mono);
    fill(window);
    ASSERT_LT(++questions, 20);
  }
  EXPECT_EQ(questions, 6);
  EXPECT_EQ(now().wall, started + options.delay);
  EXPECT_FALSE(window.due());
}

TEST_F(backfill_window_test, the_cursor_moves_only_over_what_the_storage_has_surely_shown) {
  backfill_window window{options, started - minutes{60}, now()};
  window.on_live(now());
  EXPECT_EQ(window.cursor(now()), started - minutes{60});
  window.on_progress(started - minutes{40}, now().wall); // a page of it
  EXPECT_EQ(window.cursor(now()), started - minutes{40});
  window.on_progress(started - minutes{50}, now().wall); // never back
  EXPECT_EQ(window.cursor(now()), started - minutes{40});
  fill(window);
  EXPECT_EQ(window.cursor(now()), started - options.delay);
}

TEST_F(backfill_window_test, follows_the_clock_while_events_come) {
  backfill_window window{options, {}, now()};
  window.on_live(now());
  time.advance(options.delay);
  fill(window);
  ASSERT_TRUE(window.is_whole());
  time.advance(minutes{60});
  EXPECT_EQ(window.cursor(now()), now().wall);
  EXPECT_FALSE(window.next(now()));
}

TEST_F(backfill_window_test, a_lost_connection_is_a_gap_that_is_filled_when_it_is_back) {
  backfill_window window{options, {}, now()};
  window.on_live(now());
  time.advance(options.delay);
  fill(window);
  const auto lost = now().wall;
  window.on_down(lost - seconds{90});
  time.advance(minutes{20});
  EXPECT_FALSE(window.next(now()));
  EXPECT_EQ(window.cursor(now()), lost - seconds{90});
  window.on_live(now());
  ASSERT_TRUE(window.next(now()));
  EXPECT_EQ(window.next(now())->after, lost - seconds{120});
  // Lost again before it was filled: one gap.
  time.advance(seconds{5});
  window.on_down(now().wall);
  window.on_live(now());
  EXPECT_EQ(window.next(now())->after, lost - seconds{120});
}

TEST_F(backfill_window_test, events_that_were_refused_are_a_gap_too) {
  backfill_window window{options, {}, now()};
  window.on_live(now());
  time.advance(options.delay);
  fill(window);
  const auto first = now().wall;
  for (int i = 0; i < 5; ++i) {
    window.on_missing(now().wall - milliseconds{50}, now());
    time.advance(seconds{1});
  }
  EXPECT_FALSE(window.next(now())); // more may be missing
  time.advance(seconds{5});
  ASSERT_TRUE(window.next(now()));
  EXPECT_EQ(window.next(now())->after, first - milliseconds{50} - options.margin);
  window.on_setback(now().mono + minutes{1});
  EXPECT_FALSE(window.next(now()));
}

// The stack repeats a post for more than an hour: what is refused then is older than the gap that is asked
// for.
TEST_F(backfill_window_test, a_refused_event_that_is_older_than_the_gap_makes_the_gap_longer) {
  backfill_window window{options, {}, now()};
  window.on_live(now());
  time.advance(options.delay);
  fill(window);
  ASSERT_TRUE(window.is_whole());
  window.on_missing(now().wall, now());
  time.advance(seconds{10});
  const auto asked = now().wall;
  ASSERT_TRUE(window.next(now()));
  time.advance(seconds{1});
  const auto older = asked - minutes{40};
  window.on_missing(older, now());
  window.on_progress(asked, asked); // of a question that did not reach so far back
  EXPECT_EQ(window.cursor(now()), older);
  window.on_complete(asked, now());
  EXPECT_FALSE(window.is_whole());
  time.advance(options.delay);
  ASSERT_TRUE(window.next(now()));
  EXPECT_EQ(window.next(now())->after, older - options.margin);
  fill(window);
  EXPECT_TRUE(window.is_whole());
}

TEST_F(backfill_window_test, an_event_refused_while_none_come_in_makes_the_gap_longer) {
  backfill_window window{options, {}, now()};
  window.on_live(now());
  time.advance(options.delay);
  fill(window);
  const auto lost = now().wall;
  window.on_down(lost);
  window.on_missing(lost - minutes{30}, now());
  EXPECT_FALSE(window.next(now()));
  window.on_live(now());
  ASSERT_TRUE(window.next(now()));
  EXPECT_EQ(window.next(now())->after, lost - minutes{30} - options.margin);
}

} // namespace
} // namespace causeway::stack
