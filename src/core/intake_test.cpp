// SPDX-License-Identifier: Apache-2.0
#include "core/appends.h"
#include "core/backlog.h"
#include "core/connecting.h"
#include "core/delivery.h"
#include "core/gates.h"
#include "core/grace.h"
#include "core/intake.h"
#include "core/organ_scene.h"
#include "core/outbox.h"
#include "core/room.h"
#include "core/spool_room.h"
#include "core/successions.h"

#include <gtest/gtest.h>

namespace causeway::core {
namespace {

using testing::calls;
using testing::organ_scene;
using testing::shard_fixture;

struct taking : organ_scene {
  spool_limits limits;
  gates held{{}, table, rules, [] { return 0.5; }};
  room space{limits, rules, table, waiting, held, book, time, totals};
  connecting states{table, rules, totals, {}, [] { return 0.5; }};
  delivery out{{}, rules, table, waiting, held, here, book, disk, hub, time, totals};
  grace counted{rules, table, waiting, states, out, time, totals};
  successions heirs{names, rules, table, waiting.queue, counted, stored};
  intake in{3, names, table, heirs, waiting, space, stored, {format, answered}, totals};
  device_ref which = add(plant, "dev");
  std::uint64_t next_ticket = 1;

  explicit taking(const spool_limits& by = {}) : organ_scene{shard_fixture::rules(), by}, limits{by} {}
  // Whether its first row is the only one that waits; nothing: no row has come.
  std::optional<bool> spooled(spool_seq first, const result<void>& outcome = {}, const amount& letters = {}) {
    auto [said, rows] = ports.answer_of(first, outcome, letters);
    in.on_appended(said, now());
    std::optional<bool> is_first;
    for (auto& row : rows) {
      const auto device = row.device;
      const bool is_only_one = out.take(device, std::move(row));
      is_first = is_first.value_or(is_only_one);
    }
    return is_first;
  }
  ticket take(std::uint32_t f_cnt) {
    const ticket made{next_ticket++};
    in.take(made, which, plant, shard_fixture::frame("plant", "dev", f_cnt), now());
    return made;
  }
  void formatted(ticket of, std::size_t messages = 1) {
    in.on_formatted(of, std::vector<message>(messages, message{"id", "", "", "body", {}}), now());
  }
};

TEST(intake_alone, an_event_is_formatted_stored_and_only_then_answered) {
  taking f;
  const auto one = f.take(1);
  EXPECT_TRUE(f.in.is_formatting(one));
  f.formatted(one, 2);
  EXPECT_FALSE(f.in.is_formatting(one));
  EXPECT_EQ(f.ports.take(), calls{"append 1"});
  EXPECT_EQ(f.ports.next_seq, 3U);
  EXPECT_EQ(f.in.in_storing(), std::set{f.which});
  EXPECT_EQ(f.waiting.account.total().messages, 2U) << "room is taken from the hand-over on";
  EXPECT_EQ(f.spooled(1), true);
  EXPECT_EQ(f.table.at(f.which).waiting, 2U);
  EXPECT_EQ(f.ports.take(), calls{"answer 1 stored"});
  f.formatted(f.take(2));
  EXPECT_EQ(f.spooled(3), false);
}

TEST(intake_alone, a_copy_has_the_fate_of_the_first_or_is_judged_itself) {
  struct row {
    const char* what;
    std::function<void(taking&, ticket)> fate;
    std::string second;
    bool judged_again;
  };
  const std::vector<row> table{
      {"stored",
       [](taking& f, ticket of) {
         f.formatted(of);
         f.spooled(1);
       },
       "answer 2 duplicate", false},
      {"the disk fails",
       [](taking& f, ticket of) {
         f.formatted(of);
         f.spooled(1, error{errc::store_unavailable});
       },
       "answer 2 unavailable", false},
      {"the transform is busy",
       [](taking& f, ticket of) { f.in.on_formatted(of, error{errc::dps_busy}, f.now()); },
       "answer 2 transform_busy", false},
      {"nothing is made of it", [](taking& f, ticket of) { f.formatted(of, 0); }, "answer 1 unwanted", true},
  };
  for (const auto& row : table) {
    taking f;
    const auto first = f.take(1), second = f.take(1);
    EXPECT_FALSE(f.in.is_formatting(second)) << row.what;
    row.fate(f, first);
    EXPECT_EQ(f.ports.take().back(), row.second) << row.what;
    EXPECT_EQ(f.in.is_formatting(second), row.judged_again) << row.what;
  }
}

TEST(intake_alone, what_is_on_disk_is_a_duplicate) {
  taking f;
  f.formatted(f.take(1));
  f.spooled(1);
  f.ports.take();
  f.take(1);
  EXPECT_EQ(f.ports.take(), calls{"answer 2 duplicate"});
}

TEST(intake_alone, is_full_with_so_many_in_progress_copies_among_them) {
  taking f;
  f.take(1);
  f.take(1);
  EXPECT_FALSE(f.in.is_full());
  f.formatted(f.take(2));
  EXPECT_TRUE(f.in.is_full());
  f.spooled(1);
  EXPECT_FALSE(f.in.is_full());
}

TEST(intake_alone, without_room_nothing_is_kept_and_no_number_is_lost) {
  spool_limits limits;
  limits.most = {1, 1'000'000};
  taking f{limits};
  f.formatted(f.take(1), 2);
  EXPECT_EQ(f.ports.take(), calls{"answer 1 full"});
  f.ports.spool_is_full = true;
  f.formatted(f.take(2), 1);
  EXPECT_EQ(f.ports.take(), calls{"answer 2 full"});
  EXPECT_EQ(f.waiting.account.total(), amount{});
  EXPECT_EQ(f.waiting.bodies.bytes(), 0U);
  f.take(2); // no duplicate: the sender tries again
  EXPECT_EQ(f.ports.take(), calls{});
}

TEST(intake_alone, a_refused_event_is_kept_as_it_came) {
  taking f;
  f.in.on_formatted(f.take(1), error{errc::format_refused}, f.now());
  EXPECT_EQ(f.ports.take(), calls{"append 1 refused dev format_refused"});
  EXPECT_EQ(f.spooled(1, {}, {1, 0}), std::nullopt) << "nothing has come to wait";
  EXPECT_EQ(f.ports.take(), calls{"answer 1 dead_lettered"});
  EXPECT_EQ(f.totals.dead_lettered, 1U);
}

TEST(intake_alone, who_was_switched_off_meanwhile_is_not_wanted) {
  taking f;
  const auto one = f.take(1);
  f.move(f.which, device_event::switched_off);
  f.formatted(one);
  EXPECT_EQ(f.ports.take(), calls{"answer 1 unwanted"});
}

TEST(intake_alone, a_letter_that_is_tried_again_goes_as_its_rows_come) {
  taking f;
  f.in.replay(ticket{1}, 7, f.which, message{"id", "", "", "body", {}}, f.now());
  ASSERT_EQ(f.ports.appended.size(), 1U);
  EXPECT_EQ(f.ports.appended[0].replays, 7U);
  EXPECT_EQ(f.spooled(1, error{errc::not_found}), std::nullopt);
  EXPECT_EQ(f.ports.answered[1], answer::duplicate) << "it was tried twice";
  f.take(5);
  f.in.replay(ticket{9}, 8, f.which, shard_fixture::frame("plant", "dev", 5), f.now());
  EXPECT_EQ(f.ports.answered[9], answer::unavailable) << "a copy is on its way";
}

} // namespace
} // namespace causeway::core
