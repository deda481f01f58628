// SPDX-License-Identifier: Apache-2.0
// Commands of a device whose id has come back with another EUI.
#include "core/commands_scene.h"

#include <gtest/gtest.h>

namespace causeway::core {
namespace {

using namespace std::chrono_literals;
using testing::commands_scene;

// A device of "plant" whose identity is its EUI, online.
struct named_by_eui : commands_scene {
  static std::vector<application_rules> by_eui() {
    auto all = rules();
    all[0].identity_template = "{dev_eui}";
    all[0].follows_registry = true;
    return all;
  }
  named_by_eui() : commands_scene{by_eui(), without_device::yes} {
    has_eui("70B3D52DD600035A");
    post(frame("plant", "dev", 1));
    const auto seq = ports.appended.back().rows.front().seq;
    which = ports.appended.back().device;
    spooled(seq);
    assigned(which, "h", "hub", "", "70B3D52DD600035A");
    shard.on_device_attached(which, clock.now());
    shard.on_send_outcome(which, seq, {}, clock.now());
    told = ports.appended.size();
    ports.take();
  }
  void has_eui(const char* eui) {
    shard.on_registered({key("plant", "dev"), dev_eui{eui}, {}, {}}, clock.now());
  }
  // None of these is pushed, or told of as the new device's.
  void expect_given_up(const std::vector<command_id>& all) {
    for (const auto& one : all)
      EXPECT_EQ(state(one), command_state::failed);
    EXPECT_EQ(ports.pushed.size(), 1U);
    EXPECT_EQ(reported(), std::vector<std::string>{});
  }
};

TEST(pushes, are_never_made_to_another_device_under_the_same_id) {
  named_by_eui f;
  const auto first = f.pushed(1, "open a");
  f.c2d(2, "open b");
  const auto second = f.ports.appended.back().commands.front().id;
  f.durable();
  f.outcome(first, push_end::unanswered);
  f.has_eui("70B3D52DD600035B");
  f.look_twice(f.clock.now().wall - 3600s); // the first has never arrived
  f.tick(11s);
  f.durable();
  f.expect_given_up({first, second});
}

TEST(pushes, are_never_made_to_another_device_that_is_there_at_the_next_start) {
  named_by_eui before;
  const auto id = before.pushed(1, "open");
  auto image = before.on_disk();
  image.devices[0].dev_eui = dev_eui{"70B3D52DD600035B"};
  commands_scene anew{named_by_eui::by_eui(), commands_scene::without_device::yes};
  anew.start(image);
  anew.tick(1s);
  anew.look_twice(anew.clock.now().wall - 3600s); // it has never arrived
  anew.tick(11s);
  anew.durable();
  EXPECT_EQ(anew.state(id), command_state::failed);
  EXPECT_TRUE(anew.ports.pushed.empty());
  EXPECT_TRUE(anew.reported().empty());
}

} // namespace
} // namespace causeway::core
