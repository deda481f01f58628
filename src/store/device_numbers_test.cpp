// SPDX-License-Identifier: Apache-2.0
#include "store/device_numbers.h"

#include <gtest/gtest.h>

namespace causeway::store {
namespace {

TEST(device_numbers, those_on_disk_keep_theirs_and_each_new_device_gets_the_next) {
  device_numbers numbers{{stored_number{3}, stored_number{70}}, 100};
  EXPECT_EQ(numbers.of(device_ref{0}), stored_number{3});
  EXPECT_EQ(numbers.of(device_ref{1}), stored_number{70});
  EXPECT_EQ(numbers.of(device_ref{5}), stored_number{100});
  EXPECT_EQ(numbers.of(device_ref{2}), stored_number{101});
  EXPECT_EQ(numbers.of(device_ref{5}), stored_number{100});
}

TEST(device_numbers, who_comes_after_another_at_a_place_has_a_number_of_its_own) {
  device_numbers numbers{{stored_number{3}}, 4};
  EXPECT_EQ(numbers.of(make_ref(0, 1)), stored_number{4});
  EXPECT_EQ(numbers.of(make_ref(0, 1)), stored_number{4});
  EXPECT_EQ(numbers.of(make_ref(0, 2)), stored_number{5});
  EXPECT_EQ(numbers.of(make_ref(1, 7)), stored_number{6});
}

} // namespace
} // namespace causeway::store
