// SPDX-License-Identifier: Apache-2.0
#include "model/message.h"

#include <gtest/gtest.h>

namespace causeway::model {
namespace {

message sample() {
  return {.id = "u-00112233445566778899aabbccddeeff",
          .content_type = "application/json",
          .content_encoding = "utf-8",
          .body = std::string{"{\"a\":\"\xc3\xa4\"}\0\xff", 12},
          .properties = {
              {"event", "uplink"}, {"empty", ""}, {"iothub-creation-time-utc", "2026-01-01T00:00:00Z"}}};
}

TEST(message_record, comes_back_as_it_was_written) {
  const auto back = decode_message(encode_message(sample()));
  ASSERT_TRUE(back);
  EXPECT_EQ(*back, sample());
}

TEST(message_record, an_empty_message_comes_back) {
  const auto back = decode_message(encode_message({}));
  ASSERT_TRUE(back);
  EXPECT_EQ(*back, message{});
}

TEST(message_record, cut_at_any_byte_is_corrupt) {
  const auto whole = encode_message(sample());
  for (std::size_t size = 0; size < whole.size(); ++size) {
    const auto back = decode_message(std::string_view{whole}.substr(0, size));
    ASSERT_FALSE(back) << size;
    EXPECT_EQ(back.fault().code(), errc::record_corrupt);
  }
}

TEST(message_record, with_a_correlation_id_comes_back_and_is_corrupt_when_cut) {
  auto correlated = sample();
  correlated.correlation_id = "m-1";
  const auto whole = encode_message(correlated);
  const auto back = decode_message(whole);
  ASSERT_TRUE(back);
  EXPECT_EQ(*back, correlated);
  for (std::size_t size = 0; size < whole.size(); ++size)
    EXPECT_FALSE(decode_message(std::string_view{whole}.substr(0, size))) << size;
}

TEST(message_record, without_a_correlation_id_is_the_one_of_the_first_version) {
  EXPECT_EQ(encode_message(sample()).front(), 1);
}

TEST(message_record, bytes_after_the_end_are_corrupt) {
  EXPECT_FALSE(decode_message(encode_message(sample()) + '\0'));
}

TEST(message_record, a_version_from_the_future_is_refused) {
  auto record = encode_message(sample());
  record[0] = 3;
  const auto back = decode_message(record);
  ASSERT_FALSE(back);
  EXPECT_EQ(back.fault().code(), errc::record_corrupt);
}

TEST(message_record, any_flipped_byte_is_refused_or_read_without_harm) {
  const auto whole = encode_message(sample());
  for (std::size_t at = 0; at < whole.size(); ++at) {
    for (const int flip : {0x01, 0x80, 0xff}) {
      auto damaged = whole;
      damaged[at] = static_cast<char>(damaged[at] ^ flip);
      const auto back = decode_message(damaged);
      EXPECT_TRUE(!back || size_of(*back) <= damaged.size());
    }
  }
}

TEST(message_record, a_huge_count_of_properties_asks_for_no_memory) {
  std::string record{'\x01'};
  record.append(12, '\0');
  record.append(4, '\xff');
  record.append(64, '\0');
  EXPECT_FALSE(decode_message(record));
}

TEST(message_size, counts_body_properties_and_what_describes_them) {
  EXPECT_EQ(size_of({}), 0U);
  EXPECT_EQ(size_of({"1234", "ct", "ce", "12345", {{"ab", "cde"}}}), 18U);
}

} // namespace
} // namespace causeway::model
