// SPDX-License-Identifier: Apache-2.0
// What the registry says of devices, and what follows. "meters" follows it: devices without the attribute are
// on.
#include "core/device_table.h"
#include "core/recording_ports.h"

#include <gtest/gtest.h>

namespace causeway::core {
namespace {

using testing::calls;
using testing::shard_fixture;

constexpr device_ref first{0};

// A shard whose devices without the attribute are on, or off.
struct world_of : shard_fixture {
  explicit world_of(bool enabled_by_default, shard_options options = {})
      : shard_fixture{std::move(options), [enabled_by_default] {
                        auto made = rules();
                        made[2].enabled_by_default = enabled_by_default;
                        return made;
                      }()} {}
};

// Acceptance scenario 9: five devices, application model id dtmi:x:app;1. d4 says "maybe", which the registry
// client hands over as unsaid; the application's default counts then.
TEST(registry, tells_who_is_connected_and_with_which_model) {
  struct row {
    const char* device;
    std::optional<bool> integration;
    const char* model;
    bool connects_by_default, connects_otherwise;
    const char* as;
  };
  const row rows[] = {
      {"dev-1", {}, "", true, false, "dtmi:x:app;1"},
      {"dev-2", false, "", false, false, ""},
      {"dev-3", true, "dtmi:x:own;2", true, true, "dtmi:x:own;2"},
      {"dev-4", {}, "", true, false, "dtmi:x:app;1"},
      {"dev-5", {}, "dtmi:x:own;5", true, false, "dtmi:x:own;5"},
  };
  for (const bool enabled_by_default : {true, false})
    for (const auto& row : rows) {
      world_of f{enabled_by_default};
      f.registered(row.device, row.integration, row.model);
      const auto status = f.status("meters", row.device);
      EXPECT_TRUE(status.listed);
      if (enabled_by_default ? row.connects_by_default : row.connects_otherwise) {
        EXPECT_EQ(f.ports.take(), (calls{std::string{"save_device 0 "} + row.device,
                                         std::string{"find_hub 0 "} + row.device + " in dps"}));
        ASSERT_EQ(f.ports.wishes.size(), 1u);
        EXPECT_EQ(f.ports.wishes[0].model_id, row.as);
        EXPECT_EQ(f.ports.wishes[0].application, 2u);
        EXPECT_TRUE(f.ports.wishes[0].commands);
        EXPECT_FALSE(f.ports.wishes[0].urgent);
      } else {
        EXPECT_EQ(f.ports.take(), (calls{std::string{"save_device 0 "} + row.device}));
        EXPECT_EQ(status.state, device_state::off);
      }
    }
}

TEST(registry, what_it_repeats_is_neither_saved_nor_acted_on) {
  shard_fixture f;
  f.registered("dev-1", true, "dtmi:x:own;2");
  f.registered("dev-2", false);
  f.ports.take();
  for (int i = 0; i < 3; ++i) {
    f.registered("dev-1", true, "dtmi:x:own;2");
    f.registered("dev-2", false);
  }
  EXPECT_EQ(f.ports.take(), calls{});
  EXPECT_EQ(f.shard.totals().registry.words, 8u);
  EXPECT_EQ(f.shard.totals().registry.changes, 2u);
  EXPECT_EQ(f.shard.totals().registry.listed, 2u);
}

TEST(registry, a_device_that_no_list_has_named_waits_with_its_messages) {
  shard_fixture f;
  f.post(f.frame("meters", "dev-1", 1));
  f.spooled(1);
  f.post(f.frame("meters", "dev-1", 2));
  f.spooled(2);
  EXPECT_EQ(f.ports.take(),
            (calls{"save_device 0 dev-1", "append 1", "answer 1 stored", "append 2", "answer 2 stored"}));
  EXPECT_EQ(f.in_state(device_state::unlisted), 1u);
  f.registered("dev-1");
  EXPECT_EQ(f.ports.take(), (calls{"save_device 0 dev-1", "find_hub 0 dev-1 in dps"}));
  EXPECT_TRUE(f.ports.wishes.back().urgent);
  f.shard.on_listed(application_id{"meters"}, f.clock.now());
  EXPECT_EQ(f.ports.take(), calls{});
}

TEST(registry, after_the_first_list_a_device_that_it_does_not_name_is_looked_up_once) {
  shard_fixture f;
  f.post(f.frame("meters", "dev-1", 1));
  f.spooled(1);
  f.ports.take();
  f.shard.on_listed(application_id{"meters"}, f.clock.now());
  EXPECT_EQ(f.ports.take(), (calls{"look_up 0 dev-1"}));
  f.post(f.frame("meters", "dev-1", 2));
  f.spooled(2);
  EXPECT_EQ(f.ports.take(), (calls{"append 2", "answer 2 stored"})); // the look-up is under way
  f.shard.on_looked_up(first, f.word("dev-1", true, "dtmi:x:own;2"), f.clock.now());
  EXPECT_EQ(f.ports.take(), (calls{"save_device 0 dev-1", "find_hub 0 dev-1 in dps"}));
  EXPECT_EQ(f.ports.wishes.back().model_id, "dtmi:x:own;2");
  f.post(f.frame("meters", "dev-2", 1));
  f.spooled(3);
  EXPECT_EQ(f.ports.take(), (calls{"save_device 1 dev-2", "append 3", "answer 3 stored", "look_up 1 dev-2"}));
  f.shard.on_looked_up(device_ref{1}, f.word("dev-2", false), f.clock.now());
  EXPECT_EQ(f.ports.take(), (calls{"save_device 1 dev-2"}));
  EXPECT_EQ(f.status("meters", "dev-2").waiting, 1u);
}

TEST(registry, a_device_that_it_does_not_know_is_parked_and_comes_when_it_is_registered) {
  shard_fixture f;
  f.shard.on_listed(application_id{"meters"}, f.clock.now());
  f.post(f.frame("meters", "dev-1", 1));
  f.spooled(1);
  f.ports.take();
  f.shard.on_looked_up(first, error{errc::device_unlisted}, f.clock.now());
  EXPECT_EQ(f.status("meters", "dev-1").reason, errc::device_unlisted);
  EXPECT_EQ(f.status("meters", "dev-1").next_try, f.clock.now().mono + seconds{60});
  f.post(f.frame("meters", "dev-1", 2));
  f.spooled(2);
  EXPECT_EQ(f.ports.take(), (calls{"append 2", "answer 2 stored"}));
  f.clock.advance(seconds{60});
  f.shard.on_tick(f.clock.now());
  EXPECT_EQ(f.ports.take(), (calls{"look_up 0 dev-1"}));
  f.shard.on_looked_up(first, error{errc::device_unlisted}, f.clock.now());
  EXPECT_EQ(f.status("meters", "dev-1").next_try, f.clock.now().mono + seconds{120});
  f.registered("dev-1");
  EXPECT_EQ(f.ports.take(), (calls{"save_device 0 dev-1", "find_hub 0 dev-1 in dps"}));
}

TEST(registry, that_cannot_answer_is_asked_again_with_growing_pauses) {
  shard_fixture f;
  f.shard.on_listed(application_id{"meters"}, f.clock.now());
  f.post(f.frame("meters", "dev-1", 1));
  f.spooled(1);
  for (const auto pause : {2, 4, 8}) {
    f.ports.take();
    f.shard.on_looked_up(first, error{errc::registry_unavailable}, f.clock.now());
    EXPECT_EQ(f.status("meters", "dev-1").next_try, f.clock.now().mono + seconds{pause});
    f.clock.advance(seconds{pause});
    f.shard.on_tick(f.clock.now());
    EXPECT_EQ(f.ports.take(), (calls{"look_up 0 dev-1"}));
  }
  f.shard.on_looked_up(first, error{errc::registry_throttled}.with_retry_after(seconds{7}), f.clock.now());
  EXPECT_EQ(f.status("meters", "dev-1").next_try, f.clock.now().mono + seconds{7});
}

TEST(registry, an_answer_that_a_list_has_overtaken_changes_nothing) {
  shard_fixture f;
  f.shard.on_listed(application_id{"meters"}, f.clock.now());
  f.post(f.frame("meters", "dev-1", 1));
  f.spooled(1);
  f.registered("dev-1");
  f.ports.take();
  f.shard.on_looked_up(first, error{errc::device_unlisted}, f.clock.now());
  EXPECT_EQ(f.ports.take(), calls{});
  EXPECT_EQ(f.status("meters", "dev-1").state, device_state::provisioning);
}

// Brings dev-1 of "meters" to where a test needs it; calls are taken.
void bring(shard_fixture& f, device_state to, bool with_message = false) {
  f.registered("dev-1");
  if (with_message) {
    f.post(f.frame("meters", "dev-1", 1));
    f.spooled(1);
  }
  if (to != device_state::provisioning) f.assigned(first, "hub-a", "dps", "f1", "dev-1");
  if (to == device_state::online) f.shard.on_device_attached(first, f.clock.now());
  if (to == device_state::parked)
    f.shard.on_device_detached(first, error{errc::hub_device_disabled}, false, f.clock.now());
  f.ports.take();
}

TEST(switched_off, a_device_is_taken_back_wherever_it_is) {
  struct row {
    device_state from;
    std::optional<std::string> taken_back;
  };
  for (const auto& row :
       {row{device_state::provisioning, "call_off 0"}, row{device_state::attaching, "detach 0"},
        row{device_state::online, "detach 0"}, row{device_state::parked, {}}}) {
    shard_fixture f;
    bring(f, row.from, true);
    f.registered("dev-1", false);
    calls expected{"save_device 0 dev-1"};
    if (row.taken_back) expected.push_back(*row.taken_back);
    EXPECT_EQ(f.ports.take(), expected) << to_string(row.from);
    EXPECT_EQ(f.in_state(device_state::off), 1u);
    EXPECT_EQ(f.shard.totals().waiting_messages, 1u); // for removed_grace
    // What was under way does not bring it back.
    f.assigned(first, "hub-a", "dps", "f1", "dev-1");
    f.shard.on_device_attached(first, f.clock.now());
    f.shard.on_send_outcome(first, 1, {}, f.clock.now());
    f.shard.on_device_detached(first, error{errc::connection_lost}, false, f.clock.now());
    f.clock.advance(seconds{7200});
    f.shard.on_tick(f.clock.now());
    EXPECT_EQ(f.ports.take(), calls{}) << to_string(row.from);
    EXPECT_EQ(f.in_state(device_state::off), 1u);
  }
}

TEST(switched_off, events_are_answered_and_go_nowhere_until_it_is_on_again) {
  shard_fixture f;
  bring(f, device_state::online);
  f.post(f.frame("meters", "dev-1", 1)); // on its way to the disk
  f.registered("dev-1", false);
  f.ports.take();
  f.spooled(1);
  EXPECT_EQ(f.ports.take(), (calls{"answer 1 stored"})); // it was wanted when it came
  f.post(f.frame("meters", "dev-1", 2));
  EXPECT_EQ(f.ports.take(), (calls{"answer 2 unwanted"}));
  f.registered("dev-1", true);
  EXPECT_EQ(f.ports.take(), (calls{"save_device 0 dev-1", "attach 0 dev-1@hub-a"}));
  f.shard.on_device_attached(first, f.clock.now());
  EXPECT_EQ(f.ports.take(), (calls{"send 0 1 dev-1#1"}));
  f.shard.on_send_outcome(first, 1, {}, f.clock.now());
  f.ports.take();
  f.post(f.frame("meters", "dev-1", 3));
  f.spooled(2);
  EXPECT_EQ(f.ports.take(), (calls{"append 2", "answer 3 stored", "send 0 2 dev-1#3"}));
}

TEST(switched_off, many_waiting_messages_stay_while_one_is_read_back) {
  shard_fixture f{{.body_cache_bytes = 0}};
  bring(f, device_state::attaching);
  for (std::uint32_t i = 1; i <= 3; ++i) {
    f.post(f.frame("meters", "dev-1", i));
    f.spooled(i);
  }
  f.shard.on_device_attached(first, f.clock.now());
  f.ports.take();
  f.registered("dev-1", false);
  EXPECT_EQ(f.ports.take(), (calls{"save_device 0 dev-1", "detach 0"}));
  f.shard.on_read_back({f.ports.appended[0].rows[0]}, {}, f.clock.now());
  EXPECT_EQ(f.ports.take(), calls{});
  EXPECT_EQ(f.shard.totals().dead_lettered, 0u);
}

TEST(model, a_change_opens_the_link_again_and_only_a_change) {
  shard_fixture f;
  bring(f, device_state::online, true);
  f.registered("dev-1", {}, "dtmi:x:own;2");
  EXPECT_EQ(f.ports.take(), (calls{"save_device 0 dev-1", "detach 0", "attach 0 dev-1@hub-a"}));
  EXPECT_EQ(f.ports.wishes.back().model_id, "dtmi:x:own;2");
  f.shard.on_device_attached(first, f.clock.now());
  EXPECT_EQ(f.ports.take(), (calls{"send 0 1 dev-1#1"})); // what was in flight goes again
  f.registered("dev-1", true, "dtmi:x:own;2");
  EXPECT_EQ(f.ports.take(), (calls{"save_device 0 dev-1"}));
  // The application's own, now the device's: saved, but the hub sees no difference.
  shard_fixture g;
  bring(g, device_state::online);
  g.registered("dev-1", {}, "dtmi:x:app;1");
  EXPECT_EQ(g.ports.take(), (calls{"save_device 0 dev-1"}));
}

TEST(model, a_change_is_kept_for_a_device_that_is_not_connected) {
  shard_fixture f;
  bring(f, device_state::parked);
  f.registered("dev-1", {}, "dtmi:x:own;2");
  EXPECT_EQ(f.ports.take(), (calls{"save_device 0 dev-1"}));
  f.clock.advance(seconds{60});
  f.shard.on_tick(f.clock.now());
  EXPECT_EQ(f.ports.take(), (calls{"attach 0 dev-1@hub-a"}));
  EXPECT_EQ(f.ports.wishes.back().model_id, "dtmi:x:own;2");
}

TEST(registry, a_list_longer_than_the_limit_is_counted_and_known_devices_go_on) {
  shard_fixture f{{.max_devices = 2}};
  for (const auto* name : {"dev-1", "dev-2", "dev-3", "dev-4", "dev-1"})
    f.registered(name);
  EXPECT_EQ(f.shard.devices().size(), 2u);
  EXPECT_EQ(f.shard.totals().registry.over_limit, 2u);
  EXPECT_EQ(f.shard.totals().registry.words, 5u);
}

TEST(registry, words_about_anything_else_are_left) {
  shard_fixture f;
  f.shard.on_registered({f.key("plant", "dev-1"), {}, {}, {}}, f.clock.now());
  f.shard.on_registered({f.key("elsewhere", "dev-1"), {}, {}, {}}, f.clock.now());
  f.shard.on_registered(f.word("no id of the stack"), f.clock.now());
  f.shard.on_listed(application_id{"elsewhere"}, f.clock.now());
  EXPECT_EQ(f.ports.take(), calls{});
  EXPECT_EQ(f.shard.devices().size(), 0u);
}

TEST(registry, an_application_that_does_not_follow_it_is_on_or_off_as_a_whole) {
  auto rules = shard_fixture::rules();
  rules[0].enabled_by_default = false;
  shard_fixture f{{}, rules};
  f.post(f.frame("plant", "dev-1", 1));
  EXPECT_EQ(f.ports.take(), (calls{"answer 1 unwanted"}));
  EXPECT_EQ(f.shard.devices().size(), 0u);
}

TEST(registry, its_dev_eui_completes_an_identity) {
  auto rules = shard_fixture::rules();
  rules[2].identity_template = "{dev_eui}";
  shard_fixture f{{}, rules};
  f.registered("dev-1");
  EXPECT_EQ(f.status("meters", "dev-1").reason, errc::identity_incomplete);
  f.ports.take();
  auto word = f.word("dev-1");
  word.dev_eui = dev_eui{"70B3D52DD600035A"};
  f.shard.on_registered(word, f.clock.now());
  EXPECT_EQ(f.ports.take(), (calls{"save_device 0 dev-1", "find_hub 0 70B3D52DD600035A in dps"}));
  EXPECT_EQ(f.ports.saved[first].dev_eui, word.dev_eui);
}

device_record record(std::uint32_t ref, const char* name, bool listed, std::optional<bool> integration = {},
                     const char* model = "") {
  return {device_ref{ref}, shard_fixture::key("meters", name), {}, listed, integration, model};
}

assignment at_hub(const char* name) {
  return {hub_host{"hub-a"}, identity{name}, azure_name{"dps"}, {}, "f1/{device_id}"};
}

TEST(registry_at_start, the_cached_list_connects_whom_it_names) {
  shard_fixture f;
  start_image image;
  image.devices = {record(0, "dev-0", true),        record(1, "dev-1", true, true, "dtmi:x:own;2"),
                   record(2, "dev-2", true, false), record(3, "dev-3", false),
                   record(4, "dev-4", false),       record(5, "dev-5", true)};
  image.assignments = {{shard_fixture::key("meters", "dev-0"), at_hub("dev-0")},
                       {shard_fixture::key("meters", "dev-2"), at_hub("dev-2")},
                       {shard_fixture::key("meters", "dev-3"), at_hub("dev-3")},
                       {shard_fixture::key("meters", "dev-5"), at_hub("dev-5")}};
  image.waiting = {{7, device_ref{2}, 10}, {8, device_ref{4}, 10}, {9, device_ref{5}, 10}};
  image.next_seq = 10;
  f.start(image);
  EXPECT_EQ(f.ports.take(), (calls{"save_device 2 dev-2", "look_up 4 dev-4", "attach 5 dev-5@hub-a",
                                   "attach 0 dev-0@hub-a", "find_hub 1 dev-1 in dps"}));
  EXPECT_EQ(f.ports.wishes.back().model_id, "dtmi:x:own;2");
  EXPECT_EQ(f.in_state(device_state::off), 1u);
  EXPECT_EQ(f.in_state(device_state::unlisted), 2u); // dev-3 has an assignment, but no word
  EXPECT_EQ(f.shard.totals().registry.listed, 4u);
  // The list that comes then says the same.
  for (const auto& one : image.devices)
    if (one.listed)
      f.shard.on_registered({one.key, one.dev_eui, one.integration, one.model_id}, f.clock.now());
  EXPECT_EQ(f.ports.take(), calls{});
  f.registered("dev-3");
  EXPECT_EQ(f.ports.take(), (calls{"save_device 3 dev-3", "attach 3 dev-3@hub-a"}));
}

TEST(registry_at_start, without_any_list_devices_wait_for_it) {
  shard_fixture f;
  start_image image;
  image.devices = {record(0, "dev-0", false)};
  image.assignments = {{shard_fixture::key("meters", "dev-0"), at_hub("dev-0")}};
  image.waiting = {{7, device_ref{0}, 10}};
  image.next_seq = 8;
  f.start(image);
  EXPECT_EQ(f.ports.take(), calls{});
  f.shard.on_listed(application_id{"meters"}, f.clock.now());
  EXPECT_EQ(f.ports.take(), (calls{"look_up 0 dev-0"}));
}

TEST(registry, what_is_saved_is_all_that_a_start_needs) {
  shard_fixture f;
  f.post(f.frame("meters", "dev-1", 1));
  f.registered("dev-1", true, "dtmi:x:own;2");
  auto event = f.frame("meters", "dev-1", 2);
  event.dev_eui = dev_eui{"70B3D52DD600035A"};
  f.post(event);
  const auto& saved = f.ports.saved[first];
  EXPECT_TRUE(saved.listed);
  EXPECT_EQ(saved.integration, true);
  EXPECT_EQ(saved.model_id, "dtmi:x:own;2");
  EXPECT_EQ(saved.dev_eui, event.dev_eui);
}

} // namespace
} // namespace causeway::core
