// SPDX-License-Identifier: Apache-2.0
// From a row in the spool to the hub's accept, and the life of a device's connection.
#include "core/recording_ports.h"
#include "model/event_key.h"

#include <gtest/gtest.h>

namespace causeway::core {
namespace {

using testing::calls;
using testing::shard_fixture;

TEST(delivery, a_new_device_is_provisioned_attached_and_its_messages_follow_in_order) {
  shard_fixture f;
  f.post(f.frame("field", "dev-1", 1));
  f.spooled(1);
  f.post(f.frame("field", "dev-1", 2));
  f.spooled(2);
  f.ports.take();
  f.assigned(device_ref{0}, "hub-a", "dps", "f1", "dev-1");
  EXPECT_EQ(f.ports.take(), (calls{"save_assignment 0 hub-a", "attach 0 dev-1@hub-a"}));
  f.shard.on_device_attached(device_ref{0}, f.clock.now());
  EXPECT_EQ(f.ports.take(), (calls{"send 0 1 dev-1#1"}));
  f.shard.on_send_outcome(device_ref{0}, 1, {}, f.clock.now());
  EXPECT_EQ(f.ports.take(), (calls{"done 1", "send 0 2 dev-1#2"}));
  f.shard.on_send_outcome(device_ref{0}, 2, {}, f.clock.now());
  EXPECT_EQ(f.ports.take(), (calls{"done 2"}));
  EXPECT_EQ(f.shard.totals().sent, 2u);
  EXPECT_EQ(f.shard.totals().waiting_messages, 0u);
}

TEST(delivery, one_message_is_in_flight_a_device) {
  shard_fixture f;
  const auto ref = f.online_device("dev-1");
  f.post(f.frame("plant", "dev-1", 2));
  f.post(f.frame("plant", "dev-1", 3));
  f.spooled(2);
  f.spooled(3);
  EXPECT_EQ(f.ports.take(),
            (calls{"append 2", "append 3", "answer 2 stored", "send 0 2 dev-1#2", "answer 3 stored"}));
  f.shard.on_send_outcome(ref, 2, {}, f.clock.now());
  EXPECT_EQ(f.ports.take(), (calls{"done 2", "send 0 3 dev-1#3"}));
}

TEST(delivery, a_lost_connection_sends_the_message_again_when_the_link_is_back) {
  shard_fixture f;
  const auto ref = f.online_device("dev-1");
  f.post(f.frame("plant", "dev-1", 2));
  f.spooled(2);
  f.ports.take();
  f.shard.on_device_detached(ref, error{errc::connection_lost}, true, f.clock.now());
  EXPECT_EQ(f.ports.take(), (calls{"hurry 0"}));
  EXPECT_EQ(f.shard.totals().devices[static_cast<std::size_t>(device_state::attaching)], 1u);
  f.shard.on_device_attached(ref, f.clock.now());
  EXPECT_EQ(f.ports.take(), (calls{"send 0 2 dev-1#2"}));
  EXPECT_EQ(f.shard.totals().resent, 1u);
}

TEST(delivery, a_refusal_for_now_pauses_that_device_only) {
  shard_fixture f;
  const auto one = f.online_device("dev-1");
  f.online_device("dev-2");
  f.post(f.frame("plant", "dev-1", 2));
  f.post(f.frame("plant", "dev-2", 2));
  f.spooled(3);
  f.spooled(4);
  f.ports.take();
  f.shard.on_send_outcome(one, 3, error{errc::hub_throttled}.with_retry_after(seconds{10}), f.clock.now());
  f.shard.on_send_outcome(device_ref{1}, 4, {}, f.clock.now());
  EXPECT_EQ(f.ports.take(), (calls{"done 4"}));
  f.clock.advance(seconds{9});
  f.shard.on_tick(f.clock.now());
  EXPECT_EQ(f.ports.take(), calls{});
  ASSERT_TRUE(f.shard.deadline());
  f.clock.advance(seconds{1});
  f.shard.on_tick(f.clock.now());
  EXPECT_EQ(f.ports.take(), (calls{"send 0 3 dev-1#2"}));
}

TEST(delivery, a_stop_waits_for_devices_that_are_online_and_for_no_others) {
  shard_fixture f;
  const auto ref = f.online_device("dev-1");
  f.post(f.frame("plant", "dev-2", 1));
  f.spooled(2);
  EXPECT_FALSE(f.shard.is_sending()); // dev-2 has no hub yet
  f.post(f.frame("plant", "dev-1", 2));
  f.spooled(3);
  EXPECT_FALSE(f.shard.is_sending(1)); // what came later is not waited for
  EXPECT_TRUE(f.shard.is_sending());
  f.shard.on_send_outcome(ref, 3, error{errc::hub_throttled}, f.clock.now());
  EXPECT_FALSE(f.shard.is_sending()); // paused
}

TEST(delivery, a_message_that_the_hub_will_never_take_is_a_dead_letter_and_the_next_follows) {
  shard_fixture f;
  const auto ref = f.online_device("dev-1");
  f.post(f.frame("plant", "dev-1", 2));
  f.post(f.frame("plant", "dev-1", 3));
  f.spooled(2);
  f.spooled(3);
  f.ports.take();
  f.shard.on_send_outcome(ref, 2, error{errc::message_too_large}, f.clock.now());
  EXPECT_EQ(f.ports.take(), (calls{"dead_letter 2 message_too_large", "send 0 3 dev-1#3"}));
}

TEST(delivery, a_refused_device_is_parked_with_the_reason_and_tried_again_with_growing_pauses) {
  shard_fixture f;
  f.post(f.frame("plant", "dev-1", 1));
  f.spooled(1);
  f.assigned(device_ref{0}, "h", "hub", "", "dev-1");
  f.ports.take();
  f.shard.on_device_detached(device_ref{0}, error{errc::hub_device_disabled, "dev-1"}, false, f.clock.now());
  const device_key key{application_id{"plant"}, device_id{"dev-1"}};
  EXPECT_EQ(f.shard.view().status(key)->reason, errc::hub_device_disabled);
  EXPECT_EQ(f.shard.view().status(key)->next_try, f.clock.now().mono + seconds{60});
  f.clock.advance(seconds{60});
  f.shard.on_tick(f.clock.now());
  EXPECT_EQ(f.ports.take(), (calls{"attach 0 dev-1@h"}));
  f.shard.on_device_detached(device_ref{0}, error{errc::hub_device_disabled, "dev-1"}, false, f.clock.now());
  EXPECT_EQ(f.shard.view().status(key)->next_try, f.clock.now().mono + seconds{120});
  EXPECT_EQ(f.shard.totals().waiting_messages, 1u); // nothing is lost meanwhile
}

TEST(delivery, a_refused_assignment_is_distrusted_once_and_then_the_device_is_parked) {
  shard_fixture f;
  f.post(f.frame("field", "dev-1", 1));
  f.spooled(1);
  f.assigned(device_ref{0}, "old", "dps", "f1", "dev-1");
  f.ports.take();
  f.shard.on_device_detached(device_ref{0}, error{errc::hub_device_unknown}, false, f.clock.now());
  EXPECT_EQ(f.ports.take(), (calls{"find_hub 0 dev-1 in dps"}));
  f.assigned(device_ref{0}, "new", "dps", "f1", "dev-1");
  EXPECT_EQ(f.ports.take(), (calls{"save_assignment 0 new", "attach 0 dev-1@new"}));
  f.shard.on_device_detached(device_ref{0}, error{errc::hub_device_unknown}, false, f.clock.now());
  EXPECT_EQ(f.ports.take(), calls{});
  EXPECT_EQ(f.shard.totals().devices[static_cast<std::size_t>(device_state::parked)], 1u);
}

TEST(delivery, a_device_that_is_attached_and_refused_again_and_again_is_parked_with_growing_pauses) {
  shard_fixture f;
  f.post(f.frame("field", "dev-1", 1));
  f.spooled(1);
  f.assigned(device_ref{0}, "hub-a", "dps", "f1", "dev-1");
  const device_key key{application_id{"field"}, device_id{"dev-1"}};
  f.shard.on_device_attached(device_ref{0}, f.clock.now());
  f.shard.on_device_detached(device_ref{0}, error{errc::hub_unauthorized}, false, f.clock.now());
  EXPECT_EQ(f.shard.view().status(key)->state, device_state::provisioning); // DPS is asked once
  f.assigned(device_ref{0}, "hub-a", "dps", "f1", "dev-1");
  f.shard.on_device_attached(device_ref{0}, f.clock.now());
  f.shard.on_device_detached(device_ref{0}, error{errc::hub_unauthorized}, false, f.clock.now());
  EXPECT_EQ(f.shard.view().status(key)->state, device_state::parked);
  EXPECT_EQ(f.shard.totals().provisionings, 2u);
}

// A3: it was a dead letter after three tries, that is after six seconds of a hub's bad mood.
TEST(delivery, a_message_that_is_refused_for_an_unknown_reason_is_a_dead_letter_only_after_hours) {
  shard_fixture f;
  const auto ref = f.online_device("dev-1");
  f.post(f.frame("plant", "dev-1", 2));
  f.post(f.frame("plant", "dev-1", 3));
  f.spooled(2);
  f.spooled(3);
  f.ports.take();
  const auto begun = f.clock.now().mono;
  while (true) {
    f.shard.on_send_outcome(ref, 2, error{errc::hub_refused, "amqp:new-mood"}, f.clock.now());
    const auto next = f.ports.take();
    if (!next.empty()) {
      EXPECT_EQ(next, (calls{"dead_letter 2 hub_refused", "send 0 3 dev-1#3"})); // the next one follows
      break;
    }
    f.clock.advance(seconds{400});
    f.shard.on_tick(f.clock.now());
    ASSERT_EQ(f.ports.take(), (calls{"send 0 2 dev-1#2"})); // and none overtakes it
    ASSERT_LT(f.clock.now().mono - begun, seconds{24 * 3600});
  }
  EXPECT_GE(f.clock.now().mono - begun, seconds{4 * 3600});
}

// A3: a hub's bad minute made 948 dead letters of 4,000 messages.
TEST(delivery, when_many_devices_meet_an_unknown_refusal_their_application_waits_and_nothing_is_buried) {
  shard_fixture f;
  std::vector<device_ref> devices;
  devices.reserve(20);
  for (int i = 0; i < 20; ++i)
    devices.push_back(f.online_device("dev-" + std::to_string(100 + i)));
  std::map<device_ref, spool_seq> in_flight;
  for (std::uint32_t round = 2; round < 5; ++round)
    for (int i = 0; i < 20; ++i) {
      f.post(f.frame("plant", "dev-" + std::to_string(100 + i), round));
      const auto seq = f.ports.appended.back().rows.front().seq;
      f.spooled(seq);
      if (round == 2) in_flight[devices[static_cast<std::size_t>(i)]] = seq;
    }
  f.ports.take();
  for (const auto& [device, seq] : in_flight)
    f.shard.on_send_outcome(device, seq, error{errc::hub_refused, "com.microsoft:server-busy"},
                            f.clock.now());
  EXPECT_EQ(f.shard.totals().applications_paused, 1U);
  // A bad hour: only a probe at a time meets it.
  for (int i = 0; i < 60; ++i) {
    f.clock.advance(seconds{61});
    f.shard.on_tick(f.clock.now());
    const auto sent = f.ports.take();
    ASSERT_EQ(sent.size(), 1U) << i;
    const auto ref = static_cast<device_ref>(std::stoul(sent[0].substr(5)));
    f.shard.on_send_outcome(ref, in_flight.at(ref), error{errc::hub_refused, "com.microsoft:server-busy"},
                            f.clock.now());
  }
  EXPECT_FALSE(f.shard.is_sending());
  // Well again: the first one that is taken lets all go.
  std::size_t taken = 0;
  for (int i = 0; i < 1000 && taken < 60; ++i) {
    for (const auto& call : f.ports.take()) {
      if (!call.starts_with("send ")) continue;
      ++taken;
      const auto rest = call.substr(5);
      f.shard.on_send_outcome(static_cast<device_ref>(std::stoul(rest)),
                              std::stoull(rest.substr(rest.find(' '))), {}, f.clock.now());
    }
    f.clock.advance(seconds{1});
    f.shard.on_tick(f.clock.now());
  }
  EXPECT_EQ(taken, 60U);
  EXPECT_EQ(f.shard.totals().dead_lettered, 0U);
  EXPECT_EQ(f.shard.totals().waiting_messages, 0U);
  EXPECT_EQ(f.shard.totals().applications_paused, 0U);
}

TEST(delivery, a_provisioning_refusal_parks_and_a_throttle_waits_as_told) {
  shard_fixture f;
  f.post(f.frame("field", "dev-1", 1));
  f.spooled(1);
  f.ports.take();
  f.shard.on_assignment(device_ref{0}, error{errc::dps_throttled}.with_retry_after(seconds{7}),
                        f.clock.now());
  f.clock.advance(seconds{7});
  f.shard.on_tick(f.clock.now());
  EXPECT_EQ(f.ports.take(), (calls{"find_hub 0 dev-1 in dps"}));
}

start_image image_of_two() {
  start_image image;
  const auto record = [](std::uint32_t ref, const char* app, const char* name) {
    return device_record{device_ref{ref}, {application_id{app}, device_id{name}}, {}};
  };
  image.devices = {record(3, "field", "dev-3"), record(5, "field", "dev-5")};
  image.assignments = {{shard_fixture::key("field", "dev-3"),
                        {hub_host{"h"}, identity{"dev-3"}, azure_name{"dps"}, {}, "f1/{device_id}"}},
                       {shard_fixture::key("field", "dev-5"),
                        {hub_host{"h"}, identity{"dev-5"}, azure_name{"dps"}, {}, "f1/{device_id}"}}};
  image.recent_keys = {{device_ref{5}, {'u', short_hash(*shard_fixture::frame("field", "dev-5", 9).key)}}};
  image.waiting = {{40, device_ref{5}, 10}, {41, device_ref{5}, 10}};
  image.next_seq = 42;
  return image;
}

TEST(start, cached_devices_are_attached_without_dps_those_with_messages_first) {
  shard_fixture f;
  f.start(image_of_two());
  EXPECT_EQ(f.ports.take(), (calls{"attach 5 dev-5@h", "attach 3 dev-3@h"}));
  f.shard.on_device_attached(device_ref{5}, f.clock.now());
  EXPECT_EQ(f.ports.take(), (calls{"save_device 5 dev-5", "read_back 1"})); // it has been attached once
  f.shard.on_read_back({{40, {"id", "", "", "old", {}}}}, {}, f.clock.now());
  EXPECT_EQ(f.ports.take(), (calls{"send 5 40 old"}));
  f.post(f.frame("field", "dev-5", 9));
  EXPECT_EQ(f.ports.take(), (calls{"answer 1 duplicate"}));
  f.post(f.frame("field", "dev-9", 1));
  EXPECT_EQ(f.ports.take(), (calls{"save_device 6 dev-9", "append 42"}));
}

TEST(start, in_pieces_connects_each_device_once_and_takes_events_meanwhile) {
  shard_fixture f;
  f.shard.begin(image_of_two(), f.clock.now());
  EXPECT_EQ(f.ports.take(), calls{});
  f.post(f.frame("field", "dev-5", 9));
  EXPECT_EQ(f.ports.take(), (calls{"answer 1 duplicate"}));
  EXPECT_TRUE(f.shard.start_some(3, f.clock.now())); // both places, and one of the two devices
  EXPECT_EQ(f.ports.take(), calls{"attach 5 dev-5@h"});
  f.post(f.frame("field", "dev-3", 1));
  f.spooled(42);
  EXPECT_EQ(f.ports.take(), (calls{"append 42", "answer 2 stored", "attach 3 dev-3@h"}));
  EXPECT_FALSE(f.shard.start_some(1, f.clock.now()));
  EXPECT_EQ(f.ports.take(), calls{});
}

TEST(start, an_event_before_the_assignments_are_placed_asks_nobody_for_a_hub) {
  shard_fixture f;
  f.shard.begin(image_of_two(), f.clock.now());
  f.post(f.frame("field", "dev-3", 1));
  f.spooled(42);
  f.post(f.frame("field", "dev-9", 1)); // a new one
  f.spooled(43);
  EXPECT_TRUE(f.shard.start_some(1, f.clock.now()));
  EXPECT_EQ(f.ports.take(),
            (calls{"append 42", "answer 1 stored", "save_device 6 dev-9", "append 43", "answer 2 stored"}));
  EXPECT_FALSE(f.shard.start_some(100, f.clock.now()));
  EXPECT_EQ(f.ports.take(), (calls{"attach 3 dev-3@h", "attach 5 dev-5@h", "find_hub 6 dev-9 in dps"}));
}

TEST(start, who_is_forgotten_before_its_assignment_is_placed_does_not_have_it_when_it_comes_back) {
  shard_fixture f;
  f.shard.begin(image_of_two(), f.clock.now());
  EXPECT_EQ(f.shard.forget({application_id{"field"}, device_id{"dev-3"}}, false, f.clock.now()),
            forgetting::forgotten);
  f.post(f.frame("field", "dev-3", 1));
  f.spooled(42);
  EXPECT_EQ(f.ports.take(), (calls{"forget_assignment 3", "forget_device 3 dev-3", "save_device 6 dev-3",
                                   "append 42", "answer 1 stored"}));
  EXPECT_FALSE(f.shard.start_some(100, f.clock.now()));
  EXPECT_EQ(f.ports.take(), (calls{"attach 5 dev-5@h", "find_hub 6 dev-3 in dps"}));
}

// A crash between the two files, or a spool that was lost, leaves such a row: it was the former device's.
TEST(start, an_assignment_whose_device_is_not_on_disk_is_nobodys) {
  shard_fixture f;
  auto image = image_of_two();
  image.assignments.push_back({shard_fixture::key("field", "dev-9"), image.assignments[0].where});
  f.shard.begin(std::move(image), f.clock.now());
  f.post(f.frame("field", "dev-9", 1)); // before its turn
  f.spooled(42);
  f.ports.take();
  EXPECT_FALSE(f.shard.start_some(100, f.clock.now()));
  EXPECT_EQ(f.ports.take(), (calls{"attach 5 dev-5@h", "attach 3 dev-3@h", "find_hub 6 dev-9 in dps"}));
}

TEST(start, who_becomes_another_before_its_assignment_is_placed_asks_for_its_own) {
  auto rules = shard_fixture::rules();
  for (auto& one : rules)
    one.identity_template = "{dev_eui}";
  shard_fixture f{{}, rules};
  start_image image;
  auto& record = image.devices.emplace_back();
  record.key = shard_fixture::key("meters", "dev-3");
  record.dev_eui = dev_eui{"70B3D52DD6000001"};
  record.listed = true;
  image.assignments = {
      {record.key,
       {hub_host{"h"}, identity{"70B3D52DD6000001"}, shard_fixture::rules()[2].section, {}, "f1/{dev_eui}"}}};
  f.shard.begin(std::move(image), f.clock.now());
  auto word = f.word("dev-3");
  word.dev_eui = dev_eui{"70B3D52DD6000003"};
  f.shard.on_registered(word, f.clock.now());
  EXPECT_FALSE(f.shard.start_some(100, f.clock.now()));
  const auto done = f.ports.take();
  EXPECT_EQ(std::count(done.begin(), done.end(), "forget_assignment 0"), 1);
  EXPECT_EQ(
      std::count_if(done.begin(), done.end(),
                    [](const auto& call) { return call.starts_with("find_hub 0 70B3D52DD6000003 in "); }),
      1);
}

TEST(start, a_new_device_never_gets_the_ref_of_one_whose_application_is_gone) {
  shard_fixture f;
  auto image = image_of_two();
  image.devices[1].key.application = application_id{"removed"};
  f.start(std::move(image));
  f.ports.take();
  f.post(f.frame("field", "dev-9", 1));
  EXPECT_EQ(f.ports.take(), (calls{"save_device 6 dev-9", "append 42"}));
}

TEST(start, a_changed_identity_template_makes_the_assignment_stale) {
  auto rules = shard_fixture::rules();
  rules[1].identity_template = "{application_id}-{device_id}";
  testing::recording_ports ports;
  ports.fingerprints["dps"] = "f1";
  manual_clock clock;
  shard b{rules, shard_fixture::with_random({}), clock.now()};
  b.connect({ports, ports, ports, ports, ports, ports, ports, ports});
  ports.target = &b;
  shard_fixture::start(b, image_of_two(), clock.now());
  EXPECT_EQ(ports.take(),
            (calls{"forget_assignment 3", "forget_assignment 5", "find_hub 5 field-dev-5 in dps"}));
}

TEST(start, devices_by_connection_string_are_found_anew_and_attached_before_they_send) {
  shard_fixture f;
  start_image image;
  image.devices = {{device_ref{0}, {application_id{"plant"}, device_id{"dev-1"}}, {}}};
  image.assignments = {
      {image.devices[0].key, {hub_host{"old"}, identity{"dev-1"}, azure_name{"hub"}, {}, ""}}};
  f.start(image);
  EXPECT_EQ(f.ports.take(), (calls{"find_hub 0 dev-1 in hub"}));
  f.assigned(device_ref{0}, "new", "hub", "", "dev-1");
  EXPECT_EQ(f.ports.take(), (calls{"save_assignment 0 new", "attach 0 dev-1@new"}));
}

TEST(start, an_assignment_of_another_enrolment_is_forgotten) {
  shard_fixture f;
  f.ports.fingerprints["dps"] = "f2";
  f.start(image_of_two());
  EXPECT_EQ(f.ports.take(), (calls{"forget_assignment 3", "forget_assignment 5", "find_hub 5 dev-5 in dps"}));
}

TEST(read_back, a_row_that_is_gone_does_not_block_the_next) {
  shard_fixture f;
  f.start(image_of_two());
  f.shard.on_device_attached(device_ref{5}, f.clock.now());
  f.ports.take();
  f.shard.on_read_back({}, {40}, f.clock.now());
  EXPECT_EQ(f.ports.take(), (calls{"read_back 1"}));
  f.shard.on_read_back({{41, {"id", "", "", "b", {}}}}, {}, f.clock.now());
  EXPECT_EQ(f.ports.take(), (calls{"send 5 41 b"}));
  EXPECT_EQ(f.shard.totals().dead_lettered, 1u);
}

TEST(read_back, what_an_answer_leaves_out_is_asked_for_again) {
  shard_fixture f{{.body_cache_bytes = 0, .read_back_batch = 2}};
  std::vector<device_ref> refs;
  for (const auto* name : {"dev-1", "dev-2", "dev-3"}) {
    f.post(f.frame("plant", name, 1));
    const auto row = f.ports.appended.back().rows.front();
    const auto which = f.ports.appended.back().device;
    f.spooled(row.seq);
    f.assigned(which, "h", "hub", "", name);
    refs.push_back(which);
  }
  f.ports.take();
  for (const auto ref : refs)
    f.shard.on_device_attached(ref, f.clock.now());
  EXPECT_EQ(f.ports.take(), (calls{"read_back 1"}));
  f.shard.on_read_back({f.ports.appended[0].rows[0]}, {}, f.clock.now());
  EXPECT_EQ(f.ports.reads.back(), (std::vector<spool_seq>{2, 3}));
  f.ports.take();
  f.shard.on_read_back({{2, {"", "", "", "two", {}}}}, {}, f.clock.now());
  EXPECT_EQ(f.ports.take(), (calls{"send 1 2 two", "read_back 1"}));
  f.shard.on_read_back({{3, {"", "", "", "three", {}}}}, {}, f.clock.now());
  EXPECT_EQ(f.ports.take(), (calls{"send 2 3 three"}));
}

} // namespace
} // namespace causeway::core
