// SPDX-License-Identifier: Apache-2.0
#include "causeway_bench/floor_hub.h"

#include "hub/placement.h"

#include <gtest/gtest.h>

namespace causeway::bench {
namespace {

TEST(floor_hub, devices_are_spread_over_connections_as_the_gateway_spreads_them) {
  for (const std::uint32_t devices : {1U, 899U, 900U, 901U, 5'000U}) {
    hub::placement gateways;
    for (std::uint32_t device = 0; device < devices; ++device)
      gateways.place(device_ref{device});
    const auto ours = floor_placement(devices);
    ASSERT_EQ(ours.size(), gateways.connections());
    for (std::uint32_t connection = 0; connection < ours.size(); ++connection)
      EXPECT_EQ(ours[connection], gateways.devices(connection));
  }
}

} // namespace
} // namespace causeway::bench
