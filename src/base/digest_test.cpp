// SPDX-License-Identifier: Apache-2.0
#include "base/digest.h"

#include "base/encoding.h"

#include <gtest/gtest.h>

namespace causeway {
namespace {

TEST(digest, matches_published_vectors) {
  const auto digest = sha256("abc"); // FIPS 180-4, example B.1
  EXPECT_EQ(hex_encode({reinterpret_cast<const char*>(digest.data()), digest.size()}),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(hex_encode(hmac_sha256("Jefe", "what do ya want for nothing?")), // RFC 4231, test case 2
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
}

} // namespace
} // namespace causeway
