// SPDX-License-Identifier: Apache-2.0
#include "emulator/stack/simulation.h"

#include "emulator/stack/uplink_body.h"

#include <gtest/gtest.h>

#include <boost/json.hpp>

namespace causeway::emulator {
namespace {

using namespace std::chrono_literals;

simulation_plan plan_of(std::uint64_t uplinks, double rate = 0) {
  simulation_plan plan;
  plan.applications = {{"meters", {"m-1", "m-2"}, "http://h/meters", ""},
                       {"sensors", {"s-1"}, "http://h/sensors", ""}};
  plan.uplinks = uplinks;
  plan.rate = rate;
  return plan;
}

arrival arrival_of(const std::string& device, std::uint64_t marker) {
  arrival entry;
  entry.device = identity{device};
  entry.marker = marker;
  return entry;
}

class simulation_test : public ::testing::Test {
protected:
  mono_time now_{1h};
};

TEST_F(simulation_test, gives_each_device_its_turn_and_one_post_at_a_time) {
  simulation s{plan_of(100), {}, now_};
  std::vector<std::string> names;
  while (const auto turn = s.take_turn(now_)) {
    EXPECT_EQ(turn->marker, 1U);
    names.push_back(s.device_name(turn->device));
  }
  EXPECT_EQ(names, (std::vector<std::string>{"m-1", "s-1", "m-2"}));
  s.answered({0, 1, now_}, 200, "", now_);
  const auto turn = s.take_turn(now_);
  ASSERT_TRUE(turn);
  EXPECT_EQ(s.device_name(turn->device), "m-1");
  EXPECT_EQ(turn->marker, 2U);
}

TEST_F(simulation_test, comes_in_bursts_at_the_rate) {
  auto plan = plan_of(100, 10);
  plan.burst = 3;
  simulation s{plan, {}, now_};
  std::vector<std::int64_t> due;
  for (int i = 0; i < 6; ++i) {
    const auto turn = s.take_turn(now_);
    ASSERT_TRUE(turn);
    due.push_back((turn->due - now_) / 1ms);
    s.answered(*turn, 200, "", now_);
  }
  EXPECT_EQ(due, (std::vector<std::int64_t>{0, 0, 0, 300, 300, 300}));
}

TEST_F(simulation_test, a_plan_is_divided_by_the_input_of_its_devices) {
  simulation_plan plan;
  for (const char* id : {"meters", "sensors", "valves"}) {
    plan.applications.push_back({id, {}, "http://h/", "", 0});
    for (int i = 0; i < 10; ++i)
      plan.applications.back().devices.push_back(std::string{id} + std::to_string(i));
  }
  plan.applications[1].mqtt_share = 0.3;
  plan.applications[2].mqtt_share = 1;
  plan.rate = 300;
  plan.uplinks = 1'000;
  const auto [webhook, mqtt] = divide(plan);
  ASSERT_EQ(webhook.applications.size(), 2U);
  EXPECT_EQ(webhook.applications[0].devices.size(), 10U);
  EXPECT_EQ(webhook.applications[1].devices.size(), 7U);
  ASSERT_EQ(mqtt.applications.size(), 2U);
  EXPECT_EQ(mqtt.applications[0].devices, (std::vector<std::string>{"sensors3", "sensors6", "sensors9"}));
  EXPECT_EQ(mqtt.applications[1].devices.size(), 10U);
  EXPECT_DOUBLE_EQ(mqtt.rate, 130);
  EXPECT_DOUBLE_EQ(webhook.rate, 170);
  EXPECT_EQ(*mqtt.uplinks, 433U);
  EXPECT_EQ(*webhook.uplinks, 567U);
  EXPECT_TRUE(divide(plan_of(5)).mqtt.applications.empty());
}

TEST_F(simulation_test, ends_after_its_number_of_uplinks) {
  simulation s{plan_of(2), {}, now_};
  const auto first = s.take_turn(now_);
  const auto second = s.take_turn(now_);
  EXPECT_FALSE(s.take_turn(now_));
  EXPECT_FALSE(s.finished(now_));
  s.answered(*first, 200, "", now_);
  s.answered(*second, 503, "", now_);
  EXPECT_TRUE(s.finished(now_));
  EXPECT_EQ(s.totals().accepted, 1U);
  EXPECT_EQ(s.totals().refused.at("503"), 1U);
}

TEST_F(simulation_test, ends_after_its_duration_or_when_stopped) {
  auto plan = plan_of(0);
  plan.uplinks.reset();
  plan.duration = 10s;
  simulation s{plan, {}, now_};
  EXPECT_TRUE(s.sending(now_ + 9s));
  EXPECT_FALSE(s.sending(now_ + 10s));
  s.stop();
  EXPECT_TRUE(s.finished(now_));
}

TEST_F(simulation_test, spaces_posts_by_the_rate) {
  simulation s{plan_of(100, 10), {}, now_};
  EXPECT_EQ(s.take_turn(now_)->due, now_);
  EXPECT_EQ(s.take_turn(now_)->due, now_ + 100ms);
  auto timed = plan_of(100, 10);
  timed.duration = 150ms;
  simulation t{timed, {}, now_};
  EXPECT_TRUE(t.take_turn(now_));
  EXPECT_TRUE(t.take_turn(now_));
  EXPECT_FALSE(t.take_turn(now_));
}

TEST_F(simulation_test, forgets_a_turn_that_is_given_back) {
  simulation s{plan_of(1), {}, now_};
  const auto turn = *s.take_turn(now_);
  s.give_back(turn);
  EXPECT_EQ(s.totals().sent, 0U);
  EXPECT_EQ(s.take_turn(now_)->marker, turn.marker);
}

// D11: on a loaded machine posts that ran into their time-out were accepted behind the device's next one.
TEST_F(simulation_test, counts_as_out_of_order_only_what_was_accepted_before_the_other_began) {
  simulation s{plan_of(100), {}, now_};
  const auto post = [&](std::uint64_t marker) {
    while (const auto turn = s.take_turn(now_))
      if (turn->marker == marker && s.device_name(turn->device) == "m-1") {
        s.begin(*turn, now_);
        return *turn;
      }
    ADD_FAILURE() << marker;
    return simulated_turn{};
  };
  const auto late = [](std::uint64_t marker) {
    auto entry = arrival_of("m-1", marker);
    entry.out_of_order = true;
    return entry;
  };
  s.answered(post(1), 0, "time_out", now_ + 5s);
  now_ += 5s;
  s.answered(post(2), 200, "", now_ + 1ms);
  s.on_arrival(arrival_of("m-1", 2), now_ + 2ms);
  s.on_arrival(late(1), now_ + 3ms); // it had no answer when 2 began
  EXPECT_EQ(s.totals().out_of_order, 0U);
  EXPECT_TRUE(s.was_unanswered("m-1", 1));
  EXPECT_FALSE(s.was_unanswered("m-1", 2));
  now_ += 1s;
  s.answered(post(3), 200, "", now_ + 1ms);
  now_ += 1s;
  s.answered(post(4), 200, "", now_ + 1ms);
  s.on_arrival(arrival_of("m-1", 4), now_ + 2ms);
  s.on_arrival(late(3), now_ + 3ms);
  EXPECT_EQ(s.totals().out_of_order, 1U);
}

TEST_F(simulation_test, counts_as_delivered_what_was_accepted_and_arrived_in_whatever_order) {
  simulation s{plan_of(10), {}, now_};
  const auto first = *s.take_turn(now_);  // m-1
  const auto second = *s.take_turn(now_); // s-1
  s.on_arrival(arrival_of("m-1", 1), now_ + 5ms);
  EXPECT_EQ(s.totals().delivered, 0U);
  s.answered(first, 200, "", now_ + 2ms);
  EXPECT_EQ(s.totals().delivered, 1U);
  s.answered(second, 200, "", now_ + 2ms);
  EXPECT_EQ(s.missing(), 1U);
  EXPECT_EQ(s.missing_markers(10).at(0).first, "s-1");
  s.on_arrival(arrival_of("s-1", 1), now_ + 9ms);
  EXPECT_EQ(s.missing(), 0U);
  EXPECT_EQ(s.end_to_end().count(), 2U);
  EXPECT_EQ(s.http().count(), 2U);
}

TEST_F(simulation_test, does_not_count_arrivals_twice_or_of_others) {
  simulation s{plan_of(10), {}, now_};
  const auto first = *s.take_turn(now_);
  s.answered(first, 200, "", now_);
  s.on_arrival(arrival_of("m-1", 1), now_);
  auto again = arrival_of("m-1", 1);
  again.duplicate = true;
  s.on_arrival(again, now_);
  s.on_arrival(arrival_of("stranger", 1), now_);
  EXPECT_EQ(s.totals().delivered, 1U);
  EXPECT_EQ(s.totals().duplicates, 1U);
}

TEST_F(simulation_test, never_repeats_a_refused_uplink) {
  simulation s{plan_of(10), {}, now_};
  auto turn = *s.take_turn(now_);
  s.answered(turn, 0, "connection", now_);
  EXPECT_EQ(s.totals().refused.at("connection"), 1U);
  s.take_turn(now_);
  s.take_turn(now_);
  turn = *s.take_turn(now_);
  EXPECT_EQ(s.device_name(turn.device), "m-1");
  EXPECT_EQ(turn.marker, 2U);
}

TEST_F(simulation_test, goes_on_with_the_markers_of_an_earlier_one) {
  simulation first{plan_of(1), {}, now_};
  first.take_turn(now_);
  std::unordered_map<std::string, std::uint64_t> used;
  first.save_markers(used);
  simulation second{plan_of(1), used, now_};
  EXPECT_EQ(second.take_turn(now_)->marker, 2U);
}

TEST(uplink_body, is_json_in_the_shape_of_the_stack) {
  const auto eui = make_dev_eui("app", "dev");
  EXPECT_EQ(eui.size(), 16U);
  const auto body =
      make_uplink_body({"app", "dev", eui, "c2Vzc2lvbg==", 14, 99, manual_clock{}.now().wall + 5ns, {}, 3});
  const auto json = boost::json::parse(body);
  EXPECT_EQ(json.at("end_device_ids").at("device_id"), "dev");
  EXPECT_EQ(json.at("end_device_ids").at("application_ids").at("application_id"), "app");
  const auto& uplink = json.at("uplink_message");
  EXPECT_EQ(uplink.at("f_cnt"), 14);
  EXPECT_EQ(uplink.at("f_port"), 2);
  EXPECT_EQ(uplink.at("decoded_payload").at("uplink"), 99);
  EXPECT_EQ(uplink.at("decoded_payload").at("temperature"), 18.3);
  EXPECT_EQ(uplink.at("received_at"), "2026-01-01T00:00:00.000000005Z");
  EXPECT_EQ(find_marker(body), 99U);
}

TEST_F(simulation_test, a_postponed_uplink_is_no_loss_until_it_is_given_up) {
  simulation s{plan_of(2), {}, now_};
  const auto first = s.take_turn(now_), second = s.take_turn(now_);
  s.postpone(*first, 503, "", now_);
  s.postpone(*second, 0, "time_out", now_);
  EXPECT_FALSE(s.finished(now_));
  EXPECT_EQ(s.totals().lost_by_sender, 0U);
  s.answered_again(*first, 503, "", now_, false);
  s.answered_again(*first, 200, "", now_, false);
  s.answered_again(*second, 0, "connection", now_, true);
  EXPECT_TRUE(s.finished(now_));
  EXPECT_EQ(s.totals().accepted, 1U);
  EXPECT_EQ(s.totals().refused_total, 4U);
  EXPECT_EQ(s.totals().retried, 3U);
  EXPECT_EQ(s.totals().lost_by_sender, 1U);
  EXPECT_EQ(s.missing(), 1U);
  s.on_arrival(arrival_of(s.device_name(first->device), 1), now_);
  EXPECT_EQ(s.missing(), 0U);
}

TEST_F(simulation_test, several_posts_of_a_device_are_under_way_only_in_parallel) {
  auto plan = plan_of(9);
  plan.sending.parallel = true;
  simulation s{plan, {}, now_};
  std::vector<std::uint64_t> markers;
  while (const auto turn = s.take_turn(now_))
    markers.push_back(turn->marker);
  EXPECT_EQ(markers, (std::vector<std::uint64_t>{1, 1, 1, 2, 2, 2, 3, 3, 3}));
}

TEST(uplink_body, omits_zero_values) {
  simulated_uplink uplink;
  uplink.application = "app";
  uplink.device = "dev";
  uplink.variation = 100; // snr 0
  const auto body = make_uplink_body(uplink);
  for (const auto* name : {"f_cnt", "snr", "confirmed", "simulated"})
    EXPECT_EQ(body.find("\"" + std::string{name} + "\""), std::string::npos) << name;
  uplink.f_cnt = 7;
  EXPECT_NE(make_uplink_body(uplink).find("\"f_cnt\":7,"), std::string::npos);
  uplink.simulated = true;
  EXPECT_NE(make_uplink_body(uplink).find(R"(Z","simulated":true,"uplink_message":{)"), std::string::npos);
}

} // namespace
} // namespace causeway::emulator
