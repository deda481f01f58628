// SPDX-License-Identifier: Apache-2.0
#include "watch/forget_api.h"

#include <boost/json.hpp>
#include <gtest/gtest.h>

namespace causeway::watch {
namespace {

namespace json = boost::json;

struct recording_desk final : forget_desk {
  model::forgetting outcome = model::forgetting::forgotten;
  model::device_key asked;
  bool dropped = false;
  std::optional<model::forgettable> which;
  std::optional<device_ref> after;
  std::size_t limit = 0;

  model::forgetting forget(const model::device_key& key, bool drop_messages) override {
    asked = key;
    dropped = drop_messages;
    return outcome;
  }
  model::forget_page forget_some(const application_id& application, model::forgettable what,
                                 bool drop_messages, std::optional<device_ref> behind,
                                 std::size_t most) override {
    asked.application = application;
    which = what;
    dropped = drop_messages;
    after = behind;
    limit = most;
    return {3, 2, 1, device_ref{77}};
  }
  result<application_id> owner_of(const device_id& device) const override {
    if (device.str() == "nobody") return error{errc::not_found, "nobody"};
    return application_id{"plant"};
  }
};

struct scene {
  recording_desk desk;
  forget_api api{desk};

  net::http_response call(const char* method, std::string target, bool may_change = true) {
    net::http_request request;
    request.method = method;
    request.target = std::move(target);
    EXPECT_TRUE(forget_api::owns(request)) << request.target;
    return api.handle(request, may_change);
  }
};

TEST(forget_api, takes_one_device_of_an_application_or_the_only_one) {
  scene s;
  EXPECT_EQ(s.call("DELETE", "/api/devices/field/dev-1").status, 200);
  EXPECT_EQ(s.desk.asked, (model::device_key{application_id{"field"}, device_id{"dev-1"}}));
  EXPECT_FALSE(s.desk.dropped);
  EXPECT_EQ(s.call("DELETE", "/api/devices/-/dev-1?messages=drop").status, 200);
  EXPECT_EQ(s.desk.asked.application.str(), "plant");
  EXPECT_TRUE(s.desk.dropped);
  EXPECT_EQ(s.call("DELETE", "/api/devices/-/nobody").status, 404);
  EXPECT_EQ(s.call("DELETE", "/api/devices/dev-1").status, 404);
  EXPECT_EQ(s.call("DELETE", "/api/devices/a/b/c").status, 404);
  EXPECT_EQ(s.call("DELETE", "/api/devices/a/b?messages=maybe").status, 400);
  EXPECT_EQ(s.call("DELETE", "/api/devices/a/b?force=1").status, 400);
}

TEST(forget_api, says_why_not) {
  scene s;
  s.desk.outcome = model::forgetting::unknown;
  EXPECT_EQ(s.call("DELETE", "/api/devices/field/dev-1").status, 404);
  for (const auto outcome : {model::forgetting::messages_wait, model::forgetting::busy}) {
    s.desk.outcome = outcome;
    const auto answer = s.call("DELETE", "/api/devices/field/dev-1");
    EXPECT_EQ(answer.status, 409);
    EXPECT_EQ(json::parse(answer.body).at("error"), "device_has_messages");
  }
}

TEST(forget_api, takes_many_in_pages) {
  scene s;
  const auto answer = s.call(
      "POST", "/api/devices/forget?application=field&which=never_attached&messages=drop&after=5&limit=10");
  EXPECT_EQ(json::parse(answer.body),
            (json::value{{"forgotten", 3}, {"dead_letters", 2}, {"left", 1}, {"next", 77}}));
  EXPECT_EQ(s.desk.asked.application.str(), "field");
  EXPECT_EQ(s.desk.which, model::forgettable::never_attached);
  EXPECT_EQ(s.desk.after, device_ref{5});
  EXPECT_EQ(s.desk.limit, 10U);
  EXPECT_TRUE(s.desk.dropped);
  for (const auto* target : {"?which=unlisted", "?application=a", "?application=a&which=all",
                             "?application=a&which=unlisted&limit=0", "?application=a&which=unlisted&x=1"})
    EXPECT_EQ(s.call("POST", std::string{"/api/devices/forget"} + target).status, 400) << target;
}

TEST(forget_api, changes_nothing_for_who_may_not) {
  scene s;
  EXPECT_EQ(s.call("DELETE", "/api/devices/field/dev-1", false).status, 403);
  EXPECT_EQ(s.call("POST", "/api/devices/forget?application=a&which=unlisted", false).status, 403);
  EXPECT_EQ(s.desk.asked, model::device_key{});
  net::http_request request;
  request.method = "GET";
  request.target = "/api/devices/field/dev-1";
  EXPECT_FALSE(forget_api::owns(request));
}

} // namespace
} // namespace causeway::watch
