// SPDX-License-Identifier: Apache-2.0
#include "core/outbox.h"

#include <gtest/gtest.h>

namespace causeway::core {
namespace {

TEST(outbox, keeps_each_devices_order_and_uses_its_places_again) {
  outbox box;
  std::vector<device> devices(3);
  spool_seq next = 1;
  std::vector<std::vector<spool_seq>> expected(3);
  for (int round = 0; round < 10'000; ++round) {
    const auto which = static_cast<std::size_t>(round * 7 % 3);
    box.push(devices[which], {next, 10, 0});
    expected[which].push_back(next++);
    if (round % 4 == 3) {
      auto& d = devices[which];
      EXPECT_EQ(box.front(d).seq, expected[which].front());
      expected[which].erase(expected[which].begin());
      box.pop(d);
    }
  }
  EXPECT_EQ(box.messages(), 7'500u);
  EXPECT_EQ(box.bytes(), 75'000u);
  for (std::size_t i = 0; i < 3; ++i)
    for (const auto seq : expected[i]) {
      ASSERT_EQ(box.front(devices[i]).seq, seq);
      box.pop(devices[i]);
    }
  EXPECT_EQ(box.messages(), 0u);
}

TEST(body_cache, over_the_budget_the_oldest_go) {
  const message body{"id", "", "", std::string(100, 'x'), {}};
  body_cache cache{size_of(body) * 3};
  for (spool_seq seq = 1; seq <= 5; ++seq)
    cache.keep(seq, body);
  EXPECT_EQ(cache.find(2), nullptr);
  ASSERT_NE(cache.find(3), nullptr);
  EXPECT_EQ(cache.bytes(), size_of(body) * 3);
  cache.drop(4);
  cache.drop(4);
  EXPECT_EQ(cache.bytes(), size_of(body) * 2);
  cache.keep(6, body);
  EXPECT_NE(cache.find(3), nullptr);
  cache.keep(7, message{"id", "", "", std::string(10'000, 'x'), {}});
  EXPECT_EQ(cache.find(7), nullptr);
}

TEST(body_cache, does_not_grow_behind_a_body_that_stays) {
  const message body{"id", "", "", "x", {}};
  body_cache cache{1 << 20};
  cache.keep(1, body); // of a device that is parked
  for (spool_seq seq = 2; seq < 100'000; ++seq) {
    cache.keep(seq, body);
    cache.drop(seq);
  }
  EXPECT_NE(cache.find(1), nullptr);
  EXPECT_LE(cache.entries(), 2'000u);
}

} // namespace
} // namespace causeway::core
