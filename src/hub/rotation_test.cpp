// SPDX-License-Identifier: Apache-2.0
#include "hub/rotation.h"

#include <gtest/gtest.h>

namespace causeway::hub {
namespace {

using namespace std::chrono_literals;

class rotation_test : public testing::Test {
protected:
  rotation_test() : places_{{900, 900}} {
    for (std::uint32_t device = 0; device < 1'800; ++device)
      places_.place(device_ref{device});
  }
  // From connection 0 or 1. True: one begins.
  bool leave(std::uint32_t device) {
    const auto from = places_.find(device_ref{device}).value();
    static_cast<void>(places_.remove(device_ref{device}));
    return rotation_.begin_if_worth_it(places_, from, now_);
  }
  bool leave_many(std::uint32_t first, std::uint32_t count) {
    bool begins = false;
    for (auto device = first; device < first + count; ++device)
      begins = leave(device) || begins;
    return begins;
  }

  mono_time now_{1h};
  placement places_;
  rotation rotation_;
};

TEST_F(rotation_test, is_worth_it_when_a_tenth_has_left) {
  EXPECT_FALSE(leave_many(0, 89));
  EXPECT_FALSE(rotation_.connection());
  EXPECT_TRUE(leave(89));
  EXPECT_EQ(rotation_.connection(), 0U);
  EXPECT_EQ(places_.place(device_ref{5'000}), 2U) << "it takes nobody any more";
}

TEST_F(rotation_test, is_of_one_connection_at_a_time_and_of_one_in_ten_seconds) {
  EXPECT_TRUE(leave_many(0, 100));
  EXPECT_FALSE(leave_many(900, 100)) << "one is under way";
  rotation_.end();
  EXPECT_FALSE(leave(1'100));
  now_ += 9'999ms;
  EXPECT_FALSE(leave(1'101));
  now_ += 1ms;
  EXPECT_TRUE(leave(1'102));
  EXPECT_EQ(rotation_.connection(), 1U);
}

TEST_F(rotation_test, is_not_needed_where_there_is_room_for_new_devices) {
  placement roomy{{900, 995}};
  for (std::uint32_t device = 0; device < 900; ++device)
    roomy.place(device_ref{device});
  static_cast<void>(roomy.remove(device_ref{0}));
  for (std::uint32_t device = 1; device < 200; ++device) {
    static_cast<void>(roomy.remove(device_ref{device}));
    EXPECT_FALSE(rotation_.begin_if_worth_it(roomy, 0, now_));
  }
}

TEST_F(rotation_test, is_over_when_the_connection_has_been_opened_anew_by_itself) {
  EXPECT_TRUE(leave_many(0, 100));
  rotation_.on_opened(1);
  EXPECT_TRUE(rotation_.connection());
  rotation_.on_opened(0);
  EXPECT_FALSE(rotation_.connection());
}

} // namespace
} // namespace causeway::hub
