// SPDX-License-Identifier: Apache-2.0
#include "core/twin_record.h"

#include "core/record_fields.h"

#include <gtest/gtest.h>
#include <string>

namespace causeway::core {
namespace {

const device_key dev{application_id{"plant"}, device_id{"dev"}};

twin_record record() {
  twin_record made;
  made.version = -3;
  made.eui = 0x70B3D57ED0000001;
  made.slots[""] = {make_event_key({"bell"}), twin_answer{7, "refused", "id", "name", "text", 0, ""}};
  return made;
}

twin_record with_properties() {
  auto made = record();
  made.slots["fan"] = {make_event_key({"fan"}), twin_answer{9, "", "id", "", "", 202, R"({"on":true})"}};
  made.slots["hall*lamp"] = {};
  return made;
}

TEST(twin_record, comes_back_as_it_was_kept) {
  for (auto what : {record(), with_properties()}) {
    EXPECT_EQ(*read_twin_row(make_twin_row(dev, what)), what);
    what.slots[""].answer.reset();
    EXPECT_EQ(*read_twin_row(make_twin_row(dev, what)), what);
    EXPECT_TRUE(is_twin_row(make_twin_row(dev, what)));
  }
}

// As the version before properties wrote it, and reads it.
TEST(twin_record, of_a_twin_without_properties_is_what_it_was_before_there_were_any) {
  std::string content{"t"};
  record_writer out{content};
  const auto object = make_event_key({"bell"});
  out.field(std::string{object.begin(), object.end()});
  out.field(-3);
  out.field(0x70B3D57ED0000001);
  out.field(true);
  out.field(7);
  for (const auto* const text : {"refused", "id", "name", "text"})
    out.field(std::string{text});
  EXPECT_EQ(make_twin_row(dev, record()).content, content);
  EXPECT_EQ(*read_twin_row({make_twin_record_id(dev), dev, content}), record());
}

// But that a row which ends where its properties would begin has none.
TEST(twin_record, of_which_a_byte_is_missing_or_too_much_is_corrupt) {
  const auto without = make_twin_row(dev, record()).content.size();
  for (const auto& what : {record(), with_properties()}) {
    const auto row = make_twin_row(dev, what);
    for (std::size_t size = 1; size <= row.content.size() + 1; ++size) {
      auto other = row;
      other.content.resize(size, 'x');
      EXPECT_EQ(read_twin_row(other).has_value(), size == row.content.size() || size == without) << size;
    }
  }
}

TEST(twin_record, of_a_number_of_properties_that_are_not_there_is_corrupt) {
  auto row = make_twin_row(dev, record());
  record_writer{row.content}.number(~std::uint64_t{0});
  EXPECT_EQ(read_twin_row(row).fault().code(), errc::record_corrupt);
}

} // namespace
} // namespace causeway::core
