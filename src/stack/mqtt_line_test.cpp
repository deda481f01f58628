// SPDX-License-Identifier: Apache-2.0
#include "stack/mqtt_line.h"

#include <gtest/gtest.h>

namespace causeway::stack {
namespace {

constexpr double middle = 0.5; // no jitter

struct fixture {
  manual_clock clock;
  mqtt_line line{clock.now()};
  mono_time now() const { return clock.now().mono; }
  milliseconds fail(error why, std::optional<int> connack = {}) {
    EXPECT_TRUE(line.begin(now()));
    return line.on_down(std::move(why), connack, now(), middle);
  }
};

std::vector<std::int64_t> pauses_of(fixture& f, const error& why, std::optional<int> connack = {}) {
  std::vector<std::int64_t> pauses;
  for (int i = 0; i < 10; ++i) {
    pauses.push_back(f.fail(why, connack).count());
    EXPECT_FALSE(f.line.begin(f.now())) << "not before its time";
    EXPECT_EQ(*f.line.deadline(), f.now() + milliseconds{pauses.back()});
    f.clock.advance(milliseconds{pauses.back()});
  }
  return pauses;
}

TEST(mqtt_line, a_server_that_cannot_be_reached_is_tried_again_within_10_s_always) {
  for (const auto code : {errc::mqtt_unreachable, errc::name_unresolved, errc::tls_handshake,
                          errc::tls_untrusted, errc::connection_lost}) {
    fixture f;
    const std::vector<std::int64_t> expected{500, 1000, 2000, 4000, 6500, 6500, 6500, 6500, 6500, 6500};
    EXPECT_EQ(pauses_of(f, error{code}), expected) << error{code}.name();
    EXPECT_EQ(f.line.totals(f.now()).refusals, 10u);
    ASSERT_TRUE(f.line.begin(f.now()));
    // The library may notice a refusal two seconds late.
    EXPECT_LE(f.line.on_down(error{code}, {}, f.now(), 0.999), milliseconds{8'200});
  }
}

TEST(mqtt_line, a_server_that_refuses_is_tried_after_pauses_that_grow_to_a_minute) {
  fixture f;
  const std::vector<std::int64_t> expected{500, 1000, 2000, 4000, 8000, 16000, 32000, 60000, 60000, 60000};
  EXPECT_EQ(pauses_of(f, error{errc::mqtt_unauthorized}, 5), expected);
}

TEST(mqtt_line, refusals_do_not_make_the_pauses_of_an_outage_longer) {
  fixture f;
  for (int i = 0; i < 10; ++i)
    f.clock.advance(f.fail(error{errc::mqtt_unauthorized}, 5));
  EXPECT_EQ(f.fail(error{errc::mqtt_unreachable}), milliseconds{500});
}

TEST(mqtt_line, pauses_are_spread) {
  fixture f;
  ASSERT_TRUE(f.line.begin(f.now()));
  EXPECT_EQ(f.line.on_down(error{errc::mqtt_unreachable}, {}, f.now(), 0.0), milliseconds{375});
}

TEST(mqtt_line, only_a_connection_that_held_makes_the_pause_short_again) {
  fixture f;
  for (int i = 0; i < 4; ++i)
    f.clock.advance(f.fail(error{errc::mqtt_unreachable}));
  ASSERT_TRUE(f.line.begin(f.now()));
  f.line.on_up(f.now());
  EXPECT_FALSE(f.line.deadline());
  f.clock.advance(seconds{1});
  EXPECT_EQ(f.line.on_down(error{errc::connection_lost}, {}, f.now(), middle), milliseconds{6'500});
  f.clock.advance(milliseconds{6'500});
  ASSERT_TRUE(f.line.begin(f.now()));
  f.line.on_up(f.now());
  f.clock.advance(seconds{30});
  EXPECT_EQ(f.line.on_down(error{errc::connection_lost}, {}, f.now(), middle), milliseconds{500});
  EXPECT_EQ(f.line.totals(f.now()).losses, 2u);
}

TEST(mqtt_line, says_how_long_it_was_away_and_adds_it_up) {
  fixture f;
  f.clock.advance(seconds{2});
  ASSERT_TRUE(f.line.begin(f.now()));
  f.clock.advance(seconds{1});
  const auto first = f.line.on_up(f.now());
  EXPECT_TRUE(first.first);
  EXPECT_EQ(first.lasted, seconds{3});
  EXPECT_TRUE(f.line.totals(f.now()).connected);

  f.clock.advance(seconds{100});
  EXPECT_EQ(f.line.totals(f.now()).away, seconds{3});
  f.line.on_down(error{errc::connection_lost}, {}, f.now(), middle);
  f.clock.advance(seconds{5});
  EXPECT_EQ(f.line.totals(f.now()).away, seconds{8}) << "the present episode counts";
  f.clock.advance(f.fail(error{errc::mqtt_unauthorized}, 5));
  EXPECT_EQ(f.line.totals(f.now()).connack, 5);
  ASSERT_TRUE(f.line.begin(f.now()));
  const auto second = f.line.on_up(f.now());
  EXPECT_FALSE(second.first);
  EXPECT_EQ(second.lasted, milliseconds{5'500});
  const auto totals = f.line.totals(f.now());
  EXPECT_EQ(totals.away, milliseconds{8'500});
  EXPECT_EQ(totals.connects, 2u);
  EXPECT_FALSE(totals.fault || totals.connack);
}

TEST(mqtt_line, calls_for_help_once_when_refusals_persist) {
  fixture f;
  int calls = 0;
  for (int i = 0; i < 20; ++i) {
    const auto pause = f.fail(error{errc::mqtt_unauthorized}, 5);
    const bool called = f.line.needs_attention(f.now());
    if (called) {
      EXPECT_GE(f.line.totals(f.now()).away, seconds{60});
    }
    calls += called ? 1 : 0;
    f.clock.advance(pause);
  }
  EXPECT_EQ(calls, 1);
  ASSERT_TRUE(f.line.begin(f.now()));
  f.line.on_up(f.now());
  EXPECT_FALSE(f.line.needs_attention(f.now()));
}

TEST(mqtt_line, a_server_that_is_away_is_no_cause_for_help) {
  fixture f;
  for (int i = 0; i < 20; ++i) {
    f.clock.advance(f.fail(error{errc::mqtt_unreachable}));
    EXPECT_FALSE(f.line.needs_attention(f.now()));
  }
}

TEST(mqtt_line, a_try_without_end_is_given_up) {
  fixture f;
  ASSERT_TRUE(f.line.begin(f.now()));
  EXPECT_EQ(f.line.attempt(), 1u);
  EXPECT_FALSE(f.line.overdue(f.now()));
  f.clock.advance(seconds{30});
  EXPECT_TRUE(f.line.overdue(f.now()));
  EXPECT_TRUE(f.line.expects(1));
  f.line.on_down(error{errc::mqtt_unreachable}, {}, f.now(), middle);
  EXPECT_FALSE(f.line.expects(1)) << "its end is told once";
  f.clock.advance(seconds{1});
  ASSERT_TRUE(f.line.begin(f.now()));
  EXPECT_EQ(f.line.attempt(), 2u);
  EXPECT_FALSE(f.line.expects(1));
  f.line.on_up(f.now());
  EXPECT_TRUE(f.line.expects(2));
}

TEST(mqtt_line, stays_where_it_is_once_stopped) {
  fixture f;
  f.line.stop();
  EXPECT_FALSE(f.line.deadline());
  EXPECT_FALSE(f.line.begin(f.now()));
  f.line.on_down(error{errc::peer_closed}, {}, f.now(), middle);
  EXPECT_FALSE(f.line.deadline());
}

} // namespace
} // namespace causeway::stack
