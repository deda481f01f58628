// SPDX-License-Identifier: Apache-2.0
#include "watch/api.h"

#include "watch/fleet_scene.h"

#include <boost/json.hpp>
#include <gtest/gtest.h>

namespace causeway::watch {
namespace {

namespace json = boost::json;

struct scene {
  small_fleet fleet;
  watch::api api{fleet, "0.1.0"};

  scene() {
    fleet.add("water", "meter-1", model::device_state::online);
    fleet.add("water", "meter-2", model::device_state::parked);
    fleet.add("gas", "meter-1", model::device_state::online);
  }
  net::http_response get(std::string target, std::string method = "GET") const {
    net::http_request request;
    request.method = std::move(method);
    request.target = std::move(target);
    return api.handle(request);
  }
  json::value body(std::string target) const { return json::parse(get(std::move(target)).body); }
};

TEST(api, shows_status_and_plan) {
  const scene s;
  EXPECT_EQ(s.body("/api/status").at("version"), "0.1.0");
  const auto plan = s.body("/api/plan");
  EXPECT_EQ(plan.at("through_dps").to_number<int>(), 6);
  EXPECT_EQ(plan.at("seconds_to_all_online").to_number<double>(), 3.5);
  EXPECT_NE(std::string{plan.at("text").as_string()}.find("All online after about 3.5 s"), std::string::npos);
}

TEST(api, shows_the_configuration_that_it_was_given) {
  scene s;
  s.api.show_configuration("{\"sections\":[]}");
  EXPECT_TRUE(s.body("/api/configuration").at("sections").as_array().empty());
}

TEST(api, shows_the_last_log_lines) {
  const scene s;
  EXPECT_TRUE(s.body("/api/log").at("lines").is_array());
  EXPECT_EQ(s.get("/api/log?limit=1001").status, 400);
  EXPECT_EQ(s.get("/api/log?after=1").status, 400);
}

TEST(api, lists_devices_in_pages) {
  const scene s;
  auto page = s.body("/api/devices?limit=2");
  EXPECT_EQ(page.at("devices").as_array().size(), 2U);
  EXPECT_EQ(page.at("next").to_number<int>(), 1);
  page = s.body("/api/devices?limit=2&after=1");
  EXPECT_EQ(page.at("devices").as_array().size(), 1U);
  EXPECT_TRUE(page.at("next").is_null());
  EXPECT_EQ(s.body("/api/devices?state=parked").at("devices").as_array().size(), 1U);
  EXPECT_EQ(s.body("/api/devices?application=gas").at("devices").as_array().size(), 1U);
  EXPECT_EQ(s.body("/api/devices?search=eter-1").at("devices").as_array().size(), 2U);
  EXPECT_EQ(s.body("/api/devices?search=eter-1&application=gas").at("devices").as_array().size(), 1U);
  EXPECT_EQ(s.body("/api/devices?search=nobody").at("devices").as_array().size(), 0U);
}

TEST(api, shows_one_device_and_why) {
  const scene s;
  const auto device = s.body("/api/devices/water/meter-2");
  EXPECT_EQ(device.at("state"), "parked");
  EXPECT_EQ(device.at("reason"), "hub_device_disabled");
  EXPECT_EQ(device.at("next_try_seconds").to_number<double>(), 90);
  const auto why = s.body("/api/devices/water/meter-2/why");
  EXPECT_FALSE(why.at("why").as_string().empty());
}

TEST(api, draws_a_devices_way_to_its_hub_however_many_commands_it_has_had_since) {
  scene s;
  s.fleet.line.note({s.fleet.now().mono, milliseconds{5}, device_ref{1}, 0, model::phase::attach, {}});
  for (int i = 0; i < 500; ++i)
    s.fleet.line.note(
        {s.fleet.now().mono, milliseconds{5}, device_ref{1}, 0, model::phase::command_push, {}});
  const auto drawn = s.get("/api/timeline/waterfall.svg?device=meter-2").body;
  EXPECT_NE(drawn.find("meter-2: attach"), std::string::npos);
  EXPECT_EQ(drawn.find("command.push"), std::string::npos);
}

TEST(api, draws_a_devices_last_commands_from_step_to_step) {
  scene s;
  model::command_status one;
  one.message_id = "m<1>";
  one.to = {application_id{"water"}, device_id{"meter-2"}};
  const auto at = [](int ms) { return wall_time{seconds{1'000}} + milliseconds{ms}; };
  one.enqueued = at(-10);
  one.marks = {{model::command_state::stored, at(0)},
               {model::command_state::pushing, at(5)},
               {model::command_state::queued, at(25)},
               {model::command_state::sent, at(525)},
               {model::command_state::no_word, at(2'525)}};
  s.fleet.commands.push_back(one);
  const auto drawn = s.get("/api/timeline/waterfall.svg?device=meter-2&of=commands").body;
  for (const auto* bar : {"m&lt;1&gt;: command.store, 10 ms from 0 ms", "command.turn, 5 ms from 10 ms",
                          "command.push, 20 ms from 15 ms", "command.send, 500 ms from 35 ms",
                          "command.send, 2 s from 535 ms, no_word"})
    EXPECT_NE(drawn.find(bar), std::string::npos) << bar << drawn;
  EXPECT_EQ(s.get("/api/timeline/waterfall.svg?of=commands").status, 400);
  EXPECT_EQ(s.get("/api/timeline/waterfall.svg?device=meter-2&of=joins").status, 400);
  EXPECT_EQ(s.get("/api/timeline/waterfall.svg?device=meter-1&application=gas&of=commands").status, 200)
      << "none";
}

TEST(api, shows_a_devices_last_commands_with_it) {
  scene s;
  for (int i = 0; i < 12; ++i) {
    model::command_status one;
    one.id = model::command_id{std::to_string(i)};
    one.to = {application_id{"water"}, device_id{i == 0 ? "another" : "meter-2"}};
    s.fleet.commands.push_back(one);
  }
  const auto device = s.body("/api/devices/water/meter-2");
  const auto& last = device.at("commands").as_array();
  ASSERT_EQ(last.size(), 10U);
  EXPECT_EQ(last[0].at("command"), "1");
}

TEST(api, takes_a_device_id_alone_where_it_is_unique) {
  scene s;
  s.fleet.add("heat", "meter-1", model::device_state::online);
  EXPECT_EQ(s.body("/api/devices/-/meter-2").at("application"), "water");
  const auto both = s.get("/api/devices/-/meter-1");
  EXPECT_EQ(both.status, 400);
  EXPECT_EQ(json::parse(both.body).at("error"), "field_invalid");
  EXPECT_NE(both.body.find("gas, heat, water"), std::string::npos) << both.body;
  EXPECT_EQ(s.get("/api/devices/-/meter-9").status, 404);
}

TEST(api, shows_the_spans_of_a_device) {
  scene s;
  s.fleet.line.note({s.fleet.now().mono, milliseconds{5}, device_ref{1}, 0, model::phase::dps_register, {}});
  s.fleet.line.note({s.fleet.now().mono, milliseconds{7}, device_ref{2}, 0, model::phase::dps_poll, {}});
  EXPECT_EQ(s.body("/api/devices/water/meter-2").at("spans").as_array().size(), 1U);
  EXPECT_EQ(s.body("/api/devices/water/meter-2").at("way").at(0).at("phase"), "dps.register");
  EXPECT_EQ(s.body("/api/timeline").at("spans").as_array().size(), 2U);
  const auto one = s.body("/api/timeline?device=meter-1&application=gas");
  ASSERT_EQ(one.at("spans").as_array().size(), 1U);
  EXPECT_EQ(one.at("spans").at(0).at("phase"), "dps.poll");
  EXPECT_EQ(one.at("next").to_number<int>(), 2);
  EXPECT_EQ(s.body("/api/timeline/summary").at("phases").as_array().size(), 2U);
  const auto all = s.get("/api/timeline/waterfall.svg?limit=10");
  EXPECT_EQ(all.status, 200);
  EXPECT_TRUE(all.content_type.starts_with("image/svg+xml"));
  EXPECT_NE(s.get("/api/timeline/waterfall.svg?device=meter-2").body.find("dps.register"), std::string::npos);
}

TEST(api, a_search_for_one_devices_spans_names_only_those_it_shows) {
  scene s;
  for (int i = 0; i < 90; ++i)
    s.fleet.line.note({s.fleet.now().mono, milliseconds{7}, device_ref{2}, 0, model::phase::dps_poll, {}});
  s.fleet.line.note({s.fleet.now().mono, milliseconds{5}, device_ref{1}, 0, model::phase::dps_register, {}});
  EXPECT_EQ(s.body("/api/timeline?device=meter-2").at("spans").as_array().size(), 1U);
  EXPECT_EQ(s.fleet.names_asked, 1U);
  EXPECT_EQ(s.body("/api/timeline?device=nobody").at("spans").as_array().size(), 0U);
  EXPECT_EQ(s.fleet.names_asked, 1U);
  // Of an application, each device once, and each span that is shown.
  EXPECT_EQ(s.body("/api/timeline?application=water").at("spans").as_array().size(), 1U);
  EXPECT_EQ(s.fleet.names_asked, 4U);
}

TEST(api, what_looks_at_everything_is_worked_out_once_a_second) {
  scene s;
  const auto spans_in = [&] {
    const auto phases = s.body("/api/timeline/summary").at("phases").as_array();
    return phases.empty() ? 0 : phases[0].at("count").to_number<int>();
  };
  const auto rows_in = [&] {
    const auto picture = s.get("/api/timeline/waterfall.svg").body;
    return picture.find("1 devices") != std::string::npos;
  };
  EXPECT_EQ(spans_in(), 0);
  EXPECT_FALSE(rows_in());
  s.fleet.line.note({s.fleet.now().mono, milliseconds{7}, device_ref{2}, 0, model::phase::dps_poll, {}});
  for (int i = 0; i < 50; ++i)
    s.get("/api/plan");
  EXPECT_EQ(s.fleet.plans_made, 1U);
  EXPECT_EQ(spans_in(), 0);
  EXPECT_FALSE(rows_in());
  s.fleet.clock.advance(seconds{1});
  s.get("/api/plan");
  EXPECT_EQ(s.fleet.plans_made, 2U);
  EXPECT_EQ(spans_in(), 1);
  EXPECT_TRUE(rows_in());
}

TEST(api, says_what_is_wrong_with_a_question) {
  const scene s;
  for (const auto* target :
       {"/api/devices?limit=0", "/api/devices?limit=1001", "/api/devices?limit=x", "/api/devices?after=-1",
        "/api/devices?state=happy", "/api/devices?colour=red", "/api/timeline?after=1x",
        "/api/timeline/waterfall.svg?limit=5000", "/api/devices?limit=99999999999999999999999"}) {
    const auto answer = s.get(target);
    EXPECT_EQ(answer.status, 400) << target;
    EXPECT_EQ(json::parse(answer.body).at("error"), "field_invalid") << target;
  }
  for (const auto* target : {"/api", "/api/", "/api/nothing", "/api/devices/", "/api/devices/water",
                             "/api/devices/water/", "/api/devices/water/meter-1/x/why"})
    EXPECT_EQ(s.get(target).status, 404) << target;
  EXPECT_EQ(s.get("/api/status", "POST").status, 405);
}

} // namespace
} // namespace causeway::watch
