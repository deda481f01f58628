// SPDX-License-Identifier: Apache-2.0
// Tokens live an hour; the emulated hub detaches a device the second that its token runs out.
#include "conversation/gateway_world.h"

#include <gtest/gtest.h>

namespace causeway::conversation {
namespace {

using namespace std::chrono_literals;

class tokens : public ::testing::TestWithParam<hub::auth> {};

INSTANTIATE_TEST_SUITE_P(either_way_to_sign, tokens,
                         ::testing::Values(hub::auth::device_keys, hub::auth::policy), [](const auto& mode) {
                           return mode.param == hub::auth::policy ? "policy" : "device_keys";
                         });

TEST_P(tokens, are_renewed_for_a_day_without_any_device_noticing) {
  constexpr std::size_t devices = 100;
  world_options options;
  options.mode = GetParam();
  gateway_world w{options};
  w.post_round();
  w.run_for(1s);
  for (int quarter = 0; quarter < 96; ++quarter) {
    w.run_for(15min);
    ASSERT_EQ(w.hub.attached(), devices) << "after " << quarter << " quarters of an hour";
    if (quarter % 8 == 7) w.post_round();
  }
  ASSERT_TRUE(w.run_until_delivered(10s));
  w.expect_all_delivered();
  EXPECT_EQ(w.arrivals.totals().unique, 13 * devices);
  EXPECT_EQ(w.arrivals.totals().duplicates, 0u);
  EXPECT_EQ(w.link().connections_made(), 1u);
  EXPECT_EQ(w.hub.totals().attaches, devices);
  EXPECT_EQ(w.hub.totals().detaches, 0u);
  EXPECT_EQ(w.shard().totals().detaches, 0u);
  EXPECT_EQ(w.hub.totals().put_tokens_refused, 0u);
  // Each token lives 60 to 80 % of an hour before its renewal, a policy's half of one.
  const auto renewals = w.link().renewals();
  if (GetParam() == hub::auth::policy) {
    EXPECT_EQ(renewals, 48u);
  } else {
    EXPECT_GE(renewals, devices * 30);
    EXPECT_LE(renewals, devices * 40);
  }
}

TEST(renewals, that_the_hub_refuses_take_down_that_device_alone_when_its_token_runs_out) {
  constexpr std::size_t devices = 20, odd_one = 7;
  world_options options;
  options.devices = devices;
  gateway_world w{options};
  w.post_round();
  w.run_for(1s);
  emulator::fault busy;
  busy.kind = emulator::fault_kind::put_token_status;
  busy.pattern = gateway_world::name_of(odd_one).str();
  busy.status = 500;
  w.faults.add(busy);
  w.run_for(59min);
  EXPECT_EQ(w.hub.attached(), devices) << "down before its token ran out";
  w.run_for(2min);
  EXPECT_EQ(w.hub.attached(), devices - 1);
  w.post_round();
  w.run_for(10min);
  EXPECT_EQ(w.status_of(odd_one).waiting, 1u);
  EXPECT_EQ(w.devices_in(model::device_state::online), devices - 1);
  w.faults.clear();
  ASSERT_TRUE(w.run_until_delivered(1h));
  w.expect_all_delivered();
  EXPECT_EQ(w.hub.attached(), devices);
  EXPECT_EQ(w.link().connections_made(), 1u);
  EXPECT_EQ(w.hub.totals().attaches, devices + 1);
}

} // namespace
} // namespace causeway::conversation
