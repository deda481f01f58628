// SPDX-License-Identifier: Apache-2.0
// What waits for a device that may not be attached, and devices that are deleted or become another. "meters"
// follows the registry.
#include "core/recording_ports.h"

#include <gtest/gtest.h>

namespace causeway::core {
namespace {

using testing::calls;
using testing::shard_fixture;

constexpr device_ref first{0};
constexpr seconds day{24 * 3600};

struct graced : shard_fixture {
  explicit graced(const char* identity = "{device_id}")
      : shard_fixture{{}, [identity] {
                        auto made = rules();
                        made[2].identity_template = identity;
                        return made;
                      }()} {}

  // Posts and stores; the message's number.
  spool_seq store(const char* name, std::uint32_t f_cnt) {
    post(frame("meters", name, f_cnt));
    const auto seq = ports.appended.back().rows.front().seq;
    spooled(seq);
    return seq;
  }
  void pass(seconds time) {
    constexpr seconds step{600};
    for (seconds left = time; left > seconds{0}; left -= std::min(left, step)) {
      clock.advance(std::min(left, step));
      shard.on_tick(clock.now());
    }
  }
  // Time in which whatever is asked about the device is answered so, at once.
  void pass_refused(seconds time, device_ref ref, errc why) {
    const auto number = std::to_string(index_of(ref)) + " ";
    for (seconds left = time; left > seconds{0}; left -= seconds{60}) {
      for (const auto& call : ports.take()) {
        if (call.starts_with("find_hub " + number)) shard.on_assignment(ref, error{why}, clock.now());
        if (call.starts_with("look_up " + number)) shard.on_looked_up(ref, error{why}, clock.now());
      }
      clock.advance(seconds{60});
      shard.on_tick(clock.now());
    }
  }
  std::uint64_t buried() {
    std::uint64_t count = 0;
    for (const auto& call : ports.take())
      count += call.starts_with("dead_letter ") ? 1 : 0;
    return count;
  }
  start_image image() const {
    start_image made;
    for (const auto& [ref, record] : ports.saved)
      made.devices.push_back(record);
    for (const auto& one : ports.appended)
      for (const auto& row : one.rows)
        made.waiting.push_back({row.seq, one.device, 10, one.accepted_at});
    made.next_seq = 1000;
    made.open_seconds = shard.open_seconds(clock.now());
    return made;
  }
  void online(const char* name) {
    registered(name);
    assigned(first, "hub-a", "dps", "f1", name);
    shard.on_device_attached(first, clock.now());
    ports.take();
  }
  void wait_with_messages(std::uint32_t count) {
    registered("dev-1");
    for (std::uint32_t i = 1; i <= count; ++i)
      store("dev-1", i);
    ports.take();
  }
};

// A9: ten messages that had a 200 were erased when the listing said that their device is off.
TEST(grace, what_waits_for_a_device_that_is_switched_off_waits_on_and_is_delivered_when_it_is_on_again) {
  graced f;
  f.wait_with_messages(10);
  f.registered("dev-1", false);
  EXPECT_EQ(f.status("meters", "dev-1").state, device_state::off);
  EXPECT_EQ(f.status("meters", "dev-1").waiting, 10U);
  f.pass(6 * day);
  EXPECT_EQ(f.buried(), 0U);
  f.registered("dev-1", true);
  f.assigned(first, "hub-a", "dps", "f1", "dev-1");
  f.shard.on_device_attached(first, f.clock.now());
  for (spool_seq seq = 1; seq <= 10; ++seq)
    f.shard.on_send_outcome(first, seq, {}, f.clock.now());
  EXPECT_EQ(f.shard.totals().sent, 10U);
  EXPECT_EQ(f.shard.totals().dead_lettered, 0U);
}

TEST(grace, after_it_each_message_is_a_dead_letter_with_the_reason) {
  graced f;
  f.wait_with_messages(2);
  f.pass(3 * day);
  f.registered("dev-1", false);
  EXPECT_EQ(f.status("meters", "dev-1").grace_left, 7 * day);
  f.pass(7 * day - seconds{600});
  EXPECT_EQ(f.buried(), 0U) << "from the first refusal on, where that is later";
  f.pass(seconds{1200});
  EXPECT_EQ(f.ports.take(),
            (calls{"dead_letter 1 device_switched_off", "dead_letter 2 device_switched_off"}));
  EXPECT_EQ(f.shard.totals().grace_ended, 2U);
  EXPECT_EQ(f.status("meters", "dev-1").waiting, 0U);
}

TEST(grace, a_message_that_came_later_has_its_own_time) {
  graced f;
  f.shard.on_listed(application_id{"meters"}, f.clock.now());
  f.store("dev-1", 1);
  f.pass_refused(3 * day, first, errc::device_unlisted);
  f.store("dev-1", 2);
  f.pass_refused(4 * day - seconds{3600}, first, errc::device_unlisted);
  EXPECT_EQ(f.shard.totals().grace_ended, 0U);
  f.pass_refused(seconds{5 * 3600}, first, errc::device_unlisted); // each question stops the clock
  EXPECT_EQ(f.shard.totals().grace_ended, 1U);
  EXPECT_EQ(f.status("meters", "dev-1").waiting, 1U);
  f.pass_refused(3 * day, first, errc::device_unlisted);
  EXPECT_EQ(f.shard.totals().grace_ended, 2U);
}

TEST(grace, no_clock_runs_while_a_hub_or_a_service_is_in_trouble) {
  for (const auto why : {errc::dps_busy, errc::hub_not_found, errc::hub_suspended, errc::clock_skew,
                         errc::hub_unauthorized, errc::dps_unauthorized, errc::dps_enrolment_unknown}) {
    graced f;
    f.wait_with_messages(1);
    f.shard.on_assignment(first, error{why}, f.clock.now());
    f.pass_refused(30 * day, first, why);
    EXPECT_EQ(f.shard.totals().dead_lettered, 0U) << describe(why).name;
  }
}

TEST(grace, what_may_be_said_of_all_is_said_of_one_where_another_is_online) {
  graced f;
  f.online("dev-1");
  f.registered("dev-2");
  f.store("dev-2", 1);
  f.pass_refused(7 * day - seconds{3600}, device_ref{1}, errc::dps_unauthorized);
  EXPECT_EQ(f.shard.totals().grace_ended, 0U);
  f.pass_refused(seconds{5 * 3600}, device_ref{1}, errc::dps_unauthorized); // each question stops the clock
  EXPECT_EQ(f.shard.totals().grace_ended, 1U);
}

TEST(grace, only_an_attach_ends_it) {
  graced f;
  f.wait_with_messages(1);
  f.registered("dev-1", false);
  EXPECT_NE(f.ports.saved[first].refused_at, 0U);
  f.pass(5 * day);
  f.registered("dev-1", true); // asked for anew, and refused
  f.shard.on_assignment(first, error{errc::dps_disabled}, f.clock.now());
  f.pass(seconds{60});
  f.registered("dev-1", false);
  f.pass(2 * day + seconds{600});
  EXPECT_EQ(f.shard.totals().grace_ended, 1U);
  graced g;
  g.wait_with_messages(1);
  g.registered("dev-1", false);
  g.pass(5 * day);
  g.registered("dev-1", true);
  g.assigned(first, "hub-a", "dps", "f1", "dev-1");
  g.shard.on_device_attached(first, g.clock.now());
  EXPECT_EQ(g.ports.saved[first].refused_at, 0U);
  g.registered("dev-1", false);
  g.pass(6 * day);
  EXPECT_EQ(g.shard.totals().grace_ended, 0U);
}

TEST(grace, it_goes_on_after_a_restart_and_a_time_without_a_process_does_not_count) {
  graced f;
  f.wait_with_messages(1);
  f.registered("dev-1", false);
  f.pass(4 * day);
  const auto image = f.image();
  graced g;
  g.clock.advance(365 * day); // whatever the machine's clock says
  graced h;
  h.start(image);
  EXPECT_EQ(h.status("meters", "dev-1").state, device_state::off);
  h.pass(3 * day - seconds{600});
  EXPECT_EQ(h.shard.totals().grace_ended, 0U);
  h.pass(seconds{1200});
  EXPECT_EQ(h.shard.totals().grace_ended, 1U);
}

// C4: it stayed online for ever.
TEST(deleted, a_device_that_a_list_lacks_is_looked_up_and_detached_when_it_is_not_there) {
  graced f;
  f.online("dev-1");
  f.registered("dev-2");
  f.shard.on_listed(application_id{"meters"}, f.clock.now()); // has named both
  f.ports.take();
  f.registered("dev-2");
  f.shard.on_listed(application_id{"meters"}, f.clock.now());
  f.shard.on_tick(f.clock.now());
  EXPECT_EQ(f.ports.take(), (calls{"look_up 0 dev-1"}));
  f.shard.on_looked_up(first, error{errc::device_unlisted}, f.clock.now());
  EXPECT_EQ(f.ports.take(), (calls{"detach 0", "forget_assignment 0", "save_device 0 dev-1"}));
  const auto status = f.status("meters", "dev-1");
  EXPECT_FALSE(status.listed);
  EXPECT_EQ(status.state, device_state::removed);
  EXPECT_EQ(f.shard.totals().registry.listed, 1U);
  // It speaks: the registry is asked again.
  f.store("dev-1", 1);
  EXPECT_EQ(f.ports.take(), (calls{"append 1", "answer 1 stored", "save_device 0 dev-1", "look_up 0 dev-1"}));
  f.shard.on_looked_up(first, f.word("dev-1"), f.clock.now());
  EXPECT_EQ(f.ports.take(), (calls{"save_device 0 dev-1", "find_hub 0 dev-1 in dps"}));
}

TEST(deleted, a_list_that_suddenly_lacks_devices_removes_nobody_and_the_look_ups_are_paced) {
  graced f;
  for (int i = 0; i < 100; ++i)
    f.registered("dev-" + std::to_string(100 + i));
  f.shard.on_listed(application_id{"meters"}, f.clock.now());
  f.ports.take();
  f.shard.on_listed(application_id{"meters"}, f.clock.now());
  std::size_t asked = 0;
  for (int i = 0; i < 20; ++i) { // a second
    f.shard.on_tick(f.clock.now());
    for (const auto& call : f.ports.take()) {
      if (!call.starts_with("look_up ")) continue;
      ++asked;
      const auto ref = static_cast<device_ref>(std::stoul(call.substr(8)));
      // The registry cannot say, or says that it is there.
      if (asked % 2 == 0)
        f.shard.on_looked_up(ref, error{errc::registry_unavailable}, f.clock.now());
      else
        f.shard.on_looked_up(ref, f.word("x"), f.clock.now());
    }
    f.clock.advance(milliseconds{50});
  }
  EXPECT_GE(asked, 1U);
  EXPECT_LE(asked, 11U);
  EXPECT_EQ(f.shard.totals().registry.listed, 100U);
  EXPECT_EQ(f.in_state(device_state::removed), 0U);
}

TEST(deleted, what_waits_is_delivered_first_also_after_a_restart) {
  graced f;
  f.wait_with_messages(2);
  f.shard.on_listed(application_id{"meters"}, f.clock.now());
  f.shard.on_listed(application_id{"meters"}, f.clock.now());
  f.shard.on_tick(f.clock.now());
  f.shard.on_looked_up(first, error{errc::device_unlisted}, f.clock.now());
  EXPECT_FALSE(f.status("meters", "dev-1").listed);
  EXPECT_NE(f.status("meters", "dev-1").state, device_state::removed);
  graced g;
  g.start(f.image());
  EXPECT_EQ(g.ports.take(), (calls{"find_hub 0 dev-1 in dps"}));
  g.assigned(first, "hub-a", "dps", "f1", "dev-1");
  g.shard.on_device_attached(first, g.clock.now());
  g.shard.on_read_back({f.ports.appended[0].rows[0]}, {}, g.clock.now());
  g.shard.on_send_outcome(first, 1, {}, g.clock.now());
  EXPECT_NE(g.status("meters", "dev-1").state, device_state::removed);
  g.shard.on_read_back({f.ports.appended[1].rows[0]}, {}, g.clock.now());
  g.shard.on_send_outcome(first, 2, {}, g.clock.now());
  EXPECT_EQ(g.shard.totals().sent, 2U);
  EXPECT_EQ(g.status("meters", "dev-1").state, device_state::removed);
  graced h;
  auto image = g.image();
  image.waiting.clear();
  h.start(image);
  EXPECT_EQ(h.status("meters", "dev-1").state, device_state::removed);
  EXPECT_EQ(h.ports.take(), calls{});
}

registered_device with_eui(const char* eui) {
  auto word = shard_fixture::word("dev-1");
  word.dev_eui = dev_eui{eui};
  return word;
}

// C9: another device under the id, and so under the identity, of the one before.
TEST(deleted, under_an_identity_by_eui_another_eui_is_another_device_and_what_waits_goes_first) {
  graced f{"{dev_eui}"};
  f.shard.on_registered(with_eui("70B3D52DD600035A"), f.clock.now());
  f.assigned(first, "hub-a", "dps", "f1", "70B3D52DD600035A");
  f.shard.on_device_attached(first, f.clock.now());
  f.store("dev-1", 1);
  f.store("dev-1", 2);
  f.shard.on_registered(with_eui("70B3D52DD600035B"), f.clock.now());
  f.store("dev-1", 3); // is the new one's
  EXPECT_EQ(f.status("meters", "dev-1").identity.str(), "70B3D52DD600035A");
  f.ports.take();
  f.shard.on_send_outcome(first, 1, {}, f.clock.now());
  EXPECT_EQ(f.ports.take(), (calls{"done 1", "send 0 2 dev-1#2"}));
  f.shard.on_send_outcome(first, 2, {}, f.clock.now());
  EXPECT_EQ(f.ports.take(), (calls{"done 2", "detach 0", "forget_assignment 0", "save_device 0 dev-1",
                                   "find_hub 0 70B3D52DD600035B in dps"}));
}

// A message of the one whose EUI ends with 5A waits, and one of its successor, 5B.
void become_another(graced& f) {
  f.shard.on_registered(with_eui("70B3D52DD600035A"), f.clock.now());
  f.assigned(first, "hub-a", "dps", "f1", "70B3D52DD600035A");
  f.store("dev-1", 1);
  f.shard.on_registered(with_eui("70B3D52DD600035B"), f.clock.now());
  f.store("dev-1", 2);
}

TEST(deleted, what_its_hub_does_not_take_in_a_minute_is_a_dead_letter_and_never_the_new_devices) {
  graced f{"{dev_eui}"};
  become_another(f);
  f.pass(day); // its hub is away: no minute of it has begun
  EXPECT_EQ(f.buried(), 0U);
  // The process ends here: what is known of it is on disk.
  graced g{"{dev_eui}"};
  g.start(f.image());
  EXPECT_EQ(g.ports.take(), (calls{"dead_letter 1 device_replaced", "forget_assignment 0",
                                   "save_device 0 dev-1", "find_hub 0 70B3D52DD600035B in dps"}));
  // Here it goes on: a minute online, and nothing is accepted.
  f.shard.on_device_attached(first, f.clock.now());
  f.shard.on_send_outcome(first, 1, error{errc::hub_throttled}.with_retry_after(seconds{3600}),
                          f.clock.now());
  f.ports.take();
  for (int i = 0; i < 7; ++i) {
    f.clock.advance(seconds{10});
    f.shard.on_tick(f.clock.now());
  }
  EXPECT_EQ(f.ports.take(), (calls{"detach 0", "dead_letter 1 device_replaced", "forget_assignment 0",
                                   "save_device 0 dev-1", "find_hub 0 70B3D52DD600035B in dps"}));
}

// The old identity was disabled in the hub: no minute of it ever began.
TEST(deleted, a_former_identity_that_the_hub_refuses_has_its_minute_too) {
  graced f{"{dev_eui}"};
  become_another(f);
  f.shard.on_device_detached(first, error{errc::hub_device_disabled}, false, f.clock.now());
  f.ports.take();
  calls done;
  for (int i = 0; i < 8; ++i) {
    f.clock.advance(seconds{10});
    f.shard.on_tick(f.clock.now());
    for (auto& call : f.ports.take()) {
      if (call.starts_with("attach 0 70B3D52DD600035A"))
        f.shard.on_device_detached(first, error{errc::hub_device_disabled}, false, f.clock.now());
      done.push_back(std::move(call));
    }
  }
  EXPECT_EQ(std::count(done.begin(), done.end(), "dead_letter 1 device_replaced"), 1);
  EXPECT_EQ(done.back(), "find_hub 0 70B3D52DD600035B in dps");
}

TEST(deleted, without_a_registry_the_first_eui_stays_where_the_identity_is_made_of_it) {
  auto rules = shard_fixture::rules();
  rules[0].identity_template = "{dev_eui}";
  shard_fixture f{{}, rules};
  auto event = f.frame("plant", "dev-1", 1);
  event.dev_eui = dev_eui{"70B3D52DD600035A"};
  f.post(event);
  event = f.frame("plant", "dev-1", 2);
  event.dev_eui = dev_eui{"70B3D52DD600035B"};
  f.post(event);
  EXPECT_EQ(f.status("plant", "dev-1").dev_eui.str(), "70B3D52DD600035A");
  // With one it is the registry's word alone.
  graced g{"{dev_eui}"};
  event = g.frame("meters", "dev-1", 1);
  event.dev_eui = dev_eui{"70B3D52DD600035B"};
  g.post(event);
  g.shard.on_registered(with_eui("70B3D52DD600035A"), g.clock.now());
  EXPECT_EQ(g.ports.take().back(), "find_hub 0 70B3D52DD600035A in dps");
}

// Its format takes its time, and meanwhile the id becomes another device's.
TEST(deleted, what_was_being_formatted_for_the_former_is_a_dead_letter_and_never_the_new_devices) {
  graced f{"{dev_eui}"};
  f.shard.on_registered(with_eui("70B3D52DD600035A"), f.clock.now());
  f.assigned(first, "hub-a", "dps", "f1", "70B3D52DD600035A");
  f.ports.formats_later = true;
  const auto formers = f.post(f.frame("meters", "dev-1", 1));
  f.shard.on_registered(with_eui("70B3D52DD600035B"), f.clock.now());
  const auto heirs = f.post(f.frame("meters", "dev-1", 2));
  for (const auto which : {formers, heirs})
    f.shard.on_formatted(ticket{which}, std::vector<message>{{"id", "", "", "body", {}}}, f.clock.now());
  ASSERT_EQ(f.ports.appended.size(), 2U);
  ASSERT_TRUE(f.ports.appended[0].refused);
  EXPECT_EQ(f.ports.appended[0].refused->reason.code(), errc::device_replaced);
  EXPECT_FALSE(f.ports.appended[1].refused);
}

} // namespace
} // namespace causeway::core
