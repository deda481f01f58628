// SPDX-License-Identifier: Apache-2.0
#include "emulator/hub/token_grants.h"

#include <gtest/gtest.h>

namespace causeway::emulator {
namespace {

using namespace std::chrono_literals;

class token_grants_test : public testing::Test {
protected:
  bool opens(const char* device, std::chrono::seconds at) { return it.opens(identity{device}, start + at); }

  wall_time start{std::chrono::hours{1}};
  token_grants it;
};

TEST_F(token_grants_test, what_a_path_opens) {
  struct row {
    const char* path;
    bool first, second; // dev-1, dev-2
  };
  for (const row& row :
       {row{"/devices/dev-1", true, false}, row{"/devices/dev-2", false, true}, row{"/devices", true, true},
        row{"", true, true}, row{"/devices/dev", false, false}}) {
    token_grants one;
    one.grant(row.path, start + 60s);
    EXPECT_EQ(one.opens(identity{"dev-1"}, start), row.first) << row.path;
    EXPECT_EQ(one.opens(identity{"dev-2"}, start), row.second) << row.path;
    EXPECT_FALSE(one.opens(identity{"dev-1"}, start + 60s)) << row.path;
    EXPECT_EQ(one.has_own(identity{"dev-1"}), std::string_view{row.path} == "/devices/dev-1");
  }
}

TEST_F(token_grants_test, a_newer_token_takes_the_older_ones_place_even_if_it_is_shorter) {
  EXPECT_TRUE(it.grant("/devices/dev-1", start + 60s));
  EXPECT_FALSE(it.grant("/devices/dev-2", start + 90s));
  EXPECT_FALSE(it.grant("/devices/dev-1", start + 120s)) << "the other one runs out first";
  EXPECT_EQ(it.next_expiry(), start + 90s);
  EXPECT_TRUE(it.grant("/devices/dev-1", start + 30s));
  EXPECT_FALSE(opens("dev-1", 30s));
  EXPECT_EQ(it.next_expiry(), start + 30s);
}

TEST_F(token_grants_test, what_runs_out_is_told_once) {
  it.grant("/devices/dev-1", start + 60s);
  it.grant("/devices/dev-2", start + 61s);
  it.grant("/devices", start + 62s);
  EXPECT_TRUE(it.take_expired(start + 59s).devices.empty());
  const auto two = it.take_expired(start + 61s);
  EXPECT_EQ(two.devices, (std::vector<identity>{identity{"dev-1"}, identity{"dev-2"}}));
  EXPECT_FALSE(two.shared);
  EXPECT_FALSE(it.has_own(identity{"dev-1"}));
  EXPECT_TRUE(opens("dev-1", 61s)) << "by the shared one";
  EXPECT_TRUE(it.take_expired(start + 62s).shared);
  EXPECT_FALSE(it.take_expired(start + 1h).shared);
  EXPECT_FALSE(it.next_expiry().has_value());
}

TEST_F(token_grants_test, what_is_forgotten_opens_nothing) {
  it.grant("/devices/dev-1", start + 60s);
  it.grant("/devices/dev-2", start + 60s);
  it.grant("", start + 60s);
  it.forget(identity{"dev-1"});
  it.forget(identity{"dev-3"});
  EXPECT_FALSE(it.has_own(identity{"dev-1"}));
  EXPECT_TRUE(it.has_own(identity{"dev-2"}));
  it.forget_all();
  EXPECT_FALSE(opens("dev-2", 0s));
  EXPECT_FALSE(it.next_expiry().has_value());
}

TEST_F(token_grants_test, different_paths_are_counted_over_the_connections_life) {
  for (std::size_t number = 0; number < max_tokens; ++number) {
    const auto path = "/devices/dev-" + std::to_string(number);
    ASSERT_TRUE(it.has_room_for(path));
    it.count(path);
    it.count(path);
  }
  it.forget_all();
  EXPECT_FALSE(it.has_room_for("/devices/another"));
  EXPECT_TRUE(it.has_room_for("/devices/dev-7")) << "a renewal";
}

} // namespace
} // namespace causeway::emulator
