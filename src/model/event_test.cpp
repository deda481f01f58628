// SPDX-License-Identifier: Apache-2.0
#include "model/event.h"

#include "model/event_key.h"

#include <gtest/gtest.h>

#include <set>

namespace causeway::model {
namespace {

TEST(event_kind, every_kind_has_its_own_word_and_letter) {
  std::set<std::string_view> names;
  std::set<char> letters;
  for (std::size_t i = 0; i < event_kinds; ++i) {
    const auto kind = static_cast<event_kind>(i);
    EXPECT_FALSE(to_string(kind).empty());
    EXPECT_TRUE(names.insert(to_string(kind)).second) << to_string(kind);
    EXPECT_TRUE(letters.insert(letter_of(kind)).second) << to_string(kind);
  }
}

TEST(event_kind, groups_are_the_words_of_the_configuration) {
  EXPECT_EQ(event_group(event_kind::uplink), "uplink");
  EXPECT_EQ(event_group(event_kind::uplink_normalized), "normalized");
  EXPECT_EQ(event_group(event_kind::join_accept), "join");
  for (const auto kind :
       {event_kind::downlink_queued, event_kind::downlink_sent, event_kind::downlink_ack,
        event_kind::downlink_nack, event_kind::downlink_failed, event_kind::downlink_queue_invalidated}) {
    EXPECT_EQ(event_group(kind), "downlink");
    EXPECT_TRUE(to_string(kind).starts_with("downlink_"));
  }
  EXPECT_EQ(event_group(event_kind::location_solved), "location");
  EXPECT_EQ(event_group(event_kind::service_data), "service");
}

TEST(event_kind, an_unknown_kind_can_be_neither_switched_on_nor_sent) {
  EXPECT_EQ(event_group(event_kind::unknown), "");
  EXPECT_EQ(letter_of(event_kind::unknown), '\0');
}

TEST(event_key, the_short_hash_is_the_first_eight_bytes_big_endian) {
  const event_key key{0x01, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd, 0xef, 0xff};
  EXPECT_EQ(short_hash(key), 0x0123456789abcdefULL);
}

} // namespace
} // namespace causeway::model
