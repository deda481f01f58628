// SPDX-License-Identifier: Apache-2.0
#include "app/registry_wait.h"

#include <gtest/gtest.h>

namespace causeway::app {
namespace {

struct scene {
  manual_clock clock;
  std::map<application_id, stack::registry_totals> all{{application_id{"water"}, {}}};
  registry_wait wait{{seconds{60}, seconds{180}}, clock.now().mono};

  stack::registry_totals& water() { return all.begin()->second; }
  bool is_listing_after(std::chrono::nanoseconds passed) {
    clock.advance(passed);
    wait.look(all, clock.now().mono);
    return wait.is_listing();
  }
  std::optional<errc> given_up() const {
    if (wait.given_up().empty()) return std::nullopt;
    return wait.given_up().begin()->second.code();
  }
};

TEST(registry_wait, a_registry_that_only_ever_throttles_is_given_up) {
  scene s;
  EXPECT_TRUE(s.is_listing_after(seconds{0}));
  s.water().requests = s.water().throttled = 1;
  EXPECT_TRUE(s.is_listing_after(seconds{179}));
  EXPECT_EQ(s.given_up(), std::nullopt);
  EXPECT_FALSE(s.is_listing_after(seconds{1}));
  EXPECT_EQ(s.given_up(), errc::registry_throttled);
}

TEST(registry_wait, a_registry_that_throttles_between_its_pages_is_waited_for) {
  scene s;
  for (std::uint64_t page = 1; page <= 20; ++page) {
    ++s.water().throttled;
    EXPECT_TRUE(s.is_listing_after(seconds{100}));
    s.water().pages = page;
    EXPECT_TRUE(s.is_listing_after(seconds{1}));
  }
  s.water().complete = true;
  EXPECT_FALSE(s.is_listing_after(seconds{500}));
  EXPECT_EQ(s.given_up(), std::nullopt);
}

TEST(registry_wait, an_outage_is_waited_for_and_a_refusal_is_not) {
  scene s;
  s.water().last_error = error{errc::registry_unavailable};
  EXPECT_TRUE(s.is_listing_after(seconds{59}));
  EXPECT_FALSE(s.is_listing_after(seconds{1}));
  EXPECT_EQ(s.given_up(), errc::registry_unavailable);
  scene refused;
  refused.water().last_error = error{errc::registry_unauthorized};
  EXPECT_FALSE(refused.is_listing_after(seconds{0}));
  EXPECT_EQ(refused.given_up(), errc::registry_unauthorized);
}

TEST(registry_wait, a_list_that_begins_again_and_again_is_given_up) {
  scene s;
  s.water().pages = 3;
  EXPECT_TRUE(s.is_listing_after(seconds{1}));
  s.water().last_error = error{errc::registry_inconsistent};
  for (std::uint64_t i = 0; i < 59; ++i) {
    s.water().pages = i % 4;
    EXPECT_TRUE(s.is_listing_after(seconds{1}));
  }
  EXPECT_FALSE(s.is_listing_after(seconds{1}));
}

} // namespace
} // namespace causeway::app
