// SPDX-License-Identifier: Apache-2.0
#include "app/plan_source.h"

#include "app/outlook.h"
#include "model/timeline.h"

#include <gtest/gtest.h>

namespace causeway::app {
namespace {

// As a section with DPS would answer; an empty one is by connection string.
struct fixed_provisioner final : model::provisioner {
  void find_hub(device_ref, const azure_name&, const identity&, const model::connect_wish&) override {}
  void call_off(device_ref) override {}
  void hurry(device_ref) override {}
  std::string fingerprint(const azure_name& section) const override {
    return section.str() == "plant" ? "" : "key-1";
  }
};

struct silent_registry final : model::registry {
  void look_up(device_ref, const model::device_key&) override {}
};

struct scene {
  fixed_provisioner provisioner;
  silent_registry registry;
  model::start_image image;
  plan_frame frame;

  scene() {
    frame.sections = {{azure_name{"field"}, true, "", 1'000, 100, "S1", {{"S3", 6'000}}},
                      {azure_name{"plant"}, false, "p.azure-devices.net", 0, 50, "", {}}};
    frame.applications = {{application_id{"water"}, 0, "cache", ""},
                          {application_id{"gas"}, 1, "cache", ""},
                          {application_id{"heat"}, 0, "cache", "no api_key: only devices that have sent"}};
  }
  device_ref add(const char* application, std::string id, bool listed, std::optional<bool> integration = {}) {
    const auto ref = static_cast<device_ref>(image.devices.size());
    model::device_record record;
    record.ref = ref;
    record.key = {application_id{application}, device_id{std::move(id)}};
    record.listed = listed;
    record.integration = integration;
    image.devices.push_back(std::move(record));
    return ref;
  }
  void assign(device_ref ref, const char* host, const char* fingerprint = "key-1/{device_id}") {
    model::assignment where;
    where.hub = hub_host{host};
    where.identity = identity{image.devices[index_of(ref)].key.device.str()};
    where.section = azure_name{"field"};
    where.fingerprint = fingerprint;
    image.assignments.push_back({image.devices[index_of(ref)].key, std::move(where)});
  }
  watch::plan_input count() {
    std::vector<core::application_rules> rules(3);
    for (std::size_t i = 0; i < 3; ++i) {
      rules[i].id = frame.applications[i].id;
      rules[i].section = frame.sections[frame.applications[i].section].name;
      rules[i].follows_registry = i == 0;
    }
    const auto now = manual_clock{}.now();
    outlook seen{rules};
    seen.connect(provisioner, registry);
    seen.begin(image, now);
    return count_plan(seen.devices(), frame);
  }
};

TEST(plan_source, tells_cached_from_new_devices) {
  scene s;
  s.assign(s.add("water", "meter-1", true), "a.azure-devices.net");
  s.assign(s.add("water", "meter-2", true), "a.azure-devices.net", "another key");
  s.add("water", "meter-3", true);
  s.add("water", "meter-4", true, false); // switched off
  s.add("water", "meter-5", false);       // the registry has not named it
  const auto plan = s.count();
  const auto& water = plan.applications[0];
  EXPECT_EQ(water.devices, 5U);
  EXPECT_EQ(water.assigned, 1U);
  EXPECT_EQ(water.by_dps, 2U); // a stale assignment counts for nothing
  EXPECT_EQ(water.idle, 2U);
  ASSERT_EQ(plan.dps.size(), 1U);
  EXPECT_EQ(plan.dps[0].registrations, 2U);
  // DPS has named one hub only, so the new ones are expected there.
  ASSERT_EQ(plan.hubs.size(), 1U);
  EXPECT_EQ(plan.hubs[0].name, "a.azure-devices.net");
  EXPECT_EQ(plan.hubs[0].devices, 3U);
}

TEST(plan_source, does_not_guess_among_several_hubs) {
  scene s;
  s.assign(s.add("water", "meter-1", true), "a.azure-devices.net");
  s.assign(s.add("water", "meter-2", true), "b.azure-devices.net");
  s.add("water", "meter-3", true);
  const auto plan = s.count();
  ASSERT_EQ(plan.hubs.size(), 3U);
  EXPECT_EQ(plan.hubs[0].name, "a hub of field");
  EXPECT_EQ(plan.hubs[0].devices, 1U);
}

TEST(plan_source, a_connection_string_needs_no_dps) {
  scene s;
  s.add("gas", "meter-1", false);
  s.add("gas", "meter-2", false);
  const auto plan = s.count();
  EXPECT_EQ(plan.applications[1].at_once, 2U);
  ASSERT_EQ(plan.hubs.size(), 1U);
  EXPECT_EQ(plan.hubs[0].name, "p.azure-devices.net");
  EXPECT_EQ(plan.hubs[0].devices, 2U);
}

TEST(plan_source, counts_the_twins_that_are_read_where_the_application_and_the_tier_have_them) {
  scene s;
  s.frame.sections[0].twin_reads_per_second = 100;
  s.frame.applications[0].has_twins = s.frame.applications[1].has_twins = true;
  s.assign(s.add("water", "meter-1", true), "a.azure-devices.net");
  s.add("water", "meter-2", true);
  s.add("water", "meter-3", true, false); // switched off
  s.assign(s.add("heat", "meter-4", true), "a.azure-devices.net");
  s.add("gas", "meter-5", false); // of a Basic tier
  const auto plan = s.count();
  ASSERT_EQ(plan.hubs.size(), 2U);
  EXPECT_EQ(plan.hubs[0].twins, 2U);
  EXPECT_EQ(plan.hubs[0].twin_reads_per_second, 100);
  EXPECT_EQ(plan.hubs[1].twins, 0U);
}

TEST(plan_source, without_a_registry_a_device_is_registered_when_it_sends) {
  scene s;
  s.add("heat", "meter-1", false);
  const auto waiting = s.add("heat", "meter-2", false);
  s.image.waiting.push_back({1, waiting, 100});
  s.image.next_seq = 2;
  const auto plan = s.count();
  EXPECT_EQ(plan.applications[2].idle, 1U);
  EXPECT_EQ(plan.applications[2].by_dps, 1U);
}

} // namespace
} // namespace causeway::app
