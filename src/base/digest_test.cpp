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

// The context is kept from call to call: none may see another's key.
TEST(digest, a_mac_depends_on_its_own_key_only) {
  const std::string long_key(131, '\xaa'); // RFC 4231, test case 6
  for (int round = 0; round < 2; ++round) {
    EXPECT_EQ(hex_encode(hmac_sha256("Jefe", "what do ya want for nothing?")).substr(0, 16),
              "5bdcc146bf60754e");
    EXPECT_EQ(hex_encode(hmac_sha256("", "")),
              "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad");
    EXPECT_EQ(hex_encode(hmac_sha256(long_key, "Test Using Larger Than Block-Size Key - Hash Key First")),
              "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
  }
}

} // namespace
} // namespace causeway
