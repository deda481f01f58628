// SPDX-License-Identifier: Apache-2.0
// One device's trouble is its own: the others on the connection do not notice.
#include "conversation/gateway_world.h"

#include <gtest/gtest.h>

#include <map>

namespace causeway::conversation {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t devices = 100;
constexpr std::size_t odd_one = 42;

void expect_others_online(gateway_world& w, std::size_t uplinks) {
  for (std::size_t i = 0; i < devices; ++i) {
    if (i == odd_one) continue;
    EXPECT_EQ(w.status_of(i).state, model::device_state::online) << i;
    EXPECT_EQ(w.status_of(i).waiting, 0u) << i;
    EXPECT_EQ(w.arrived(i), uplinks) << i;
    EXPECT_EQ(w.arrivals.totals_of(gateway_world::name_of(i)).duplicates, 0u) << i;
  }
}

TEST(device_fault, of_a_wrong_key_parks_that_device_alone) {
  gateway_world w;
  w.keys.give_wrong_key(gateway_world::name_of(odd_one));
  for (int round = 0; round < 5; ++round) {
    w.post_round();
    w.run_for(10min);
  }
  const auto parked = w.status_of(odd_one);
  EXPECT_EQ(parked.state, model::device_state::parked);
  EXPECT_EQ(parked.reason, errc::hub_unauthorized);
  EXPECT_EQ(parked.waiting, 5u);
  EXPECT_EQ(w.arrived(odd_one), 0u);
  expect_others_online(w, 5);
  // Each of them attached once and stayed; only the odd one was refused, more than once but not in a hurry.
  EXPECT_EQ(w.hub.totals().attaches, devices - 1);
  EXPECT_EQ(w.hub.totals().detaches, 0u);
  EXPECT_EQ(w.link().connections_made(), 1u);
  EXPECT_EQ(w.shard().totals().detaches, w.hub.totals().put_tokens_refused);
  EXPECT_EQ(w.link().own_detaches(), w.hub.totals().put_tokens_refused);
  EXPECT_GT(w.hub.totals().put_tokens_refused, 2u);
  EXPECT_LT(w.hub.totals().put_tokens_refused, 10u);

  w.keys.give_right_key(gateway_world::name_of(odd_one));
  ASSERT_TRUE(w.run_until_delivered(2h));
  w.expect_all_delivered();
  EXPECT_EQ(w.arrived(odd_one), 5u);
  EXPECT_EQ(w.link().connections_made(), 1u);
}

class device_fault_either_way : public ::testing::TestWithParam<hub::auth> {
protected:
  static world_options options() {
    world_options made;
    made.mode = GetParam();
    return made;
  }
};

INSTANTIATE_TEST_SUITE_P(either_way_to_sign, device_fault_either_way,
                         ::testing::Values(hub::auth::device_keys, hub::auth::policy), [](const auto& mode) {
                           return mode.param == hub::auth::policy ? "policy" : "device_keys";
                         });

TEST_P(device_fault_either_way, of_being_disabled_stops_that_device_alone_and_loses_nothing) {
  gateway_world w{options()};
  w.post_round();
  w.run_for(1s);
  const auto name = gateway_world::name_of(odd_one);
  w.post(odd_one); // on its way while the hub disables it
  w.registry.set_enabled(name, false);
  w.hub.review(name, w.clock.now());
  w.run_for(1s);
  for (int round = 0; round < 3; ++round) {
    w.post_round();
    w.run_for(5min);
  }
  EXPECT_EQ(w.status_of(odd_one).state, model::device_state::parked);
  EXPECT_EQ(w.status_of(odd_one).reason, errc::hub_device_disabled);
  EXPECT_GE(w.status_of(odd_one).waiting, 3u);
  expect_others_online(w, 4);
  EXPECT_EQ(w.hub.totals().detaches, 1u);
  EXPECT_EQ(w.hub.totals().attaches, devices);

  w.registry.set_enabled(name, true);
  ASSERT_TRUE(w.run_until_delivered(2h));
  w.expect_all_delivered();
  EXPECT_EQ(w.arrived(odd_one), 5u);
  EXPECT_EQ(w.link().connections_made(), 1u);
  EXPECT_EQ(w.hub.totals().attaches, devices + 1);
}

TEST_P(device_fault_either_way, of_being_throttled_delays_messages_and_keeps_their_order) {
  gateway_world w{options()};
  w.post_round();
  w.run_for(1s);
  emulator::fault throttled;
  throttled.kind = emulator::fault_kind::reject_messages;
  throttled.condition = "com.microsoft:device-container-throttled";
  throttled.description = "Error: 429001 ThrottlingException";
  throttled.remaining = 150;
  w.faults.add(throttled);
  for (int round = 0; round < 4; ++round)
    w.post_round();
  ASSERT_TRUE(w.run_until_delivered(2h));
  w.expect_all_delivered();
  EXPECT_EQ(w.hub.totals().messages_rejected, 150u);
  EXPECT_EQ(w.shard().totals().resent, 150u);
  EXPECT_EQ(w.arrivals.totals().duplicates, 0u);
  EXPECT_EQ(w.hub.totals().detaches, 0u);
  EXPECT_EQ(w.hub.totals().attaches, devices);
}

// Its backlog is larger than what the body cache holds, so that it is read back from the disk meanwhile.
TEST(device_fault, a_device_that_floods_delays_no_other) {
  constexpr int flood = 3'000, messages = 3;
  gateway_world w;
  w.post_round();
  w.run_for(1s);
  std::map<std::string, std::size_t> arrived_before; // how much of the flood came before the last of each
  std::size_t of_the_flood = 0;
  const auto flooder = gateway_world::name_of(odd_one);
  w.arrivals.listen([&](const emulator::arrival& one) {
    if (one.device == flooder)
      ++of_the_flood;
    else
      arrived_before[one.device.str()] = of_the_flood;
  });
  for (int i = 0; i < flood; ++i)
    w.post(odd_one);
  for (std::size_t i = 0; i < devices; ++i)
    for (int n = 0; n < messages && i != odd_one; ++n)
      w.post(i);
  ASSERT_TRUE(w.run_until_delivered(10min));
  w.expect_all_delivered();
  ASSERT_EQ(arrived_before.size(), devices - 1);
  EXPECT_GE(of_the_flood, static_cast<std::size_t>(flood));
  EXPECT_GT(w.disk.rows_read_back(), 0u);
  // In turns, as far as their bodies had to be read back.
  for (const auto& [device, before] : arrived_before)
    EXPECT_LE(before, 20u) << device;
}

} // namespace
} // namespace causeway::conversation
