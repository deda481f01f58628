// SPDX-License-Identifier: Apache-2.0
#include "watch/status_page.h"

#include "watch/json_text.h"

#include <gtest/gtest.h>

namespace causeway::watch {
namespace {

snapshot with(model::device_state state, std::uint64_t count) {
  snapshot s;
  s.bridge.devices[static_cast<std::size_t>(state)] = count;
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
  hub.connect_budget = {50, 100, 1, 2};
  EXPECT_DOUBLE_EQ(predict_seconds(by_hub).value(), 2 + 10 + way_seconds);

  auto by_dps = with(model::device_state::provisioning, 900);
  auto& dps = by_dps.dps["field"];
  dps.in_progress = 900;
  dps.waiting = 800;
  dps.registrations = {400, 1'000, 0, 0};
  EXPECT_DOUBLE_EQ(predict_seconds(by_dps).value(), 120 + dps_pause_seconds + way_seconds);
}

TEST(status_page, does_not_predict_what_nobody_knows) {
  auto down = with(model::device_state::attaching, 5);
  auto& hub = down.hubs["a"];
  hub.devices = 5;
  hub.connect_budget.limit = 100;
  hub.last_fault = "connection_refused";
  EXPECT_EQ(predict_seconds(down), std::nullopt);
}

TEST(status_page, shows_states_hubs_and_budgets) {
  auto s = with(model::device_state::online, 3);
  s.ready = true;
  s.start_seconds = 1'000;
  s.hubs["contoso.azure-devices.net"].connect_budget = {87.5, 100, 3, 12.25};
  s.hubs["contoso.azure-devices.net"].send_budget = {50, 100, 1, 3};
  s.dps["field"].waiting = 7;
  s.registry["water"].last_fault = "registry_unauthorized";
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

TEST(json_text, writes_numbers_as_people_do) {
  EXPECT_EQ(to_text({{"a", 27.2}, {"b", 3}, {"c", {1.0, nullptr, true}}, {"d", "x\"\n"}}),
            R"({"a":27.2,"b":3,"c":[1,null,true],"d":"x\"\n"})");
  EXPECT_EQ(to_text({{"a", {1, 2}}, {"b", boost::json::object{}}}, true),
            "{\n  \"a\": [\n    1,\n    2\n  ],\n  \"b\": {}\n}");
  EXPECT_EQ(to_text(1e300), "1e+300");
}

} // namespace
} // namespace causeway::watch
