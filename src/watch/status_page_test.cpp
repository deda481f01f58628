// SPDX-License-Identifier: Apache-2.0
#include "watch/status_page.h"

#include "watch/json_text.h"

#include <gtest/gtest.h>

namespace causeway::watch {
namespace {

snapshot with(model::device_state state, std::uint64_t count) {
  snapshot s;
  s.shard.devices[static_cast<std::size_t>(state)] = count;
  return s;
}

TEST(status_page, predicts_from_what_is_left_and_the_present_pace) {
  EXPECT_EQ(predict_seconds(with(model::device_state::online, 5)), 0);
  EXPECT_EQ(predict_seconds(with(model::device_state::parked, 5)), 0); // not on their way

  auto by_hub = with(model::device_state::attaching, 500);
  auto& hub = by_hub.hubs["a"];
  hub.devices = 600;
  hub.attached = 100;
  hub.connections_open = 1;
  hub.connects_limit = 50;
  hub.connects_held = 2;
  EXPECT_DOUBLE_EQ(predict_seconds(by_hub).value(), 2 + 10 + way_seconds);

  auto by_dps = with(model::device_state::provisioning, 900);
  auto& dps = by_dps.dps["field"];
  dps.in_progress = 900;
  dps.waiting = 800;
  dps.limit = 400;
  EXPECT_DOUBLE_EQ(predict_seconds(by_dps).value(), 120 + dps_pause_seconds + way_seconds);
}

TEST(status_page, does_not_predict_what_nobody_knows) {
  auto down = with(model::device_state::attaching, 5);
  auto& hub = down.hubs["a"];
  hub.devices = 5;
  hub.connects_limit = 100;
  hub.last_fault = error{errc::connection_refused};
  EXPECT_EQ(predict_seconds(down), std::nullopt);
}

TEST(status_page, shows_states_hubs_and_budgets) {
  auto s = with(model::device_state::online, 3);
  s.ready = true;
  s.started = wall_time{seconds{1'000}};
  auto& hub = s.hubs["contoso.azure-devices.net"];
  hub.connects_limit = 87.5;
  hub.connects_held = 12.25;
  hub.sends_held = 3;
  s.dps["field"].waiting = 7;
  s.registry["water"].last_error = error{errc::registry_unauthorized};
  const auto page = status_json(s, "0.1.0", wall_time{seconds{1'060}});
  EXPECT_EQ(page.at("version"), "0.1.0");
  EXPECT_EQ(page.at("uptime_seconds").as_double(), 60);
  EXPECT_EQ(page.at("devices").to_number<int>(), 3);
  EXPECT_EQ(page.at("devices_by_state").at("online").to_number<int>(), 3);
  EXPECT_EQ(page.at("hubs").at(0).at("connects_a_second").at("limit").as_double(), 87.5);
  EXPECT_EQ(page.at("hubs").at(0).at("connects_a_second").at("held_seconds").as_double(), 12.25);
  EXPECT_EQ(page.at("hubs").at(0).at("sends_a_second").at("held_seconds").as_double(), 3);
  EXPECT_EQ(page.at("dps").at(0).at("waiting").to_number<int>(), 7);
  EXPECT_EQ(page.at("registry").at(0).at("fault").at("error"), "registry_unauthorized");
}

// The order is for people who read the file; figures of several tables meet in one object.
TEST(status_page, keeps_the_order_of_its_members) {
  snapshot s;
  auto& hub = s.hubs["a"];
  hub.connects_limit = 87.504;
  hub.connects_ceiling = 100;
  hub.last_fault = error{errc::connection_refused, "a:5671"};
  s.oldest = seconds{3};
  s.shard.dropped = {1, 2, 3};
  model::mqtt_totals mqtt;
  mqtt.refused = {{errc::unauthorized, 2}, {errc::body_too_large, 3}};
  mqtt.line.lasts = std::chrono::microseconds{1'500'400};
  s.mqtt["water"] = mqtt;
  const auto page = status_json(s, "0.1.0", wall_time{});
  EXPECT_EQ(
      to_text(page.at("hubs").at(0)),
      R"({"host":"a","devices":0,"online":0,"queued":0,"connections":0,"connections_made":0,)"
      R"("connections_lost":0,"connections_rotated":0,"connects":0,)"
      R"("connects_a_second":{"limit":87.5,"quota":100,"refused":0,"held_seconds":0},)"
      R"("sends_a_second":{"limit":0,"quota":0,"refused":0,"held_seconds":0},)"
      R"("twins":{"reads":0,"updates":0,"refused":0,"waiting":0,"reads_a_second":0,"updates_a_second":0},"sends_waiting":0,)"
      R"("quota_used_up":false,"tokens_put":0,"fault":{"error":"connection_refused","detail":"a:5671"}})");
  EXPECT_EQ(to_text(page.at("spool")),
            R"({"messages":0,"bytes":0,"oldest_seconds":3,"dropped":{"full":1,"share":2,"age":3},)"
            R"("applications":[],"dead_letters":0,"missing":0,"missing_unknown":false,"unreadable":0,)"
            R"("last_commit_ms":0})");
  EXPECT_EQ(
      to_text(page.at("mqtt").at(0)),
      R"({"application":"water","connected":false,"since_seconds":1.5,"away_seconds":0,"connects":0,)"
      R"("connections_lost":0,"connects_refused":0,"connack":null,"messages":0,"waiting":0,"refused":5,)"
      R"("lost":0,"fault":null})");
  EXPECT_EQ(page.begin()[page.size() - 1].key(), "loop_lag_ms");
}

TEST(json_text, writes_numbers_as_people_do) {
  EXPECT_EQ(to_text({{"a", 27.2}, {"b", 3}, {"c", {1.0, nullptr, true}}, {"d", "x\"\n"}}),
            R"({"a":27.2,"b":3,"c":[1,null,true],"d":"x\"\n"})");
  EXPECT_EQ(to_text({{"a", {1, 2}}, {"b", boost::json::object{}}}, true),
            "{\n  \"a\": [\n    1,\n    2\n  ],\n  \"b\": {}\n}");
  EXPECT_EQ(to_text(1e300), "1e+300");
}

} // namespace
} // namespace causeway::watch
