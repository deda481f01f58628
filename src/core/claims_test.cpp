// SPDX-License-Identifier: Apache-2.0
#include "core/assignments.h"
#include "core/claims.h"
#include "core/organ_scene.h"

#include <gtest/gtest.h>

namespace causeway::core {
namespace {

using testing::calls;
using testing::organ_scene;
using testing::shard_fixture;

std::vector<application_rules> by_eui(const char* realm = "", bool any_case = false) {
  auto made = shard_fixture::rules();
  for (auto& one : made) {
    one.identity_template = "{dev_eui}";
    one.realm = realm;
    one.any_case = any_case;
  }
  return made;
}

struct claiming : organ_scene {
  claims held{rules, names, table};
  using organ_scene::organ_scene;
  device_ref of_eui(std::uint32_t application, const char* name, std::uint64_t eui) {
    const auto which = add(application, name);
    names.set_eui(table.at(which), eui);
    return which;
  }
  std::optional<device_ref> claim(device_ref which) {
    return held.claim(which, *names.wanted_of(table.at(which)));
  }
};

TEST(claims_alone, the_first_has_it_until_it_gives_it_up_or_is_gone) {
  claiming f{by_eui()};
  const auto first = f.of_eui(f.field, "a", 1), second = f.of_eui(f.meters, "b", 1);
  EXPECT_EQ(f.claim(first), std::nullopt);
  EXPECT_EQ(f.claim(first), std::nullopt) << "it is its own";
  EXPECT_EQ(f.claim(second), first);
  f.held.give_up(second);
  EXPECT_EQ(f.claim(second), first) << "who does not have it cannot give it up";
  f.held.give_up(first);
  EXPECT_EQ(f.claim(second), std::nullopt);
  f.table.remove(second);
  EXPECT_EQ(f.claim(first), std::nullopt);
}

TEST(claims_alone, who_has_become_another_has_it_no_longer) {
  claiming f{by_eui()};
  const auto first = f.of_eui(f.field, "a", 1), second = f.of_eui(f.field, "b", 1);
  EXPECT_EQ(f.claim(first), std::nullopt);
  f.names.set_eui(f.table.at(first), 2);
  EXPECT_EQ(f.claim(second), std::nullopt);
}

TEST(claims_alone, names_meet_in_a_section_or_in_a_realm_and_by_its_case) {
  claiming apart{by_eui()}; // plant is in section "hub", field in "dps"
  EXPECT_EQ(apart.claim(apart.of_eui(apart.plant, "a", 1)), std::nullopt);
  EXPECT_EQ(apart.claim(apart.of_eui(apart.field, "a", 1)), std::nullopt);
  claiming together{by_eui("hub/h")};
  const auto first = together.of_eui(together.plant, "a", 1);
  EXPECT_EQ(together.claim(first), std::nullopt);
  EXPECT_EQ(together.claim(together.of_eui(together.field, "a", 1)), first);
  auto rules = shard_fixture::rules();
  for (auto& one : rules)
    one.any_case = true;
  claiming cases{rules};
  const auto small = cases.add(cases.field, "dev");
  EXPECT_EQ(cases.claim(small), std::nullopt);
  EXPECT_EQ(cases.claim(cases.add(cases.field, "DEV")), small);
}

struct assigning : organ_scene {
  claims held{rules, names, table};
  assignments all{rules, names, held, table, finder, book};
  static assignment at(const char* hub, const char* name, const char* section = "dps",
                       const char* fingerprint = "f1/{device_id}") {
    return {hub_host{hub}, identity{name}, azure_name{section}, wall_time{seconds{7}}, fingerprint};
  }
};

TEST(assignments_alone, are_saved_where_they_are_news_and_known_by_their_origin) {
  assigning f;
  const auto which = f.add(f.field, "dev");
  EXPECT_FALSE(f.all.take(which, f.at("h", "dev", "dps", "")));
  EXPECT_EQ(f.take(), calls{"save_assignment 0 h"});
  EXPECT_EQ(f.table.hub_of(f.table.at(which)).fingerprint, "f1/{device_id}");
  EXPECT_FALSE(f.all.take(which, f.at("h", "dev")));
  EXPECT_EQ(f.take(), calls{});
  EXPECT_TRUE(f.all.take(which, f.at("h", "other")));
  EXPECT_TRUE(f.all.take(which, f.at("elsewhere", "other")));
  EXPECT_EQ(f.take(), (calls{"save_assignment 0 h", "save_assignment 0 elsewhere"}));
  EXPECT_EQ(f.names.identity_of(f.table.at(which)).str(), "other");
  f.all.lose(which);
  EXPECT_EQ(f.take(), calls{"forget_assignment 0"});
  EXPECT_FALSE(f.table.at(which).assigned);
}

TEST(assignments_alone, on_disk_count_where_they_still_fit_and_nobody_else_has_the_identity) {
  struct row {
    const char* why;
    assignment where;
    bool fits;
  };
  for (const auto& row : {row{"it fits", assigning::at("h", "dev"), true},
                          row{"another enrolment", assigning::at("h", "dev", "dps", "f2/{device_id}"), false},
                          row{"another template", assigning::at("h", "dev", "dps", "f1/{dev_eui}"), false},
                          row{"another section", assigning::at("h", "dev", "hub"), false}}) {
    assigning f;
    const auto which = f.add(f.field, "dev");
    EXPECT_EQ(f.all.place(which, row.where), row.fits) << row.why;
    EXPECT_EQ(f.table.at(which).assigned, row.fits) << row.why;
  }
  auto rules = shard_fixture::rules();
  for (auto& one : rules)
    one.realm = "scope";
  organ_scene both{rules};
  claims held{both.rules, both.names, both.table};
  assignments all{both.rules, both.names, held, both.table, both.finder, both.book};
  EXPECT_TRUE(all.place(both.add(both.field, "dev"), assigning::at("h", "dev")));
  EXPECT_FALSE(all.place(both.add(both.meters, "dev"), assigning::at("h", "dev")));
}

TEST(assignments_alone, by_connection_string_only_the_identity_is_remembered) {
  assigning f;
  const auto which = f.add(f.plant, "dev");
  EXPECT_EQ(f.all.origin_of(f.plant), "");
  EXPECT_TRUE(f.all.place(which, f.at("h", "dev", "hub", "")));
  EXPECT_FALSE(f.table.at(which).assigned) << "the connection string says it anew";
  EXPECT_FALSE(f.all.take(which, f.at("h", "dev", "hub", "")));
  EXPECT_EQ(f.take(), calls{}) << "it is on disk";
}

} // namespace
} // namespace causeway::core
