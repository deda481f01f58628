// SPDX-License-Identifier: Apache-2.0
#include "stack/mqtt_backlog.h"

#include <gtest/gtest.h>

namespace causeway::stack {
namespace {

constexpr double middle = 0.5; // no jitter

struct fixture {
  manual_clock clock;
  mqtt_backlog backlog{{4, 1'000, milliseconds{60'000}}};
  std::uint64_t last = 0;
  mono_time now() const { return clock.now().mono; }
  bool push(std::size_t bytes = 1) { return backlog.push({++last, {}, std::string(bytes, 'x'), now()}); }
  std::uint64_t next() {
    const auto one = backlog.next(now());
    return one ? one->number : 0;
  }
};

TEST(mqtt_backlog, gives_what_came_in_its_order) {
  fixture f;
  EXPECT_FALSE(f.backlog.deadline());
  EXPECT_TRUE(f.push() && f.push());
  EXPECT_LE(*f.backlog.deadline(), f.now());
  EXPECT_EQ(f.next(), 1u);
  EXPECT_EQ(f.next(), 2u);
  EXPECT_EQ(f.next(), 0u);
}

TEST(mqtt_backlog, has_room_for_so_many_messages_and_bytes) {
  fixture f;
  for (int i = 0; i < 4; ++i)
    EXPECT_TRUE(f.push());
  EXPECT_FALSE(f.push());
  fixture by_bytes;
  EXPECT_TRUE(by_bytes.push(600));
  EXPECT_FALSE(by_bytes.push(600));
  EXPECT_TRUE(by_bytes.push(400));
  EXPECT_EQ(by_bytes.next(), 1u);
  EXPECT_TRUE(by_bytes.push(600));
}

TEST(mqtt_backlog, what_was_not_taken_goes_back_to_its_place_and_holds_up_what_follows) {
  fixture f;
  for (int i = 0; i < 4; ++i)
    f.push();
  auto first = *f.backlog.next(f.now()), second = *f.backlog.next(f.now());
  EXPECT_TRUE(f.push());
  EXPECT_TRUE(f.push());
  f.backlog.put_back(std::move(second), f.now(), middle); // their outcomes come in any order
  f.backlog.put_back(std::move(first), f.now(), middle);
  EXPECT_EQ(f.backlog.size(), 6u) << "there is always room for what came from here";
  EXPECT_EQ(f.next(), 0u);
  EXPECT_EQ(*f.backlog.deadline(), f.now() + milliseconds{250});
  f.clock.advance(milliseconds{250});
  for (std::uint64_t number = 1; number <= 6; ++number)
    EXPECT_EQ(f.next(), number);
}

TEST(mqtt_backlog, pauses_grow_until_something_is_taken) {
  fixture f;
  f.push();
  std::vector<std::int64_t> pauses;
  for (int i = 0; i < 7; ++i) {
    f.backlog.put_back(*f.backlog.next(f.now()), f.now(), middle);
    pauses.push_back((*f.backlog.deadline() - f.now()) / milliseconds{1});
    f.clock.advance(milliseconds{pauses.back()});
  }
  EXPECT_EQ(pauses, (std::vector<std::int64_t>{250, 500, 1000, 2000, 4000, 5000, 5000}));
  auto one = *f.backlog.next(f.now());
  f.backlog.on_taken();
  f.backlog.put_back(std::move(one), f.now(), middle);
  EXPECT_EQ(*f.backlog.deadline(), f.now() + milliseconds{250});
  f.backlog.hurry();
  EXPECT_EQ(f.next(), 1u);
}

TEST(mqtt_backlog, what_has_waited_for_a_minute_is_given_up) {
  fixture f;
  f.push();
  f.clock.advance(seconds{30});
  f.push();
  f.backlog.put_back(*f.backlog.next(f.now()), f.now(), middle);
  EXPECT_EQ(f.backlog.expire(f.now()), 0u);
  f.clock.advance(seconds{30});
  EXPECT_EQ(f.backlog.expire(f.now()), 1u);
  EXPECT_EQ(f.next(), 2u);
  f.push();
  f.push();
  EXPECT_EQ(f.backlog.clear(), 2u);
  EXPECT_TRUE(f.backlog.empty());
}

} // namespace
} // namespace causeway::stack
