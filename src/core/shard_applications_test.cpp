// SPDX-License-Identifier: Apache-2.0
// Applications that come, leave and return at run time; and rules that many devices have to follow.
#include "core/explain.h"
#include "core/rules_scene.h"

#include <gtest/gtest.h>

namespace causeway::core {
namespace {

using testing::calls;
using testing::changing;
using testing::shard_fixture;

constexpr device_ref first{0}, second{1};

TEST(applications, a_new_one_gets_the_next_number_and_the_others_keep_theirs) {
  changing f;
  f.online("field", "dev");
  auto yard = f.of("field");
  yard.id = application_id{"yard"};
  f.by.insert(f.by.begin(), yard);
  EXPECT_EQ(f.take(), calls{});
  f.wait_for("yard", "new", 1);
  EXPECT_EQ(f.ports.take().back(), "find_hub 1 new in dps");
  EXPECT_EQ(f.ports.wishes.back().application, 3U);
  f.post(f.frame("field", "dev", 2));
  const auto use = f.shard.spool_by_application();
  ASSERT_EQ(use.size(), 4U);
  EXPECT_EQ(use[3].application, yard.id);
  EXPECT_EQ(use[3].devices, 1U);
  EXPECT_EQ(use[3].waiting.messages, 1U);
  EXPECT_EQ(use[1].waiting.messages, 1U);
  f.of("yard").follows_registry = true;
  f.take();
  f.shard.on_listed(yard.id, f.clock.now());
  EXPECT_EQ(f.state("yard", "new"), device_state::unlisted);
}

TEST(applications, one_that_has_left_is_unwanted_and_nothing_of_it_is_lost) {
  changing f;
  const auto which = f.online("field", "dev");
  f.wait_for("field", "dev", 2);
  f.post(f.frame("field", "dev", 3)); // is being stored
  f.ports.take();
  EXPECT_EQ(f.without("field"), calls{"detach 0"});
  EXPECT_EQ(f.answer_to("field", "dev", 4), answer::unwanted);
  EXPECT_EQ(f.answer_to("field", "new", 1), answer::unwanted);
  f.spooled(3);
  f.shard.on_send_outcome(which, 2, {}, f.clock.now()); // it was detached before
  f.shard.on_registered({shard_fixture::key("field", "dev"), {}, true, ""}, f.clock.now());
  f.ports.take();
  const auto status = f.status("field", "dev");
  EXPECT_EQ(status.waiting, 2U);
  EXPECT_EQ(explain(status, f.clock.now()),
            "dev is detached: the application is not configured; 2 messages wait for "
            "it, the oldest of which is a dead letter in 7 d.");
  EXPECT_EQ(f.shard.spool_by_application()[1].waiting.messages, 2U);
  EXPECT_EQ(f.with_all(), calls{"attach 0 dev@h"}) << "with the assignment that it had";
  EXPECT_EQ(f.ports.wishes.back().application, 1U);
  f.shard.on_device_attached(which, f.clock.now());
  EXPECT_EQ(f.ports.take(), calls{"send 0 2 dev#2"});
  EXPECT_EQ(f.answer_to("field", "dev", 4), answer::stored);
}

TEST(applications, what_waits_for_one_that_has_left_waits_for_its_grace) {
  changing f;
  f.online("field", "dev");
  f.wait_for("field", "dev", 2);
  f.without("field");
  f.clock.advance(seconds{7 * 24 * 3600 - 1});
  f.shard.on_tick(f.clock.now());
  EXPECT_EQ(f.status("field", "dev").waiting, 1U);
  f.clock.advance(seconds{2});
  f.shard.on_tick(f.clock.now());
  EXPECT_EQ(f.ports.take().back(), "dead_letter 2 application_unknown");
}

TEST(applications, one_that_comes_back_stands_as_after_a_start) {
  changing f;
  f.online("field", "idle");
  const auto moved = f.online("plant", "dev");
  f.registered("listed");
  f.registered("said-off", false);
  f.wait_for("meters", "unlisted", 1);
  f.shard.forget(shard_fixture::key("plant", "nobody"), false, f.clock.now());
  f.by = {};
  f.take();
  EXPECT_EQ(f.in_state(device_state::off), 5U);
  f.by = changing::rules();
  f.of("plant").identity_template = "x-{device_id}";
  f.of("field").section = azure_name{"other"};
  EXPECT_EQ(f.take(), (calls{"forget_assignment 0", "forget_assignment 1", "find_hub 1 x-dev in hub",
                             "find_hub 2 listed in dps"}))
      << index_of(moved);
  EXPECT_EQ(f.state("field", "idle"), device_state::known) << "through DPS, and it has nothing to send";
  EXPECT_EQ(f.state("meters", "said-off"), device_state::off);
  EXPECT_EQ(f.state("meters", "unlisted"), device_state::unlisted);
}

TEST(applications, the_identities_of_one_that_has_left_are_free_until_it_is_back) {
  auto shared = changing::rules();
  shared[0].section = shared[1].section;
  changing f{{}, shared};
  f.online("field", "dev");
  f.wait_for("plant", "dev", 1);
  EXPECT_EQ(f.state("plant"), device_state::parked);
  f.without("field");
  f.clock.advance(seconds{3600});
  f.shard.on_tick(f.clock.now());
  EXPECT_EQ(f.state("plant"), device_state::provisioning);
  f.ports.take();
  f.by = shared;
  EXPECT_EQ(f.take(), calls{"forget_assignment 0"});
  EXPECT_EQ(f.state("field"), device_state::known);
  f.wait_for("field", "dev", 2);
  EXPECT_EQ(f.status("field", "dev").reason, errc::identity_taken);
}

TEST(applications, one_that_has_left_is_still_known_to_who_forgets_devices) {
  changing f;
  f.online("field", "dev");
  f.online("field", "next");
  f.without("field");
  EXPECT_EQ(f.shard.forget(shard_fixture::key("field", "dev"), false, f.clock.now()), forgetting::forgotten);
  EXPECT_EQ(f.shard.forget(shard_fixture::key("field", "dev"), false, f.clock.now()), forgetting::unknown);
  EXPECT_EQ(f.shard.spool_by_application()[1].devices, 1U);
}

TEST(applications, their_number_divides_the_limits) {
  struct row {
    std::size_t applications;
    answer of_devices, of_spool;
  };
  for (const auto& row :
       {row{1, answer::stored, answer::stored}, row{2, answer::device_share_full, answer::share_full}}) {
    shard_options options;
    options.max_devices = 4;
    options.limits.most.messages = 4;
    options.limits.application_share = 50;
    changing f{options};
    f.by.resize(row.applications);
    f.take();
    f.wait_for("plant", "a", 1);
    f.wait_for("plant", "b", 1);
    EXPECT_EQ(f.answer_to("plant", "c", 1), row.of_devices) << row.applications;
    EXPECT_EQ(f.answer_to("plant", "a", 2), row.of_spool) << row.applications;
  }
}

TEST(applications, dead_letters_of_one_that_has_left_stay_its_own) {
  shard_options options;
  options.limits.most.messages = 10;
  changing f{options};
  f.without("field");
  f.shard.on_dead_letters_counted({{application_id{"field"}, {5, 50}}});
  EXPECT_EQ(f.shard.spool_by_application()[1].letters.messages, 5U);
  for (std::uint32_t i = 1; i <= 5; ++i)
    EXPECT_EQ(f.answer_to("plant", "dev", i), answer::stored) << "they count once";
}

TEST(applications, nobody_asks_the_registry_of_one_that_has_left) {
  changing f;
  f.online("meters", "dev");
  f.shard.on_listed(application_id{"meters"}, f.clock.now());
  f.shard.on_listed(application_id{"meters"}, f.clock.now()); // lacks it: it is a suspect
  f.without("meters");
  f.clock.advance(seconds{1});
  f.shard.on_tick(f.clock.now());
  EXPECT_EQ(f.ports.take(), calls{});
}

TEST(applications, a_late_answer_of_the_registry_of_one_that_has_left_says_nothing) {
  changing f;
  const auto which = f.online("meters", "dev");
  f.shard.on_listed(application_id{"meters"}, f.clock.now());
  f.shard.on_listed(application_id{"meters"}, f.clock.now());
  f.shard.on_tick(f.clock.now());
  EXPECT_EQ(f.ports.take(), calls{"look_up 0 dev"});
  f.without("meters");
  f.shard.on_looked_up(which, error{errc::device_unlisted}, f.clock.now());
  EXPECT_EQ(f.ports.take(), calls{});
  EXPECT_EQ(f.state("meters"), device_state::off);
  EXPECT_EQ(f.with_all(), calls{"attach 0 dev@h"});
}

struct crowd : changing {
  static constexpr std::uint32_t many = 1000;
  explicit crowd(shard_options options = {}) : changing{std::move(options)} {
    for (std::uint32_t i = 0; i < many; ++i)
      online("field", "dev-" + std::to_string(i));
  }
  // Pieces until all is done.
  int pieces() {
    int made = 0;
    for (; shard.deadline() && *shard.deadline() <= clock.now().mono; ++made)
      shard.on_tick(clock.now());
    return made;
  }
  std::size_t count(const char* begin) {
    const auto is_so = [&](const std::string& one) { return one.starts_with(begin); };
    return static_cast<std::size_t>(std::count_if(ports.calls.begin(), ports.calls.end(), is_so));
  }
};

TEST(pieces, nobody_sets_out_until_all_that_does_not_fit_has_ended) {
  std::optional<mono_time> rung;
  shard_options options;
  options.ring_at = [&](mono_time at) { rung = at; };
  crowd f{std::move(options)};
  f.of("field").identity_template = "x-{device_id}";
  rung.reset();
  f.shard.take_rules(f.by, f.clock.now());
  EXPECT_LE(rung, f.clock.now().mono) << "the rest is to follow at once";
  EXPECT_EQ(f.count("detach"), 250U);
  f.wait_for("field", "dev-0", 2);
  f.wait_for("field", "dev-999", 2);
  f.wait_for("plant", "new", 1);
  EXPECT_EQ(f.count("find_hub"), 0U) << "also of another application";
  EXPECT_EQ(f.state("plant", "new"), device_state::known);
  f.shard.on_tick(f.clock.now());
  f.shard.on_tick(f.clock.now());
  EXPECT_EQ(f.count("detach"), 750U);
  EXPECT_EQ(f.count("find_hub"), 0U);
  EXPECT_GE(f.pieces(), 5);
  EXPECT_EQ(f.count("detach"), f.many);
  EXPECT_EQ(f.count("find_hub"), f.many + 1);
  EXPECT_EQ(f.state("plant", "new"), device_state::provisioning);
  EXPECT_EQ(f.in_state(device_state::provisioning), f.many + 1);
}

TEST(pieces, devices_that_forget_and_come_meanwhile_are_no_trouble) {
  crowd f;
  f.of("field").section = azure_name{"other"};
  f.shard.take_rules(f.by, f.clock.now());
  for (const auto* name : {"dev-1", "dev-900"})
    EXPECT_EQ(f.shard.forget(shard_fixture::key("field", name), false, f.clock.now()), forgetting::forgotten);
  f.wait_for("field", "late", 1);
  f.pieces();
  EXPECT_EQ(f.in_state(device_state::provisioning), f.many - 1);
  EXPECT_EQ(f.count("find_hub"), f.many - 1);
}

TEST(pieces, rules_that_come_while_others_are_taken_follow_them_and_the_last_count) {
  crowd f;
  f.of("field").section = azure_name{"other"};
  f.shard.take_rules(f.by, f.clock.now());
  f.of("field").identity_template = "y-{device_id}";
  f.shard.take_rules(f.by, f.clock.now());
  f.of("field").identity_template = "z-{device_id}";
  f.shard.take_rules(f.by, f.clock.now());
  f.pieces();
  EXPECT_EQ(f.ports.take().back(), "find_hub 999 z-dev-999 in other");
  EXPECT_EQ(f.count("find_hub 0 y"), 0U);
  EXPECT_EQ(f.in_state(device_state::provisioning), f.many);
  EXPECT_EQ(f.shard.deadline(), std::nullopt);
}

TEST(pieces, rules_that_come_during_a_start_wait_for_its_end) {
  changing f;
  start_image image;
  image.devices.push_back({first, shard_fixture::key("field", "a"), {}});
  image.devices.push_back({second, shard_fixture::key("field", "b"), {}});
  for (const auto which : {first, second})
    image.assignments.push_back(
        {shard_fixture::key("field", which == first ? "a" : "b"),
         {hub_host{"h"}, identity{which == first ? "a" : "b"}, azure_name{"dps"}, {}, "f1/{device_id}"}});
  f.shard.begin(std::move(image), f.clock.now());
  f.of("field").section = azure_name{"other"};
  EXPECT_EQ(f.take(), calls{});
  EXPECT_EQ(f.shard.deadline(), std::nullopt);
  EXPECT_TRUE(f.shard.start_some(3, f.clock.now()));
  EXPECT_FALSE(f.shard.start_some(3, f.clock.now()));
  EXPECT_EQ(f.ports.take(), (calls{"attach 0 a@h", "attach 1 b@h"})) << "by the rules that it began with";
  f.shard.on_tick(f.clock.now());
  EXPECT_EQ(f.ports.take(), (calls{"detach 0", "forget_assignment 0", "detach 1", "forget_assignment 1",
                                   "find_hub 0 a in other", "find_hub 1 b in other"}));
}

} // namespace
} // namespace causeway::core
