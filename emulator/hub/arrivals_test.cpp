// SPDX-License-Identifier: Apache-2.0
#include "emulator/hub/arrivals.h"

#include <gtest/gtest.h>

namespace causeway::emulator {
namespace {

const identity meter{"meter-1"};
const identity sensor{"sensor-1"};

d2c_message message(std::string id, std::string body = "{}") {
  d2c_message m;
  m.message_id = std::move(id);
  m.body = std::move(body);
  return m;
}

std::vector<arrival> all(const arrivals& l, std::optional<identity> device = {}, std::uint64_t after = 0) {
  std::vector<arrival> entries;
  l.visit(device, after, 1000, [&](const arrival& e) { entries.push_back(e); });
  return entries;
}

TEST(arrivals, counts_a_repeated_message_id_of_the_same_device_as_a_duplicate) {
  arrivals l{"hub"};
  l.record(meter, message("a"), {});
  l.record(sensor, message("a"), {});
  l.record(meter, message("a"), {});
  EXPECT_EQ(l.totals().accepted, 3U);
  EXPECT_EQ(l.totals().unique, 2U);
  EXPECT_EQ(l.totals().duplicates, 1U);
  EXPECT_EQ(l.totals_of(meter).duplicates, 1U);
  EXPECT_EQ(l.totals_of(sensor).duplicates, 0U);
  EXPECT_EQ(l.devices(), 2U);
}

TEST(arrivals, never_takes_messages_without_an_id_for_duplicates) {
  arrivals l{"hub"};
  l.record(meter, message(""), {});
  l.record(meter, message(""), {});
  EXPECT_EQ(l.totals().duplicates, 0U);
  EXPECT_EQ(l.totals().without_id, 2U);
}

TEST(arrivals, counts_as_out_of_order_only_the_first_arrival_of_a_lower_marker) {
  arrivals l{"hub"};
  l.record(meter, message("1", R"({"uplink":1})"), {});
  l.record(meter, message("3", R"({"uplink":3})"), {});
  l.record(meter, message("2", R"({"uplink":2})"), {});
  l.record(meter, message("1", R"({"uplink":1})"), {}); // a repetition is a duplicate, not a disorder
  l.record(sensor, message("1", R"({"uplink":1})"), {});
  EXPECT_EQ(l.totals().out_of_order, 1U);
  EXPECT_EQ(l.totals_of(meter).out_of_order, 1U);
  EXPECT_TRUE(all(l)[2].out_of_order);
}

TEST(arrivals, counts_an_uplink_that_comes_again_under_another_message_id) {
  arrivals l{"hub"};
  l.record(meter, message("1", R"({"uplink":1})"), {});
  l.record(meter, message("1", R"({"uplink":1})"), {}); // recognisable
  l.record(meter, message("x", R"({"uplink":1})"), {});
  l.record(meter, message("", R"({"uplink":1})"), {});
  l.record(sensor, message("y", R"({"uplink":1})"), {});
  EXPECT_EQ(l.totals().unrecognisable, 2U);
  EXPECT_EQ(l.totals().duplicates, 1U);
}

TEST(arrivals, lists_the_markers_of_each_device_in_ranges) {
  arrivals l{"hub"};
  for (const auto* marker : {"1", "2", "3", "7", "5", "2"})
    l.record(meter, message(marker, R"({"uplink":)" + std::string{marker} + "}"), {});
  l.record(sensor, message("no marker"), {});
  std::size_t devices = 0;
  l.visit_markers([&](const identity& device, const arrivals::marker_ranges& ranges) {
    ++devices;
    EXPECT_EQ(device, meter);
    EXPECT_EQ(ranges, (arrivals::marker_ranges{{1, 3}, {5, 5}, {7, 7}}));
  });
  EXPECT_EQ(devices, 1U);
}

TEST(arrivals, lists_messages_in_the_order_of_arrival_by_device_and_from_a_number_on) {
  arrivals l{"hub"};
  l.record(meter, message("a"), {});
  l.record(sensor, message("b"), {});
  l.record(meter, message("c"), {});
  ASSERT_EQ(all(l, meter).size(), 2U);
  EXPECT_EQ(all(l, meter)[1].order, 3U);
  ASSERT_EQ(all(l, {}, 2).size(), 1U);
  EXPECT_EQ(all(l, {}, 2)[0].whole->message_id, "c");
  EXPECT_TRUE(all(l, identity{"nobody"}).empty());

  std::vector<std::string> newest;
  l.visit_newest({}, 2, [&](const arrival& e) { newest.push_back(e.whole->message_id); });
  EXPECT_EQ(newest, (std::vector<std::string>{"b", "c"}));
}

TEST(arrivals, keeps_only_the_last_bodies_and_the_last_entries) {
  arrivals l{"hub", {.compact_capacity = 3, .body_capacity = 2}};
  for (const auto* id : {"a", "b", "c", "d"})
    l.record(meter, message(id), {});
  const auto kept = all(l);
  ASSERT_EQ(kept.size(), 3U);
  EXPECT_EQ(kept[0].order, 2U);
  EXPECT_EQ(kept[0].whole, nullptr);
  EXPECT_EQ(kept[1].whole->message_id, "c");
  EXPECT_EQ(kept[2].whole->message_id, "d");
  EXPECT_EQ(l.totals().accepted, 4U);
}

TEST(arrivals, tells_its_listener_of_each_message) {
  arrivals l{"hub"};
  std::vector<std::uint64_t> markers;
  l.listen([&](const arrival& e) { markers.push_back(*e.marker); });
  l.record(meter, message("a", R"({"temperature":1,"uplink":41})"), {});
  EXPECT_EQ(markers, std::vector<std::uint64_t>{41});
}

// What the stack says of a downlink has the time at which it made it: it would be measured beside the
// uplinks.
TEST(arrivals, times_the_uplinks_alone) {
  arrivals l{"hub"};
  const wall_time now{std::chrono::seconds{1'800'000'000}};
  const auto created = [&](d2c_message what, std::chrono::milliseconds before) {
    what.properties.emplace_back("iothub-creation-time-utc", format_rfc3339(now - before));
    return what;
  };
  l.record(meter, created(message("1", R"({"uplink":1})"), std::chrono::milliseconds{5}), now, 1);
  l.record(meter, created(message("2", R"({"event":"down_queued"})"), std::chrono::seconds{9}), now, 1);
  l.record(meter, created(message("3", R"({"uplink":2})"), -std::chrono::seconds{9}), now, 1);
  EXPECT_EQ(l.latency().count(), 1U);
  EXPECT_LT(l.latency().quantile_ms(1), 10);
  EXPECT_EQ(l.latency_of_hub(1).count(), 1U);
}

TEST(arrivals, starts_anew_when_cleared) {
  arrivals l{"hub"};
  l.record(meter, message("a"), {});
  l.clear();
  EXPECT_EQ(l.totals().accepted, 0U);
  EXPECT_TRUE(all(l).empty());
  l.record(meter, message("a"), {});
  EXPECT_EQ(l.totals().duplicates, 0U);
  EXPECT_EQ(all(l)[0].order, 1U);
}

TEST(find_marker, reads_the_number_behind_the_first_uplink_key) {
  EXPECT_EQ(find_marker(R"({"uplink":12,"x":1})"), 12U);
  EXPECT_EQ(find_marker(R"({"a":{"uplink": 7}})"), 7U);
  EXPECT_EQ(find_marker(R"({"uplink":"7"})"), std::nullopt);
  EXPECT_EQ(find_marker(R"({"uplink":)"), std::nullopt);
  EXPECT_EQ(find_marker("{}"), std::nullopt);
}

TEST(arrivals, does_not_index_markers_beyond_reason) {
  arrivals l{"hub"};
  l.record(meter, message("a", R"({"uplink":18446744073709551615})"), {});
  EXPECT_EQ(all(l)[0].marker, std::nullopt);
}

TEST(arrivals, finds_a_duplicate_whichever_hub_took_it) {
  arrivals l{"hub"};
  l.record(meter, message("a"), {}, 0);
  l.record(meter, message("a"), {}, 1);
  EXPECT_EQ(l.totals().duplicates, 1U);
  EXPECT_EQ(l.totals_of_hub(0).duplicates, 0U);
  EXPECT_EQ(l.totals_of_hub(1).duplicates, 1U);
  EXPECT_EQ(l.totals_of_hub(2).accepted, 0U);
  std::vector<std::size_t> hubs;
  l.visit(std::nullopt, 0, 10, [&](const arrival& entry) { hubs.push_back(entry.hub); });
  EXPECT_EQ(hubs, (std::vector<std::size_t>{0, 1}));
}

} // namespace
} // namespace causeway::emulator
