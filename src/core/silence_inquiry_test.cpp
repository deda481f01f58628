// SPDX-License-Identifier: Apache-2.0
#include "core/silence_inquiry.h"

#include "core/inquiry_scene.h"

#include <gtest/gtest.h>

#include <vector>

namespace causeway::core {
namespace {

using namespace std::chrono_literals;

struct silence_inquiry_test : ::testing::Test, testing::inquiry_scene {
  silence_inquiry asked{id, now()};

  std::optional<silence_finding> look(const queue_reading& queue, record_reading record) {
    EXPECT_EQ(asked.next(now()), read_errand::queue);
    if (const auto found = asked.on_queue(queue, now())) return found;
    EXPECT_EQ(asked.next(now()), read_errand::record);
    return asked.on_record(std::move(record), now());
  }
};

TEST_F(silence_inquiry_test, finds_an_item_that_still_stands_in_the_queue) {
  EXPECT_EQ(look(queue(ours), {}), silence_finding::stands);
}

TEST_F(silence_inquiry_test, finds_an_item_that_waits_for_its_ack) {
  auto waits = record();
  waits.what.pending = ours;
  EXPECT_EQ(look(empty_queue(), waits), silence_finding::pending);
}

TEST_F(silence_inquiry_test, takes_two_looks_eleven_seconds_apart_to_find_it_nowhere) {
  EXPECT_EQ(asked.next(now()), read_errand::queue);
  EXPECT_EQ(asked.on_queue(empty_queue(), now()), std::nullopt);
  EXPECT_EQ(asked.next(now()), read_errand::record);
  clock.advance(3s); // the answer takes its time
  EXPECT_EQ(asked.on_record(record(), now()), std::nullopt);
  EXPECT_EQ(asked.deadline(), now() + 11s);
  clock.advance(11s - 1ns);
  EXPECT_EQ(asked.next(now()), read_errand::none);
  clock.advance(1ns);
  EXPECT_EQ(look(empty_queue(), record()), silence_finding::nowhere);
}

// Seen of a confirmed item whose nack waits for the stack's lock on the device.
TEST_F(silence_inquiry_test, finds_in_the_second_look_what_was_nowhere_for_ten_seconds) {
  EXPECT_EQ(look(empty_queue(), record()), std::nullopt);
  clock.advance(11s);
  EXPECT_EQ(look(queue(ours), {}), silence_finding::stands);
}

TEST_F(silence_inquiry_test, has_no_word_of_what_was_scheduled_last_and_is_not_pending) {
  auto last = record();
  last.what.last_downlink = ours;
  EXPECT_EQ(look(empty_queue(), last), std::nullopt);
  clock.advance(11s);
  EXPECT_EQ(look(empty_queue(), last), silence_finding::nowhere);
}

TEST_F(silence_inquiry_test, takes_a_read_that_failed_for_no_look) {
  EXPECT_EQ(look(empty_queue(), record()), std::nullopt);
  clock.advance(11s);
  EXPECT_EQ(look(empty_queue(), {}), std::nullopt);
  EXPECT_EQ(asked.deadline(), now() + 1s);
  clock.advance(1s);
  EXPECT_EQ(look(empty_queue(), record()), silence_finding::nowhere);
}

TEST_F(silence_inquiry_test, has_no_word_of_an_item_whose_device_is_deleted) {
  record_reading unknown;
  unknown.how = read_end::unknown;
  EXPECT_EQ(look({read_end::unknown, {}}, unknown), std::nullopt);
  EXPECT_EQ(asked.deadline(), now() + 11s);
  clock.advance(11s);
  EXPECT_EQ(look({read_end::unknown, {}}, unknown), silence_finding::nowhere);
}

TEST_F(silence_inquiry_test, cannot_tell_where_one_server_alone_knows_the_device) {
  EXPECT_EQ(look({read_end::unknown, {}}, record()), silence_finding::cannot_tell);
  record_reading unknown;
  unknown.how = read_end::unknown;
  asked = silence_inquiry{id, now()};
  EXPECT_EQ(look(empty_queue(), unknown), silence_finding::cannot_tell);
}

TEST_F(silence_inquiry_test, cannot_tell_where_a_read_is_refused) {
  EXPECT_EQ(look({read_end::refused, {}}, record()), silence_finding::cannot_tell);
  record_reading refused;
  refused.how = read_end::refused;
  asked = silence_inquiry{id, now()};
  EXPECT_EQ(look(empty_queue(), refused), silence_finding::cannot_tell);
}

// A proxy that has a page of its own for the network server's part kept a device's commands for ever, and
// nobody was told.
TEST_F(silence_inquiry_test, says_when_looks_that_fail_are_to_be_told) {
  std::vector<std::uint32_t> told;
  const auto began = now();
  std::vector<mono_time::duration> when;
  const auto fail_until = [&](mono_time::duration over) {
    while (now() - began < over) {
      EXPECT_EQ(look(empty_queue(), {}), std::nullopt);
      if (const auto failures = asked.failures_to_tell()) {
        told.push_back(*failures);
        when.push_back(now() - began);
      }
      clock.advance(*asked.deadline() - now());
    }
  };
  fail_until(3h);
  ASSERT_EQ(told, (std::vector<std::uint32_t>{12, 72, 132}));
  EXPECT_LT(when[0], 8min);
  EXPECT_EQ(when[2] - when[1], 1h);
  EXPECT_EQ(look(empty_queue(), record()), std::nullopt);
  EXPECT_EQ(asked.failures_to_tell(), std::nullopt) << "the next row begins anew";
}

} // namespace
} // namespace causeway::core
