// SPDX-License-Identifier: Apache-2.0
#include "core/assignments.h"
#include "core/claims.h"
#include "core/holdings.h"
#include "core/opening.h"
#include "core/organ_scene.h"

#include <gtest/gtest.h>

namespace causeway::core {
namespace {

using testing::organ_scene;
using testing::shard_fixture;

struct opened : organ_scene {
  claims held{rules, names, table};
  assignments all{rules, names, held, table, finder, book};
  opening start{rules, table, held, all, here, {}};
  static start_image::assigned at(const char* name, int assigned_at = 0) {
    return {shard_fixture::key("field", name),
            {hub_host{"h"}, identity{name}, azure_name{"dps"}, wall_time{seconds{assigned_at}},
             "f1/{device_id}"}};
  }
  std::vector<device_ref> rest() {
    std::vector<device_ref> made;
    while (!start.is_over())
      made.push_back(start.next());
    return made;
  }
};

TEST(opening_alone, nothing_on_disk_is_over_at_once) {
  opened f;
  EXPECT_TRUE(f.start.is_over());
  f.start.begin({});
  EXPECT_TRUE(f.start.is_placing());
  std::size_t most = 1;
  EXPECT_TRUE(f.start.place_some(most));
  EXPECT_TRUE(f.start.is_over());
}

TEST(opening_alone, all_are_placed_before_anybody_connects_and_who_has_something_to_send_goes_first) {
  opened f;
  const auto idle = f.add(f.field, "idle"), sends = f.add(f.field, "sends"),
             silent = f.add(f.field, "silent"), fresh = f.add(f.field, "fresh"),
             by_string = f.add(f.plant, "by-string");
  f.wait(sends, 1);
  f.wait(fresh, 2);
  f.start.begin({f.at("idle"), f.at("sends"), f.at("nobody")});
  std::size_t most = 1;
  EXPECT_FALSE(f.start.place_some(most));
  EXPECT_EQ(most, 0U);
  EXPECT_TRUE(f.start.is_placing());
  most = 10;
  EXPECT_TRUE(f.start.place_some(most));
  EXPECT_EQ(most, 8U);
  EXPECT_FALSE(f.start.is_placing());
  EXPECT_EQ(f.rest(), (std::vector{sends, idle, fresh, by_string}))
      << index_of(silent) << " waits until it sends";
}

TEST(opening_alone, what_fits_no_more_is_told_once) {
  opened f;
  const auto which = f.add(f.field, "dev");
  auto other = f.at("dev");
  other.where.fingerprint = "f2/{device_id}";
  f.start.begin({other});
  std::size_t most = 10;
  f.start.place_some(most);
  EXPECT_EQ(f.start.take_misfits(), std::vector{which});
  EXPECT_TRUE(f.start.take_misfits().empty());
}

TEST(opening_alone, who_has_come_since_or_has_lost_it_does_not_get_what_was_anothers) {
  opened f;
  const auto lost = f.add(f.field, "lost");
  f.start.begin({f.at("lost"), f.at("late")});
  f.add(f.field, "late");
  f.start.lose(shard_fixture::key("field", "lost"));
  std::size_t most = 10;
  EXPECT_TRUE(f.start.place_some(most));
  EXPECT_FALSE(f.table.at(lost).assigned);
  EXPECT_TRUE(f.start.is_over());
}

} // namespace
} // namespace causeway::core
