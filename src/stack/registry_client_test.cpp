// SPDX-License-Identifier: Apache-2.0
#include "stack/registry_client.h"

#include "net/http_server.h"
#include "net/run_task.h"

#include <gtest/gtest.h>

namespace causeway::stack {
namespace {

using namespace std::chrono_literals;

std::string entry(const std::string& id, const std::string& attributes = "") {
  return R"({"ids":{"device_id":")" + id + R"(","application_ids":{"application_id":"app1"}})" +
         (attributes.empty() ? "" : R"(,"attributes":)" + attributes) + "}";
}

std::string page(const std::vector<std::string>& entries) {
  if (entries.empty()) return "{}";
  std::string body = R"({"end_devices":[)";
  for (std::size_t i = 0; i < entries.size(); ++i)
    body += (i == 0 ? "" : ",") + entries[i];
  return body + "]}";
}

// A registry that answers the n-th request with the n-th answer, and the last one for ever.
struct scene : model::registry_events {
  net::loop on;
  net::task_group tasks{on};
  std::vector<net::http_response> answers;
  std::vector<net::http_request> asked;
  std::optional<net::http_server> server;
  std::unique_ptr<registry_client> client;

  std::vector<model::registered_device> registered;
  std::vector<std::string> listed;
  std::vector<std::pair<device_ref, result<model::registered_device>>> looked_up;
  std::function<bool()> done;
  std::function<double()> random = [] { return 0.5; };

  void on_registered(const model::registered_device& what, moment) override {
    registered.push_back(what);
    look();
  }
  void on_suspected(const model::device_key&, moment) override { FAIL() << "only a follower suspects"; }
  void on_listed(const application_id& application, moment) override {
    listed.push_back(application.str());
    look();
  }
  void on_looked_up(device_ref which, result<model::registered_device> what, moment) override {
    looked_up.emplace_back(which, std::move(what));
    look();
  }
  void look() {
    if (done && done()) on.stop();
  }

  void answer(std::string body, int status = 200,
              std::vector<std::pair<std::string, std::string>> headers = {}) {
    net::http_response made;
    made.status = status;
    made.body = std::move(body);
    made.headers = std::move(headers);
    answers.push_back(std::move(made));
  }
  static net::task<net::http_response> next(scene* s, net::http_request request) {
    s->asked.push_back(std::move(request));
    const auto index = std::min(s->asked.size(), s->answers.size()) - 1;
    co_await net::sleep_for(0ms);
    s->look();
    const auto& kept = s->answers.at(index);
    co_return net::http_response{kept.status, kept.content_type, kept.body, kept.headers};
  }

  registry_options options() const {
    registry_options made;
    made.page_size = 2;
    made.unavailable = made.refused = {1ms, 5ms, 2.0, 0.0};
    return made;
  }
  void start(registry_options with, const std::vector<std::string>& applications = {"app1"}) {
    auto started = net::http_server::start(on, tasks, {"127.0.0.1", 0}, {}, {},
                                           [this](net::http_request r) { return next(this, std::move(r)); });
    ASSERT_TRUE(started);
    server.emplace(std::move(*started));
    with.base_url = "http://127.0.0.1:" + std::to_string(server->port());
    std::vector<stack_application> made;
    for (const auto& one : applications)
      made.push_back({application_id{one}, secret{"NNSXS.KEY"}});
    client = std::make_unique<registry_client>(on, tasks, *this, std::move(with), std::move(made),
                                               [this] { return random(); });
    client->start();
  }
  void run_until(std::function<bool()> what) {
    if (what()) return;
    done = std::move(what);
    on.run();
    done = nullptr;
  }
  void run_until_listed(std::size_t applications = 1) {
    run_until([=, this] { return listed.size() == applications; });
  }
  const registry_totals& totals() const { return client->totals().begin()->second; }
  ~scene() override { net::run_task(on, tasks.stop()); }
};

// Acceptance scenario 9.
TEST(registry_client, lists_page_by_page_until_one_is_short) {
  scene s;
  s.answer(page({entry("dev-1"), entry("dev-2", R"({"azureintegration":"false"})")}));
  s.answer(page({entry("dev-3", R"({"azureintegration":"TRUE","dtdlmodelid":"dtmi:x:own;2"})"),
                 entry("dev-4", R"({"azureintegration":"maybe"})")}));
  s.answer(page({entry("dev-5", R"({"dtdlmodelid":"dtmi:x:five;1"})")}));
  s.answer("{}");
  s.start(s.options());
  s.run_until_listed();

  ASSERT_EQ(s.asked.size(), 3U);
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(s.asked[i].target, "/api/v3/applications/app1/devices?field_mask=attributes&order=created_at&"
                                 "limit=2&page=" +
                                     std::to_string(i + 1));
    EXPECT_EQ(s.asked[i].header("authorization"), "Bearer NNSXS.KEY");
  }
  ASSERT_EQ(s.registered.size(), 5U);
  const std::tuple<std::string, std::optional<bool>, std::string> expected[] = {
      {"dev-1", std::nullopt, ""},
      {"dev-2", false, ""},
      {"dev-3", true, "dtmi:x:own;2"},
      {"dev-4", std::nullopt, ""},
      {"dev-5", std::nullopt, "dtmi:x:five;1"}};
  for (std::size_t i = 0; i < 5; ++i) {
    const auto& [id, integration, model_id] = expected[i];
    EXPECT_EQ(s.registered[i].key.device.str(), id);
    EXPECT_EQ(s.registered[i].integration, integration);
    EXPECT_EQ(s.registered[i].model_id, model_id);
  }
  EXPECT_EQ(s.totals().listed, 5U);
  EXPECT_EQ(s.totals().pages, 3U);
  EXPECT_EQ(s.totals().ignored, 1U);
  EXPECT_TRUE(s.totals().complete);
  EXPECT_TRUE(s.totals().completed_at);
  EXPECT_EQ(s.server->connections(), 1U); // kept alive
}

TEST(registry_client, lists_again_after_its_time_and_when_it_is_told_to) {
  scene s;
  s.answer(page({entry("dev-1")}), 200, {{"Date", "Tue, 01 Dec 2026 12:00:00 GMT"}});
  auto options = s.options();
  options.list_again = 20ms;
  std::vector<std::string> as_of;
  s.start(options);
  s.client->tell([&](const application_id&, wall_time at) { as_of.push_back(format_rfc3339(at)); });
  s.run_until_listed(3);
  EXPECT_EQ(s.registered.size(), 3U);
  ASSERT_EQ(as_of.size(), 3U);
  EXPECT_EQ(as_of[2], "2026-12-01T12:00:00Z");
  EXPECT_TRUE(s.totals().complete);
}

TEST(registry_client, lists_at_once_when_it_is_told_to) {
  scene s;
  s.answer(page({entry("dev-1")}));
  auto options = s.options();
  options.list_again = std::chrono::hours{24};
  s.start(options);
  s.run_until_listed();
  s.client->list_soon(application_id{"app1"});
  s.client->list_soon(application_id{"unknown"});
  s.run_until_listed(2);
  EXPECT_EQ(s.asked.size(), 2U);
}

TEST(registry_client, lists_several_applications_at_once) {
  scene s;
  s.answer("{}");
  s.start(s.options(), {"app1", "app2", "app3", "app4", "app5", "app6"});
  s.run_until_listed(6);
  EXPECT_EQ(s.asked.size(), 6U);
  std::sort(s.listed.begin(), s.listed.end());
  EXPECT_EQ(s.listed.back(), "app6");
}

TEST(registry_client, goes_on_with_the_same_page_when_the_registry_is_back) {
  scene s;
  s.answer(page({entry("dev-1"), entry("dev-2")}));
  s.answer("oops", 503);
  s.answer("", 502);
  s.answer(page({entry("dev-3")}));
  s.answer("{}");
  s.start(s.options());
  s.run_until_listed();
  ASSERT_EQ(s.asked.size(), 4U);
  for (std::size_t i = 1; i < 4; ++i)
    EXPECT_TRUE(s.asked[i].target.ends_with("&page=2")) << s.asked[i].target;
  EXPECT_EQ(s.registered.size(), 3U);
  EXPECT_FALSE(s.totals().last_error);
}

TEST(registry_client, waits_as_told_when_it_is_throttled) {
  scene s;
  auto options = s.options();
  s.answer(R"({"code":8,"message":"rate limit"})", 429);
  s.answer(page({entry("dev-1")}));
  s.answer("{}");
  s.start(options);
  s.run_until_listed();
  EXPECT_EQ(s.totals().throttled, 1U);
  EXPECT_EQ(s.asked.size(), 2U);
  EXPECT_EQ(s.registered.size(), 1U);
}

TEST(registry_client, a_registry_that_only_throttles_is_told_of) {
  scene s;
  s.answer("", 429);
  s.start(s.options());
  s.run_until([&] { return s.asked.size() >= 3; });
  ASSERT_TRUE(s.totals().last_error);
  EXPECT_EQ(s.totals().last_error->code(), errc::registry_throttled);
  EXPECT_FALSE(s.totals().complete);
  s.answers.clear();
  s.answer("{}");
  s.run_until_listed();
  EXPECT_FALSE(s.totals().last_error);
}

const std::string malformed_key =
    R"x({"code":3,"message":"error:pkg/auth:token (invalid token)","details":[{"@type":"type.googleapis.com/)x"
    R"x(ttn.lorawan.v3.ErrorDetails","namespace":"pkg/auth","name":"token","message_format":"invalid token"}]})x";

TEST(registry_client, a_key_that_is_no_key_is_called_so) {
  scene s;
  s.answer(malformed_key, 400);
  s.start(s.options());
  s.run_until([&] { return s.totals().last_error.has_value(); });
  EXPECT_NE(s.totals().last_error->detail().find("malformed key"), std::string::npos);
  EXPECT_EQ(s.totals().last_error->detail().find("NNSXS.KEY"), std::string::npos);
}

struct refusal {
  int status;
  std::string body;
  errc code;
};

TEST(registry_client, says_what_is_wrong_and_tries_again) {
  const refusal refusals[] = {
      {401, R"({"code":16,"message":"error:auth no key"})", errc::registry_unauthorized},
      {403, "", errc::registry_unauthorized},
      // C5: what the stack says to half a key.
      {400, malformed_key, errc::registry_unauthorized},
      {404, "", errc::registry_application_unknown},
      {500, "", errc::registry_unavailable},
      {400, "", errc::registry_protocol},
      {302, "", errc::registry_protocol},
      {200, "{", errc::registry_protocol},
      {200, R"({"end_devices":7})", errc::registry_protocol}};
  for (const auto& [status, body, code] : refusals) {
    scene s;
    s.answer(body, status);
    s.answer(body, status);
    s.answer("{}");
    s.start(s.options());
    std::optional<error> seen;
    s.run_until([&] {
      if (s.totals().last_error) seen = s.totals().last_error;
      return !s.listed.empty();
    });
    EXPECT_EQ(s.asked.size(), 3U) << status;
    ASSERT_TRUE(seen) << status << body;
    EXPECT_EQ(seen->code(), code) << seen->message();
    EXPECT_NE(seen->detail().find("app1"), std::string::npos) << seen->detail();
  }
}

TEST(registry_client, a_list_without_end_ends) {
  scene s;
  s.answer(page({entry("dev-1"), entry("dev-2")})); // the same page for ever
  s.start(s.options());
  s.run_until([&] { return s.asked.size() >= 4; });
  ASSERT_TRUE(s.totals().last_error);
  EXPECT_EQ(s.totals().last_error->code(), errc::registry_inconsistent);
  EXPECT_FALSE(s.totals().complete);
  EXPECT_TRUE(s.asked[1].target.ends_with("&page=2"));
  EXPECT_TRUE(s.asked[2].target.ends_with("&page=1")); // begins anew
}

// C8.
TEST(registry_client, a_list_ends_when_the_registrys_count_is_reached) {
  const std::vector<std::pair<std::string, std::string>> four{{"X-Total-Count", "4"}};
  scene s;
  s.answer(page({entry("dev-1"), entry("dev-2")}), 200, four);
  s.answer(page({entry("dev-3"), entry("dev-4")}), 200, four);
  s.answer("{}", 200, four);
  s.start(s.options());
  s.run_until_listed();
  EXPECT_EQ(s.asked.size(), 2U);
  EXPECT_EQ(s.totals().listed, 4U);
}

TEST(registry_client, a_short_page_is_not_the_last_while_the_registry_counts_more) {
  const std::vector<std::pair<std::string, std::string>> three{{"X-Total-Count", "3"}};
  scene s;
  for (const auto* id :
       {"dev-1", "dev-2", "dev-3"}) // a stack that gives one a page, whatever it is asked for
    s.answer(page({entry(id)}), 200, three);
  s.answer("{}", 200, three);
  s.start(s.options());
  s.run_until_listed();
  EXPECT_EQ(s.asked.size(), 3U);
  EXPECT_EQ(s.totals().listed, 3U);
}

TEST(registry_client, a_list_that_grows_faster_than_it_is_read_ends) {
  scene s;
  for (int i = 0; i < 40; ++i)
    s.answer(page({entry("dev-" + std::to_string(i))}), 200, {{"X-Total-Count", "100"}});
  auto options = s.options();
  options.page_size = 50;
  s.start(options);
  s.run_until([&] { return s.totals().last_error.has_value(); });
  EXPECT_EQ(s.totals().last_error->code(), errc::registry_inconsistent);
  EXPECT_EQ(s.totals().pages, 19U);
}

TEST(registry_client, a_list_of_more_devices_than_a_hub_can_have_ends) {
  scene s;
  auto options = s.options();
  options.max_devices = 10;
  for (int i = 0; i < 40; ++i)
    s.answer(page({entry("dev-a" + std::to_string(i)), entry("dev-b" + std::to_string(i))}));
  s.start(options);
  s.run_until([&] { return s.totals().last_error.has_value(); });
  EXPECT_EQ(s.totals().last_error->code(), errc::registry_inconsistent);
  EXPECT_EQ(s.totals().listed, 12U);
}

TEST(registry_client, a_list_shorter_than_the_registry_counts_is_read_again_and_then_believed) {
  scene s;
  const std::vector<std::pair<std::string, std::string>> three{{"x-total-count", "3"}};
  for (int i = 0; i < 4; ++i) {
    s.answer(page({entry("dev-1"), entry("dev-2")}), 200, three);
    s.answer("{}", 200, three);
  }
  s.start(s.options());
  s.run_until_listed();
  EXPECT_EQ(s.asked.size(), 6U);
  EXPECT_EQ(s.totals().listed, 2U);
}

TEST(registry_client, counts_duplicates_and_what_it_skips) {
  scene s;
  s.answer(page({entry("dev-1"), entry("dev-1", R"({"azureintegration":"false"})")}));
  s.answer(page({entry("dev-1"), entry("dev-2")}));
  s.answer(page({entry("Not an id"), entry("dev-3")}));
  s.answer("{}");
  s.start(s.options());
  s.run_until_listed();
  EXPECT_EQ(s.totals().listed, 3U);
  EXPECT_EQ(s.totals().duplicates, 2U);
  EXPECT_EQ(s.totals().skipped, 1U);
  EXPECT_EQ(s.registered[0].integration, false);
}

TEST(registry_client, a_body_that_is_too_large_is_refused) {
  scene s;
  auto options = s.options();
  options.max_answer = 1'000;
  s.answer(std::string(1'001, ' ') + "{}");
  s.start(options);
  s.run_until([&] { return s.asked.size() >= 2; });
  ASSERT_TRUE(s.totals().last_error);
  EXPECT_EQ(s.totals().last_error->code(), errc::registry_protocol);
  EXPECT_EQ(s.totals().listed, 0U);
}

TEST(registry_client, looks_up_single_devices) {
  scene s;
  s.answer("{}");
  s.start(s.options());
  s.run_until_listed();
  s.answers.clear();
  s.asked.clear();
  s.answer(entry("dev-1", R"({"azureintegration":"false"})"));
  s.client->look_up(device_ref{7}, {application_id{"app1"}, device_id{"dev-1"}});
  s.run_until([&] { return s.looked_up.size() == 1; });
  EXPECT_EQ(s.asked[0].target, "/api/v3/applications/app1/devices/dev-1?field_mask=attributes");
  EXPECT_EQ(s.looked_up[0].first, device_ref{7});
  ASSERT_TRUE(s.looked_up[0].second);
  EXPECT_EQ(s.looked_up[0].second->integration, false);

  const auto code_of = [&](int status) {
    s.answers.clear();
    s.answer("", status);
    s.looked_up.clear();
    s.client->look_up(device_ref{8}, {application_id{"app1"}, device_id{"dev-2"}});
    s.run_until([&] { return s.looked_up.size() == 1; });
    return s.looked_up[0].second.fault();
  };
  EXPECT_EQ(code_of(404).code(), errc::device_unlisted);
  EXPECT_EQ(code_of(403).code(), errc::registry_unauthorized);
  EXPECT_EQ(code_of(503).code(), errc::registry_unavailable);
  const auto throttled = code_of(429);
  EXPECT_EQ(throttled.code(), errc::registry_throttled);
  EXPECT_TRUE(throttled.retry_after());

  s.looked_up.clear();
  s.client->look_up(device_ref{9}, {application_id{"other"}, device_id{"dev-2"}});
  s.run_until([&] { return s.looked_up.size() == 1; });
  EXPECT_EQ(s.looked_up[0].second.fault().code(), errc::registry_unauthorized);
}

// The device was taken for one that is being looked up, for ever.
TEST(registry_client, a_look_up_that_throws_is_answered_too) {
  scene s;
  s.answer("{}");
  s.start(s.options());
  s.run_until_listed();
  s.random = []() -> double { throw std::bad_alloc{}; };
  s.client->look_up(device_ref{7}, {application_id{"app1"}, device_id{"dev-1"}});
  s.run_until([&] { return s.looked_up.size() == 1; });
  EXPECT_EQ(s.looked_up[0].first, device_ref{7});
  ASSERT_FALSE(s.looked_up[0].second);
  EXPECT_EQ(s.looked_up[0].second.fault().code(), errc::registry_unavailable);
}

TEST(registry_client, look_ups_beyond_the_bound_are_refused) {
  scene s;
  auto options = s.options();
  options.max_look_ups = 3;
  s.answer("{}");
  s.start(options);
  for (std::uint32_t i = 0; i < 5; ++i)
    s.client->look_up(device_ref{i}, {application_id{"app1"}, device_id{"dev-1"}});
  s.run_until([&] { return s.looked_up.size() == 5; });
  std::size_t refused = 0;
  for (const auto& [which, what] : s.looked_up)
    refused += !what && what.fault().code() == errc::registry_unavailable ? 1 : 0;
  EXPECT_EQ(refused, 2U);
}

} // namespace
} // namespace causeway::stack
