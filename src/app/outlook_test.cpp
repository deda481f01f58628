// SPDX-License-Identifier: Apache-2.0
// What the registry's words make of devices; what the disk does, plan_source_test sees.
#include "app/outlook.h"

#include <gtest/gtest.h>

namespace causeway::app {
namespace {

using model::device_state;

struct fixed_finder final : model::provisioner {
  void find_hub(device_ref, const azure_name&, const identity&, const model::connect_wish&) override {
    ADD_FAILURE() << "a plan asks nobody for a hub";
  }
  void call_off(device_ref) override { ADD_FAILURE(); }
  void hurry(device_ref) override { ADD_FAILURE(); }
  std::string fingerprint(const azure_name&) const override { return "key-1"; }
};

struct noting_registry final : model::registry {
  std::vector<device_ref> asked;
  void look_up(device_ref which, const model::device_key&) override { asked.push_back(which); }
};

struct scene {
  moment now = manual_clock{}.now();
  fixed_finder finder;
  noting_registry stack;
  outlook seen;

  explicit scene(const char* identity_template = "{device_id}")
      : seen{{[identity_template] {
          core::application_rules made;
          made.id = application_id{"water"};
          made.section = azure_name{"field"};
          made.follows_registry = true;
          made.identity_template = identity_template;
          return made;
        }()}} {
    seen.connect(finder, stack);
  }
  static model::device_key key(const char* name) { return {application_id{"water"}, device_id{name}}; }
  void word(const char* name, std::optional<bool> integration = {}, const char* eui = "") {
    seen.on_registered({key(name), dev_eui{eui}, integration, {}}, now);
  }
  device_state state(const char* name) const {
    return seen.devices().at(seen.devices().find(0, name).value()).state();
  }
  // One device on disk, with an assignment.
  void begin(bool listed, std::size_t waiting, const char* eui = "") {
    model::start_image image;
    model::device_record record;
    record.key = key("dev");
    record.listed = listed;
    record.dev_eui = dev_eui{eui};
    image.devices = {record};
    image.assignments = {{record.key,
                          {hub_host{"h"},
                           identity{eui[0] == '\0' ? "dev" : eui},
                           azure_name{"field"},
                           {},
                           eui[0] == '\0' ? "key-1/{device_id}" : "key-1/{dev_eui}"}}};
    for (std::size_t i = 1; i <= waiting; ++i)
      image.waiting.push_back({i, device_ref{0}, 10});
    seen.begin(image, now);
  }
};

TEST(outlook, a_word_brings_a_device_on_its_way_or_takes_it_off) {
  scene s;
  s.seen.begin({}, s.now);
  s.word("new");
  EXPECT_EQ(s.state("new"), device_state::provisioning);
  s.word("off", false);
  EXPECT_EQ(s.state("off"), device_state::off);
  s.word("off", true);
  EXPECT_EQ(s.state("off"), device_state::provisioning);
  s.word("new", false);
  EXPECT_EQ(s.state("new"), device_state::off);
}

TEST(outlook, who_is_on_disk_waits_for_its_word_and_is_asked_for_when_the_list_lacks_it) {
  scene s;
  s.begin(false, 1);
  EXPECT_EQ(s.state("dev"), device_state::unlisted);
  EXPECT_TRUE(s.stack.asked.empty());
  s.seen.on_listed(application_id{"water"}, s.now);
  EXPECT_EQ(s.stack.asked, std::vector{device_ref{0}});
  s.seen.on_looked_up(device_ref{0}, model::registered_device{s.key("dev"), {}, {}, {}}, s.now);
  EXPECT_EQ(s.state("dev"), device_state::attaching) << "the assignment is in the cache";
  scene t;
  t.begin(false, 1);
  t.seen.on_listed(application_id{"water"}, t.now);
  t.seen.on_looked_up(device_ref{0}, error{errc::device_unlisted}, t.now);
  EXPECT_EQ(t.state("dev"), device_state::parked);
}

TEST(outlook, another_eui_is_another_device_unless_messages_of_the_former_wait) {
  for (const std::size_t waiting : {0U, 1U}) {
    scene s{"{dev_eui}"};
    s.begin(true, waiting, "70B3D52DD600035A");
    EXPECT_EQ(s.state("dev"), device_state::attaching);
    s.word("dev", {}, "70B3D52DD600035B");
    EXPECT_EQ(s.state("dev"), waiting == 0 ? device_state::provisioning : device_state::attaching);
  }
}

} // namespace
} // namespace causeway::app
