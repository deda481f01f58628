// SPDX-License-Identifier: Apache-2.0
// Two devices that claim one identity.
#include "core/recording_ports.h"

#include <gtest/gtest.h>

namespace causeway::core {
namespace {

using testing::calls;
using testing::shard_fixture;

constexpr device_ref first{0}, second{1};

device_record record(std::uint32_t ref, const char* application) {
  return {device_ref{ref}, shard_fixture::key(application, "dev-1"), dev_eui{"70B3D52DD600035A"}};
}

// "plant", "field" and "meters" name their devices by EUI, all in one section.
struct claimed : shard_fixture {
  explicit claimed(const char* section = "hub")
      : shard_fixture{{}, [section] {
                        auto made = rules();
                        for (auto& one : made) {
                          one.identity_template = "{dev_eui}";
                          one.section = azure_name{section};
                        }
                        return made;
                      }()} {}
  void post_as(const char* application, std::uint32_t f_cnt) {
    auto event = frame(application, "dev-1", f_cnt);
    event.dev_eui = dev_eui{"70B3D52DD600035A"};
    post(std::move(event));
    spooled(ports.appended.back().rows.front().seq);
  }
};

// A10: whose messages waited had it after a restart.
TEST(claims, who_has_the_identity_on_disk_keeps_it_whatever_waits_for_the_other) {
  for (const auto* section : {"hub", "dps"}) {
    claimed f{section};
    start_image image;
    image.devices = {record(0, "plant"), record(1, "field")};
    const std::string fingerprint = std::string{section} == "dps" ? "f1/{dev_eui}" : "";
    image.assignments = {
        {claimed::key("field", "dev-1"),
         {hub_host{"h"}, identity{"70B3D52DD600035A"}, azure_name{section}, {}, fingerprint}}};
    image.waiting = {{1, first, 10}};
    image.next_seq = 2;
    f.start(image);
    for (const auto& call : f.ports.take())
      EXPECT_NE(call.substr(0, 10), "find_hub 0") << "nothing of Azure is asked for it";
    EXPECT_EQ(f.status("plant", "dev-1").waiting, 1U);
    EXPECT_EQ(f.status("plant", "dev-1").reason, errc::identity_taken);
    EXPECT_NE(f.status("plant", "dev-1").reason_detail.find("of application field"), std::string::npos);
  }
}

TEST(claims, a_holder_that_is_not_connected_holds_it_still) {
  claimed f;
  f.post_as("plant", 1);
  EXPECT_EQ(f.status("plant", "dev-1").state, device_state::provisioning);
  f.shard.on_assignment(first, error{errc::hub_unauthorized}, f.clock.now());
  f.ports.take();
  f.post_as("field", 1);
  EXPECT_EQ(f.status("field", "dev-1").reason, errc::identity_taken);
  for (const auto& call : f.ports.take())
    EXPECT_FALSE(call.starts_with("find_hub")) << call;
}

TEST(claims, of_two_on_disk_the_older_has_it) {
  claimed f{"dps"};
  start_image image;
  image.devices = {record(0, "plant"), record(1, "field")};
  const assignment newer{hub_host{"h"}, identity{"70B3D52DD600035A"}, azure_name{"dps"},
                         wall_time{seconds{2000}}, "f1/{dev_eui}"};
  auto older = newer;
  older.assigned_at = wall_time{seconds{1000}};
  image.assignments = {{claimed::key("plant", "dev-1"), newer}, {claimed::key("field", "dev-1"), older}};
  f.start(image);
  EXPECT_EQ(f.ports.take(), (calls{"forget_assignment 0", "attach 1 70B3D52DD600035A@h"}));
}

TEST(claims, an_identity_by_connection_string_is_remembered_once) {
  claimed f;
  f.post_as("plant", 1);
  f.ports.take();
  f.assigned(first, "h", "hub", "", "70B3D52DD600035A");
  EXPECT_EQ(f.ports.take(), (calls{"save_assignment 0 h", "attach 0 70B3D52DD600035A@h"}));
  claimed g;
  start_image image;
  image.devices = {record(0, "plant")};
  image.assignments = {{claimed::key("plant", "dev-1"),
                        {hub_host{"h"}, identity{"70B3D52DD600035A"}, azure_name{"hub"}, {}, ""}}};
  g.start(image);
  EXPECT_EQ(g.ports.take(), (calls{"find_hub 0 70B3D52DD600035A in hub"}));
  g.assigned(first, "h", "hub", "", "70B3D52DD600035A");
  EXPECT_EQ(g.ports.take(), (calls{"attach 0 70B3D52DD600035A@h"}));
}

TEST(claims, a_claim_is_a_reason_to_look_the_holder_up_and_a_deleted_one_gives_it_up) {
  auto rules = shard_fixture::rules();
  for (auto& one : rules)
    one.identity_template = "{dev_eui}";
  shard_fixture f{{}, rules};
  auto word = f.word("dev-1");
  word.dev_eui = dev_eui{"70B3D52DD600035A"};
  f.shard.on_registered(word, f.clock.now());
  f.shard.on_listed(application_id{"meters"}, f.clock.now());
  f.assigned(first, "hub-a", "dps", "f1", "70B3D52DD600035A");
  f.shard.on_device_attached(first, f.clock.now());
  f.ports.take();
  word.key.device = device_id{"dev-2"}; // renaming in the stack is deleting and creating
  f.shard.on_registered(word, f.clock.now());
  EXPECT_EQ(f.status("meters", "dev-2").reason, errc::identity_taken);
  f.shard.on_tick(f.clock.now());
  EXPECT_EQ(f.ports.take().back(), "look_up 0 dev-1");
  f.shard.on_looked_up(first, error{errc::device_unlisted}, f.clock.now());
  f.clock.advance(seconds{60});
  f.shard.on_tick(f.clock.now());
  EXPECT_EQ(f.ports.take().back(), "find_hub 1 70B3D52DD600035A in dps");
}

TEST(claims, sections_of_one_realm_share_names_and_others_do_not) {
  auto rules = shard_fixture::rules(); // "plant" in "hub", "field" in "dps"
  shard_fixture apart{{}, rules};
  apart.post(apart.frame("plant", "dev-1", 1));
  apart.spooled(1);
  apart.post(apart.frame("field", "dev-1", 1));
  apart.spooled(2);
  EXPECT_EQ(apart.in_state(device_state::provisioning), 2U);
  rules[0].realm = rules[1].realm = "hub/h";
  shard_fixture together{{}, rules};
  together.post(together.frame("plant", "dev-1", 1));
  together.spooled(1);
  together.post(together.frame("field", "dev-1", 1));
  together.spooled(2);
  EXPECT_EQ(together.status("field", "dev-1").reason, errc::identity_taken);
}

} // namespace
} // namespace causeway::core
