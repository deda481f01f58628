// SPDX-License-Identifier: Apache-2.0
// Pauses, failures and counts; the table itself is transitions_test's.
#include "core/connecting.h"
#include "core/organ_scene.h"

#include <gtest/gtest.h>

namespace causeway::core {
namespace {

using testing::organ_scene;
using event = device_event;

struct states_of : organ_scene {
  connecting states{table,
                    rules,
                    totals,
                    {{milliseconds{2'000}, milliseconds{300'000}, 2.0, 0.25},
                     {milliseconds{60'000}, milliseconds{3'600'000}, 2.0, 0.25}},
                    [] { return 0.5; }};
  device_ref known_one(std::uint32_t application, const char* name) {
    const auto which = add_assigned(application, name);
    states.appear(which, device_state::known, now());
    return which;
  }
  transition on(device_ref which, event what) { return states.on(which, what, {now()}); }
  transition on(device_ref which, event what, const error& why) {
    return states.on(which, what, {now(), &why});
  }
  device_ref online_one(std::uint32_t application, const char* name) {
    const auto which = known_one(application, name);
    on(which, event::wanted);
    on(which, event::attached);
    return which;
  }
  const device& of(device_ref which) { return table.at(which); }
};

TEST(connecting_alone, pauses_grow_by_the_kind_of_refusal_and_are_as_long_as_told) {
  struct row {
    error why;
    std::vector<int> pauses; // seconds
  };
  for (const auto& row :
       {row{error{errc::dps_busy}, {2, 4, 8, 16}}, row{error{errc::hub_device_disabled}, {60, 120, 240}},
        row{error{errc::hub_refused}, {2, 4}},
        row{error{errc::dps_throttled}.with_retry_after(seconds{7}), {7, 7}},
        row{error{errc::dps_throttled}.with_retry_after(seconds{99'999}), {3600}}}) {
    states_of f;
    const auto which = f.known_one(f.field, "dev");
    for (const auto pause : row.pauses) {
      f.on(which, event::unclaimed, row.why);
      EXPECT_EQ(f.of(which).next_try(), f.now().mono + seconds{pause}) << row.why.name();
      EXPECT_EQ(f.of(which).reason(), row.why.code());
    }
    EXPECT_EQ(f.totals.parks, row.pauses.size());
  }
}

// Nobody else can be asked where it is.
TEST(connecting_alone, a_hub_by_connection_string_that_is_gone_is_soon_tried_again) {
  states_of f;
  const auto by_string = f.online_one(f.plant, "a"), by_dps = f.online_one(f.field, "b");
  f.on(by_string, event::refused, error{errc::hub_not_found});
  EXPECT_EQ(f.of(by_string).next_try(), f.now().mono + seconds{2});
  EXPECT_EQ(f.on(by_dps, event::refused, error{errc::hub_not_found}).then, next_step::claim);
}

TEST(connecting_alone, an_attachment_that_has_lasted_begins_anew_and_a_short_one_does_not) {
  for (const auto lasted : {seconds{60}, seconds{61}}) {
    states_of f;
    const auto which = f.known_one(f.field, "dev");
    f.on(which, event::unclaimed, error{errc::dps_busy});
    f.on(which, event::wanted);
    f.on(which, event::attached);
    f.clock.advance(lasted);
    f.on(which, event::interrupted, error{errc::connection_lost});
    EXPECT_EQ(f.of(which).failures(), lasted > seconds{60} ? 0 : 1);
    EXPECT_EQ(f.of(which).reason(), errc::connection_lost);
    EXPECT_EQ(f.of(which).state(), device_state::attaching);
  }
}

TEST(connecting_alone, who_is_due_is_told_once_in_order_of_time) {
  states_of f;
  const auto slow = f.known_one(f.field, "slow"), fast = f.online_one(f.field, "fast"),
             gone = f.known_one(f.field, "gone"), back = f.known_one(f.field, "back");
  EXPECT_EQ(f.states.deadline(), std::nullopt);
  f.on(slow, event::unclaimed, error{errc::hub_device_disabled});
  f.on(fast, event::message_refused, error{errc::hub_throttled}.with_retry_after(seconds{1}));
  f.on(gone, event::unclaimed, error{errc::dps_busy});
  f.on(back, event::unclaimed, error{errc::dps_busy});
  f.states.vanish(gone);
  f.table.remove(gone);
  f.on(back, event::wanted); // on its way again
  EXPECT_EQ(f.states.deadline(), f.now().mono + seconds{1});
  EXPECT_EQ(f.states.take_due(f.now()), std::nullopt);
  f.clock.advance(seconds{60});
  EXPECT_EQ(f.states.take_due(f.now()), fast);
  EXPECT_EQ(f.states.take_due(f.now()), slow);
  EXPECT_EQ(f.states.take_due(f.now()), std::nullopt);
}

TEST(connecting_alone, a_later_pause_takes_the_place_of_an_earlier_one) {
  states_of f;
  const auto which = f.known_one(f.field, "dev");
  f.on(which, event::unclaimed, error{errc::dps_busy});
  f.on(which, event::unclaimed, error{errc::dps_busy}); // 4 s
  f.clock.advance(seconds{2});
  EXPECT_EQ(f.states.take_due(f.now()), std::nullopt);
  f.clock.advance(seconds{2});
  EXPECT_EQ(f.states.take_due(f.now()), which);
}

TEST(connecting_alone, counts_devices_by_state_and_knows_whose_section_works) {
  states_of f;
  const auto which = f.online_one(f.field, "dev");
  const auto count = [&](device_state state) { return f.totals.devices[static_cast<std::size_t>(state)]; };
  EXPECT_EQ(count(device_state::online), 1U);
  EXPECT_TRUE(f.states.is_any_online(azure_name{"dps"}));
  EXPECT_FALSE(f.states.is_any_online(azure_name{"hub"}));
  f.on(which, event::switched_off);
  EXPECT_EQ(count(device_state::online), 0U);
  EXPECT_EQ(count(device_state::off), 1U);
  EXPECT_FALSE(f.states.is_any_online(azure_name{"dps"}));
  f.states.vanish(which);
  EXPECT_EQ(count(device_state::off), 0U);
}

TEST(connecting_alone, who_is_parked_again_stays_so_since_the_first_time) {
  states_of f;
  const auto which = f.known_one(f.field, "dev");
  f.on(which, event::unclaimed, error{errc::identity_taken});
  const auto since = f.now().mono;
  f.clock.advance(seconds{90});
  f.on(which, event::unclaimed, error{errc::identity_taken, "still"});
  EXPECT_EQ(f.of(which).since(), since);
  EXPECT_EQ(*f.of(which).reason_detail(), "still");
}

} // namespace
} // namespace causeway::core
