// SPDX-License-Identifier: Apache-2.0
#include "model/timeline.h"

#include <gtest/gtest.h>

namespace causeway::model {
namespace {

span span_of(std::optional<device_ref> device, connection_number connection, phase what) {
  return {manual_clock{}.now().mono, milliseconds{5}, device, connection, what, {}};
}

TEST(timeline, keeps_the_newest) {
  timeline spans{manual_clock{}.now(), 3};
  for (std::uint32_t i = 0; i < 5; ++i)
    spans.note(span_of(device_ref{i}, 0, phase::dps_register));
  EXPECT_EQ(spans.noted(), 5u);
  ASSERT_EQ(spans.first_kept(), 2u);
  for (std::uint64_t number = 2; number < 5; ++number)
    EXPECT_EQ(spans.at(number).device, device_ref{static_cast<std::uint32_t>(number)});
}

TEST(timeline, shows_a_device_what_its_connection_went_through) {
  timeline spans{manual_clock{}.now(), 100};
  spans.note(span_of(device_ref{1}, 0, phase::dps_register));
  spans.note(span_of({}, 1, phase::tls));
  spans.note(span_of({}, 2, phase::tls));
  spans.note(span_of(device_ref{1}, 2, phase::attach));
  spans.note(span_of(device_ref{2}, 1, phase::attach));
  const auto mine = spans.of(device_ref{1});
  ASSERT_EQ(mine.size(), 3u);
  EXPECT_EQ(mine[0].what, phase::dps_register);
  EXPECT_EQ(mine[1].what, phase::tls);
  EXPECT_EQ(mine[1].connection, 2u);
  EXPECT_EQ(mine[2].what, phase::attach);
  EXPECT_EQ(spans.of(device_ref{1}, 1).front().what, phase::attach);
  EXPECT_TRUE(spans.of(device_ref{3}).empty());
}

TEST(timeline, tells_the_wall_time_of_a_span) {
  manual_clock clock;
  const auto started = clock.now();
  timeline spans{started};
  clock.advance(seconds{90});
  EXPECT_EQ(spans.wall_of(clock.now().mono), started.wall + seconds{90});
}

TEST(timeline, a_span_is_small) {
  EXPECT_LE(sizeof(span), 40u);
}

} // namespace
} // namespace causeway::model
