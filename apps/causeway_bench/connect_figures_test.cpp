// SPDX-License-Identifier: Apache-2.0
#include "causeway_bench/connect_figures.h"

#include <boost/json.hpp>
#include <gtest/gtest.h>

namespace causeway::bench {
namespace {

namespace json = boost::json;

connect_figures a_run(double seconds) {
  connect_figures run;
  run.online = 600;
  run.seconds_to_all_online = seconds;
  run.accepted_registrations = 600;
  run.registration_seconds = 60;
  run.attach_seconds = 6;
  run.rss_bytes_base = 1'000'000;
  run.rss_bytes = 1'600'000;
  run.dps_requests = 1'200;
  run.dps_throttled = 3;
  run.throttled_connects = 4;
  run.cpu_seconds = 0.5;
  return run;
}

json::object written(const connect_options& options, const std::vector<connect_figures>& runs) {
  return json::parse(to_json(options, runs, {"a processor", 2, 1'024})).as_object();
}

TEST(connect_figures, the_object_has_the_medians_and_each_run) {
  const auto out = written({}, {a_run(3), a_run(1), a_run(7)});
  EXPECT_DOUBLE_EQ(out.at("seconds_to_all_online").to_number<double>(), 3);
  EXPECT_DOUBLE_EQ(out.at("devices_per_second").to_number<double>(), 200);
  EXPECT_EQ(out.at("runs").as_array().size(), 3U);
  EXPECT_DOUBLE_EQ(out.at("runs").at(1).at("seconds_to_all_online").to_number<double>(), 1);
}

TEST(connect_figures, the_median_of_an_even_number_of_runs_lies_between_the_middle_two) {
  EXPECT_DOUBLE_EQ(written({}, {a_run(1), a_run(2)}).at("seconds_to_all_online").to_number<double>(), 1.5);
}

TEST(connect_figures, memory_a_device_is_what_comes_on_top_of_a_gateway_without_devices) {
  EXPECT_DOUBLE_EQ(written({}, {a_run(1)}).at("rss_bytes_per_device").to_number<double>(), 1'000);
}

TEST(connect_figures, refusals_of_dps_and_of_the_hub_are_added_up) {
  EXPECT_EQ(written({}, {a_run(1)}).at("throttled").to_number<int>(), 7);
}

TEST(connect_figures, the_quota_used_is_accepted_registrations_by_what_the_time_allows) {
  connect_options options;
  options.dps_quota = 1'000;
  EXPECT_DOUBLE_EQ(written(options, {a_run(1)}).at("dps_quota_used_percent").to_number<double>(), 60);
  options.dps_enforced = 600;
  EXPECT_DOUBLE_EQ(written(options, {a_run(1)}).at("dps_enforced_used_percent").to_number<double>(), 100);
}

TEST(connect_figures, the_connect_quota_is_that_of_the_tier_and_its_units) {
  connect_options options;
  options.tier = "S1"; // 100 a second up to 8 units
  EXPECT_DOUBLE_EQ(written(options, {a_run(1)}).at("connect_quota_used_percent").to_number<double>(), 100);
}

TEST(connect_figures, what_was_not_asked_for_is_null) {
  const auto out = written({}, {a_run(1)});
  for (const auto* name :
       {"dps_quota_used_percent", "connect_quota_used_percent", "idle_cpu_percent", "tier", "dps_quota"})
    EXPECT_TRUE(out.at(name).is_null()) << name;
}

TEST(connect_figures, the_cpu_of_idleness_is_there_when_it_was_measured) {
  connect_options options;
  options.hold = 10;
  auto run = a_run(1);
  run.idle_cpu_percent = 2.5;
  EXPECT_DOUBLE_EQ(written(options, {run}).at("idle_cpu_percent").to_number<double>(), 2.5);
}

TEST(connect_figures, phases_and_minutes_are_those_of_the_run_in_the_middle) {
  auto fast = a_run(1), middle = a_run(2), slow = a_run(3);
  middle.phases = {{"dps.wait", 3.0}};
  middle.accepted_by_minute = {500, 100};
  const auto out = written({}, {slow, middle, fast});
  EXPECT_DOUBLE_EQ(out.at("phases").at("dps.wait").to_number<double>(), 3);
  EXPECT_EQ(out.at("accepted_by_minute").as_array().size(), 2U);
}

} // namespace
} // namespace causeway::bench
