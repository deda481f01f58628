// SPDX-License-Identifier: Apache-2.0
#include "core/ledger_view.h"

#include "core/commands_scene.h"
#include "core/ledger.h"

#include <algorithm>
#include <gtest/gtest.h>
#include <memory>

namespace causeway::core {
namespace {

using testing::calls;
using testing::commands_scene;

std::vector<std::string> ids_of(const command_page& page) {
  std::vector<std::string> ids;
  for (const auto& one : page.commands)
    ids.push_back(one.message_id);
  return ids;
}

TEST(ledger_view, pages_go_on_behind_the_last_in_the_order_stored) {
  commands_scene f;
  for (std::int64_t i = 1; i <= 5; ++i)
    f.c2d(i, "a");
  const auto& book = f.shard.commands().book();
  command_query asked;
  asked.limit = 2;
  auto page = page_of(book, asked, 0);
  EXPECT_EQ(ids_of(page), (std::vector<std::string>{"m1", "m2"}));
  ASSERT_TRUE(page.next);
  asked.after = *page.next;
  asked.limit = 3;
  page = page_of(book, asked, 0);
  EXPECT_EQ(ids_of(page), (std::vector<std::string>{"m3", "m4", "m5"}));
  EXPECT_EQ(page.next, std::nullopt);
}

TEST(ledger_view, a_devices_last_ones_are_the_newest_first) {
  commands_scene f;
  const auto other = f.online_device("other");
  for (std::int64_t i = 1; i <= 4; ++i)
    f.c2d(i, "a");
  f.c2d(5, "a", other);
  std::vector<std::string> last;
  for (const auto& one : last_of(f.shard.commands().book(), f.key("plant", "dev"), 3, 0))
    last.push_back(one.message_id);
  EXPECT_EQ(last, (std::vector<std::string>{"m4", "m3", "m2"}));
}

TEST(ledger_view, filters_take_application_device_and_state) {
  commands_scene f;
  const auto id = f.pushed(1, "a");
  f.outcome(id, push_end::taken);
  f.c2d(2, "b");
  const auto& book = f.shard.commands().book();
  command_query asked;
  asked.state = command_state::queued;
  EXPECT_EQ(ids_of(page_of(book, asked, 0)), std::vector<std::string>{"m1"});
  asked = {};
  asked.device = "other";
  EXPECT_TRUE(page_of(book, asked, 0).commands.empty());
  asked = {};
  asked.application = "plant";
  EXPECT_EQ(page_of(book, asked, 0).commands.size(), 2U);
}

TEST(ledger_view, one_says_what_is_known_of_it) {
  commands_scene f;
  const auto id = f.pushed(1, "confirmed a");
  f.step(id, event_kind::downlink_nack);
  f.clock.advance(seconds{7});
  const auto one = status_of(*f.shard.commands().book().find(id), f.shard.open_seconds(f.clock.now()));
  EXPECT_EQ(one.id, id);
  EXPECT_EQ(one.state, command_state::nacked);
  EXPECT_EQ(one.nacks, 1U);
  EXPECT_EQ(one.item, "as:downlink:" + id.str().substr(0, 8));
  EXPECT_EQ(one.changed, seconds{7});
  EXPECT_TRUE(one.pushed);
  EXPECT_EQ(one.sequence_number, 1);
  EXPECT_EQ(one.enqueued, wall_time{seconds{1}});
}

TEST(ledger_view, the_way_of_one_is_kept_with_its_times_and_over_a_restart) {
  commands_scene f;
  const auto began = f.clock.now().wall;
  const auto id = f.pushed(1, "confirmed a");
  f.clock.advance(seconds{7});
  f.outcome(id, push_end::taken);
  f.step(id, event_kind::downlink_sent, 9);
  f.durable();
  const auto kept = decode_command(f.ports.commands.at(id));
  ASSERT_TRUE(kept);
  const std::vector<command_mark> way{{command_state::stored, began},
                                      {command_state::pushing, began},
                                      {command_state::queued, began + seconds{7}},
                                      {command_state::sent, wall_time{std::chrono::nanoseconds{1}}, 9}};
  EXPECT_EQ(kept->marks, way);
}

TEST(ledger_view, of_a_long_way_the_beginning_and_the_end_are_kept) {
  commands_scene f;
  const auto id = f.pushed(1, "confirmed a");
  for (std::uint32_t attempt = 1; attempt <= 40; ++attempt)
    f.step(id, event_kind::downlink_sent, attempt);
  const auto& marks = f.shard.commands().book().find(id)->marks;
  ASSERT_EQ(marks.size(), most_marks);
  EXPECT_EQ(marks.front().state, command_state::stored);
  EXPECT_EQ(marks.back().f_cnt, 40U);
}

std::optional<calling_off> cancel(commands_scene& f, const command_id& which) {
  const auto told = std::make_shared<std::optional<calling_off>>();
  f.shard.commands().cancel(
      which, [told](calling_off what) { *told = what; }, f.clock.now());
  if (!*told) f.durable();
  return *told;
}

TEST(calling_off, finds_nothing_of_what_is_not_durable_yet) {
  commands_scene f;
  f.c2d(1, "a");
  const auto id = f.shard.commands().book().behind(0)->what.id;
  EXPECT_EQ(cancel(f, id), calling_off::unknown);
}

// After a kill it would be pushed all the same.
TEST(calling_off, is_told_to_nobody_before_it_is_durable) {
  auto by = commands_scene::rules();
  by[0].settle_at = awaited_step::acknowledged;
  commands_scene f{{}, by};
  f.pushed(1, "confirmed a");
  f.c2d(2, "b");
  f.durable();
  const auto id = f.shard.commands().book().behind(1)->what.id;
  f.ports.take();
  std::vector<calling_off> told;
  const auto ask = [&] {
    f.shard.commands().cancel(
        id, [&](calling_off what) { told.push_back(what); }, f.clock.now());
  };
  ask();
  ask();
  EXPECT_TRUE(told.empty());
  EXPECT_EQ(f.ports.take(), calls{"keep command and report"});
  f.durable(error{errc::store_unavailable});
  EXPECT_EQ(told, (std::vector{calling_off::unavailable, calling_off::unavailable}));
  for (const auto& one : f.ports.take())
    EXPECT_FALSE(one.starts_with("settle")) << one;
  f.tick(std::chrono::seconds{40});
  f.durable();
  const auto said = f.ports.take();
  EXPECT_NE(std::find(said.begin(), said.end(), "settle 0 2 reject"), said.end());
}

// An append from before it was called off says nothing of that.
TEST(calling_off, is_durable_with_its_own_append_alone) {
  commands_scene f;
  const auto id = f.pushed(1, "a");
  f.outcome(id, push_end::not_made); // stored again, which is on its way to the disk
  bool is_told = false;
  f.shard.commands().cancel(
      id, [&](calling_off) { is_told = true; }, f.clock.now());
  ASSERT_EQ(f.ports.appended.size(), f.told + 2);
  f.shard.on_appended({{f.ports.appended[f.told++].id, {}, {}}}, f.clock.now());
  EXPECT_FALSE(is_told);
  f.durable();
  EXPECT_TRUE(is_told);
}

TEST(calling_off, works_until_the_push_and_rejects_what_the_hub_holds) {
  auto by = commands_scene::rules();
  by[0].settle_at = awaited_step::acknowledged;
  commands_scene f{{}, by};
  const auto first = f.pushed(1, "confirmed a");
  f.c2d(2, "b");
  EXPECT_EQ(cancel(f, first), calling_off::pushed);
  f.durable();
  const auto second = f.shard.commands().book().behind(1)->what.id;
  f.ports.take();
  EXPECT_EQ(cancel(f, second), calling_off::done);
  EXPECT_EQ(f.ports.take(), (calls{"keep command and report", "settle 0 2 reject", "send 0 2 cancelled"}));
  EXPECT_EQ(f.state(second), command_state::cancelled);
  EXPECT_EQ(cancel(f, second), calling_off::ended);
  EXPECT_EQ(cancel(f, command_id{std::string(32, 'f')}), calling_off::unknown);
  f.outcome(first, push_end::taken);
  f.step(first, event_kind::downlink_ack);
  f.durable();
  EXPECT_EQ(f.ports.pushed.size(), 1U);
}

} // namespace
} // namespace causeway::core
