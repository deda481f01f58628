// SPDX-License-Identifier: Apache-2.0
#include "watch/api.h"

#include "core/explain.h"
#include "net/run_task.h"
#include "watch/pages.h"

#include <boost/json.hpp>
#include <gtest/gtest.h>

namespace causeway::watch {
namespace {

namespace json = boost::json;

struct small_fleet final : fleet_view {
  manual_clock clock;
  model::timeline line{clock.now(), 1'000};
  std::vector<model::device_status> all;
  mutable std::size_t names_asked = 0, plans_made = 0;

  void add(const char* application, const char* id, model::device_state state) {
    model::device_status one;
    one.ref = static_cast<device_ref>(all.size());
    one.key = {application_id{application}, device_id{id}};
    one.state = state;
    if (state == model::device_state::parked) {
      one.reason = errc::hub_device_disabled;
      one.next_try = clock.now().mono + seconds{90};
    }
    all.push_back(std::move(one));
  }
  std::string explain(const model::device_status& of) const override {
    return core::explain(of, clock.now());
  }
  std::optional<std::string> trouble;
  mutable int looked = 0; // at all figures
  moment now() const override { return clock.now(); }
  std::optional<std::string> why_not_ready() const override { return trouble; }
  snapshot figures() const override {
    ++looked;
    snapshot s;
    s.ready = true;
    return s;
  }
  model::device_page list(std::optional<device_ref> after, std::size_t limit,
                          std::optional<model::device_state> state) const override {
    model::device_page page;
    for (const auto& one : all) {
      if (after && index_of(one.ref) <= index_of(*after)) continue;
      if (page.devices.size() >= limit) {
        page.next = page.devices.back().ref;
        break;
      }
      if (!state || one.state == *state) page.devices.push_back(one);
    }
    return page;
  }
  std::optional<model::device_status> device(const model::device_key& key) const override {
    for (const auto& one : all)
      if (one.key == key) return one;
    return std::nullopt;
  }
  std::optional<model::device_key> key_of(device_ref ref) const override {
    ++names_asked;
    if (index_of(ref) >= all.size()) return std::nullopt;
    return all[index_of(ref)].key;
  }
  std::vector<application_id> applications() const override {
    return {application_id{"gas"}, application_id{"heat"}, application_id{"water"}};
  }
  const model::timeline& timeline() const override { return line; }
  std::vector<model::command_status> commands;
  std::vector<model::command_status> commands_of(const model::device_key& key,
                                                 std::size_t most) const override {
    std::vector<model::command_status> some;
    for (const auto& one : commands)
      if (one.to == key && some.size() < most) some.push_back(one);
    return some;
  }
  plan_input plan() const override {
    ++plans_made;
    plan_input in;
    in.applications = {{"water", 6, 0, 0, 6, 0, "cache", ""}};
    in.dps = {{"field", 6, 1'000}};
    return in;
  }
};

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

struct no_letters final : dead_letter_view {
  net::task<result<model::dead_letter_page>> list(model::dead_letter_query) override {
    co_return model::dead_letter_page{};
  }
  net::task<result<model::dead_letter>> find(std::uint64_t) override { co_return error{errc::not_found}; }
  net::task<result<model::answer>> replay(std::uint64_t) override { co_return error{errc::not_found}; }
  net::task<result<std::vector<std::uint64_t>>> drop(std::vector<std::uint64_t>) override {
    co_return std::vector<std::uint64_t>{};
  }
};

struct no_desk final : forget_desk {
  model::forgetting forget(const model::device_key&, bool) override { return model::forgetting::unknown; }
  model::forget_page forget_some(const application_id&, model::forgettable, bool, std::optional<device_ref>,
                                 std::size_t) override {
    return {};
  }
  result<application_id> owner_of(const device_id&) const override { return error{errc::not_found}; }
};

struct no_commands final : command_view {
  model::command_page commands(const model::command_query&) const override { return {}; }
  std::optional<model::command_status> command(const model::command_id&) const override {
    return std::nullopt;
  }
  net::task<model::calling_off> cancel(model::command_id) override { co_return model::calling_off::unknown; }
  net::task<model::queue_clearing> clear(model::device_key) override { co_return model::queue_clearing{}; }
  result<application_id> owner_of(const device_id&) const override { return application_id{"water"}; }
};

int status_of(const scene& s, api_access access, const char* host, const char* path = "/api/status",
              const char* method = "GET") {
  no_letters none;
  dead_letter_api letters{none};
  no_desk desk;
  const forget_api forget{desk};
  no_commands book;
  const command_api commands{book};
  pages page{s.fleet, s.api, commands, letters, forget, access};
  net::http_request request;
  request.method = method;
  request.target = path;
  request.headers.emplace_back("Host", host);
  net::loop on;
  return net::run_task(on, page.handle(request)).status;
}

TEST(pages, serve_the_api_to_this_machine_only) {
  const scene s;
  EXPECT_EQ(status_of(s, api_access::open, "anything"), 200);
  EXPECT_EQ(status_of(s, api_access::refused, "127.0.0.1:9464"), 403);
  for (const auto* host :
       {"localhost:9464", "127.0.0.1:9464", "127.0.0.1", "[::1]:9464", "[::1]", "localhost"})
    EXPECT_EQ(status_of(s, api_access::loopback, host), 200) << host;
  for (const auto* host : {"evil.example:9464", "", "unix:/x", "127.0.0.1.evil.example"})
    EXPECT_EQ(status_of(s, api_access::loopback, host), 403) << host;
}

TEST(pages, let_only_the_socket_change_anything) {
  const scene s;
  const auto* letters = "/api/dead-letters?ids=1";
  EXPECT_EQ(status_of(s, api_access::open, "x", letters, "DELETE"), 200);
  EXPECT_EQ(status_of(s, api_access::loopback, "localhost", letters, "DELETE"), 403);
  EXPECT_EQ(status_of(s, api_access::loopback, "localhost", "/api/dead-letters"), 200);
  EXPECT_EQ(status_of(s, api_access::refused, "localhost", "/api/dead-letters"), 403);
  EXPECT_EQ(status_of(s, api_access::open, "x", "/api/status", "DELETE"), 405);
  const auto* clear = "/api/commands/clear?device=meter-1";
  EXPECT_EQ(status_of(s, api_access::open, "x", clear, "POST"), 200);
  EXPECT_EQ(status_of(s, api_access::loopback, "localhost", clear, "POST"), 403);
  EXPECT_EQ(status_of(s, api_access::loopback, "localhost", "/api/commands"), 200);
  EXPECT_EQ(status_of(s, api_access::refused, "localhost", "/api/commands"), 403);
}

TEST(pages, say_that_it_is_not_ready_and_look_at_no_figures_for_it) {
  scene s;
  s.fleet.trouble = "store_unavailable: disk full";
  EXPECT_EQ(status_of(s, api_access::refused, "x", "/readyz"), 503);
  s.fleet.trouble.reset();
  EXPECT_EQ(status_of(s, api_access::refused, "x", "/readyz"), 200);
  EXPECT_EQ(s.fleet.looked, 0);
}

TEST(pages, serve_the_metrics_to_scrapers_under_any_name) {
  const scene s;
  for (const auto* path : {"/metrics", "/healthz", "/readyz"})
    for (const auto access : {api_access::loopback, api_access::refused})
      EXPECT_EQ(status_of(s, access, "gateway.example:9464", path), 200) << path;
}

} // namespace
} // namespace causeway::watch
