// SPDX-License-Identifier: Apache-2.0
#include "stack/mqtt_inbox.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>

namespace causeway::stack {
namespace {

mqtt_item message(std::string topic, std::size_t bytes, std::size_t connection = 0) {
  return {mqtt_event::message, connection, 1, 0, std::move(topic), std::string(bytes, 'x'), bytes};
}

TEST(mqtt_inbox, wakes_once_for_all_that_comes_before_it_is_emptied) {
  int woken = 0;
  mqtt_inbox inbox{{}, 1, [&] { ++woken; }};
  for (int i = 0; i < 3; ++i)
    EXPECT_TRUE(inbox.push(message(std::to_string(i), 1)));
  EXPECT_EQ(woken, 1);
  std::vector<mqtt_item> taken;
  inbox.take(taken, 2);
  ASSERT_EQ(taken.size(), 2u);
  EXPECT_EQ(taken[1].text, "1");
  EXPECT_TRUE(inbox.push(message("3", 1)));
  EXPECT_EQ(woken, 1) << "it was not empty: who takes goes on taking";
  inbox.take(taken, 10);
  EXPECT_EQ(taken.size(), 4u);
  EXPECT_TRUE(inbox.empty());
  EXPECT_TRUE(inbox.push(message("4", 1)));
  EXPECT_EQ(woken, 2);
}

TEST(mqtt_inbox, drops_and_counts_messages_beyond_its_limits_but_no_news_of_a_connection) {
  mqtt_inbox by_count{{2, 1'000'000, 100}, 2, [] {}};
  EXPECT_TRUE(by_count.push(message("a", 1)));
  EXPECT_TRUE(by_count.push(message("b", 1)));
  EXPECT_FALSE(by_count.push(message("c", 1, 1)));
  EXPECT_TRUE(by_count.push({mqtt_event::lost, 1, 1, 0, {}, {}, 0}));
  EXPECT_EQ(by_count.dropped(0), 0u);
  EXPECT_EQ(by_count.dropped(1), 1u);

  mqtt_inbox by_bytes{{100, 1'000, 1'000}, 1, [] {}};
  EXPECT_TRUE(by_bytes.push(message("a", 600)));
  EXPECT_FALSE(by_bytes.push(message("b", 600)));
  std::vector<mqtt_item> taken;
  by_bytes.take(taken, 1);
  EXPECT_TRUE(by_bytes.push(message("c", 600)));
  EXPECT_EQ(by_bytes.dropped(0), 1u);
}

TEST(mqtt_inbox, threads_hand_over_everything_or_count_it) {
  constexpr std::size_t threads = 4, each = 5'000;
  std::atomic<std::size_t> woken{0};
  mqtt_inbox inbox{{1'000, 1'000'000, 1'000}, threads, [&] { ++woken; }};
  std::vector<std::thread> producers;
  std::atomic<std::size_t> done{0};
  for (std::size_t t = 0; t < threads; ++t)
    producers.emplace_back([&, t] {
      for (std::size_t i = 0; i < each; ++i)
        inbox.push(message(std::to_string(i), 10, t));
      ++done;
    });
  std::vector<mqtt_item> taken;
  std::vector<std::size_t> last(threads);
  std::size_t count = 0;
  while (done < threads || !inbox.empty()) {
    taken.clear();
    inbox.take(taken, 64);
    for (const auto& item : taken) {
      ++count;
      const auto number = std::stoul(item.text) + 1;
      EXPECT_GT(number, last[item.connection]) << "in the order of each thread";
      last[item.connection] = number;
    }
  }
  for (auto& one : producers)
    one.join();
  std::uint64_t dropped = 0;
  for (std::size_t t = 0; t < threads; ++t)
    dropped += inbox.dropped(t);
  EXPECT_EQ(count + dropped, threads * each);
  EXPECT_GE(woken, 1u);
}

} // namespace
} // namespace causeway::stack
