// SPDX-License-Identifier: Apache-2.0
// From an event to a row in the spool.
#include "core/device_table.h"
#include "core/recording_ports.h"
#include "model/event_key.h"
#include "model/frame_of.h"

#include <gtest/gtest.h>

namespace causeway::core {
using model::testing::frame_of;
namespace {

using testing::calls;
using testing::shard_fixture;

TEST(shard, an_uplink_is_answered_only_when_it_is_durable) {
  shard_fixture f;
  f.post(f.frame("plant", "dev-1", 1));
  EXPECT_EQ(f.ports.take(), (calls{"save_device 0 dev-1", "append 1"}));
  f.spooled(1);
  EXPECT_EQ(f.ports.take(), (calls{"answer 1 stored", "find_hub 0 dev-1 in hub"}));
}

TEST(shard, control_frames_and_unwanted_kinds_are_answered_and_not_sent) {
  shard_fixture f;
  auto control = f.frame("plant", "dev-1", 1);
  frame_of(control).f_port = 0;
  f.post(control);
  auto join = f.frame("plant", "dev-1", 1);
  join.kind = event_kind::join_accept;
  f.post(join);
  f.post(f.frame("elsewhere", "dev-1", 1));
  EXPECT_EQ(f.ports.take(), (calls{"answer 1 control", "answer 2 unwanted", "answer 3 unwanted"}));
  EXPECT_EQ(f.shard.totals().answered[static_cast<std::size_t>(answer::control)], 1u);
  EXPECT_EQ(f.shard.devices().size(), 0u);
}

TEST(shard, a_duplicate_waits_for_the_first_copy_and_fails_with_it) {
  shard_fixture f;
  f.post(f.frame("plant", "dev-1", 1));
  f.post(f.frame("plant", "dev-1", 1));
  EXPECT_EQ(f.ports.take(), (calls{"save_device 0 dev-1", "append 1"}));
  f.spooled(1, error{errc::store_unavailable});
  EXPECT_EQ(f.ports.take(), (calls{"answer 1 unavailable", "answer 2 unavailable"}));

  f.post(f.frame("plant", "dev-1", 1)); // it was never stored, so it is new
  f.post(f.frame("plant", "dev-1", 1));
  f.spooled(2);
  EXPECT_EQ(f.ports.take(),
            (calls{"append 2", "answer 3 stored", "answer 4 duplicate", "find_hub 0 dev-1 in hub"}));
  f.post(f.frame("plant", "dev-1", 1));
  EXPECT_EQ(f.ports.take(), (calls{"answer 5 duplicate"}));
}

TEST(shard, events_without_a_key_are_never_taken_for_duplicates) {
  shard_fixture f;
  for (int i = 0; i < 3; ++i) {
    auto event = f.frame("plant", "dev-1", 1);
    event.key.reset();
    f.post(event);
  }
  EXPECT_EQ(f.ports.appended.size(), 3u);
}

TEST(shard, the_same_frame_of_two_devices_is_two_messages) {
  shard_fixture f;
  auto one = f.frame("plant", "dev-1", 1);
  auto two = f.frame("plant", "dev-2", 1);
  two.key = one.key;
  f.post(one);
  f.post(two);
  EXPECT_EQ(f.ports.appended.size(), 2u);
}

// The first frame after a join had been lost: all that followed counted as late until they reached the old
// counter.
TEST(shard, a_frame_counter_that_starts_again_after_a_join_is_neither_late_nor_a_gap) {
  shard_fixture f;
  const auto post = [&](std::uint16_t session, std::uint32_t f_cnt) {
    auto event = f.frame("plant", "dev-1", f_cnt);
    event.key.reset();
    frame_of(event).session = session;
    f.post(event);
  };
  for (const std::uint32_t f_cnt : {500U, 501U, 504U, 503U})
    post(1, f_cnt);
  EXPECT_EQ(f.shard.totals().frames_missing, 2u);
  EXPECT_EQ(f.shard.totals().frames_late, 1u);
  for (const std::uint32_t f_cnt : {3U, 4U, 6U})
    post(2, f_cnt);
  EXPECT_EQ(f.shard.totals().frames_missing, 3u);
  EXPECT_EQ(f.shard.totals().frames_late, 1u);
  EXPECT_EQ(f.status("plant", "dev-1").last_f_cnt, 6u);
}

// 0 stood for "no frame seen yet", so 0, 11 was no gap (fault C7).
TEST(shard, a_gap_behind_frame_0_is_counted) {
  shard_fixture f;
  for (const std::uint32_t f_cnt : {0U, 11U}) {
    auto event = f.frame("plant", "dev-1", f_cnt);
    frame_of(event).session = 7;
    f.post(event);
  }
  EXPECT_EQ(f.shard.totals().frames_missing, 10u);
  EXPECT_EQ(f.shard.totals().frames_late, 0u);
}

TEST(shard, frame_0_that_was_overtaken_is_late_and_no_new_beginning) {
  shard_fixture f;
  const auto post = [&](const char* device, std::uint16_t session, std::uint32_t f_cnt) {
    auto event = f.frame("plant", device, f_cnt);
    event.key.reset();
    frame_of(event).session = session;
    f.post(event);
  };
  for (const std::uint32_t f_cnt : {3U, 0U, 4U})
    post("otaa", 7, f_cnt); // a session begins once
  for (const std::uint32_t f_cnt : {1U, 0U, 2U})
    post("abp", 0, f_cnt);
  EXPECT_EQ(f.shard.totals().frames_missing, 0u);
  EXPECT_EQ(f.shard.totals().frames_late, 2u);
}

// Each counted as frame 0 of no session (fault B16).
TEST(shard, masked_frames_touch_only_the_counters_that_they_know_of) {
  shard_fixture f;
  const auto post = [&](std::optional<std::uint32_t> f_cnt, std::optional<std::uint16_t> session) {
    auto event = f.frame("plant", "dev-1", 1);
    event.key.reset();
    frame_of(event).f_cnt = f_cnt;
    frame_of(event).session = session;
    f.post(event);
  };
  post(10, 7);
  post({}, {});
  post(12, {}); // of the session that is known
  post({}, 7);
  post(13, 7);
  EXPECT_EQ(f.shard.totals().frames_missing, 1u);
  EXPECT_EQ(f.shard.totals().frames_late, 0u);
  EXPECT_EQ(f.status("plant", "dev-1").last_f_cnt, 13u);
}

// Each was answered `control` and dropped (fault B2).
TEST(shard, a_payload_without_a_port_is_sent_and_counted) {
  shard_fixture f;
  auto event = f.frame("plant", "dev-1", 1);
  frame_of(event).f_port = 0;
  frame_of(event).has_payload = true;
  f.post(event);
  f.spooled(1);
  EXPECT_EQ(f.ports.answered[1], answer::stored);
  EXPECT_EQ(f.shard.totals().portless, 1u);
}

TEST(shard, a_control_frame_feeds_last_seen_and_the_gap_count) {
  shard_fixture f;
  f.post(f.frame("plant", "dev-1", 1));
  f.clock.advance(seconds{60});
  auto control = f.frame("plant", "dev-1", 4);
  frame_of(control).f_port = 0;
  f.post(control);
  EXPECT_EQ(f.ports.answered[2], answer::control);
  EXPECT_EQ(f.status("plant", "dev-1").last_seen, f.clock.now().wall);
  EXPECT_EQ(f.shard.totals().frames_missing, 2u);
}

TEST(shard, knows_the_uplinks_and_joins_that_the_version_before_has_stored) {
  shard_fixture f;
  auto event = f.frame("plant", "dev-1", 9);
  frame_of(event).session_key_id = "AQ==";
  event.received_at = "2025-01-01T00:00:00.5Z";
  start_image image;
  image.devices = {{device_ref{3}, f.key("plant", "dev-1"), {}}};
  image.recent_keys = {{device_ref{3}, {kept_key::former, former_hash(event)}}};
  f.start(image);
  f.post(event);
  EXPECT_EQ(f.ports.answered[1], answer::duplicate);
  frame_of(event).f_cnt = 10;
  f.post(event);
  EXPECT_EQ(f.ports.answered.count(2), 0u);
}

TEST(shard, a_full_spool_is_said_at_once_and_nothing_is_kept) {
  shard_fixture f;
  f.ports.spool_is_full = true;
  f.post(f.frame("plant", "dev-1", 1));
  EXPECT_EQ(f.ports.answered[1], answer::full);
  f.ports.spool_is_full = false;
  f.post(f.frame("plant", "dev-1", 1));
  f.spooled(2);
  EXPECT_EQ(f.ports.answered[2], answer::stored);
  EXPECT_EQ(f.shard.totals().waiting_messages, 1u);
}

TEST(shard, what_the_format_refuses_goes_to_the_dead_letters) {
  shard_fixture f;
  f.ports.format_refuses = error{errc::format_refused, "no"};
  f.post(f.frame("plant", "dev-1", 1));
  EXPECT_EQ(f.ports.take(), (calls{"save_device 0 dev-1", "append 1 refused dev-1 format_refused"}));
  EXPECT_EQ(f.ports.appended[0].key, (kept_key{'u', 0x0131000000000000U}));
  f.spooled(1);
  EXPECT_EQ(f.ports.take(), (calls{"answer 1 dead_lettered"}));
  EXPECT_EQ(f.shard.totals().dead_lettered, 1u);
}

// It took the key, and the whole copy that came after one that a mask had cut was answered as a duplicate and
// lost (fault F3).
TEST(shard, what_the_format_refuses_takes_no_key_from_a_copy_that_it_takes) {
  shard_fixture f;
  f.ports.format_refuses = error{errc::format_refused, "no"};
  f.post(f.frame("plant", "dev-1", 1));
  f.post(f.frame("plant", "dev-1", 1)); // waits for the first
  f.ports.format_refuses.reset();
  f.ports.take();
  f.spooled(1);
  EXPECT_EQ(f.ports.take(), (calls{"answer 1 dead_lettered", "append 2"}));
  f.spooled(2);
  EXPECT_EQ(f.ports.take(), (calls{"answer 2 stored", "find_hub 0 dev-1 in hub"}));
  f.post(f.frame("plant", "dev-1", 1));
  EXPECT_EQ(f.ports.take(), (calls{"answer 3 duplicate"}));
}

TEST(shard, a_second_copy_that_is_refused_is_no_second_dead_letter) {
  shard_fixture f;
  f.ports.format_refuses = error{errc::format_refused, "no"};
  f.post(f.frame("plant", "dev-1", 1));
  f.post(f.frame("plant", "dev-1", 1));
  f.spooled(1);
  f.ports.take();
  f.spooled(2, {}); // the store found it there
  EXPECT_EQ(f.ports.take(), (calls{"answer 2 dead_lettered"}));
  EXPECT_EQ(f.shard.totals().dead_lettered, 1u);
}

// It got a 200 at once, and was lost by a crash before the disk had it.
TEST(shard, what_the_format_refuses_is_answered_only_when_it_is_durable) {
  shard_fixture f;
  f.ports.format_refuses = error{errc::format_refused, "no"};
  f.post(f.frame("plant", "dev-1", 1));
  f.spooled(1, error{errc::store_unavailable});
  EXPECT_EQ(f.ports.answered[1], answer::unavailable);
  EXPECT_EQ(f.shard.totals().dead_lettered, 0u);
  f.ports.spool_is_full = true;
  f.post(f.frame("plant", "dev-1", 1));
  EXPECT_EQ(f.ports.answered[2], answer::full);
}

// A transform takes its time, and the second copy was taken for a new event.
TEST(shard, a_duplicate_of_an_event_that_is_being_formatted_waits_for_it) {
  shard_fixture f;
  f.ports.formats_later = true;
  const auto first = f.post(f.frame("plant", "dev-1", 1));
  f.post(f.frame("plant", "dev-1", 1));
  EXPECT_EQ(f.ports.take(), (calls{"save_device 0 dev-1"}));
  f.shard.on_formatted(ticket{first}, std::vector<message>{{"id", "", "", "body", {}}}, f.clock.now());
  f.post(f.frame("plant", "dev-1", 1));
  f.spooled(1);
  EXPECT_EQ(f.ports.take(), (calls{"append 1", "answer 1 stored", "answer 2 duplicate", "answer 3 duplicate",
                                   "find_hub 0 dev-1 in hub"}));

  // A transform makes nothing of the copies that a mask has cut, and a message of the whole one.
  const auto nothing = f.post(f.frame("plant", "dev-1", 2));
  const auto cut = f.post(f.frame("plant", "dev-1", 2));
  const auto whole = f.post(f.frame("plant", "dev-1", 2));
  f.post(f.frame("plant", "dev-1", 2));
  f.shard.on_formatted(ticket{nothing}, std::vector<message>{}, f.clock.now());
  EXPECT_EQ(f.ports.take(), (calls{"answer 4 unwanted"}));
  f.shard.on_formatted(ticket{cut}, std::vector<message>{}, f.clock.now());
  EXPECT_EQ(f.ports.take(), (calls{"answer 5 unwanted"}));
  f.shard.on_formatted(ticket{whole}, std::vector<message>{{"id", "", "", "body", {}}}, f.clock.now());
  f.spooled(2);
  EXPECT_EQ(f.ports.take(), (calls{"append 2", "answer 6 stored", "answer 7 duplicate"}));
}

// Many copies of what is not sent, one judged from inside the other, would be a stack as deep as they are
// many.
TEST(shard, copies_of_what_is_not_sent_are_judged_one_after_the_other) {
  shard_fixture f;
  f.ports.formats_later = true;
  const auto first = f.post(f.frame("plant", "dev-1", 1));
  for (int i = 0; i < 50'000; ++i)
    f.post(f.frame("plant", "dev-1", 1));
  f.ports.formats_later = false;
  f.ports.messages_an_event = 0;
  f.shard.on_formatted(ticket{first}, std::vector<message>{}, f.clock.now());
  EXPECT_EQ(f.shard.totals().answered[static_cast<std::size_t>(answer::unwanted)], 50'001u);
}

TEST(shard, duplicates_that_wait_count_as_events_in_progress) {
  shard_fixture f{{.max_in_progress = 3}};
  for (int i = 0; i < 5; ++i)
    f.post(f.frame("plant", "dev-1", 1));
  EXPECT_EQ(f.ports.answered.size(), 2u);
  EXPECT_EQ(f.ports.answered[4], answer::full);
  f.spooled(1);
  f.post(f.frame("plant", "dev-1", 2));
  f.spooled(2);
  EXPECT_EQ(f.ports.answered[6], answer::stored);
}

TEST(shard, a_format_that_has_no_time_now_is_no_refusal) {
  shard_fixture f;
  f.ports.format_refuses = error{errc::transform_busy};
  f.post(f.frame("plant", "dev-1", 1));
  EXPECT_EQ(f.ports.take(), (calls{"save_device 0 dev-1", "answer 1 transform_busy"}));
  f.ports.format_refuses.reset();
  f.post(f.frame("plant", "dev-1", 1));
  EXPECT_EQ(f.ports.take(), (calls{"append 1"}));
}

TEST(shard, an_event_may_become_none_or_several_messages) {
  shard_fixture f;
  f.ports.messages_an_event = 0;
  f.post(f.frame("plant", "dev-1", 1));
  EXPECT_EQ(f.ports.answered[1], answer::unwanted);
  f.ports.messages_an_event = 3;
  f.post(f.frame("plant", "dev-1", 2));
  ASSERT_EQ(f.ports.appended.back().rows.size(), 3u);
  f.spooled(1);
  EXPECT_EQ(f.shard.totals().waiting_messages, 3u);
}

TEST(shard, more_devices_than_allowed_are_refused_and_known_ones_go_on) {
  shard_fixture f{{.max_devices = 1}};
  f.post(f.frame("plant", "dev-1", 1));
  f.post(f.frame("plant", "dev-2", 1));
  f.post(f.frame("plant", "dev-1", 2));
  EXPECT_EQ(f.ports.answered[2], answer::devices_full);
  EXPECT_EQ(f.ports.appended.size(), 2u);
}

TEST(shard, a_device_that_lacks_a_field_of_its_identity_is_parked_until_it_sends_it) {
  auto rules = shard_fixture::rules();
  rules[0].identity_template = "{application_id}-{dev_eui}";
  testing::recording_ports ports;
  manual_clock clock;
  shard b{rules, shard_fixture::with_random({}), clock.now()};
  b.connect({ports, ports, ports, ports, ports, ports, ports, ports});
  ports.target = &b;
  b.on_event(ticket{1}, shard_fixture::frame("plant", "dev-1", 1), clock.now());
  shard_fixture::tell(b, ports, 1, {}, {}, clock.now());
  EXPECT_EQ(b.view().status({application_id{"plant"}, device_id{"dev-1"}})->reason, errc::identity_incomplete);
  ports.take();
  auto with_eui = shard_fixture::frame("plant", "dev-1", 2);
  with_eui.dev_eui = dev_eui{"70B3D52DD600035A"};
  b.on_event(ticket{2}, with_eui, clock.now());
  shard_fixture::tell(b, ports, 2, {}, {}, clock.now());
  EXPECT_EQ(ports.take(), (calls{"save_device 0 dev-1", "find_hub 0 plant-70B3D52DD600035A in hub",
                                 "append 2", "answer 2 stored"}));
}

TEST(shard, late_frames_and_gaps_are_counted_and_never_dropped) {
  shard_fixture f;
  for (const std::uint32_t f_cnt : {1u, 2u, 5u, 4u, 6u, 0u, 1u}) {
    auto event = f.frame("plant", "dev-1", f_cnt);
    event.key.reset();
    f.post(event);
  }
  EXPECT_EQ(f.ports.appended.size(), 7u);
  EXPECT_EQ(f.shard.totals().frames_missing, 2u);
  EXPECT_EQ(f.shard.totals().frames_late, 1u);
}

TEST(shard, a_new_devices_record_is_committed_before_its_first_row_is_appended) {
  struct watching final : journal {
    std::vector<std::string> order;
    result<void> append(append_request) override {
      order.emplace_back("append");
      return {};
    }
    void commit(change what) override { order.push_back("commit " + std::to_string(what.devices.size())); }
    void read_back(std::vector<spool_seq>) override {}
  } disk;
  testing::recording_ports ports;
  manual_clock clock;
  shard b{shard_fixture::rules(), shard_fixture::with_random({}), clock.now()};
  b.connect({disk, ports, ports, ports, ports, ports, ports, ports});
  ports.target = &b;
  b.on_event(ticket{1}, shard_fixture::frame("plant", "dev-1", 1), clock.now());
  EXPECT_EQ(disk.order, (std::vector<std::string>{"commit 1", "append"}));
}

// A crash between two of these calls left half of it.
TEST(shard, what_the_end_of_a_deleted_device_makes_durable_is_one_change) {
  shard_fixture f;
  f.registered("dev-1");
  f.assigned(device_ref{0}, "h", "dps", "f1", "dev-1");
  f.shard.on_device_attached(device_ref{0}, f.clock.now());
  f.post(f.frame("meters", "dev-1", 1));
  f.spooled(1);
  f.shard.on_listed(application_id{"meters"}, f.clock.now());
  f.shard.on_listed(application_id{"meters"}, f.clock.now()); // a list that lacks it
  f.shard.on_tick(f.clock.now());
  f.shard.on_looked_up(device_ref{0}, error{errc::device_unlisted}, f.clock.now());
  ASSERT_EQ(f.status("meters", "dev-1").state, device_state::online) << "what waits goes first";
  f.ports.changes.clear();
  f.shard.on_send_outcome(device_ref{0}, 1, {}, f.clock.now());
  EXPECT_EQ(f.status("meters", "dev-1").state, device_state::removed);
  ASSERT_EQ(f.ports.changes.size(), 1U);
  const auto& change = f.ports.changes[0];
  EXPECT_EQ(change.done, std::vector<spool_seq>{1});
  ASSERT_EQ(change.devices.size(), 1U);
  EXPECT_TRUE(change.devices[0].deleted);
  ASSERT_EQ(change.assignments.size(), 1U);
  EXPECT_FALSE(change.assignments[0].where);
}

TEST(shard, asks_for_its_timer_at_the_end_of_an_event_and_needs_no_other_tick) {
  std::vector<mono_time> rings;
  shard_options options;
  options.ring_at = [&](mono_time at) { rings.push_back(at); };
  shard_fixture f{std::move(options)};
  f.post(f.frame("field", "dev-1", 1));
  EXPECT_TRUE(rings.empty()) << "nothing is due of itself";
  f.spooled(1);
  f.shard.on_assignment(device_ref{0}, error{errc::dps_busy}, f.clock.now());
  ASSERT_EQ(rings.size(), 1U);
  EXPECT_EQ(rings[0], *f.shard.deadline());
  f.post(f.frame("field", "dev-2", 1));
  EXPECT_EQ(rings.size(), 1U) << "it is set already";
  f.ports.take();
  f.clock.advance(rings[0] - f.clock.now().mono);
  f.shard.on_tick(f.clock.now());
  EXPECT_EQ(f.ports.take(), (calls{"find_hub 0 dev-1 in dps"}));
  f.shard.on_assignment(device_ref{0}, error{errc::dps_busy}, f.clock.now());
  ASSERT_GE(rings.size(), 2U);
  EXPECT_EQ(rings.back(), *f.shard.deadline());
}

} // namespace
} // namespace causeway::core
