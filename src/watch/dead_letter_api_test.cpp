// SPDX-License-Identifier: Apache-2.0
#include "watch/dead_letter_api.h"

#include "net/run_task.h"

#include <boost/json.hpp>
#include <gtest/gtest.h>

#include <map>

namespace causeway::watch {
namespace {

namespace json = boost::json;

struct few_letters final : dead_letter_view {
  std::map<std::uint64_t, model::dead_letter> all;
  std::map<std::uint64_t, model::answer> replays;
  model::dead_letter_query asked;
  std::optional<error> fault;

  few_letters() {
    model::message message{"u-1", "application/json", "utf-8", "{\"a\":1}", {{"event", "uplink"}}};
    all[1] = {1,
              wall_time{milliseconds{1'700'000'000'123}},
              {application_id{"water"}, device_id{"meter-1"}},
              "message_too_large",
              "300000 bytes",
              300'000,
              false,
              model::encode_message(message)};
    all[2] = {2,    {},      {application_id{"water"}, device_id{"meter-2"}}, "format_refused", "why", 5,
              true, "{\xff}"};
    all[3] = {3, {}, {}, "record_corrupt", "", 5, false, "broken"};
  }
  net::task<result<model::dead_letter_page>> list(model::dead_letter_query query) override {
    asked = query;
    if (fault) co_return *fault;
    model::dead_letter_page page;
    page.newest = all.rbegin()->first;
    for (const auto& [id, one] : all) {
      if (id <= query.after) continue;
      if (page.letters.size() == query.limit) {
        page.next = page.letters.back().id;
        break;
      }
      page.letters.push_back(one);
    }
    co_return page;
  }
  net::task<result<model::dead_letter>> find(std::uint64_t id) override {
    if (!all.contains(id)) co_return error{errc::not_found, "no dead letter"};
    co_return all.at(id);
  }
  net::task<result<model::answer>> replay(std::uint64_t id) override {
    if (!all.contains(id)) co_return error{errc::not_found, "no dead letter"};
    co_return replays.contains(id) ? replays.at(id) : model::answer::stored;
  }
  net::task<result<std::vector<std::uint64_t>>> drop(std::vector<std::uint64_t> ids) override {
    std::vector<std::uint64_t> gone;
    for (const auto id : ids)
      if (all.erase(id) == 1) gone.push_back(id);
    co_return gone;
  }
};

struct scene {
  few_letters letters;
  dead_letter_api api{letters};

  net::http_response call(const char* method, std::string target, bool may_change = true) {
    net::http_request request;
    request.method = method;
    request.target = std::move(target);
    net::loop on;
    return net::run_task(on, api.handle(std::move(request), may_change));
  }
  json::value get(std::string target) { return json::parse(call("GET", std::move(target)).body); }
};

TEST(dead_letter_api, lists_in_pages_and_passes_the_filters_on) {
  scene s;
  const auto page = s.get("/api/dead-letters?limit=2&application=water&device=meter-1&reason=x");
  ASSERT_EQ(page.at("dead_letters").as_array().size(), 2U);
  const auto& first = page.at("dead_letters").at(0).as_object();
  EXPECT_EQ(first.at("id").to_number<int>(), 1);
  EXPECT_EQ(first.at("at"), "2023-11-14T22:13:20.123Z");
  EXPECT_EQ(first.at("kind"), "message");
  EXPECT_EQ(first.at("reason"), "message_too_large");
  EXPECT_FALSE(first.contains("message"));
  EXPECT_EQ(page.at("next").to_number<int>(), 2);
  EXPECT_EQ(page.at("newest").to_number<int>(), 3);
  EXPECT_EQ(s.letters.asked.application, "water");
  EXPECT_EQ(s.letters.asked.device, "meter-1");
  EXPECT_EQ(s.letters.asked.reason, "x");
  EXPECT_TRUE(s.get("/api/dead-letters?after=2").at("next").is_null());
  s.letters.fault = error{errc::store_unavailable, "slow"};
  EXPECT_EQ(s.call("GET", "/api/dead-letters").status, 503);
}

TEST(dead_letter_api, shows_one_whatever_it_holds) {
  scene s;
  const auto message = s.get("/api/dead-letters/1").at("message");
  EXPECT_EQ(message.at("body"), "{\"a\":1}");
  EXPECT_EQ(message.at("properties").at("event"), "uplink");
  EXPECT_EQ(s.get("/api/dead-letters/2").at("event_base64"), "e/99");
  EXPECT_EQ(s.get("/api/dead-letters/3").at("record_base64"), "YnJva2Vu");
  EXPECT_EQ(s.call("GET", "/api/dead-letters/4").status, 404);
  EXPECT_EQ(s.call("GET", "/api/dead-letters/x").status, 404);
}

TEST(dead_letter_api, replays_and_says_what_is_left_and_why) {
  scene s;
  s.letters.replays[2] = model::answer::dead_lettered;
  const auto done = json::parse(s.call("POST", "/api/dead-letters/replay?ids=1,2,9").body);
  ASSERT_EQ(done.at("replayed").as_array().size(), 1U);
  ASSERT_EQ(done.at("left").as_array().size(), 2U);
  EXPECT_EQ(done.at("left").at(0).at("outcome"), "dead_lettered");
  EXPECT_EQ(done.at("left").at(1).at("outcome"), "not_found");
}

TEST(dead_letter_api, drops_those_that_are_there) {
  scene s;
  const auto done = json::parse(s.call("DELETE", "/api/dead-letters?ids=3,4").body);
  EXPECT_EQ(done.at("dropped").at(0).to_number<int>(), 3);
  EXPECT_EQ(done.at("unknown").at(0).to_number<int>(), 4);
  EXPECT_EQ(s.letters.all.size(), 2U);
}

TEST(dead_letter_api, changes_nothing_for_those_who_may_only_look) {
  scene s;
  EXPECT_EQ(s.call("DELETE", "/api/dead-letters?ids=1", false).status, 403);
  EXPECT_EQ(s.call("POST", "/api/dead-letters/replay?ids=1", false).status, 403);
  EXPECT_EQ(s.call("GET", "/api/dead-letters", false).status, 200);
  EXPECT_EQ(s.letters.all.size(), 3U);
}

TEST(dead_letter_api, says_what_is_wrong_with_a_question) {
  scene s;
  std::string many = "1";
  for (int i = 0; i < 100; ++i)
    many += ",1";
  for (const auto& target : {std::string{"/api/dead-letters"}, std::string{"/api/dead-letters?ids="},
                             std::string{"/api/dead-letters?ids=1,x"}, "/api/dead-letters?ids=" + many,
                             std::string{"/api/dead-letters?ids=1&all=1"}})
    EXPECT_EQ(s.call("DELETE", target).status, 400) << target;
  for (const auto* target :
       {"/api/dead-letters?limit=0", "/api/dead-letters?after=x", "/api/dead-letters?x=1"})
    EXPECT_EQ(s.call("GET", target).status, 400) << target;
  EXPECT_EQ(s.call("PUT", "/api/dead-letters").status, 405);
  EXPECT_EQ(s.call("GET", "/api/dead-letters/replay").status, 405);
  EXPECT_EQ(s.call("DELETE", "/api/dead-letters/1").status, 405);
}

} // namespace
} // namespace causeway::watch
