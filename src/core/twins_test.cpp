// SPDX-License-Identifier: Apache-2.0
// What twins ask for, what of it becomes a command, and what they are told.
#include "core/twins_scene.h"

#include <algorithm>
#include <gtest/gtest.h>
#include <string>
#include <utility>
#include <vector>

namespace causeway::core {
namespace {

using namespace std::chrono_literals;
using testing::calls;
using testing::commands_scene;
using testing::twins_scene;

TEST(twins, links_of_twins_are_wished_for_where_they_are_configured) {
  EXPECT_TRUE(twins_scene{}.ports.wishes.back().twin);
  EXPECT_FALSE(commands_scene{}.ports.wishes.back().twin);
}

TEST(twins, a_change_is_a_signal_and_what_is_read_becomes_one_command) {
  twins_scene f;
  f.open();
  EXPECT_EQ(f.ports.take(), calls{"read_twin 0"});
  f.read("1");
  EXPECT_EQ(f.ports.take(), calls{"keep command"}) << "that it was read, and asked for nothing";
  f.durable();
  f.changed("2 bell");
  EXPECT_EQ(f.ports.take(), calls{"read_twin 0 urgent"});
  f.read("2 bell");
  EXPECT_EQ(f.ports.take(), calls{"keep command"});
  ASSERT_EQ(f.ports.appended.back().commands.size(), 2U) << "the command, and what is known of the twin";
  f.durable();
  const auto id = f.ports.appended.back().commands.front().id;
  EXPECT_EQ(f.ports.take(), (calls{"report_twin 0 2 stored " + id.str(), "keep command"}));
  f.durable();
  EXPECT_EQ(f.ports.take(), calls{"push dev bell"});
  f.outcome(id, push_end::taken);
  f.reported();
  EXPECT_EQ(f.ports.take(), (calls{"keep command and report", "report_twin 0 2 queued " + id.str()}));
}

TEST(twins, another_property_the_same_value_and_a_twin_replaced_whole_are_no_new_downlink) {
  twins_scene f;
  f.opened();
  f.asked("2 bell");
  f.changed("3");
  EXPECT_EQ(f.ports.take(), calls{}) << "it does not name the downlink, and nothing was missed";
  for (const auto* const same : {"4 bell", "9 bell"}) {
    f.changed(same);
    EXPECT_EQ(f.ports.take(), calls{"read_twin 0 urgent"});
    f.read(same + ("|2 queued " + f.ports.pushed.back().str()));
    EXPECT_EQ(f.ports.take(), calls{});
  }
  EXPECT_EQ(f.pushes(), 1U);
}

TEST(twins, a_gap_in_the_version_is_a_signal) {
  twins_scene f;
  f.opened();
  f.changed("2");
  EXPECT_EQ(f.ports.take(), calls{});
  f.changed("4");
  EXPECT_EQ(f.ports.take(), calls{"read_twin 0 urgent"});
  f.read("4 bell");
  f.durable();
  f.durable();
  EXPECT_EQ(f.pushes(), 1U);
}

TEST(twins, two_changes_before_one_read_are_one) {
  twins_scene f;
  f.opened();
  f.changed("2 bell");
  f.changed("3 gong");
  EXPECT_EQ(f.ports.take(), calls{"read_twin 0 urgent"}) << "one read a device";
  f.read("3 gong");
  EXPECT_EQ(f.ports.take(), calls{"keep command"});
  f.durable();
  EXPECT_EQ(f.ports.take().front(), "read_twin 0 urgent") << "for the one that came while it was read";
  f.read("3 gong");
  f.durable();
  EXPECT_EQ(f.ports.pushed.size(), 1U);
}

TEST(twins, fifty_reconnects_send_nothing_again) {
  twins_scene f;
  f.opened();
  const auto id = f.asked("2 bell");
  for (int i = 0; i < 50; ++i) {
    f.shard.on_device_detached(f.which, error{errc::connection_lost}, true, f.clock.now());
    f.shard.on_device_attached(f.which, f.clock.now());
    f.open();
    f.read("2 bell|2 queued " + id.str());
  }
  f.durable();
  EXPECT_EQ(f.pushes(), 1U);
  EXPECT_EQ(f.ports.appended.size(), f.told);
}

TEST(twins, a_restart_sends_nothing_again_and_puts_right_what_was_told) {
  twins_scene f;
  f.opened();
  const auto id = f.asked("2 bell");
  twins_scene next;
  f.restart(next);
  next.open();
  next.ports.take();
  next.read("2 bell|2 stored " + id.str());
  EXPECT_EQ(next.ports.take(), calls{"report_twin 0 2 queued " + id.str()});
  EXPECT_EQ(next.pushes(), 0U);
}

// The process ends after the append, before anything of it was answered.
TEST(twins, a_kill_between_storing_and_pushing_makes_no_second_command_although_the_version_has_gone_on) {
  twins_scene f;
  f.opened();
  f.changed("2 bell");
  f.read("2 bell");
  twins_scene next;
  f.restart(next);
  next.open();
  next.read("7 bell");
  next.durable();
  next.durable();
  EXPECT_EQ(next.pushes(), 1U);
}

TEST(twins, what_a_fleet_brings_along_is_seen_and_not_sent) {
  twins_scene f;
  f.open();
  f.ports.take();
  f.read("40 bell");
  EXPECT_EQ(f.ports.take(), calls{"keep command"});
  f.durable();
  EXPECT_EQ(f.ports.take(), calls{"report_twin 0 40 seen"});
  f.reported();
  f.changed("41 gong");
  f.read("41 gong|40 seen");
  f.durable();
  f.durable();
  EXPECT_EQ(f.pushes(), 1U) << "what is asked for from then on is sent";
}

TEST(twins, the_first_is_sent_where_that_is_configured) {
  twins_scene f{twins_scene::that_send_first()};
  f.open();
  f.read("40 bell");
  f.durable();
  f.durable();
  EXPECT_EQ(f.pushes(), 1U);
}

TEST(twins, a_twin_that_was_made_anew_with_another_object_is_seen_and_not_sent) {
  twins_scene f;
  f.opened();
  f.asked("20 bell");
  f.open();
  f.read("3 gong");
  f.durable();
  EXPECT_EQ(f.pushes(), 1U);
  EXPECT_EQ(f.ports.take().back(), "report_twin 0 3 seen");
}

TEST(twins, what_cannot_be_sent_is_refused_once_and_told) {
  twins_scene f;
  f.opened();
  f.changed("2 bad");
  f.read("2 bad");
  f.durable();
  EXPECT_EQ(f.ports.take().back(), "report_twin 0 2 refused downlink_payload_invalid");
  f.reported();
  f.open();
  f.read("2 bad|2 refused");
  EXPECT_EQ(f.pushes(), 0U);
  EXPECT_EQ(f.shard.commands().totals().refused[static_cast<std::size_t>(command_source::twin)], 1U);
}

TEST(twins, what_there_is_no_room_for_now_is_read_again) {
  twins_scene f;
  f.opened();
  f.ports.spool_is_full = true;
  f.changed("2 bell");
  f.read("2 bell");
  f.ports.take();
  f.ports.spool_is_full = false;
  f.tick(59s);
  EXPECT_EQ(f.ports.take(), calls{"take_c2d"});
  f.tick(2s);
  EXPECT_EQ(f.ports.take(), calls{"read_twin 0"});
  f.read("2 bell");
  f.durable();
  f.durable();
  EXPECT_EQ(f.pushes(), 1U);
}

TEST(twins, a_disk_that_refuses_the_append_leaves_neither_command_nor_what_is_known) {
  twins_scene f;
  f.opened();
  f.changed("2 bell");
  f.read("2 bell");
  f.durable(error{errc::store_unavailable});
  EXPECT_EQ(f.pushes(), 0U);
  f.ports.take();
  f.tick(61s);
  EXPECT_EQ(f.ports.take().back(), "read_twin 0");
  f.read("2 bell");
  f.durable();
  f.durable();
  EXPECT_EQ(f.pushes(), 1U);
}

TEST(twins, a_read_or_a_report_that_fails_is_made_again_after_a_pause) {
  twins_scene f;
  f.open();
  f.ports.take();
  f.read(error{errc::hub_throttled});
  f.tick(61s);
  EXPECT_EQ(f.ports.take(), calls{"read_twin 0"});
  f.read("40 bell");
  f.durable();
  EXPECT_EQ(f.ports.take().back(), "report_twin 0 40 seen");
  f.reported(error{errc::hub_throttled});
  f.tick(61s);
  EXPECT_EQ(f.ports.take(), calls{"read_twin 0"});
  f.read("40 bell");
  EXPECT_EQ(f.ports.take(), calls{"report_twin 0 40 seen"}) << "the hub has it not";
}

TEST(twins, a_document_that_is_none_is_read_again_and_harms_nobody) {
  twins_scene f;
  f.open();
  f.read("bad");
  f.ports.take();
  f.tick(61s);
  EXPECT_EQ(f.ports.take(), calls{"read_twin 0"});
}

TEST(twins, reports_go_one_at_a_time_and_the_last_state_goes_with_the_next) {
  twins_scene f;
  f.opened();
  f.changed("2 confirmed");
  f.read("2 confirmed");
  f.durable();
  f.durable();
  const auto id = f.ports.pushed.back();
  f.step(id, event_kind::downlink_queued);
  f.step(id, event_kind::downlink_sent);
  f.step(id, event_kind::downlink_ack);
  f.durable();
  f.ports.take();
  f.reported();
  EXPECT_EQ(f.ports.take(), calls{"report_twin 0 2 acknowledged " + id.str()});
  f.reported();
  EXPECT_EQ(f.ports.take(), calls{});
}

TEST(twins,
     a_twin_made_anew_that_asks_for_the_same_at_the_same_version_is_seen_and_not_told_the_former_ones_end) {
  twins_scene f;
  f.opened();
  f.asked("2 bell");
  f.open();
  f.read("1"); // made anew
  f.durable();
  f.ports.take();
  f.changed("2 bell");
  f.read("2 bell");
  f.durable();
  EXPECT_EQ(f.ports.take().back(), "report_twin 0 2 seen");
  EXPECT_EQ(f.pushes(), 1U);
}

TEST(twins, a_version_that_has_gone_back_counts_over_a_restart) {
  twins_scene f;
  f.opened();
  const auto id = f.asked("50 bell");
  f.open();
  f.read("2 bell|50 queued " + id.str()); // made anew with the same
  f.durable();
  twins_scene next;
  f.restart(next);
  next.open();
  next.read("4 gong");
  next.durable();
  next.durable();
  EXPECT_EQ(next.pushes(), 1U) << "it was asked for since";
}

TEST(twins, what_fails_again_and_again_is_tried_less_and_less_often) {
  twins_scene f;
  f.open();
  f.ports.take();
  std::vector<std::int64_t> minutes;
  for (int i = 0; i < 4; ++i) {
    f.read(error{errc::hub_throttled});
    const auto began = f.clock.now().mono;
    while (f.ports.take().empty())
      f.tick(60s);
    minutes.push_back((f.clock.now().mono - began) / 60s);
  }
  EXPECT_EQ(minutes, (std::vector<std::int64_t>{1, 2, 4, 8}));
}

TEST(twins, an_old_uplink_says_nothing_of_now) {
  auto by = twins_scene::with_twins();
  by[0].twin_interval = 3600s;
  twins_scene f{by};
  f.opened();
  const auto told = [&](const std::string& received_at) {
    auto event = twins_scene::frame("plant", "dev", 7);
    event.received_at = received_at;
    f.post(std::move(event));
    for (const auto& one : f.ports.take())
      if (one.starts_with("report_twin")) return true;
    return false;
  };
  EXPECT_FALSE(told(format_rfc3339(f.clock.now().wall - 3601s)));
  EXPECT_TRUE(told(format_rfc3339(f.clock.now().wall - 60s)));
}

// Its identity in the hub, and with it its twin, is made of the EUI.
TEST(twins, of_a_former_device_is_nothing_known_of_its_heir) {
  auto by = twins_scene::with_twins();
  by[0].identity_template = "{dev_eui}";
  by[0].follows_registry = true;
  commands_scene f{by, commands_scene::without_device::yes};
  const auto spoke = [&](const std::string& eui, std::uint32_t f_cnt) {
    f.shard.on_registered({twins_scene::key("plant", "dev"), dev_eui{eui}, {}, {}}, f.clock.now());
    f.shard.on_listed(application_id{"plant"}, f.clock.now());
    auto event = twins_scene::frame("plant", "dev", f_cnt);
    event.dev_eui = dev_eui{eui};
    f.post(std::move(event));
    const auto seq = f.ports.appended.back().rows.front().seq;
    const auto which = f.ports.appended.back().device;
    f.spooled(seq);
    f.assigned(which, "h", "hub", "", eui);
    f.shard.on_device_attached(which, f.clock.now());
    f.shard.on_send_outcome(which, seq, {}, f.clock.now());
    return which;
  };
  f.which = spoke("70B3D57ED0000001", 1);
  f.told = f.ports.appended.size();
  const auto twin = [&](const std::string& document) {
    f.shard.commands().on_twin_open(f.which, f.clock.now());
    f.ports.take();
    f.shard.commands().on_twin_read(f.which, result<std::string>{document}, f.clock.now());
    f.durable();
  };
  twin("50 bell");
  EXPECT_EQ(f.ports.take().back(), "report_twin 0 50 seen");
  f.shard.on_registered({twins_scene::key("plant", "dev"), dev_eui{"70B3D57ED0000002"}, {}, {}},
                        f.clock.now());
  f.which = spoke("70B3D57ED0000002", 2);
  f.told = f.ports.appended.size();
  EXPECT_EQ(f.status("plant", "dev").dev_eui.str(), "70B3D57ED0000002");
  twin("1 bell");
  EXPECT_EQ(f.ports.take().back(), "report_twin 0 1 seen") << "its first read, and not the former one's word";
}

TEST(twins, what_an_uplink_says_of_its_device_is_told_once_in_an_interval) {
  auto by = twins_scene::with_twins();
  by[0].twin_interval = 3600s;
  twins_scene f{by};
  f.opened();
  const auto told = [&](std::uint32_t f_cnt) {
    f.post(twins_scene::frame("plant", "dev", f_cnt));
    std::string found;
    for (const auto& one : f.ports.take())
      if (one.starts_with("report_twin")) found = one;
    return found;
  };
  EXPECT_EQ(told(7), "report_twin 0 ->7");
  f.reported();
  f.tick(3599s);
  EXPECT_EQ(told(8), "");
  f.tick(1s);
  EXPECT_EQ(told(9), "report_twin 0 7->9");
  f.tick(3600s);
  EXPECT_EQ(told(10), "") << "the one before has no answer yet";
  f.reported(error{errc::hub_throttled});
  EXPECT_EQ(told(11), "report_twin 0 7->11") << "the hub has not what it has refused";
}

TEST(twins, nothing_is_told_of_devices_where_that_is_not_configured) {
  twins_scene f;
  f.opened();
  f.post(twins_scene::frame("plant", "dev", 7));
  for (const auto& one : f.ports.take())
    EXPECT_FALSE(one.starts_with("report_twin")) << one;
}

TEST(twins, of_a_device_that_is_forgotten_nothing_is_kept) {
  twins_scene f;
  f.opened();
  f.asked("2 bell");
  const auto device = twins_scene::key("plant", "dev");
  f.shard.on_send_outcome(f.which, f.shard.totals().last_row, {}, f.clock.now());
  ASSERT_EQ(f.shard.forget(device, true, f.clock.now()), forgetting::forgotten);
  EXPECT_FALSE(f.ports.commands.contains(make_twin_record_id(device)));
  f.open(); // late
  f.tick(61s);
}

TEST(twins, a_damaged_row_is_said_and_dropped) {
  twins_scene f;
  f.opened();
  auto image = f.on_disk();
  for (auto& row : image.commands)
    row.content.resize(row.content.size() / 2);
  twins_scene next;
  next.start(std::move(image));
  const auto said = next.ports.take();
  EXPECT_EQ(std::count(said.begin(), said.end(), "forget_command"), 1);
}

} // namespace
} // namespace causeway::core
