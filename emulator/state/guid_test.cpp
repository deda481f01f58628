// SPDX-License-Identifier: Apache-2.0
#include "emulator/state/guid.h"

#include <gtest/gtest.h>

#include <set>

namespace causeway::emulator {
namespace {

TEST(guid, its_bytes_on_the_wire_are_in_dotnets_order) {
  const auto read = guid::from_text("00112233-4455-6677-8899-aabbccddeeff");
  ASSERT_TRUE(read);
  EXPECT_EQ(read->text(), "00112233-4455-6677-8899-aabbccddeeff");
  EXPECT_EQ(read->dotnet_bytes(),
            std::string("\x33\x22\x11\x00\x55\x44\x77\x66\x88\x99\xaa\xbb\xcc\xdd\xee\xff", 16));
  EXPECT_EQ(guid::from_dotnet_bytes(read->dotnet_bytes()), read);
}

TEST(guid, what_is_none_is_refused) {
  EXPECT_FALSE(guid::from_text("00112233-4455-6677-8899-aabbccddee"));
  EXPECT_FALSE(guid::from_text("00112233-4455-6677-8899-aabbccddeefg"));
  EXPECT_FALSE(guid::from_text("00112233x4455-6677-8899-aabbccddeeff"));
  EXPECT_FALSE(guid::from_dotnet_bytes("1234"));
}

TEST(guid, a_maker_repeats_itself_from_the_same_seed_and_never_otherwise) {
  guid_maker one{"a"}, same{"a"}, other{"b"};
  std::set<guid> seen;
  for (int i = 0; i < 100; ++i) {
    const auto made = one.next();
    EXPECT_EQ(made, same.next());
    seen.insert(made);
    seen.insert(other.next());
    EXPECT_EQ(made.text()[14], '4'); // random, as RFC 4122 marks it
  }
  EXPECT_EQ(seen.size(), 200U);
}

} // namespace
} // namespace causeway::emulator
