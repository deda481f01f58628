// SPDX-License-Identifier: Apache-2.0
#include "watch/api_guard.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace causeway::watch {
namespace {

constexpr const char* good = "Bearer 0123456789abcdef";

api_guard guard_of(api_access access, bool with_token = true) {
  if (!with_token) return api_guard{access};
  return api_guard{access, secret{"0123456789abcdef"}};
}

using headers = std::vector<std::pair<std::string, std::string>>;

// 0: let in.
int status_of(const api_guard& guard, headers of) {
  net::http_request request;
  request.headers = std::move(of);
  const auto refused = guard.refuses(request);
  return refused ? refused->status : 0;
}

bool may_change(const api_guard& guard, headers of) {
  net::http_request request;
  request.headers = std::move(of);
  return guard.may_change(request);
}

TEST(api_guard, lets_only_the_token_in_on_an_address_that_others_reach) {
  const auto guard = guard_of(api_access::elsewhere);
  EXPECT_EQ(status_of(guard, {{"Host", "gateway:9464"}}), 401);
  EXPECT_EQ(status_of(guard, {{"Host", "gateway:9464"}, {"Authorization", good}}), 0);
  EXPECT_EQ(status_of(guard, {{"Host", "gateway:9464"}, {"authorization", "bearer 0123456789abcdef"}}), 0);
  for (const auto* wrong : {"Bearer", "Bearer ", "Bearer 0123456789abcdeg", "Bearer 0123456789abcdef0",
                            "Bearer  0123456789abcdef", "Basic 0123456789abcdef", "0123456789abcdef"})
    EXPECT_EQ(status_of(guard, {{"Host", "gateway:9464"}, {"Authorization", wrong}}), 401) << wrong;
  EXPECT_TRUE(guard.shows_pages());
}

TEST(api_guard, lets_nobody_in_there_where_there_is_no_token) {
  const auto guard = guard_of(api_access::elsewhere, false);
  EXPECT_EQ(status_of(guard, {{"Host", "127.0.0.1:9464"}}), 403);
  EXPECT_EQ(status_of(guard, {{"Host", "127.0.0.1:9464"}, {"Authorization", good}}), 403);
  EXPECT_EQ(status_of(guard, {{"Host", "127.0.0.1:9464"}, {"Authorization", "Bearer "}}), 403);
  EXPECT_FALSE(guard.shows_pages());
}

TEST(api_guard, lets_this_machine_look_and_the_token_change) {
  const auto guard = guard_of(api_access::loopback);
  EXPECT_EQ(status_of(guard, {{"Host", "localhost:9464"}}), 0);
  EXPECT_FALSE(may_change(guard, {{"Host", "localhost:9464"}}));
  EXPECT_TRUE(may_change(guard, {{"Host", "localhost:9464"}, {"Authorization", good}}));
  // Who shows a wrong one is told, and is not let look instead.
  EXPECT_EQ(status_of(guard, {{"Host", "localhost:9464"}, {"Authorization", "Bearer x"}}), 401);
  EXPECT_FALSE(may_change(guard_of(api_access::loopback, false), {{"Authorization", "Bearer "}}));
}

TEST(api_guard, answers_no_page_to_which_dns_has_been_bent) {
  const auto guard = guard_of(api_access::loopback);
  for (const auto* host : {"evil.example:9464", "", "127.0.0.1.evil.example", "localhost.evil.example:9464"})
    EXPECT_EQ(status_of(guard, {{"Host", host}}), 403) << host;
  // A proxy on this machine, which hands the name on; no page has the token.
  EXPECT_EQ(status_of(guard, {{"Host", "gateway.example"}, {"Authorization", good}}), 0);
}

TEST(api_guard, answers_no_page_of_another_site_by_any_listener) {
  for (const auto access : {api_access::open, api_access::loopback, api_access::elsewhere}) {
    const auto guard = guard_of(access);
    const auto ask = [&](headers more) {
      more.insert(more.end(), {{"Host", "localhost:9464"}, {"Authorization", good}});
      return status_of(guard, std::move(more));
    };
    EXPECT_EQ(ask({}), 0);
    EXPECT_EQ(ask({{"Sec-Fetch-Site", "same-origin"}, {"Origin", "http://localhost:9464"}}), 0);
    EXPECT_EQ(ask({{"Sec-Fetch-Site", "none"}}), 0);
    EXPECT_EQ(ask({{"Origin", "https://LOCALHOST:9464"}}), 0) << "TLS before it";
    for (const auto* site : {"cross-site", "same-site"})
      EXPECT_EQ(ask({{"Sec-Fetch-Site", site}}), 403) << site;
    for (const auto* origin : {"http://evil.example", "null", "http://localhost:8080", "http://localhost",
                               "http://localhost:9464.evil.example"})
      EXPECT_EQ(ask({{"Origin", origin}}), 403) << origin;
  }
}

TEST(api_guard, lets_who_may_open_the_socket_do_all) {
  const auto guard = guard_of(api_access::open, false);
  EXPECT_EQ(status_of(guard, {{"Host", "gateway"}}), 0);
  EXPECT_TRUE(may_change(guard, {{"Host", "gateway"}}));
}

} // namespace
} // namespace causeway::watch
