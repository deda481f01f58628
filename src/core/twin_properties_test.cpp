// SPDX-License-Identifier: Apache-2.0
// IoT Central's properties: each is what lorawan.downlink is to a twin (twins_test.cpp), by itself.
#include "core/ledger.h"
#include "core/twin_record.h"
#include "core/twins_scene.h"

#include <cstddef>
#include <gtest/gtest.h>
#include <string>
#include <utility>
#include <vector>

namespace causeway::core {
namespace {

using namespace std::chrono_literals;
using testing::calls;
using testing::twins_scene;

struct properties_scene : twins_scene {
  explicit properties_scene(std::vector<application_rules> by = with_twins()) : twins_scene{std::move(by)} {
    ports.properties = {"fan", "lamp"};
  }
  // All that has been asked for is stored, pushed and taken by the stack.
  void go_on() {
    for (std::size_t taken = 0; taken < pushes() || told < ports.appended.size();) {
      durable();
      for (; taken < pushes(); ++taken)
        if (state(ports.pushed[taken]) == command_state::pushing)
          outcome(ports.pushed[taken], push_end::taken);
    }
  }
  std::vector<std::string> pushed_bodies() const {
    std::vector<std::string> all;
    for (const auto& id : ports.pushed)
      all.push_back(shard.commands().book().find(id)->what.what.frm_payload);
    return all;
  }
  // What the hub is told next; the answer to it is given.
  std::string told_next() {
    std::string found;
    for (const auto& one : ports.take())
      if (one.starts_with("report_twin 0 ")) found = one.substr(14);
    reported();
    return found;
  }
};

TEST(properties, are_a_command_each_by_itself) {
  properties_scene f;
  f.opened();
  f.asked("2;fan=on");
  f.asked("3;fan=on;lamp=dim");
  EXPECT_EQ(f.pushed_bodies(), (std::vector<std::string>{"on", "dim"}));
  f.asked("4 bell;fan=on;lamp=dim");
  EXPECT_EQ(f.pushed_bodies(), (std::vector<std::string>{"on", "dim", "bell"}));
  f.changed("5 bell;fan=off;lamp=dim");
  f.read("5 bell;fan=off;lamp=dim");
  f.go_on();
  EXPECT_EQ(f.pushed_bodies().back(), "off");
  EXPECT_EQ(f.pushes(), 4U);
}

TEST(properties, are_acknowledged_with_their_own_version) {
  properties_scene f;
  f.opened();
  f.changed("2;fan=on");
  f.read("2;fan=on");
  f.durable();
  const auto fan = f.ports.appended.back().commands.front().id.str();
  EXPECT_EQ(f.told_next(), "fan:202 2 stored " + fan + " on");
  f.go_on();
  EXPECT_EQ(f.told_next(), "fan:200 2 queued " + fan + " on");
  f.changed("3;fan=on;lamp=dim");
  f.read("3;fan=on;lamp=dim|;fan:200 2 queued " + fan + " on");
  f.go_on();
  EXPECT_TRUE(f.told_next().starts_with("lamp:20")) << "of the fan nothing is new";
  EXPECT_TRUE(f.told_next().starts_with("lamp:200 3 queued"));
  EXPECT_EQ(f.told_next(), "");
}

TEST(properties, asked_for_at_once_are_one_command_an_append_and_none_is_lost) {
  properties_scene f;
  f.opened();
  const std::string all = "2 bell;fan=on;lamp=dim";
  f.changed(all);
  f.read(all);
  for (int disk_said = 0; disk_said < 4; ++disk_said) {
    properties_scene killed; // now: with what is on disk
    f.restart(killed);
    killed.open();
    killed.read(all);
    for (int i = 0; i < 4; ++i)
      killed.durable();
    for (const auto* const object : {"bell", "fan=on", "lamp=dim"})
      EXPECT_TRUE(killed.state(make_command_id(twins_scene::key("plant", "dev"), twin_origin{object, 2})))
          << object << ", after " << disk_said;
    f.durable();
  }
  for (const auto& one : f.ports.appended)
    EXPECT_LE(one.commands.size(), 2U) << "a command, and what is known of the twin";
  f.go_on();
  EXPECT_EQ(f.pushed_bodies(), (std::vector<std::string>{"bell", "on", "dim"}));
}

TEST(properties, that_a_fleet_brings_along_or_whose_name_is_new_are_seen_and_not_sent) {
  properties_scene f;
  f.ports.properties = {"fan"};
  f.open();
  f.read("40;fan=on");
  f.durable();
  EXPECT_EQ(f.told_next(), "fan:409 40 seen on");
  f.ports.properties = {"fan", "lamp"};
  f.open();
  f.read("41;fan=on;lamp=dim|;fan:409 40 seen on");
  f.durable();
  EXPECT_EQ(f.told_next(), "lamp:409 41 seen dim");
  EXPECT_EQ(f.pushes(), 0U);
  f.asked("42;fan=off;lamp=dim");
  EXPECT_EQ(f.pushed_bodies(), (std::vector<std::string>{"off"}));
}

TEST(properties, of_a_twin_that_is_read_for_the_first_time_are_sent_where_that_is_configured) {
  properties_scene f{twins_scene::that_send_first()};
  f.open();
  f.read("40 bell;fan=on");
  f.go_on();
  EXPECT_EQ(f.pushed_bodies(), (std::vector<std::string>{"bell", "on"}));
}

TEST(properties, of_a_twin_whose_version_has_gone_back_are_seen_and_not_sent) {
  properties_scene f;
  f.opened();
  f.asked("20;fan=on");
  f.open();
  f.read("3;fan=off;lamp=dim");
  f.go_on();
  EXPECT_EQ(f.pushes(), 1U);
  EXPECT_EQ(f.told_next(), "fan:409 3 seen off");
  EXPECT_EQ(f.told_next(), "lamp:409 3 seen dim");
}

TEST(properties, that_cannot_be_sent_are_refused_and_hold_up_no_other) {
  properties_scene f;
  f.opened();
  f.changed("2;fan=bad;lamp=dim");
  f.read("2;fan=bad;lamp=dim");
  f.go_on();
  EXPECT_EQ(f.told_next(), "fan:400 2 refused downlink_payload_invalid bad");
  EXPECT_TRUE(f.told_next().starts_with("lamp:200 2 queued"));
  EXPECT_EQ(f.pushed_bodies(), (std::vector<std::string>{"dim"}));
}

TEST(properties, that_there_is_no_room_for_now_are_read_again) {
  properties_scene f;
  f.opened();
  f.changed("2;fan=on;lamp=dim");
  f.read("2;fan=on;lamp=dim");
  f.ports.spool_is_full = true;
  f.durable(); // of the fan; none of the lamp can follow
  f.ports.spool_is_full = false;
  f.ports.take();
  f.tick(61s);
  EXPECT_TRUE(f.was_asked("read_twin 0"));
  f.read("2;fan=on;lamp=dim");
  f.go_on();
  EXPECT_EQ(f.pushed_bodies(), (std::vector<std::string>{"on", "dim"}));
}

TEST(properties, the_same_again_a_reconnect_and_a_restart_send_nothing_again) {
  properties_scene f;
  f.opened();
  const auto fan = f.asked("2;fan=on").str();
  f.changed("3;fan=on");
  f.read("3;fan=on|;fan:200 2 queued " + fan + " on");
  f.open();
  f.read("4;fan=on|;fan:200 2 queued " + fan + " on");
  f.durable();
  EXPECT_EQ(f.pushes(), 1U);
  EXPECT_EQ(f.ports.appended.size(), f.told);
  properties_scene next;
  f.restart(next);
  next.open();
  next.ports.take();
  next.read("4;fan=on|;fan:202 2 stored " + fan + " on");
  EXPECT_EQ(next.ports.take(), calls{"report_twin 0 fan:200 2 queued " + fan + " on"}) << "put right";
  EXPECT_EQ(next.pushes(), 0U);
}

TEST(properties, that_are_withdrawn_ask_for_nothing_and_are_asked_for_anew) {
  properties_scene f;
  f.opened();
  const auto fan = f.asked("2;fan=on").str();
  f.changed("3;");
  f.read("3|;fan:200 2 queued " + fan + " on");
  f.durable();
  EXPECT_EQ(f.told_next(), "fan:nothing");
  f.asked("4;fan=on");
  EXPECT_EQ(f.pushes(), 2U);
}

TEST(properties, whose_name_is_not_configured_any_more_are_forgotten) {
  properties_scene f;
  f.opened();
  f.asked("2;fan=on");
  f.ports.properties = {"lamp"};
  f.open();
  f.ports.take();
  f.read("2;fan=on");
  EXPECT_EQ(f.ports.take(), calls{"keep command"});
  f.durable();
  EXPECT_EQ(f.ports.take(), calls{}) << "and left as they are";
  f.open();
  f.read("2;fan=on");
  EXPECT_EQ(f.ports.appended.size(), f.told) << "once";
}

TEST(properties, are_accepted_when_their_command_has_reached_what_it_can) {
  const auto acknowledged = [](const std::string& body, auto&& and_then) {
    properties_scene f;
    f.opened();
    const auto id = f.asked("2;fan=" + body);
    and_then(f, id);
    f.durable();
    f.open();
    f.ports.take();
    f.read("2;fan=" + body);
    return f.told_next().substr(4, 3);
  };
  using step = event_kind;
  const auto nothing = [](auto&, auto&) {};
  const auto sent = [](auto& f, auto& id) { f.step(id, step::downlink_sent); };
  const auto acked = [](auto& f, auto& id) { f.step(id, step::downlink_ack); };
  const auto nacked = [](auto& f, auto& id) { f.step(id, step::downlink_nack); };
  const auto put_out = [](auto& f, auto&) {
    f.c2d(1, "replace it");
    f.go_on();
  };
  EXPECT_EQ(acknowledged("on", nothing), "200");
  EXPECT_EQ(acknowledged("on", sent), "200");
  EXPECT_EQ(acknowledged("on", put_out), "409");
  EXPECT_EQ(acknowledged("confirmed", nothing), "202");
  EXPECT_EQ(acknowledged("confirmed", sent), "202");
  EXPECT_EQ(acknowledged("confirmed", nacked), "202");
  EXPECT_EQ(acknowledged("confirmed", acked), "200");
}

TEST(properties, that_the_stack_refuses_are_told_with_its_word) {
  properties_scene f;
  f.opened();
  f.changed("2;fan=on");
  f.read("2;fan=on");
  f.durable();
  f.reported();
  f.durable();
  const auto id = f.ports.pushed.back();
  f.ports.take();
  f.outcome(id, push_end::refused, "pkg/applicationserver:no_device_session");
  f.durable();
  EXPECT_EQ(f.told_next(), "fan:409 2 failed " + id.str() + " pkg/applicationserver:no_device_session on");
}

TEST(properties, whose_commands_history_is_over_keep_what_was_told_last_and_silence_no_other) {
  properties_scene f;
  f.opened();
  const auto fan = f.asked("2;fan=confirmed");
  f.step(fan, event_kind::downlink_ack);
  f.durable();
  f.tick(8 * 24h);
  ASSERT_FALSE(f.state(fan));
  f.open();
  f.ports.take();
  f.read("3;fan=confirmed;lamp=bad|;fan:200 2 acknowledged " + fan.str() + " confirmed");
  f.durable();
  EXPECT_EQ(f.told_next(), "lamp:400 3 refused downlink_payload_invalid bad");
  EXPECT_EQ(f.told_next(), "");
}

TEST(properties, of_a_device_that_is_forgotten_are_forgotten_with_it) {
  properties_scene f;
  f.opened();
  f.asked("2;fan=on;lamp=dim");
  f.go_on();
  const auto device = twins_scene::key("plant", "dev");
  f.shard.on_send_outcome(f.which, f.shard.totals().last_row, {}, f.clock.now());
  ASSERT_EQ(f.shard.forget(device, true, f.clock.now()), forgetting::forgotten);
  for (const auto& [id, row] : f.ports.commands)
    EXPECT_FALSE(is_twin_row(row));
}

} // namespace
} // namespace causeway::core
