// SPDX-License-Identifier: Apache-2.0
#include "core/ledger.h"

#include <gtest/gtest.h>

namespace causeway::core {
namespace {

struct book : ::testing::Test {
  command_limits limits{.most = 4, .application_share = 50};
  ledger held{limits};
  static constexpr std::uint32_t plant = 0, field = 1;

  static command_id id_of(int number) {
    auto text = std::to_string(number);
    return command_id{std::string(32 - text.size(), '0') + text};
  }
  command_entry& add(int number, std::uint32_t application = plant, const std::string& device = "dev",
                     command_stage stage = command_stage::stored, std::uint32_t changed_at = 0) {
    kept_state state;
    state.what.id = id_of(number);
    state.what.to = {application_id{application == plant ? "plant" : "field"}, device_id{device}};
    state.stands.stage = stage;
    state.changed_at = changed_at;
    return held.add(make_entry(std::move(state), application));
  }
  std::vector<std::string> of(const std::string& device) {
    std::vector<std::string> ids;
    for (const auto* one : held.of_device({application_id{"plant"}, device_id{device}}))
      ids.push_back(one->what.id.str().substr(30));
    return ids;
  }
};

TEST_F(book, finds_by_id_and_by_device_in_the_order_stored) {
  add(2);
  add(1);
  add(3, field);
  add(4, plant, "other");
  EXPECT_EQ(of("dev"), (std::vector<std::string>{"02", "01"}));
  held.remove(id_of(2));
  EXPECT_EQ(of("dev"), std::vector<std::string>{"01"});
  EXPECT_EQ(held.find(id_of(2)), nullptr);
  EXPECT_NE(held.find(id_of(4)), nullptr);
  std::vector<std::string> all;
  for (const auto* one = held.behind(0); one != nullptr; one = held.behind(one->order))
    all.push_back(one->what.id.str().substr(30));
  EXPECT_EQ(all, (std::vector<std::string>{"01", "03", "04"}));
  EXPECT_EQ(held.size(), 3U);
}

TEST_F(book, one_application_alone_may_have_all_and_of_several_each_its_share) {
  for (int i = 0; i < 4; ++i) {
    EXPECT_FALSE(held.make_room(plant).refused) << i;
    add(i);
  }
  EXPECT_EQ(held.make_room(plant).refused, errc::commands_full);
  EXPECT_EQ(held.make_room(field).refused, errc::commands_full);
  held.remove(id_of(0));
  held.remove(id_of(1));
  add(10, field);
  EXPECT_EQ(held.make_room(plant).refused, errc::commands_share_full);
  EXPECT_FALSE(held.make_room(field).refused);
}

TEST_F(book, the_one_that_ended_first_goes_for_a_new_one_of_its_own_application_if_that_has_its_share) {
  add(1, plant, "dev", command_stage::acknowledged, 20);
  add(2, field, "dev", command_stage::failed, 10);
  add(3, plant, "dev", command_stage::queued);
  EXPECT_EQ(held.make_room(plant).goes->what.id, id_of(1)) << "plant has its share";
  add(4, field);
  EXPECT_EQ(held.make_room(field).goes->what.id, id_of(2));
  held.remove(id_of(1));
  held.remove(id_of(2));
  EXPECT_EQ(held.make_room(plant).goes, nullptr);
}

TEST_F(book, a_command_that_ends_later_is_the_oldest_by_that) {
  auto& one = add(1, plant, "dev", command_stage::acknowledged, 20);
  add(2, plant, "dev", command_stage::acknowledged, 30);
  one.changed_at = 40;
  held.on_changed(one);
  add(3);
  add(4);
  EXPECT_EQ(held.make_room(plant).goes->what.id, id_of(2));
}

TEST_F(book, gives_those_whose_time_has_come_in_that_order_once) {
  const mono_time start{seconds{100}};
  auto& one = add(1);
  auto& two = add(2);
  held.set_due(one, start + seconds{2});
  held.set_due(two, start + seconds{1});
  EXPECT_EQ(held.deadline(), start + seconds{1});
  EXPECT_EQ(held.take_due(start), nullptr);
  EXPECT_EQ(held.take_due(start + seconds{2}), &two);
  held.set_due(one, start + seconds{5});
  EXPECT_EQ(held.take_due(start + seconds{2}), nullptr);
  held.remove(one.what.id);
  EXPECT_EQ(held.deadline(), std::nullopt);
}

TEST_F(book, counts_by_stage_and_application) {
  auto& one = add(1);
  add(2, field);
  EXPECT_EQ(held.in_stage(command_stage::stored), 2U);
  one.track.on(command_event::push_began);
  held.on_changed(one);
  EXPECT_EQ(held.in_stage(command_stage::stored), 1U);
  EXPECT_EQ(held.in_stage(command_stage::pushing), 1U);
  EXPECT_EQ(held.of_application(plant), 1U);
  held.remove(id_of(1));
  EXPECT_EQ(held.of_application(plant), 0U);
  EXPECT_EQ(held.in_stage(command_stage::pushing), 0U);
}

} // namespace
} // namespace causeway::core
