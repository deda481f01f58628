// SPDX-License-Identifier: Apache-2.0
// Other rules at run time, and what they make of devices.
#include "core/rules_scene.h"

#include <gtest/gtest.h>

namespace causeway::core {
namespace {

using testing::calls;
using testing::changing;
using testing::shard_fixture;

TEST(other_rules, what_a_change_makes_of_a_device_that_is_online) {
  using change = std::function<void(changing&)>;
  const auto of = [](const char* application, void (*what)(application_rules&)) {
    return [=](changing& f) { what(f.of(application)); };
  };
  const calls nothing, again{"detach 0", "attach 0 dev@h"};
  struct row {
    const char* what;
    const char* application;
    change made;
    calls asked;
    device_state state;
  };
  const row rows[] = {
      {"nothing", "field", [](changing&) {}, nothing, device_state::online},
      {"their order", "field", [](changing& f) { std::reverse(f.by.begin(), f.by.end()); }, nothing,
       device_state::online},
      {"another application", "field",
       of("plant", [](application_rules& r) { r.section = azure_name{"other"}; }), nothing,
       device_state::online},
      {"kinds of events", "field", of("field", [](application_rules& r) { r.events.reset(); }), nothing,
       device_state::online},
      {"grace", "field", of("field", [](application_rules& r) { r.removed_grace = seconds{1}; }), nothing,
       device_state::online},
      {"model", "field", of("field", [](application_rules& r) { r.model_id = "dtmi:x:z;1"; }), again,
       device_state::attaching},
      {"commands", "field", of("field", [](application_rules& r) { r.commands = true; }), again,
       device_state::attaching},
      {"twins", "meters", of("meters", [](application_rules& r) { r.twin = true; }), again,
       device_state::attaching},
      {"section",
       "field",
       of("field", [](application_rules& r) { r.section = azure_name{"other"}; }),
       {"detach 0", "forget_assignment 0", "find_hub 0 dev in other"},
       device_state::provisioning},
      {"template",
       "field",
       of("field", [](application_rules& r) { r.identity_template = "x-{device_id}"; }),
       {"detach 0", "forget_assignment 0", "find_hub 0 x-dev in dps"},
       device_state::provisioning},
      {"template by connection string",
       "plant",
       of("plant", [](application_rules& r) { r.identity_template = "x-{device_id}"; }),
       {"detach 0", "forget_assignment 0", "find_hub 0 x-dev in hub"},
       device_state::provisioning},
      {"enrolment",
       "field",
       [](changing& f) { f.ports.fingerprints["dps"] = "f9"; },
       {"detach 0", "forget_assignment 0", "find_hub 0 dev in dps"},
       device_state::provisioning},
      {"from DPS to a connection string",
       "field",
       [](changing& f) { f.ports.fingerprints.clear(); },
       {"detach 0", "forget_assignment 0", "find_hub 0 dev in dps"},
       device_state::provisioning},
      {"id scope", "field", of("field", [](application_rules& r) { r.realm = "scope"; }), nothing,
       device_state::online},
      {"hub of a connection string",
       "plant",
       of("plant", [](application_rules& r) { r.realm = "h2"; }),
       {"detach 0", "forget_assignment 0", "find_hub 0 dev in hub"},
       device_state::provisioning},
      {"case of letters", "field", of("field", [](application_rules& r) { r.any_case = true; }), nothing,
       device_state::online},
      {"default",
       "meters",
       of("meters", [](application_rules& r) { r.enabled_by_default = false; }),
       {"detach 0"},
       device_state::off},
      {"no registry", "meters", of("meters", [](application_rules& r) { r.follows_registry = false; }),
       nothing, device_state::online},
      {"a registry",
       "field",
       of("field", [](application_rules& r) { r.follows_registry = true; }),
       {"detach 0"},
       device_state::unlisted},
      {"it leaves",
       "field",
       [](changing& f) { std::erase_if(f.by, [](auto& r) { return r.id.str() == "field"; }); },
       {"detach 0"},
       device_state::off},
  };
  for (const auto& row : rows) {
    changing f;
    f.online(row.application, "dev");
    row.made(f);
    EXPECT_EQ(f.take(), row.asked) << row.what;
    EXPECT_EQ(f.state(row.application), row.state) << row.what;
    EXPECT_EQ(f.take(), calls{}) << row.what << ", the same once more";
  }
}

TEST(other_rules, what_another_section_makes_of_a_device_wherever_it_stands) {
  struct row {
    const char* what;
    const char* application;
    std::function<void(changing&)> before;
    calls asked;
    device_state state;
  };
  const error disabled{errc::hub_device_disabled};
  const row rows[] = {
      {"provisioning",
       "field",
       [](changing& f) { f.meet("field", "dev"); },
       {"call_off 0", "find_hub 0 dev in other"},
       device_state::provisioning},
      {"attaching",
       "field",
       [](changing& f) { f.attaching_one("field", "dev"); },
       {"detach 0", "forget_assignment 0", "find_hub 0 dev in other"},
       device_state::provisioning},
      {"parked",
       "field",
       [&](changing& f) {
         f.shard.on_device_detached(f.online("field", "dev"), disabled, false, f.clock.now());
       },
       {"forget_assignment 0", "find_hub 0 dev in other"},
       device_state::provisioning},
      {"off",
       "meters",
       [](changing& f) {
         f.online("meters", "dev");
         f.registered("dev", false);
       },
       {"forget_assignment 0"},
       device_state::off},
      {"unlisted", "meters", [](changing& f) { f.wait_for("meters", "dev", 1); }, {}, device_state::unlisted},
  };
  for (const auto& row : rows) {
    changing f;
    row.before(f);
    f.ports.take();
    f.of(row.application).section = azure_name{"other"};
    EXPECT_EQ(f.take(), row.asked) << row.what;
    EXPECT_EQ(f.state(row.application), row.state) << row.what;
  }
}

TEST(other_rules, what_is_found_for_the_section_before_is_nothing_any_more) {
  changing f;
  const auto which = f.meet("field", "dev");
  f.of("field").section = azure_name{"other"};
  f.take();
  f.assigned(which, "h2", "other", "", "dev");
  EXPECT_EQ(f.ports.changes.back().assignments.back().where->fingerprint, "f2/{device_id}");
  EXPECT_EQ(f.ports.take(), (calls{"save_assignment 0 h2", "attach 0 dev@h2"}));
}

// What DPS is asked for is known by the enrolment of that moment, even if nobody has had an assignment yet.
TEST(other_rules, an_enrolment_that_changes_while_the_first_device_is_registered_counts) {
  changing f;
  f.meet("field", "dev");
  f.ports.fingerprints["dps"] = "f9";
  EXPECT_EQ(f.take(), (calls{"call_off 0", "find_hub 0 dev in dps"}));
}

TEST(other_rules, the_message_that_was_with_the_hub_goes_where_the_device_goes) {
  changing f;
  const auto which = f.online("field", "dev");
  f.wait_for("field", "dev", 2);
  f.ports.take();
  f.of("field").section = azure_name{"other"};
  f.take();
  f.found(which, "field", "dev");
  f.shard.on_device_attached(which, f.clock.now());
  EXPECT_EQ(f.ports.take().back(), "send 0 2 dev#2");
}

TEST(other_rules, kinds_of_events_count_from_the_next_event_on) {
  changing f;
  f.online("field", "dev");
  f.of("field").events.reset();
  f.take();
  EXPECT_EQ(f.answer_to("field", "dev", 2), answer::unwanted);
  f.with_all();
  EXPECT_EQ(f.answer_to("field", "dev", 3), answer::stored);
}

TEST(other_rules, a_device_with_a_model_of_its_own_stays_when_that_of_its_application_changes) {
  changing f;
  f.registered("own", {}, "dtmi:x:own;1");
  const auto own = *f.shard.devices().find(2, "own");
  f.assigned(own, "h", "dps", "", "own");
  const auto other = f.attaching_one("meters", "dev");
  f.of("meters").model_id = "dtmi:x:app;2";
  EXPECT_EQ(f.take(), (calls{"detach 1", "attach 1 dev@h"})) << index_of(other);
  EXPECT_EQ(f.ports.wishes.back().model_id, "dtmi:x:app;2");
  f.of("meters").follows_registry = false;
  EXPECT_EQ(f.take(), (calls{"detach 0", "attach 0 own@h"})) << "the registry's word counts no longer";
}

TEST(other_rules, who_is_switched_off_by_default_is_on_again_with_it) {
  changing f;
  f.online("meters", "dev");
  f.registered("said-on", true);
  f.registered("said-off", false);
  f.ports.take();
  f.of("meters").enabled_by_default = false;
  EXPECT_EQ(f.take(), calls{"detach 0"});
  EXPECT_EQ(f.state("meters", "said-on"), device_state::provisioning);
  EXPECT_EQ(f.answer_to("meters", "dev", 2), answer::unwanted);
  f.ports.take();
  f.of("meters").enabled_by_default = true;
  EXPECT_EQ(f.take(), calls{"attach 0 dev@h"});
  EXPECT_EQ(f.state("meters", "said-off"), device_state::off);
}

TEST(other_rules, a_registry_that_counts_no_longer_keeps_nobody_back) {
  changing f;
  f.registered("said-off", false);
  f.wait_for("meters", "unlisted", 1);
  f.wait_for("meters", "refused", 1);
  f.shard.on_listed(application_id{"meters"}, f.clock.now());
  f.shard.on_looked_up(device_ref{2}, error{errc::device_unlisted}, f.clock.now());
  ASSERT_EQ(f.state("meters", "refused"), device_state::parked);
  f.ports.take();
  f.of("meters").follows_registry = false;
  EXPECT_EQ(f.take(),
            (calls{"find_hub 0 said-off in dps", "find_hub 1 unlisted in dps", "find_hub 2 refused in dps"}));
}

TEST(other_rules, who_has_waited_for_a_registry_to_follow_goes_when_it_names_him) {
  changing f;
  const auto which = f.online("field", "dev");
  f.of("field").follows_registry = true;
  f.take();
  f.shard.on_registered({shard_fixture::key("field", "dev"), {}, {}, ""}, f.clock.now());
  EXPECT_EQ(f.ports.take(), (calls{"save_device 0 dev", "attach 0 dev@h"})) << index_of(which);
}

// Both in one section, with names that meet those of their realm.
struct meeting : changing {
  meeting(const char* of_plant, const char* of_field)
      : changing{{}, [&] {
                   auto made = rules();
                   made[0].section = made[1].section;
                   made[0].realm = of_plant;
                   made[1].realm = of_field;
                   return made;
                 }()} {}
  void attached(const char* application, std::int64_t at, const char* name = "dev") {
    const auto which = meet(application, name);
    shard.on_assignment(
        which, assignment{hub_host{"h"}, identity{name}, azure_name{"dps"}, wall_time{seconds{at}}, ""},
        clock.now());
    shard.on_device_attached(which, clock.now());
    ports.take();
  }
};

TEST(realms, who_was_refused_an_identity_has_it_where_names_meet_no_longer) {
  meeting f{"scope", "scope"};
  f.attached("field", 100);
  f.wait_for("plant", "dev", 1);
  ASSERT_EQ(f.status("plant", "dev").reason, errc::identity_taken);
  f.ports.take();
  f.of("plant").realm = "elsewhere";
  EXPECT_EQ(f.take(), calls{"find_hub 1 dev in dps"});
}

TEST(realms, where_names_come_to_meet_who_has_had_his_assignment_longer_keeps_the_identity) {
  for (const bool plant_is_older : {true, false})
    for (const bool by_case : {false, true}) {
      meeting f{by_case ? "common" : "one", by_case ? "common" : "two"};
      f.attached("plant", plant_is_older ? 100 : 200, by_case ? "DEV" : "dev");
      f.attached("field", plant_is_older ? 200 : 100);
      for (const auto* application : {"plant", "field"}) {
        f.of(application).realm = "common";
        f.of(application).any_case = by_case;
      }
      const std::string loser = plant_is_older ? "1" : "0";
      EXPECT_EQ(f.take(), (calls{"detach " + loser, "forget_assignment " + loser})) << by_case;
      const auto status =
          plant_is_older ? f.status("field", "dev") : f.status("plant", by_case ? "DEV" : "dev");
      EXPECT_EQ(status.reason, errc::identity_taken);
      EXPECT_EQ(f.in_state(device_state::online), 1U);
    }
}

TEST(realms, an_identity_is_held_where_its_names_meet_now) {
  meeting f{"one", "two"};
  f.attached("field", 100);
  f.of("field").realm = "one";
  EXPECT_EQ(f.take(), calls{});
  f.wait_for("plant", "dev", 1);
  EXPECT_EQ(f.status("plant", "dev").reason, errc::identity_taken);
}

} // namespace
} // namespace causeway::core
