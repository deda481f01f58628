// SPDX-License-Identifier: Apache-2.0
#include "emulator/stack/downlink_service.h"

#include "emulator/stack/downlink_scene.h"

#include <algorithm>

namespace causeway::emulator {
namespace {

using class_a = downlink_scene;

// Compared as times: zeros at the end may be cut off.
wall_time time_of(const boost::json::object& event) {
  return *parse_rfc3339(event.at("received_at").as_string());
}

TEST_F(class_a, an_item_waits_for_the_next_uplink_and_leaves_in_its_window) {
  make_abp("a");
  EXPECT_EQ(push("a", item("x:1")), 200);
  EXPECT_EQ(last_body, "{}");
  EXPECT_EQ(news(), "queued");
  EXPECT_EQ(queue("a"), "x:1");
  run(3h);
  EXPECT_EQ(news(), "queued") << "a sleeping device tells nothing";
  uplink("a");
  run(449ms);
  EXPECT_EQ(queue("a"), "x:1");
  EXPECT_EQ(recent("a"), "-");
  run(2ms);
  EXPECT_EQ(queue("a"), "");
  EXPECT_EQ(recent("a"), "x:1") << "out of the queue is in the record";
  EXPECT_EQ(news(), "queued");
  run(50ms);
  EXPECT_EQ(news(), "queued sent");
  EXPECT_EQ(booked("x:1").transmissions.size(), 1U);
  EXPECT_EQ(booked("x:1").end, downlink_end::transmitted);
  run(1h);
  uplink("a");
  run(10s);
  EXPECT_EQ(news(), "queued sent") << "sent once, and no more";
  EXPECT_EQ(recent("a"), "x:1");
  uplink("a", {}, true);
  run(10s);
  EXPECT_EQ(recent("a"), "-") << "an uplink that wants an ack wipes our id";
}

TEST_F(class_a, one_item_goes_out_an_uplink_in_order_whatever_its_priority) {
  make_abp("a");
  push("a", item("x:1") + "," + item("x:2", false, R"(,"priority":"HIGHEST")"));
  push("a", item("x:3"));
  EXPECT_EQ(queue("a"), "x:1 x:2 x:3");
  for (const auto* left : {"x:2 x:3", "x:3", ""}) {
    uplink("a");
    run(10s);
    EXPECT_EQ(queue("a"), left);
  }
  EXPECT_EQ(news("x:2"), "queued sent");
}

TEST_F(class_a, a_push_within_four_seconds_of_an_uplink_still_goes_out_in_its_window) {
  make_abp("a");
  uplink("a");
  run(3900ms);
  push("a", item("x:1"));
  run(300ms);
  EXPECT_EQ(news("x:1"), "queued sent");
  push("a", item("x:2"));
  run(20s);
  EXPECT_EQ(news("x:2"), "queued") << "one downlink a window";
  uplink("a");
  run(300ms);
  EXPECT_EQ(news("x:2"), "queued");
  run(10s);
  EXPECT_EQ(news("x:2"), "queued sent");
  uplink("a");
  run(4100ms);
  push("a", item("x:3"));
  run(20s);
  EXPECT_EQ(news("x:3"), "queued") << "too late for that window";
}

TEST_F(class_a, a_confirmed_item_waits_in_the_record_until_the_next_uplink_acknowledges_it) {
  make_abp("a");
  push("a", item("x:1", true));
  uplink("a");
  run(500ms);
  EXPECT_EQ(pending("a"), "x:1");
  EXPECT_EQ(recent("a"), "x:1");
  EXPECT_EQ(queue("a"), "");
  run(3h);
  EXPECT_EQ(news(), "queued sent");
  EXPECT_EQ(booked("x:1").end, downlink_end::none);
  uplink("a", true);
  run(250ms);
  EXPECT_EQ(news(), "queued sent ack");
  EXPECT_EQ(pending("a"), "-");
  EXPECT_EQ(recent("a"), "x:1");
  EXPECT_EQ(booked("x:1").end, downlink_end::acknowledged);
  ASSERT_GE(told.size(), 2U);
  EXPECT_EQ(told[told.size() - 2].kind, "downlink_ack") << "before the uplink that decided it";
  EXPECT_EQ(told.back().kind, "uplink_message");
  EXPECT_EQ(time_of(body("downlink_ack")), time_of(body("uplink_message"))) << "one call, one time";
}

TEST_F(class_a, after_a_nack_the_item_is_queued_again_without_a_word_and_with_another_counter) {
  make_abp("a");
  push("a", item("x:1", true));
  push("a", item("x:2"));
  uplink("a");
  run(10s);
  EXPECT_EQ(body("downlink_sent").at("downlink_sent").at("f_cnt"), 1);
  uplink("a", false);
  run(245ms);
  EXPECT_EQ(news("x:1"), "queued sent nack");
  EXPECT_EQ(pending("a"), "-");
  EXPECT_EQ(queue("a"), "x:2") << "for a moment it is nowhere but among the last ones";
  EXPECT_EQ(recent("a"), "x:1");
  run(50ms);
  EXPECT_EQ(queue("a"), "x:1 x:2") << "before the others";
  run(250ms);
  EXPECT_EQ(news("x:1"), "queued sent nack sent") << "in the window of the same uplink";
  EXPECT_EQ(body("downlink_sent").at("downlink_sent").at("f_cnt"), 2);
  EXPECT_EQ(booked("x:1").queued, 2U);
  EXPECT_EQ(booked("x:1").transmissions.size(), 2U);
}

TEST_F(class_a, two_attempts_are_three_transmissions_and_the_end_comes_before_the_last_nack) {
  make_abp("a");
  push("a", item("x:1", true, R"(,"confirmed_retry":{"max_attempts":2})"));
  for (int i = 0; i < 6; ++i) {
    uplink("a", false);
    run(20s);
  }
  EXPECT_EQ(news("x:1"), "queued sent nack sent nack sent failed nack");
  EXPECT_EQ(booked("x:1").transmissions.size(), 3U);
  EXPECT_EQ(booked("x:1").end, downlink_end::max_retries);
  const auto failed = body("downlink_failed"), nack = body("downlink_nack");
  EXPECT_EQ(time_of(failed), time_of(nack)) << "the order is not known by it";
  EXPECT_EQ(nack.at("downlink_nack").at("confirmed_retry").at("attempt"), 3);
  EXPECT_EQ(failed.at("downlink_failed").at("downlink").at("confirmed_retry").at("attempt"), 3);
  EXPECT_EQ(queue("a"), "");
}

TEST_F(class_a, without_max_attempts_it_is_transmitted_eight_times) {
  make_abp("a");
  push("a", item("x:1", true));
  EXPECT_EQ(body("downlink_queued").at("downlink_queued").at("confirmed_retry").at("attempt"), 1);
  for (int i = 0; i < 12; ++i) {
    uplink("a", false);
    run(20s);
  }
  EXPECT_EQ(booked("x:1").transmissions.size(), 8U);
  EXPECT_EQ(booked("x:1").end, downlink_end::max_retries);
}

TEST_F(class_a, what_the_gateway_could_not_send_is_the_end_of_an_unconfirmed_item_only) {
  make_abp("a");
  device_change fails;
  fails.gateway = gateway_manner::fails;
  fails.tx_result = "COLLISION_PACKET";
  make("a", fails);
  push("a", item("x:1"));
  push("a", item("x:2", true));
  uplink("a");
  run(10s);
  uplink("a");
  run(10s);
  EXPECT_EQ(news("x:1"), "queued failed");
  EXPECT_EQ(booked("x:1").end, downlink_end::failed);
  EXPECT_EQ(news("x:2"), "queued failed");
  EXPECT_EQ(booked("x:2").end, downlink_end::none);
  device_change good;
  good.gateway = gateway_manner::good;
  make("a", good);
  uplink("a", false);
  run(10s);
  uplink("a", true);
  run(10s);
  EXPECT_EQ(news("x:2"), "queued failed nack sent ack");
}

TEST_F(class_a, what_is_too_long_for_its_data_rate_makes_way_for_the_next_whose_sent_comes_first) {
  make_abp("a");
  device_change slow;
  slow.longest = 51;
  make("a", slow);
  const std::string long_one =
      R"({"f_port":1,"correlation_ids":["x:1"],"frm_payload":")" + std::string(80, 'A') + "\"}";
  EXPECT_EQ(push("a", long_one), 200);
  push("a", item("x:2"));
  uplink("a");
  run(10s);
  EXPECT_EQ(news(), "queued queued sent failed");
  EXPECT_EQ(booked("x:1").detail, "application_downlink_too_long");
}

TEST_F(class_a, an_absolute_time_is_taken_and_does_not_matter_unless_it_is_over) {
  make_abp("a");
  EXPECT_EQ(push("a", item("x:1", false, R"(,"class_b_c":{"absolute_time":"2030-01-01T00:00:00Z"})")), 200);
  uplink("a");
  run(10s);
  EXPECT_EQ(news("x:1"), "queued sent");
  EXPECT_EQ(push("a", item("x:2", false, R"(,"class_b_c":{"absolute_time":"2020-01-01T00:00:00Z"})")), 400);
  EXPECT_EQ(news("x:2"), "failed");
}

TEST_F(class_a, a_replace_takes_what_was_queued_away_without_a_word_but_not_what_waits_for_its_ack) {
  make_abp("a");
  push("a", item("x:1", true));
  uplink("a");
  run(10s);
  push("a", item("x:2") + "," + item("x:3"));
  EXPECT_EQ(push("a", item("x:4"), true), 200);
  EXPECT_EQ(queue("a"), "x:4");
  EXPECT_EQ(push("a", "", true), 200);
  EXPECT_EQ(queue("a"), "");
  uplink("a", true);
  run(10s);
  EXPECT_EQ(news("x:2"), "queued");
  EXPECT_EQ(news("x:4"), "queued");
  EXPECT_EQ(booked("x:4").end, downlink_end::replaced);
  EXPECT_EQ(news("x:1"), "queued sent ack");
  EXPECT_EQ(push("a", ""), 200) << "nothing pushed";
  EXPECT_EQ(queue("a"), "");
}

TEST_F(class_a, a_deleted_device_takes_its_items_along_without_a_word) {
  make_abp("a");
  push("a", item("x:1", true));
  uplink("a");
  run(10s);
  push("a", item("x:2"));
  service.remove(app, "a", clock.now());
  registered.erase("a");
  run(1h);
  EXPECT_EQ(news(), "queued sent queued");
  EXPECT_EQ(booked("x:1").end, downlink_end::deleted);
  EXPECT_EQ(booked("x:2").end, downlink_end::deleted);
  EXPECT_EQ(push("a", item("x:3")), 404);
}

TEST_F(class_a, the_same_push_twice_is_two_items) {
  make_abp("a");
  push("a", item("x:1"));
  push("a", item("x:1"));
  EXPECT_EQ(queue("a"), "x:1 x:1");
  EXPECT_EQ(service.book().find("x:1").size(), 2U);
}

TEST_F(class_a, decoded_payload_without_a_formatter_becomes_an_empty_frame_and_success) {
  make_abp("a");
  EXPECT_EQ(push("a", R"({"f_port":3,"correlation_ids":["x:1"],"decoded_payload":{"on":true}})"), 200);
  EXPECT_FALSE(body("downlink_queued").at("downlink_queued").as_object().contains("frm_payload"));
  uplink("a");
  run(10s);
  EXPECT_EQ(news("x:1"), "queued sent");
  service.switches().formatters["a"] = "error";
  EXPECT_EQ(push("a", R"({"f_port":3,"correlation_ids":["x:2"],"decoded_payload":{"on":true}})"), 409);
  EXPECT_EQ(news("x:2"), "");
  service.switches().formatters["a"] = "long";
  EXPECT_EQ(push("a", R"({"f_port":3,"correlation_ids":["x:3"],"decoded_payload":{"on":true}})"), 400);
  EXPECT_EQ(news("x:3"), "failed");
  service.switches().formatters["a"] = "good";
  EXPECT_EQ(push("a", R"({"f_port":3,"correlation_ids":["x:4"],"decoded_payload":{"on":true}})"), 200);
  EXPECT_TRUE(body("downlink_queued").at("downlink_queued").as_object().contains("frm_payload"));
}

TEST_F(class_a, what_a_formatter_does_wrong_has_one_name_in_answer_and_event) {
  make_abp("a");
  const auto name_in = [](const boost::json::value& error) {
    return std::string{error.at("namespace").as_string()} + ":" + std::string{error.at("name").as_string()};
  };
  const auto push_to = [&](const std::string& formatter) {
    told.clear();
    service.switches().formatters["a"] = formatter;
    const int status = push("a", R"({"f_port":3,"correlation_ids":["x:1"],"decoded_payload":{"on":true}})");
    return std::to_string(status) + " " + name_in(boost::json::parse(last_body).at("details").at(0));
  };
  EXPECT_EQ(push_to("error"), "409 pkg/messageprocessors/javascript:output_errors");
  EXPECT_TRUE(told.empty());
  EXPECT_EQ(push_to("script"), "409 pkg/scripting/javascript:script");
  EXPECT_TRUE(told.empty());
  EXPECT_EQ(push_to("long"), "400 pkg/errors:validation") << "300 bytes";
  EXPECT_EQ(news("x:1"), "failed");
  EXPECT_EQ(name_in(body("downlink_failed").at("downlink_failed").at("error")), "pkg/errors:validation");
  EXPECT_EQ(queue("a"), "");
}

TEST_F(class_a, events_of_one_push_come_in_any_order) {
  make_abp("a");
  std::string items, pushed;
  for (int i = 10; i < 30; ++i) {
    const auto id = "x:" + std::to_string(i);
    items += (items.empty() ? "" : ",") + item(id);
    pushed += (pushed.empty() ? "" : " ") + id;
  }
  const auto order = [&] {
    told.clear();
    EXPECT_EQ(push("a", items, true), 200);
    EXPECT_EQ(queue("a"), pushed) << "the queue is in order all the same";
    std::vector<std::string> ids;
    for (const auto& event : told)
      ids.push_back(event.body.substr(event.body.find("\"x:") + 1, 4));
    return ids;
  };
  const auto in_order = order();
  EXPECT_TRUE(std::is_sorted(in_order.begin(), in_order.end()));
  service.switches().events.shuffle = true;
  const auto first = order(), second = order();
  EXPECT_FALSE(std::is_sorted(first.begin(), first.end()));
  EXPECT_NE(first, second);
  EXPECT_TRUE(std::is_permutation(first.begin(), first.end(), in_order.begin(), in_order.end()));
}

TEST_F(class_a, one_bad_item_refuses_the_whole_list_with_an_event_for_each) {
  make_abp("a");
  EXPECT_EQ(push("a", item("x:1") + R"(,{"frm_payload":"AQ==","correlation_ids":["x:2"]})"), 400);
  EXPECT_EQ(news("x:1"), "failed");
  EXPECT_EQ(news("x:2"), "failed");
  EXPECT_EQ(queue("a"), "");
  EXPECT_EQ(service.book().accepted(), 0U);
}

TEST_F(class_a, a_queue_holds_ten_thousand) {
  make_abp("a");
  std::string all = item("x:1");
  for (int i = 1; i < 10'000; ++i)
    all += "," + item("x:1");
  EXPECT_EQ(push("a", all), 200);
  EXPECT_EQ(push("a", item("x:2")), 429);
  EXPECT_EQ(news("x:2"), "failed");
  EXPECT_NE(last_body.find("downlink_queue_capacity"), std::string::npos);
  EXPECT_EQ(push("a", all, true), 200);
}

TEST_F(class_a, twenty_thousand_and_one_items_in_one_push_are_refused_with_an_event_each) {
  make_abp("a");
  std::string all = item("x:0");
  for (int i = 1; i <= 20'000; ++i)
    all += "," + item("x:" + std::to_string(i));
  EXPECT_EQ(push("a", all), 429);
  EXPECT_NE(last_body.find("downlink_queue_capacity"), std::string::npos);
  ASSERT_EQ(told.size(), 20'001U);
  EXPECT_TRUE(std::all_of(told.begin(), told.end(), [](const auto& event) {
    return event.kind == "downlink_failed" && event.body.find("downlink_queue_capacity") != std::string::npos;
  }));
  EXPECT_EQ(news("x:20000"), "failed");
  EXPECT_EQ(service.book().accepted(), 0U);
}

} // namespace
} // namespace causeway::emulator
