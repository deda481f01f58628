// SPDX-License-Identifier: Apache-2.0
#include "model/cloud_totals.h"
#include "model/stack_totals.h"
#include "model/store_totals.h"
#include "model/totals.h"
#include "model/transform_totals.h"

#include <gtest/gtest.h>

#include <set>
#include <vector>

namespace causeway::model {
namespace {

// What a table says, a line a value.
template <class Of>
std::vector<std::pair<std::string, figure_value>> read(const figure<Of>& row, const Of& of) {
  std::vector<std::pair<std::string, figure_value>> out;
  row.from.read(of, [&](std::string_view label, const figure_value& value) {
    out.emplace_back(std::string{label}, value);
  });
  return out;
}

template <class Of>
const figure<Of>& row_of(figure_table<Of> table, std::string_view metric) {
  for (const auto& row : table)
    if (row.metric == metric) return row;
  throw std::runtime_error{std::string{metric}};
}

TEST(figures, are_read_from_members_and_members_of_members) {
  store_counters of;
  of.waiting.bytes = 7;
  of.last_commit = std::chrono::microseconds{1'500};
  EXPECT_EQ(std::get<std::uint64_t>(read(row_of(spool_figures, "causeway_spool_bytes"), of)[0].second), 7U);
  EXPECT_DOUBLE_EQ(
      std::get<double>(read(row_of(commit_figures, "causeway_store_last_commit_seconds"), of)[0].second),
      0.0015);
}

TEST(figures, with_several_values_say_which_is_which) {
  shard_totals of;
  of.dropped[static_cast<std::size_t>(drop_reason::age)] = 3;
  const auto dropped = read(row_of(drop_figures, "causeway_messages_dropped_total"), of);
  ASSERT_EQ(dropped.size(), drop_reasons);
  EXPECT_EQ(dropped[2].first, "age");
  EXPECT_EQ(std::get<std::uint64_t>(dropped[2].second), 3U);
  webhook_totals hook;
  hook.refused = {{errc::unauthorized, 1}, {errc::body_too_large, 2}};
  const auto refused = read(row_of(webhook_figures, "causeway_webhook_refused_total"), hook);
  ASSERT_EQ(refused.size(), 2U);
  EXPECT_EQ(refused[0].first, "body_too_large"); // by name
  EXPECT_EQ(refused[1].first, "unauthorized");
}

TEST(figures, of_two_fleets_at_one_hub_are_gathered) {
  hub_totals sum, one;
  sum.devices = 2;
  sum.connects_limit = 50;
  sum.last_fault = error{errc::connection_refused};
  one.devices = 3;
  one.connects_limit = 40;
  gather(hub_figures, sum, one);
  EXPECT_EQ(sum.devices, 5U);
  EXPECT_EQ(sum.connects_limit, 40);
  EXPECT_TRUE(sum.last_fault);
}

template <class Of>
void expect_well_formed(figure_table<Of> table, std::set<std::string>& seen) {
  for (const auto& row : table) {
    const std::string name{row.metric};
    EXPECT_TRUE(!name.empty() || *row.status.key != '\0');
    if (name.empty()) continue;
    EXPECT_TRUE(name.starts_with("causeway_")) << name;
    EXPECT_EQ(name.ends_with("_total"), row.kind == figure_kind::counter) << name;
    EXPECT_NE(*row.help, '\0') << name;
    EXPECT_TRUE(seen.insert(name).second) << name << " is there twice";
  }
}

TEST(figures, have_names_of_their_own_that_say_what_counts) {
  std::set<std::string> seen;
  expect_well_formed(hub_figures, seen);
  expect_well_formed(dps_figures, seen);
  expect_well_formed(webhook_figures, seen);
  expect_well_formed(mqtt_figures, seen);
  expect_well_formed(registry_figures, seen);
  expect_well_formed(backfill_figures, seen);
  expect_well_formed(transform_figures, seen);
  expect_well_formed(dead_letter_figures, seen);
  expect_well_formed(spool_figures, seen);
  expect_well_formed(commit_figures, seen);
  expect_well_formed(event_figures, seen);
  expect_well_formed(message_figures, seen);
  expect_well_formed(device_figures, seen);
  expect_well_formed(drop_figures, seen);
  expect_well_formed(spool_use_figures, seen);
}

} // namespace
} // namespace causeway::model
