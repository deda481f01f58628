// SPDX-License-Identifier: Apache-2.0
#include "app/certificate_watch.h"

#include <gtest/gtest.h>

namespace causeway::app {
namespace {

constexpr std::chrono::hours day{24};

net::certificate_facts ending(wall_time when) {
  net::certificate_facts facts;
  facts.begins = when - 90 * day;
  facts.ends = when;
  facts.names = {"gateway.example"};
  return facts;
}

TEST(certificate_watch, an_end_is_told_of_from_21_days_on_once_a_day) {
  manual_clock clock;
  certificate_watch watch{ending(clock.now().wall + 22 * day)};
  EXPECT_FALSE(watch.look(clock.now()));
  clock.advance(day + std::chrono::seconds{1});
  const auto first = watch.look(clock.now());
  ASSERT_TRUE(first);
  EXPECT_NE(first->find("ends in 20 day(s)"), std::string::npos) << *first;
  clock.advance(day - std::chrono::seconds{1});
  EXPECT_FALSE(watch.look(clock.now()));
  clock.advance(std::chrono::seconds{1});
  EXPECT_TRUE(watch.look(clock.now()));
  EXPECT_FALSE(is_invalid(watch.facts(), clock.now().wall));
  clock.advance(20 * day);
  EXPECT_NE(watch.look(clock.now())->find("has ended"), std::string::npos);
  EXPECT_TRUE(is_invalid(watch.facts(), clock.now().wall));
}

TEST(certificate_watch, one_that_does_not_begin_yet_and_one_of_the_chain_are_told_of) {
  manual_clock clock;
  auto facts = ending(clock.now().wall + 91 * day);
  EXPECT_NE(trouble_of_times(facts, clock.now().wall)->find("not valid before"), std::string::npos);
  EXPECT_TRUE(is_invalid(facts, clock.now().wall));
  facts = ending(clock.now().wall + 2 * day);
  facts.ends_of = "R3";
  EXPECT_NE(trouble_of_times(facts, clock.now().wall)->find("\"R3\" in its chain ends in 2"),
            std::string::npos);
}

TEST(certificate_watch, what_clients_refuse_is_an_oddity) {
  auto facts = ending({});
  EXPECT_TRUE(oddities_of(facts).empty());
  facts.is_chain_whole = false;
  facts.names.clear();
  facts.is_for_servers = false;
  facts.is_self_signed = true;
  EXPECT_EQ(oddities_of(facts).size(), 4U);
}

} // namespace
} // namespace causeway::app
