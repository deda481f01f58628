// SPDX-License-Identifier: Apache-2.0
// Grace and successions, which look at the same refusals.
#include "core/appends.h"
#include "core/backlog.h"
#include "core/delivery.h"
#include "core/gates.h"
#include "core/grace.h"
#include "core/open_time.h"
#include "core/organ_scene.h"
#include "core/successions.h"

#include <gtest/gtest.h>

namespace causeway::core {
namespace {

using testing::calls;
using testing::organ_scene;
using testing::shard_fixture;

constexpr seconds day{24 * 3600};

struct refusing : organ_scene {
  gates held{{}, table, rules, [] { return 0.5; }};
  delivery out{{}, rules, table, waiting, held, here, book, disk, hub, time, totals};
  grace counted{rules, table, waiting, states, out, time, totals};
  successions heirs{names, rules, table, waiting.queue, counted, stored};

  // last: the row that came last.
  bool take(device_ref which, std::uint64_t eui, spool_seq last) {
    stored.last_row = last;
    return heirs.take(which, eui, now());
  }
  using organ_scene::take;
  explicit refusing(std::vector<application_rules> by = shard_fixture::rules()) : organ_scene{std::move(by)} {
    time.restore(100); // a store that has been open before
  }
  device_ref parked_one(const char* name, errc why) {
    const auto which = add(field, name);
    appear(which, device_state::known);
    const error reason{why, "why"};
    move(which, device_event::unclaimed, &reason);
    return which;
  }
  void online_one(const char* name) {
    const auto which = add_assigned(field, name);
    appear(which, device_state::known);
    move(which, device_event::wanted);
    move(which, device_event::attached);
  }
  grace::round pass(seconds span) {
    clock.advance(span);
    return counted.tick(now());
  }
};

TEST(grace_alone, begins_when_something_waits_for_a_device_that_is_refused) {
  struct row {
    errc why;
    bool counts, runs_alone;
  };
  for (const auto& row : {row{errc::hub_device_disabled, true, true}, row{errc::identity_taken, true, true},
                          row{errc::dps_unauthorized, true, false}, row{errc::dps_busy, false, false}}) {
    refusing f;
    const auto which = f.parked_one("dev", row.why);
    EXPECT_FALSE(f.counted.note(which, f.now())) << "nothing waits";
    f.wait(which, 1);
    EXPECT_EQ(f.counted.note(which, f.now()), row.counts) << describe(row.why).name;
    EXPECT_FALSE(f.counted.note(which, f.now()));
    EXPECT_EQ(f.counted.refused_at(which) != 0, row.counts);
    EXPECT_EQ(f.counted.is_refused_now(f.table.at(which)), row.runs_alone);
    f.online_one("other");
    EXPECT_EQ(f.counted.is_refused_now(f.table.at(which)), row.counts) << "another one of its section works";
    EXPECT_EQ(f.counted.end(which), row.counts);
    EXPECT_EQ(f.counted.refused_at(which), 0U);
  }
}

TEST(grace_alone, gives_up_what_is_over_with_the_reason_and_says_who_is_empty) {
  refusing f;
  const auto which = f.parked_one("dev", errc::hub_device_disabled);
  f.wait(which, 1);
  f.counted.note(which, f.now());
  f.pass(day);
  f.wait(which, 2);
  EXPECT_EQ(f.counted.left(which), 6 * day);
  EXPECT_TRUE(f.pass(6 * day - seconds{1}).emptied.empty());
  EXPECT_EQ(f.take(), calls{});
  EXPECT_TRUE(f.pass(seconds{1}).emptied.empty());
  EXPECT_EQ(f.take(), calls{"dead_letter 1 hub_device_disabled"});
  EXPECT_EQ(f.pass(day).emptied, std::vector{which});
  EXPECT_EQ(f.totals.grace_ended, 2U);
}

TEST(grace_alone, stands_still_while_it_may_be_the_services_fault_and_is_saved_now_and_then) {
  refusing f;
  const auto which = f.parked_one("dev", errc::dps_unauthorized); // of all of them, perhaps
  f.wait(which, 1);
  f.counted.note(which, f.now());
  EXPECT_TRUE(f.pass(seconds{3599}).to_save.empty());
  EXPECT_EQ(f.pass(seconds{1}).to_save, std::vector{which});
  EXPECT_EQ(f.counted.left(which), 7 * day);
  f.pass(30 * day);
  EXPECT_EQ(f.take(), calls{});
}

TEST(grace_alone, goes_on_where_the_record_says) {
  refusing f;
  f.time.restore(1'000'000);
  const auto which = f.parked_one("dev", errc::hub_device_disabled);
  f.wait(which, 1);
  f.counted.restore(which, 900'000);
  EXPECT_EQ(f.counted.refused_at(which), 900'000U);
  EXPECT_FALSE(f.counted.note(which, f.now()));
  EXPECT_EQ(f.counted.left(which), 7 * day) << "the message came now";
}

std::vector<application_rules> by_eui() {
  auto made = shard_fixture::rules();
  made[1].identity_template = "{dev_eui}";
  return made;
}

TEST(successions_alone, another_eui_is_another_device_only_where_the_identity_is_made_of_it) {
  refusing f{by_eui()};
  const auto named = f.add(f.meters, "named"), by_eui = f.add(f.field, "by-eui");
  for (const auto which : {named, by_eui}) {
    EXPECT_FALSE(f.take(which, 1, 0));
    EXPECT_EQ(f.table.at(which).eui, 1U) << "the first one is its own";
  }
  EXPECT_FALSE(f.take(named, 2, 0));
  EXPECT_EQ(f.table.at(named).eui, 2U);
  EXPECT_EQ(f.heirs.heir_of(named), nullptr);
  EXPECT_TRUE(f.take(by_eui, 2, 0)) << "nothing waits";
  EXPECT_EQ(f.table.at(by_eui).eui, 1U) << "it is the former still";
  EXPECT_EQ(f.heirs.take_out(by_eui).eui, 2U);
  EXPECT_EQ(f.heirs.heir_of(by_eui), nullptr);
}

TEST(successions_alone, what_came_before_is_the_formers) {
  refusing f{by_eui()};
  const auto which = f.parked_one("dev", errc::dps_busy);
  f.take(which, 1, 0);
  f.wait(which, 1);
  EXPECT_FALSE(f.take(which, 2, 1));
  EXPECT_FALSE(f.take(which, 2, 5)) << "it is known";
  ASSERT_NE(f.heirs.heir_of(which), nullptr);
  EXPECT_EQ(f.heirs.heir_of(which)->until, 1U);
  f.wait(which, 2);
  EXPECT_FALSE(f.heirs.is_over(which));
  f.out.bury_oldest(which, error{errc::device_replaced}, f.now());
  EXPECT_TRUE(f.heirs.is_over(which));
  EXPECT_EQ(f.heirs.tick(f.now()), std::vector{which});
}

// It had no number yet, and would have been the heir's.
TEST(successions_alone, what_was_on_its_way_to_the_disk_is_the_formers) {
  refusing f{by_eui()};
  const auto which = f.parked_one("dev", errc::dps_busy);
  f.take(which, 1, 0);
  f.stored.last = append_id{5};
  f.stored.answered = append_id{4};
  EXPECT_FALSE(f.take(which, 2, 7)) << "nothing waits, and something comes";
  EXPECT_FALSE(f.heirs.is_over(which));
  f.heirs.note(which, 9, append_id{5});
  f.heirs.note(which, 10, append_id{6});
  EXPECT_EQ(f.heirs.heir_of(which)->until, 9U);
  f.stored.answered = append_id{6};
  f.wait(which, 9);
  f.wait(which, 10);
  EXPECT_FALSE(f.heirs.is_over(which));
  f.out.bury_oldest(which, error{errc::device_replaced}, f.now());
  EXPECT_TRUE(f.heirs.is_over(which));
}

TEST(successions_alone, the_former_has_a_minute_in_which_its_hub_works) {
  for (const auto why : {errc::dps_busy, errc::hub_device_disabled}) {
    refusing f{by_eui()};
    const auto which = f.parked_one("dev", why);
    f.take(which, 1, 0);
    f.wait(which, 1);
    f.take(which, 2, 1);
    f.clock.advance(seconds{59});
    EXPECT_TRUE(f.heirs.tick(f.now()).empty());
    f.clock.advance(seconds{1});
    EXPECT_EQ(f.heirs.tick(f.now()).size(), why == errc::dps_busy ? 0U : 1U);
  }
}

} // namespace
} // namespace causeway::core
