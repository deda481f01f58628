// SPDX-License-Identifier: Apache-2.0
// Shards that come and go: what is here, what is another process's, and what is left behind. The hand-over of
// two processes is tests/conversation's.
#include "core/device_table.h"
#include "core/recording_ports.h"

#include <gtest/gtest.h>

namespace causeway::core {
namespace {

using testing::calls;
using testing::shard_fixture;

struct fake_tenure final : model::tenure {
  bool still_holds = true;
  std::uint16_t shards() const override { return 4; }
  bool holds(shard_number) const override { return still_holds; }
};

struct fake_tenure_owner {
  fake_tenure ours;
};

struct tenure_scene : private fake_tenure_owner, shard_fixture {
  using fake_tenure_owner::ours;
  tenure_scene() : shard_fixture{with_tenure(ours)} {}
  static shard_options with_tenure(const model::tenure& by) {
    shard_options options;
    options.tenure = &by;
    return options;
  }
  static shard_number shard_of(const std::string& application, const std::string& name) {
    return model::shard_of(application, name, 4);
  }
  // A device of "plant" in this shard.
  static std::string name_in(shard_number which, std::size_t nth = 0) {
    for (std::size_t i = 0;; ++i)
      if (auto name = "dev-" + std::to_string(i); shard_of("plant", name) == which && nth-- == 0) return name;
  }
  void adopt(shard_number which, start_image image = {}) {
    shard.adopt(which, std::move(image), clock.now());
    while (shard.start_some(1, clock.now())) {
    }
  }
  // A row that nobody here has looked at.
  void row(spool_seq seq, const std::string& name, std::uint32_t f_cnt, bool goes_on = false) {
    std::vector<fresh_row> rows;
    rows.emplace_back();
    auto& made = rows.back();
    made.seq = seq;
    if (!goes_on) made.key = kept_key{letter_of(event_kind::uplink), f_cnt};
    made.body = {"id", "application/json", "utf-8", name + "#" + std::to_string(f_cnt), {}};
    made.owner = std::make_unique<row_owner>(row_owner{key("plant", name), {}, goes_on});
    shard.on_rows(std::move(rows), clock.now());
  }
  device_ref ref_of(const std::string& name) const {
    return shard.devices().find(0, name).value_or(device_ref{});
  }
  void go_online(const std::string& name) {
    assigned(ref_of(name), "h", "hub", "", name);
    shard.on_device_attached(ref_of(name), clock.now());
  }
};

constexpr shard_number one{1}, two{2};

TEST(shard_of, is_the_same_in_each_process_and_version) {
  // Computed by another program: FNV-1a, 64 bits, of "plant/dev-0" and "plant/dev-1".
  EXPECT_EQ(model::shard_of("plant", "dev-0", 64), static_cast<shard_number>(19));
  EXPECT_EQ(model::shard_of("plant", "dev-1", 12), static_cast<shard_number>(0));
  EXPECT_EQ(model::shard_of("plant", "dev-1", 1), shard_number{});
}

TEST(tenure, an_event_of_a_shard_that_is_not_here_is_stored_for_its_owner_and_no_device_is_met) {
  tenure_scene f;
  f.adopt(one);
  f.post(f.frame("plant", f.name_in(two), 1));
  ASSERT_EQ(f.ports.appended.size(), 1U);
  const auto& request = f.ports.appended.back();
  EXPECT_FALSE(request.append_request::device);
  EXPECT_EQ(request.from, f.key("plant", f.name_in(two)));
  EXPECT_TRUE(request.key);
  EXPECT_EQ(f.shard.devices().size(), 0U);
  EXPECT_EQ(f.ports.answered[1], answer{}) << "not before it is durable";
  f.shard.on_appended({{request.id, {}}}, f.clock.now());
  EXPECT_EQ(f.ports.answered[1], answer::stored);
  f.post(f.frame("plant", f.name_in(two), 1));
  EXPECT_EQ(f.ports.appended.size(), 2U) << "whether it is a duplicate is its owner's matter";
}

TEST(tenure, a_row_of_ours_that_another_process_has_appended_brings_its_device) {
  tenure_scene f;
  f.adopt(one);
  const auto name = f.name_in(one);
  f.row(7, name, 1);
  EXPECT_EQ(f.ports.take(), (calls{"save_device 0 " + name, "find_hub 0 " + name + " in hub"}));
  f.go_online(name);
  EXPECT_EQ(f.ports.take().back(), "send 0 7 " + name + "#1");
  f.row(8, f.name_in(two), 1);
  EXPECT_EQ(f.shard.devices().size(), 1U) << "not ours";
  EXPECT_EQ(f.ports.take(), calls{});
}

TEST(tenure, a_duplicate_among_the_rows_is_done_with_all_its_rows) {
  tenure_scene f;
  f.adopt(one);
  const auto name = f.name_in(one);
  f.row(7, name, 1);
  f.row(8, name, 1, true);
  f.ports.take();
  f.row(9, name, 1);
  f.row(10, name, 1, true);
  EXPECT_EQ(f.ports.take(), (calls{"done 9", "done 10"}));
  f.row(11, name, 2);
  f.row(12, name, 2, true);
  EXPECT_EQ(f.ports.take(), calls{});
  EXPECT_EQ(f.status("plant", name).waiting, 4U);
}

TEST(tenure, an_image_is_given_places_of_this_process_and_its_rows_are_looked_at) {
  tenure_scene f;
  f.adopt(two);
  f.row(50, f.name_in(two), 1);
  const auto first = f.name_in(one, 0), second = f.name_in(one, 1);
  start_image image;
  image.devices = {{device_ref{0}, f.key("plant", first), {}}, {device_ref{1}, f.key("plant", second), {}}};
  const kept_key seen{'u', 10}, fresh{'u', 11};
  image.recent_keys = {{device_ref{1}, seen}};
  image.waiting = {{20, device_ref{1}, 10}, {21, device_ref{1}, 10}, {22, device_ref{0}, 10},
                   {23, device_ref{1}, 10}, {24, device_ref{1}, 10}, {25, device_ref{1}, 10}};
  // 20: the second row of an event whose first is done; 21: again the same event; 23, 24: one event; 25:
  // again.
  image.row_keys = {{21, seen, 1}, {23, fresh, 2}, {25, fresh, 1}};
  image.next_seq = 26;
  f.ports.take();
  f.adopt(one, std::move(image));
  const auto said = f.ports.take();
  EXPECT_EQ(std::count(said.begin(), said.end(), "done 21"), 1);
  EXPECT_EQ(std::count(said.begin(), said.end(), "done 25"), 1);
  EXPECT_EQ(f.status("plant", second).waiting, 3U);
  EXPECT_EQ(f.status("plant", first).waiting, 1U);
  EXPECT_EQ(f.status("plant", f.name_in(two)).waiting, 1U);
  EXPECT_EQ(f.shard.devices().size(), 3U);
  f.row(51, second, 11); // the key that came with the image
  EXPECT_EQ(f.ports.take(), calls{"done 51"});
}

TEST(tenure, a_released_shard_begins_nothing_and_goes_when_its_connections_are_closed) {
  tenure_scene f;
  f.adopt(one);
  f.adopt(two);
  const auto sends = f.name_in(one, 0), asks = f.name_in(one, 1), other = f.name_in(two);
  f.row(1, sends, 1);
  f.go_online(sends);
  f.row(2, sends, 2);
  f.row(3, asks, 1);
  f.row(4, other, 1);
  f.go_online(other);
  f.ports.take();
  const auto asking = f.ref_of(asks);
  f.shard.release(one, f.clock.now().mono + seconds{3}, f.clock.now());
  EXPECT_EQ(f.ports.take(), (calls{"call_off " + std::to_string(index_of(asking)), "close 1"}));
  f.shard.on_send_outcome(f.ref_of(sends), 1, {}, f.clock.now());
  EXPECT_EQ(f.ports.take(), calls{"done 1"}) << "the next one is the next owner's";
  f.assigned(asking, "h", "hub", "", asks);
  EXPECT_EQ(std::ranges::count_if(f.ports.take(), [](const auto& w) { return w.starts_with("attach"); }), 0);
  f.shard.on_shard_closed(one, f.clock.now());
  EXPECT_EQ(f.ports.changes.back().released, std::vector{one});
  EXPECT_EQ(f.shard.devices().size(), 1U);
  EXPECT_EQ(f.shard.totals().waiting_messages, 1U) << "of the other shard";
  f.ports.take();
  f.shard.on_shard_closed(one, f.clock.now());
  f.row(5, sends, 3);
  EXPECT_EQ(f.ports.take(), calls{}) << "nothing of it is ours";
  f.shard.on_send_outcome(f.ref_of(other), 4, {}, f.clock.now());
  EXPECT_EQ(f.ports.take(), calls{"done 4"});
}

TEST(tenure, what_has_been_stored_meanwhile_stays_on_the_disk_for_the_next_owner) {
  tenure_scene f;
  f.adopt(one);
  const auto name = f.name_in(one);
  f.ports.formats_later = true;
  f.post(f.frame("plant", name, 1));
  f.shard.release(one, f.clock.now().mono, f.clock.now());
  f.shard.on_shard_closed(one, f.clock.now());
  EXPECT_EQ(f.shard.devices().size(), 0U);
  f.shard.on_formatted(ticket{1}, std::vector<message>{{"id", "", "", "body", {}}}, f.clock.now());
  ASSERT_EQ(f.ports.appended.size(), 1U);
  EXPECT_FALSE(f.ports.appended.back().append_request::device);
  EXPECT_EQ(f.shard.totals().waiting_messages, 0U);
  f.shard.on_appended({{f.ports.appended.back().id, {}}}, f.clock.now());
  EXPECT_EQ(f.ports.answered[1], answer::stored);
}

TEST(tenure, a_fenced_shard_is_forgotten_at_once_and_releases_nothing) {
  tenure_scene f;
  f.adopt(one);
  const auto name = f.name_in(one);
  f.row(1, name, 1);
  f.go_online(name);
  const auto former = f.ref_of(name);
  f.ports.take();
  const auto changes = f.ports.changes.size();
  f.shard.fence(one, f.clock.now());
  EXPECT_EQ(f.ports.take(), calls{"close 1"});
  EXPECT_EQ(f.shard.devices().size(), 0U);
  EXPECT_EQ(f.shard.totals().waiting_messages, 0U);
  f.shard.on_send_outcome(former, 1, {}, f.clock.now());
  f.shard.on_shard_closed(one, f.clock.now());
  f.shard.fence(one, f.clock.now());
  EXPECT_EQ(f.ports.take(), calls{});
  EXPECT_EQ(f.ports.changes.size(), changes) << "what is durable is its next owner's to say";
  f.adopt(one);
  f.row(1, name, 1);
  EXPECT_NE(f.ref_of(name), former);
  EXPECT_EQ(f.status("plant", name).waiting, 1U);
}

TEST(tenure, nothing_is_attached_or_sent_while_the_shard_may_be_lost) {
  tenure_scene f;
  f.adopt(one);
  const auto name = f.name_in(one), late = f.name_in(one, 1);
  f.row(1, name, 1);
  f.go_online(name);
  f.row(2, late, 1);
  f.ports.take();
  f.ours.still_holds = false;
  f.shard.on_send_outcome(f.ref_of(name), 1, {}, f.clock.now());
  f.row(3, name, 2);
  f.assigned(f.ref_of(late), "h", "hub", "", late);
  for (const auto& word : f.ports.take())
    EXPECT_FALSE(word.starts_with("send ") || word.starts_with("attach ")) << word;
}

// Else its assignments would be placed by rules that are about to go, at places that have been looked at.
TEST(tenure, a_shard_that_comes_while_the_rules_change_is_opened_by_those_that_count_afterwards) {
  tenure_scene f;
  f.adopt(one);
  for (std::size_t i = 0; i < 300; ++i) // more than the change does in one turn
    f.row(100 + i, f.name_in(one, i), 1);
  auto rules = f.rules();
  rules[0].identity_template = "x-{device_id}";
  f.shard.take_rules(rules, f.clock.now());
  const auto name = f.name_in(two);
  start_image image;
  image.devices = {{device_ref{0}, f.key("plant", name), {}}};
  image.assignments = {
      {f.key("plant", name), {hub_host{"h"}, identity{name}, azure_name{"hub"}, {}, "{device_id}"}}};
  image.waiting = {{20, device_ref{0}, 10}};
  image.next_seq = 21;
  f.ports.take();
  f.shard.adopt(two, std::move(image), f.clock.now());
  EXPECT_TRUE(f.shard.start_some(1000, f.clock.now())) << "not yet";
  const auto asks = std::to_string(index_of(f.ref_of(name)));
  for (const auto& word : f.ports.take())
    EXPECT_NE(word.substr(word.find(' ') + 1, asks.size()), asks) << word;
  while (const auto due = f.shard.deadline()) {
    if (*due > f.clock.now().mono) break;
    f.shard.on_tick(f.clock.now());
  }
  f.ports.take();
  while (f.shard.start_some(1000, f.clock.now())) {
  }
  EXPECT_EQ(f.ports.take(),
            (calls{"find_hub " + asks + " x-" + name + " in hub", "forget_assignment " + asks}));
}

TEST(tenure, the_registrys_words_are_for_the_devices_that_are_here) {
  tenure_scene f;
  f.adopt(one);
  for (int i = 0; i < 40; ++i)
    f.registered("meter-" + std::to_string(i));
  std::size_t ours = 0;
  for (int i = 0; i < 40; ++i)
    if (f.shard_of("meters", "meter-" + std::to_string(i)) == one) ++ours;
  EXPECT_GT(ours, 0U);
  EXPECT_EQ(f.shard.devices().size(), ours);
}

} // namespace
} // namespace causeway::core
