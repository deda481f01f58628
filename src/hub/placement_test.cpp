// SPDX-License-Identifier: Apache-2.0
#include "hub/placement.h"

#include <gtest/gtest.h>

namespace causeway::hub {
namespace {

device_ref ref(std::uint32_t number) {
  return device_ref{number};
}

TEST(placement, fills_connections_one_after_the_other) {
  placement places{{900, 995}};
  for (std::uint32_t device = 0; device < 2000; ++device)
    EXPECT_EQ(places.place(ref(device)), device / 900);
  EXPECT_EQ(places.connections(), 3u);
  EXPECT_EQ(places.devices(0), 900u);
  EXPECT_EQ(places.devices(2), 200u);
  EXPECT_EQ(places.place(ref(17)), 0u); // it has one
  EXPECT_EQ(places.find(ref(1999)), 2u);
  EXPECT_FALSE(places.find(ref(5000)).has_value());
}

TEST(placement, a_free_place_is_given_again_while_tokens_last) {
  placement places{{3, 5}};
  for (std::uint32_t device = 0; device < 3; ++device)
    places.place(ref(device));
  EXPECT_TRUE(places.remove(ref(0)));
  EXPECT_FALSE(places.remove(ref(0)));
  EXPECT_EQ(places.place(ref(10)), 0u);
  EXPECT_TRUE(places.remove(ref(1)));
  EXPECT_EQ(places.place(ref(11)), 0u); // the fifth token
  EXPECT_EQ(places.authorised(0), 5u);
  EXPECT_FALSE(places.spent(0)); // full, so nothing is gained by opening it anew
  EXPECT_TRUE(places.remove(ref(2)));
  EXPECT_TRUE(places.spent(0));
  EXPECT_EQ(places.place(ref(12)), 1u);
  places.reopened(0);
  EXPECT_FALSE(places.spent(0));
  EXPECT_EQ(places.authorised(0), 2u);
  EXPECT_EQ(places.place(ref(13)), 0u);
}

TEST(placement, a_policy_token_serves_any_number_of_devices) {
  placement places{{2, 0xffffffff}};
  for (std::uint32_t round = 0; round < 5000; ++round) {
    EXPECT_EQ(places.place(ref(round)), 0u);
    places.remove(ref(round));
  }
}

TEST(placement, a_lower_limit_of_the_peer_displaces_those_placed_last) {
  placement places{{5, 995}};
  for (std::uint32_t device = 0; device < 7; ++device)
    places.place(ref(device));
  EXPECT_EQ(places.limit(0, 3), (std::vector<device_ref>{ref(3), ref(4)}));
  EXPECT_FALSE(places.find(ref(3)).has_value());
  EXPECT_EQ(places.place(ref(3)), 1u);
  EXPECT_EQ(places.place(ref(4)), 1u);
  EXPECT_TRUE(places.limit(0, 9).empty());
  EXPECT_EQ(places.place(ref(7)), 0u); // up to the option's five again
  EXPECT_EQ(places.place(ref(8)), 0u);
  EXPECT_EQ(places.place(ref(9)), 1u);
}

TEST(placement, members_follow_what_is_placed_and_removed) {
  placement places{{4, 995}};
  for (std::uint32_t device = 0; device < 4; ++device)
    places.place(ref(device));
  places.remove(ref(1));
  places.remove(ref(3));
  EXPECT_EQ(places.members(0), (std::vector<device_ref>{ref(0), ref(2)}));
  places.remove(ref(0));
  places.remove(ref(2));
  EXPECT_TRUE(places.members(0).empty());
}

TEST(placement, the_same_calls_give_the_same_places) {
  placement left{{50, 60}}, right{{50, 60}};
  std::uint32_t random = 12345;
  for (int step = 0; step < 20'000; ++step) {
    random = random * 1664525u + 1013904223u;
    const device_ref device = ref((random >> 8) % 700);
    if (random % 3 == 0) {
      EXPECT_EQ(left.remove(device), right.remove(device));
    } else {
      EXPECT_EQ(left.place(device), right.place(device));
    }
  }
  std::size_t placed = 0;
  for (std::uint32_t index = 0; index < left.connections(); ++index) {
    EXPECT_LE(left.devices(index), 50u);
    EXPECT_LE(left.authorised(index), 60u);
    for (const device_ref device : left.members(index))
      EXPECT_EQ(left.find(device), index);
    placed += left.devices(index);
  }
  EXPECT_GT(placed, 300u);
}

TEST(placement, a_retired_connection_takes_nobody_until_it_is_opened_anew) {
  placement places{{.devices_per_connection = 3, .tokens_per_connection = 5}};
  EXPECT_EQ(places.place(device_ref{1}), 0u);
  places.retire(0);
  EXPECT_EQ(places.place(device_ref{2}), 1u);
  EXPECT_EQ(places.find(device_ref{1}), 0u);
  EXPECT_TRUE(places.remove(device_ref{1}));
  EXPECT_EQ(places.place(device_ref{3}), 1u);
  places.reopened(0);
  EXPECT_EQ(places.place(device_ref{4}), 0u);
}

TEST(placement, a_hub_that_counts_lower_gets_smaller_connections) {
  placement subject{{.devices_per_connection = 8, .tokens_per_connection = 8}};
  for (std::uint32_t i = 0; i < 6; ++i)
    EXPECT_EQ(subject.place(device_ref{i}), 0u);
  subject.lower_tokens(4);
  subject.lower_tokens(6); // no effect
  EXPECT_EQ(subject.devices(0), 6u);
  for (std::uint32_t i = 6; i < 10; ++i)
    EXPECT_EQ(subject.place(device_ref{i}), 1u);
  EXPECT_EQ(subject.place(device_ref{10}), 2u);
  subject.lower_tokens(0);
  EXPECT_EQ(subject.tokens_per_connection(), 1u);
}

} // namespace
} // namespace causeway::hub
