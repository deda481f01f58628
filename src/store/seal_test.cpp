// SPDX-License-Identifier: Apache-2.0
#include "store/seal.h"

#include <gtest/gtest.h>

namespace causeway::store {
namespace {

const record_seal sample{42, 1'700'000'000'123, "water-meters", "meter-7", 0x70B3D57ED0000001};

TEST(seal, gives_back_what_was_put_in) {
  const auto sealed = seal(sample, "the content");
  ASSERT_TRUE(is_sealed(sealed));
  const auto back = unseal(sealed);
  ASSERT_TRUE(back);
  EXPECT_EQ(back->seal, sample);
  EXPECT_EQ(back->content, "the content");
}

TEST(seal, knows_that_no_eui_was_known) {
  const record_seal without{1, 2, "a", "b", std::nullopt};
  const auto sealed = seal(without, "");
  const auto back = unseal(sealed);
  ASSERT_TRUE(back);
  EXPECT_EQ(back->seal, without);
  EXPECT_EQ(back->content, "");
}

TEST(seal, is_broken_by_each_bit_and_each_cut) {
  const auto sealed = seal(sample, "the content");
  for (std::size_t bit = 0; bit < sealed.size() * 8; ++bit) {
    auto changed = sealed;
    changed[bit / 8] = static_cast<char>(changed[bit / 8] ^ 1 << (bit % 8));
    const auto back = unseal(changed);
    ASSERT_FALSE(back) << bit;
    EXPECT_EQ(back.fault().code(), errc::record_corrupt);
  }
  for (std::size_t size = 0; size < sealed.size(); ++size)
    EXPECT_FALSE(unseal(std::string_view{sealed}.substr(0, size))) << size;
}

TEST(seal, is_no_record_of_before_and_no_event) {
  for (const auto* text : {"", "\1\0\0\0", "{\"end_device_ids\":{}}", "[1]", " {}"})
    EXPECT_FALSE(is_sealed(text));
}

TEST(row_digest, tells_where_one_column_ends) {
  EXPECT_NE(row_digest{}.add("ab").add("c").value(), row_digest{}.add("a").add("bc").value());
  EXPECT_NE(row_digest{}.add(1).add(2).value(), row_digest{}.add(2).add(1).value());
  EXPECT_EQ(row_digest{}.add(1).add(2).add(3).add(4).value() >> 32, waiting_digest(1, 2, 3, 4));
}

} // namespace
} // namespace causeway::store
