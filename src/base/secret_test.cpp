// SPDX-License-Identifier: Apache-2.0
#include "base/secret.h"

#include <gtest/gtest.h>

#include <ostream>
#include <type_traits>

namespace causeway {
namespace {

template <class T>
concept printable = requires(std::ostream& out, const T& value) {
  out << value;
};

static_assert(!std::is_copy_constructible_v<secret> && !std::is_copy_assignable_v<secret>);
static_assert(!printable<secret>);

TEST(secret, compares_and_moves) {
  secret key{"s3cret"};
  EXPECT_TRUE(key.equals("s3cret"));
  EXPECT_FALSE(key.equals("s3cre"));
  EXPECT_FALSE(key.equals(""));
  secret other{std::move(key)};
  EXPECT_TRUE(key.empty()); // NOLINT(bugprone-use-after-move): moved-from is defined as empty
  EXPECT_EQ(other.reveal(), "s3cret");
  EXPECT_TRUE(other.clone().equals("s3cret"));
}

} // namespace
} // namespace causeway
