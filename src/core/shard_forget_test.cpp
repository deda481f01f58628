// SPDX-License-Identifier: Apache-2.0
// An application's share of the device table, and devices that are forgotten.
#include "core/device_table.h"
#include "core/recording_ports.h"

#include <gtest/gtest.h>

namespace causeway::core {
namespace {

using testing::calls;
using testing::shard_fixture;

constexpr device_ref first{0};
constexpr auto unlisted = forgettable::unlisted, never_attached = forgettable::never_attached;

shard_options few(std::uint32_t devices) {
  shard_options options;
  options.max_devices = devices;
  options.limits.application_share = 50;
  return options;
}

// A11: new devices of the other application were answered 503 spool_full for ever.
TEST(device_share, one_application_cannot_fill_the_table_for_all) {
  shard_fixture f{few(10)};
  for (std::uint32_t i = 0; i < 5; ++i)
    f.post(f.frame("plant", "dev-" + std::to_string(i), i));
  const auto refused = f.post(f.frame("plant", "dev-5", 5));
  EXPECT_EQ(f.ports.answered[refused], answer::device_share_full);
  f.post(f.frame("plant", "dev-4", 6)); // a known one goes on
  EXPECT_EQ(f.ports.appended.size(), 6U);
  for (std::uint32_t i = 0; i < 5; ++i)
    f.post(f.frame("field", "dev-" + std::to_string(i), i));
  EXPECT_EQ(f.ports.appended.size(), 11U);
  EXPECT_EQ(f.ports.answered[f.post(f.frame("field", "dev-9", 9))], answer::devices_full);
  const auto use = f.shard.spool_by_application();
  EXPECT_EQ(use[0].devices, 5U);
  EXPECT_EQ(use[0].devices_refused, 1U);
  EXPECT_EQ(use[0].refused, 0U);
  EXPECT_EQ(f.shard.forget(f.key("plant", "dev-0"), false, f.clock.now()), forgetting::busy);
}

TEST(device_share, a_lone_application_has_all) {
  auto rules = shard_fixture::rules();
  rules.resize(1);
  shard_fixture f{few(3), rules};
  for (std::uint32_t i = 0; i < 3; ++i)
    f.post(f.frame("plant", "dev-" + std::to_string(i), i));
  EXPECT_EQ(f.ports.appended.size(), 3U);
  EXPECT_EQ(f.ports.answered[f.post(f.frame("plant", "dev-9", 9))], answer::devices_full);
}

TEST(forget, removes_a_device_with_what_leads_to_its_hub_and_it_comes_back_as_a_new_one) {
  shard_fixture f;
  const auto ref = f.online_device("dev-1");
  EXPECT_EQ(f.shard.forget(f.key("plant", "dev-9"), false, f.clock.now()), forgetting::unknown);
  EXPECT_EQ(f.shard.forget(f.key("plant", "dev-1"), false, f.clock.now()), forgetting::forgotten);
  EXPECT_EQ(f.ports.take(), (calls{"detach 0", "forget_assignment 0", "forget_device 0 dev-1"}));
  EXPECT_EQ(f.shard.view().status(f.key("plant", "dev-1")), std::nullopt);
  EXPECT_EQ(f.in_state(device_state::online), 0U);
  EXPECT_EQ(f.shard.spool_by_application()[0].devices, 0U);
  // Whatever was under way finds nobody.
  f.shard.on_device_attached(ref, f.clock.now());
  f.shard.on_device_detached(ref, error{errc::connection_lost}, true, f.clock.now());
  f.shard.on_send_outcome(ref, 1, {}, f.clock.now());
  f.shard.on_assignment(ref, error{errc::dps_busy}, f.clock.now());
  f.shard.on_looked_up(ref, error{errc::device_unlisted}, f.clock.now());
  f.shard.on_read_back({{1, {}}}, {}, f.clock.now());
  f.clock.advance(seconds{7200});
  f.shard.on_tick(f.clock.now());
  EXPECT_EQ(f.ports.take(), calls{});
  f.post(f.frame("plant", "dev-1", 1)); // no duplicate of what the former sent
  EXPECT_EQ(f.ports.take(), (calls{"save_device 1 dev-1", "append 2"}));
}

TEST(forget, what_waits_keeps_a_device_or_becomes_dead_letters) {
  shard_fixture f;
  f.post(f.frame("plant", "dev-1", 1));
  EXPECT_EQ(f.shard.forget(f.key("plant", "dev-1"), true, f.clock.now()), forgetting::busy);
  f.spooled(1);
  f.ports.take();
  EXPECT_EQ(f.shard.forget(f.key("plant", "dev-1"), false, f.clock.now()), forgetting::messages_wait);
  EXPECT_EQ(f.ports.take(), calls{});
  EXPECT_EQ(f.shard.forget(f.key("plant", "dev-1"), true, f.clock.now()), forgetting::forgotten);
  EXPECT_EQ(f.ports.take(), (calls{"call_off 0", "dead_letter 1 device_forgotten", "forget_assignment 0",
                                   "forget_device 0 dev-1"}));
  EXPECT_EQ(f.shard.totals().waiting_messages, 0U);
}

TEST(forget, made_up_devices_go_by_the_thousand_and_those_that_a_hub_took_stay) {
  shard_fixture f;
  f.online_device("real");
  for (std::uint32_t i = 0; i < 3000; ++i) {
    f.post(f.frame("plant", "made-up-" + std::to_string(i), i));
    f.spooled(f.ports.appended.back().rows.front().seq);
  }
  f.ports.take();
  const application_id plant{"plant"};
  auto page = f.shard.forget_some(plant, never_attached, false, {}, 1000, f.clock.now());
  EXPECT_EQ(page.forgotten, 0U);
  EXPECT_EQ(page.left, 3000U);
  std::uint64_t forgotten = 0, letters = 0;
  std::optional<device_ref> after;
  do {
    page = f.shard.forget_some(plant, never_attached, true, after, 1000, f.clock.now());
    EXPECT_LE(page.forgotten, 1000U);
    forgotten += page.forgotten;
    letters += page.letters;
    after = page.next;
  } while (after);
  EXPECT_EQ(forgotten, 3000U);
  EXPECT_EQ(letters, 3000U);
  EXPECT_EQ(f.shard.devices().size(), 1U);
  EXPECT_EQ(f.status("plant", "real").state, device_state::online);
  EXPECT_EQ(f.shard.forget_some(plant, unlisted, true, {}, 1000, f.clock.now()).forgotten, 0U)
      << "there is no list of it";
}

TEST(forget, those_that_the_registry_does_not_list) {
  shard_fixture f;
  f.registered("dev-1");
  f.post(f.frame("meters", "dev-2", 1));
  f.spooled(1);
  const application_id meters{"meters"};
  EXPECT_EQ(f.shard.forget_some(meters, unlisted, true, {}, 1000, f.clock.now()).forgotten, 1U);
  EXPECT_TRUE(f.status("meters", "dev-1").listed);
  EXPECT_EQ(f.shard.devices().size(), 1U);
}

} // namespace
} // namespace causeway::core
