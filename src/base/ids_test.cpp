// SPDX-License-Identifier: Apache-2.0
#include "base/ids.h"

#include <gtest/gtest.h>

namespace causeway {
namespace {

TEST(ids, follow_the_rule_of_the_things_stack) {
  for (const char* good :
       {"dev1", "eui-70b3d52dd600035a", "a-1-b", "abc", "123456789012345678901234567890123456"})
    EXPECT_TRUE(is_valid_tts_id(good)) << good;
  for (const char* bad : {"", "a", "ab", "Dev1", "-dev", "dev-", "a--b1", "dev_1", "d\xc3\xa4v", "../etc",
                          "a b", "1234567890123456789012345678901234567"})
    EXPECT_FALSE(is_valid_tts_id(bad)) << bad;
}

TEST(ids, eui_is_sixteen_hex_digits) {
  EXPECT_TRUE(is_valid_eui("70B3D52DD600035A"));
  EXPECT_FALSE(is_valid_eui("70B3D52DD600035"));
  EXPECT_FALSE(is_valid_eui("70B3D52DD600035G"));
}

} // namespace
} // namespace causeway
