// SPDX-License-Identifier: Apache-2.0
#include "watch/pages.h"

#include "net/run_task.h"
#include "watch/dashboard.h"
#include "watch/fleet_scene.h"

#include <gtest/gtest.h>

namespace causeway::watch {
namespace {

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

struct scene {
  small_fleet fleet;
  watch::api api{fleet, "0.1.0"};
  live_feed live{fleet, "0.1.0"};
};

using headers = std::vector<std::pair<std::string, std::string>>;
const headers with_token{{"Authorization", "Bearer 0123456789abcdef"}};

net::http_response answer_of(scene& s, api_guard guard, const char* host, const char* path,
                             const char* method, headers more) {
  no_letters none;
  dead_letter_api letters{none};
  no_desk desk;
  const forget_api forget{desk};
  no_commands book;
  const command_api commands{book};
  pages page{s.fleet, s.api, s.live, commands, letters, forget, std::move(guard)};
  net::http_request request;
  request.method = method;
  request.target = path;
  request.headers = std::move(more);
  request.headers.emplace_back("Host", host);
  net::loop on;
  return net::run_task(on, page.handle(request));
}

int status_of(scene& s, api_access access, const char* host, const char* path = "/api/status",
              const char* method = "GET", const headers& more = {}) {
  return answer_of(s, api_guard{access, secret{"0123456789abcdef"}}, host, path, method, more).status;
}

std::string header_of(const net::http_response& of, std::string_view name) {
  std::string all;
  for (const auto& [key, value] : of.headers)
    if (key == name) all += (all.empty() ? "" : " AND ") + value;
  return all;
}

TEST(pages, serve_the_api_to_this_machine_only) {
  scene s;
  EXPECT_EQ(status_of(s, api_access::open, "anything"), 200);
  EXPECT_EQ(status_of(s, api_access::elsewhere, "127.0.0.1:9464"), 401);
  for (const auto* host :
       {"localhost:9464", "127.0.0.1:9464", "127.0.0.1", "[::1]:9464", "[::1]", "localhost"})
    EXPECT_EQ(status_of(s, api_access::loopback, host), 200) << host;
  for (const auto* host : {"evil.example:9464", "", "unix:/x", "127.0.0.1.evil.example"})
    EXPECT_EQ(status_of(s, api_access::loopback, host), 403) << host;
}

TEST(pages, let_only_the_socket_and_the_token_change_anything) {
  scene s;
  const auto* letters = "/api/dead-letters?ids=1";
  EXPECT_EQ(status_of(s, api_access::open, "x", letters, "DELETE"), 200);
  EXPECT_EQ(status_of(s, api_access::loopback, "localhost", letters, "DELETE"), 403);
  EXPECT_EQ(status_of(s, api_access::loopback, "localhost", letters, "DELETE", with_token), 200);
  EXPECT_EQ(status_of(s, api_access::elsewhere, "gateway", letters, "DELETE", with_token), 200);
  EXPECT_EQ(status_of(s, api_access::loopback, "localhost", "/api/dead-letters"), 200);
  EXPECT_EQ(status_of(s, api_access::elsewhere, "localhost", "/api/dead-letters"), 401);
  EXPECT_EQ(status_of(s, api_access::open, "x", "/api/status", "DELETE"), 405);
  const auto* clear = "/api/commands/clear?device=meter-1";
  EXPECT_EQ(status_of(s, api_access::open, "x", clear, "POST"), 200);
  EXPECT_EQ(status_of(s, api_access::loopback, "localhost", clear, "POST"), 403);
  EXPECT_EQ(status_of(s, api_access::loopback, "localhost", clear, "POST", with_token), 200);
  EXPECT_EQ(status_of(s, api_access::loopback, "localhost", "/api/commands"), 200);
  EXPECT_EQ(status_of(s, api_access::elsewhere, "localhost", "/api/commands"), 401);
}

TEST(pages, say_that_it_is_not_ready_and_look_at_no_figures_for_it) {
  scene s;
  s.fleet.trouble = "store_unavailable: disk full";
  EXPECT_EQ(status_of(s, api_access::elsewhere, "x", "/readyz"), 503);
  s.fleet.trouble.reset();
  EXPECT_EQ(status_of(s, api_access::elsewhere, "x", "/readyz"), 200);
  EXPECT_EQ(s.fleet.looked, 0);
}

TEST(pages, serve_the_metrics_to_scrapers_under_any_name) {
  scene s;
  for (const auto* path : {"/metrics", "/healthz", "/readyz"})
    for (const auto access : {api_access::loopback, api_access::elsewhere})
      EXPECT_EQ(status_of(s, access, "gateway.example:9464", path), 200) << path;
}

TEST(pages, tell_browsers_to_run_nothing_but_the_dashboard_and_to_keep_nothing) {
  scene s;
  for (const auto* path : {"/", "/api/status", "/metrics", "/healthz", "/nothing", "/api/nothing"}) {
    const auto answer = answer_of(s, api_guard{api_access::loopback}, "localhost", path, "GET", {});
    const auto policy = header_of(answer, "Content-Security-Policy");
    EXPECT_TRUE(policy.starts_with("default-src 'none'; script-src 'self'; style-src 'self';"))
        << path << policy;
    EXPECT_NE(policy.find("frame-ancestors 'none'"), std::string::npos) << path;
    EXPECT_EQ(policy.find("unsafe"), std::string::npos) << path;
    EXPECT_EQ(header_of(answer, "X-Content-Type-Options"), "nosniff") << path;
    EXPECT_EQ(header_of(answer, "Referrer-Policy"), "no-referrer") << path;
    EXPECT_EQ(header_of(answer, "Cache-Control"), path == std::string_view{"/"} ? "no-cache" : "no-store");
  }
  const auto picture =
      answer_of(s, api_guard{api_access::loopback}, "localhost", "/api/timeline/waterfall.svg", "GET", {});
  EXPECT_NE(header_of(picture, "Content-Security-Policy").find("sandbox"), std::string::npos);
}

TEST(pages, show_the_dashboard_where_the_token_can_be_asked_for) {
  scene s;
  const auto get = [&](api_guard guard, const char* path) {
    return answer_of(s, std::move(guard), "gateway", path, "GET", {});
  };
  const auto front = get(api_guard{api_access::loopback}, "/");
  EXPECT_EQ(front.status, 200);
  EXPECT_FALSE(front.body.empty());
  EXPECT_EQ(get(api_guard{api_access::elsewhere, secret{"0123456789abcdef"}}, "/").status, 200);
  EXPECT_EQ(get(api_guard{api_access::elsewhere}, "/").status, 403);
  EXPECT_EQ(get(api_guard{api_access::elsewhere}, "/metrics").status, 200);
  EXPECT_EQ(get(api_guard{api_access::loopback}, "/assets/../etc/passwd").status, 404);
  for (const auto& file : dashboard_files())
    EXPECT_EQ(get(api_guard{api_access::loopback}, std::string{file.path}.c_str()).body, file.content);
}

TEST(pages, say_who_may_change) {
  scene s;
  const auto told = [&](api_access access, const headers& more) {
    return answer_of(s, api_guard{access, secret{"0123456789abcdef"}}, "localhost", "/api/access", "GET",
                     more)
        .body;
  };
  EXPECT_EQ(told(api_access::loopback, {}), "{\"may_change\":false,\"has_token\":true}\n");
  EXPECT_EQ(told(api_access::loopback, with_token), "{\"may_change\":true,\"has_token\":true}\n");
}

TEST(pages, stream_to_those_who_may_look_only) {
  scene s;
  EXPECT_EQ(status_of(s, api_access::elsewhere, "gateway", "/api/live"), 401);
  EXPECT_EQ(s.live.listeners(), 0U);
  auto answer = answer_of(s, api_guard{api_access::loopback}, "localhost", "/api/live", "GET", {});
  EXPECT_TRUE(answer.source);
  EXPECT_EQ(s.live.listeners(), 1U);
  EXPECT_EQ(status_of(s, api_access::loopback, "localhost", "/api/live", "POST"), 405);
}

} // namespace
} // namespace causeway::watch
