// SPDX-License-Identifier: Apache-2.0
#include "emulator/hub/event_log.h"

#include <gtest/gtest.h>

namespace causeway::emulator {
namespace {

using namespace std::chrono_literals;

hub_event event_of(const std::string& device, std::string body, wall_time at = {}) {
  hub_event event;
  event.device = identity{device};
  event.encoded = std::move(body);
  event.at = at;
  return event;
}

event_position at(std::string_view selector) {
  const auto parsed = parse_event_selector(selector);
  EXPECT_TRUE(parsed) << selector;
  return parsed ? *parsed : event_position{};
}

TEST(event_log, keeps_a_device_in_one_partition_and_uses_them_all) {
  event_log log{{.partitions = 4}};
  for (int i = 0; i < 200; ++i)
    for (int round = 0; round < 2; ++round)
      log.append(event_of("dev-" + std::to_string(i), std::to_string(round)));
  for (std::size_t p = 0; p < 4; ++p) {
    EXPECT_GT(log.events(p).size(), 40U);
    for (const auto& kept : log.events(p))
      EXPECT_EQ(log.partition_of(kept.event.device), p);
  }
}

TEST(event_log, numbers_a_partition_from_zero_with_rising_offsets) {
  event_log log{{.partitions = 1}};
  EXPECT_EQ(log.last_sequence(0), -1);
  EXPECT_EQ(log.last_offset(0), -1);
  log.append(event_of("dev", "abc"));
  log.append(event_of("dev", ""));
  log.append(event_of("dev", "x"));
  const auto& events = log.events(0);
  EXPECT_EQ(events[0].sequence, 0);
  EXPECT_EQ(events[2].sequence, 2);
  EXPECT_EQ(events[0].offset, 0);
  EXPECT_LT(events[0].offset, events[1].offset);
  EXPECT_LT(events[1].offset, events[2].offset);
  EXPECT_EQ(log.last_offset(0), events[2].offset);
}

TEST(event_log, drops_the_oldest_beyond_either_bound_and_goes_on_counting) {
  event_log by_number{{.partitions = 1, .max_events = 3}};
  for (int i = 0; i < 5; ++i)
    by_number.append(event_of("dev", std::to_string(i)));
  EXPECT_EQ(by_number.size(), 3U);
  EXPECT_EQ(by_number.begin_sequence(0), 2);
  EXPECT_EQ(by_number.last_sequence(0), 4);
  EXPECT_EQ(by_number.find(0, 0)->event.encoded, "2");

  event_log by_bytes{{.partitions = 2, .max_bytes = 10}};
  for (int i = 0; i < 4; ++i)
    by_bytes.append(event_of("dev-" + std::to_string(i), "4444"));
  EXPECT_EQ(by_bytes.size(), 2U);
  EXPECT_EQ(by_bytes.bytes(), 8U);
  by_bytes.append(event_of("dev", std::string(100, 'x'))); // the newest stays whatever its size
  EXPECT_EQ(by_bytes.size(), 1U);
}

TEST(event_log, finds_where_a_reader_begins) {
  event_log log{{.partitions = 1}};
  const wall_time start{1000s};
  for (int i = 0; i < 3; ++i)
    log.append(event_of("dev", "abc", start + std::chrono::seconds{i}));
  const auto second = std::to_string(log.events(0)[1].offset);
  EXPECT_EQ(log.resolve(0, at("amqp.annotation.x-opt-offset > '-1'")), 0);
  EXPECT_EQ(log.resolve(0, at("amqp.annotation.x-opt-offset > '" + second + "'")), 2);
  EXPECT_EQ(log.resolve(0, at("amqp.annotation.x-opt-offset >= '" + second + "'")), 1);
  EXPECT_EQ(log.resolve(0, at("amqp.annotation.x-opt-offset > '@latest'")), 3);
  EXPECT_EQ(log.resolve(0, at("amqp.annotation.x-opt-sequence-number > '1'")), 2);
  EXPECT_EQ(log.resolve(0, at("amqp.annotation.x-opt-sequence-number >= '1'")), 1);
  EXPECT_EQ(log.resolve(0, at("amqp.annotation.x-opt-sequence-number > '-1'")), 0);
  EXPECT_EQ(log.resolve(0, at("amqp.annotation.x-opt-enqueued-time > '1000999'")), 1);
  EXPECT_EQ(log.resolve(0, at("amqp.annotation.x-opt-enqueued-time > '1002000'")), 3);
  EXPECT_EQ(log.find(0, 3), nullptr);
}

TEST(event_log, refuses_selectors_that_event_hubs_does_not_know) {
  for (const auto* selector :
       {"", "x-opt-offset > '1'", "amqp.annotation.x-opt-offset < '1'", "amqp.annotation.x-opt-offset > 1",
        "amqp.annotation.x-opt-offset > 'x'", "amqp.annotation.colour > 'red'"})
    EXPECT_FALSE(parse_event_selector(selector)) << selector;
}

} // namespace
} // namespace causeway::emulator
