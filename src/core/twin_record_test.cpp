// SPDX-License-Identifier: Apache-2.0
#include "core/twin_record.h"

#include <gtest/gtest.h>

namespace causeway::core {
namespace {

const device_key dev{application_id{"plant"}, device_id{"dev"}};

twin_record record() {
  twin_record made;
  made.desired.object = make_event_key({"bell"});
  made.desired.version = -3;
  made.eui = 0x70B3D57ED0000001;
  made.answer = twin_answer{7, "refused", "id", "name", "text"};
  return made;
}

TEST(twin_record, comes_back_as_it_was_kept) {
  auto what = record();
  EXPECT_EQ(*read_twin_row(make_twin_row(dev, what)), what);
  what.answer.reset();
  EXPECT_EQ(*read_twin_row(make_twin_row(dev, what)), what);
  EXPECT_TRUE(is_twin_row(make_twin_row(dev, what)));
}

TEST(twin_record, of_which_a_byte_is_missing_or_too_much_is_corrupt) {
  const auto row = make_twin_row(dev, record());
  for (std::size_t size = 1; size <= row.content.size() + 1; ++size) {
    auto other = row;
    other.content.resize(size, 'x');
    EXPECT_EQ(read_twin_row(other).has_value(), size == row.content.size()) << size;
  }
}

} // namespace
} // namespace causeway::core
