// SPDX-License-Identifier: Apache-2.0
#include "core/outbox.h"

#include "core/device.h"

#include <gtest/gtest.h>

namespace causeway::core {
namespace {

TEST(outbox, keeps_each_devices_order_and_uses_its_places_again) {
  outbox box;
  std::vector<device> devices(3);
  const std::vector<device_ref> refs{device_ref{0}, device_ref{1}, device_ref{2}};
  spool_seq next = 1;
  std::vector<std::vector<spool_seq>> expected(3);
  for (int round = 0; round < 10'000; ++round) {
    const auto which = static_cast<std::size_t>(round * 7 % 3);
    box.push(refs[which], devices[which], {next, 10, 0});
    expected[which].push_back(next++);
    if (round % 4 == 3) {
      auto& d = devices[which];
      EXPECT_EQ(box.front(d).seq, expected[which].front());
      expected[which].erase(expected[which].begin());
      box.pop(refs[which], d);
    }
  }
  EXPECT_EQ(box.messages(), 7'500u);
  EXPECT_EQ(box.bytes(), 75'000u);
  for (std::size_t i = 0; i < 3; ++i)
    for (const auto seq : expected[i]) {
      ASSERT_EQ(box.front(devices[i]).seq, seq);
      box.pop(refs[i], devices[i]);
    }
  EXPECT_EQ(box.messages(), 0u);
}

// Against a plain model: every message with its device, and which are in flight.
TEST(outbox, knows_the_oldest_that_is_not_with_the_hub_whatever_happens) {
  outbox box;
  std::vector<device> devices(20);
  for (std::size_t i = 0; i < devices.size(); ++i)
    devices[i].application = static_cast<std::uint16_t>(i % 3);
  std::vector<std::vector<spool_seq>> model(devices.size());
  std::uint64_t random = 1;
  const auto draw = [&](std::uint64_t below) {
    random = random * 6364136223846793005ULL + 1442695040888963407ULL;
    return (random >> 33) % below;
  };
  spool_seq next = 1;
  for (int step = 0; step < 20'000; ++step) {
    const auto which = draw(devices.size());
    const device_ref ref{static_cast<std::uint32_t>(which)};
    auto& d = devices[which];
    auto& waiting = model[which];
    const auto action = draw(6);
    if (action < 2) {
      box.push(ref, d, {next, 1, 0});
      waiting.push_back(next++);
    } else if (action == 2 && !waiting.empty()) {
      box.set_in_flight(ref, d, !d.in_flight);
    } else if (action == 3 && !waiting.empty()) {
      box.pop(ref, d);
      waiting.erase(waiting.begin());
    } else if (action > 3 && waiting.size() > (d.in_flight ? 1U : 0U)) {
      ASSERT_EQ(box.idle(d)->seq, waiting[d.in_flight ? 1 : 0]);
      box.drop_idle(ref, d);
      waiting.erase(waiting.begin() + (d.in_flight ? 1 : 0));
    }
    ASSERT_EQ(d.waiting, waiting.size());
    if (!waiting.empty()) {
      ASSERT_EQ(box.front(d).seq, waiting.front());
    }
    spool_seq oldest = 0;
    std::vector<spool_seq> by_application(3);
    for (std::size_t i = 0; i < devices.size(); ++i) {
      const std::size_t first = devices[i].in_flight ? 1 : 0;
      if (model[i].size() <= first) continue;
      for (auto* one : {&oldest, &by_application[i % 3]})
        if (*one == 0 || model[i][first] < *one) *one = model[i][first];
    }
    ASSERT_EQ(box.oldest() ? box.oldest()->seq : 0, oldest);
    for (std::uint32_t i = 0; i < 3; ++i)
      ASSERT_EQ(box.oldest(i) ? box.oldest(i)->seq : 0, by_application[i]);
  }
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
