// SPDX-License-Identifier: Apache-2.0
#include "emulator/stack/downlink_pushes.h"

#include "emulator/stack/downlink_scene.h"

namespace causeway::emulator {
namespace {

using push_lock = downlink_scene;
using starvation = downlink_scene;
using worse = downlink_scene;

TEST_F(push_lock, the_queued_event_comes_before_the_answer_with_the_time_of_the_push) {
  make_abp("a");
  const auto number = begin("a", item("x:1"));
  const auto at = clock.now().wall;
  run(10ms);
  EXPECT_EQ(news(), "queued");
  EXPECT_FALSE(service.take_answer(number));
  run(2ms);
  EXPECT_TRUE(service.take_answer(number));
  EXPECT_FALSE(service.take_answer(number)) << "once";
  EXPECT_EQ(*parse_rfc3339(body("downlink_queued").at("received_at").as_string()), at);
}

TEST_F(push_lock, a_client_that_leaves_at_once_leaves_nothing_behind) {
  make_abp("a");
  const auto number = begin("a", item("x:1"));
  run(3ms);
  service.leave_push(number, clock.now());
  run(1min);
  EXPECT_EQ(news(), "");
  EXPECT_EQ(service.book().accepted(), 0U);
  EXPECT_EQ(push("a", item("x:2")), 200) << "and no lock";
}

TEST_F(push_lock, an_abandoned_push_locks_its_device_for_ten_seconds) {
  make_abp("a");
  make_abp("b");
  const auto number = begin("a", item("x:1"));
  run(6ms);
  service.leave_push(number, clock.now());
  run(1s);
  EXPECT_EQ(queue("a"), "") << "cut before it was stored";
  const auto next = begin("a", item("x:2"));
  const auto at = clock.now().wall;
  EXPECT_EQ(push("b", item("x:3")), 200) << "other devices are not concerned";
  run(8900ms);
  EXPECT_FALSE(service.take_answer(next));
  EXPECT_EQ(news("x:2"), "");
  run(150ms);
  EXPECT_TRUE(service.take_answer(next));
  EXPECT_EQ(news("x:2"), "queued");
  EXPECT_EQ(*parse_rfc3339(body("downlink_queued").at("received_at").as_string()), at)
      << "when the call came, not when it had waited";
}

TEST_F(push_lock, a_push_cut_off_a_little_later_is_in_the_queue_without_an_event_or_with_one) {
  make_abp("a");
  const auto untold = begin("a", item("x:1"));
  run(8ms);
  service.leave_push(untold, clock.now());
  EXPECT_EQ(queue("a"), "x:1") << "at the first look";
  run(1min);
  EXPECT_EQ(news("x:1"), "");
  EXPECT_EQ(booked("x:1").queued, 1U);
  const auto told_too = begin("a", item("x:2"));
  run(10ms);
  service.leave_push(told_too, clock.now());
  EXPECT_EQ(queue("a"), "x:1 x:2");
  EXPECT_EQ(news("x:2"), "queued");
}

TEST_F(push_lock,
       now_and_then_a_push_that_was_cut_off_makes_a_failed_event_without_a_name_though_it_is_queued) {
  make_abp("a");
  for (int i = 0; i < 14; ++i) {
    const auto number = begin("a", item("x:" + std::to_string(i)));
    run(8ms);
    service.leave_push(number, clock.now());
    run(11s);
  }
  EXPECT_EQ(news("x:13"), "failed");
  EXPECT_EQ(service.device(app, "a", clock.now())->queue().size(), 14U);
  const auto error = body("downlink_failed").at("downlink_failed").at("error").as_object();
  EXPECT_FALSE(error.contains("name"));
  EXPECT_EQ(error.at("code"), 1);
  EXPECT_EQ(error.at("message_format"), "context canceled");
}

TEST_F(push_lock, such_an_event_may_come_though_nothing_is_queued) {
  make_abp("a");
  for (int i = 0; i < 14; ++i) {
    const auto number = begin("a", item("x:" + std::to_string(i)));
    run(6ms);
    service.leave_push(number, clock.now());
    run(11s);
  }
  EXPECT_EQ(news(), "failed");
  EXPECT_EQ(news("x:13"), "failed");
  EXPECT_EQ(service.book().accepted(), 0U);
  EXPECT_FALSE(body("downlink_failed").at("downlink_failed").at("error").as_object().contains("name"));
}

TEST_F(push_lock, a_waiting_push_goes_with_its_client_and_stays_when_the_client_does_not_leave) {
  make_abp("a");
  const auto first = begin("a", item("x:1"));
  run(6ms);
  service.leave_push(first, clock.now());
  const auto gone = begin("a", item("x:2"));
  const auto stays = begin("a", item("x:3"));
  EXPECT_EQ(service.waiting(), 2U);
  run(5s);
  service.leave_push(gone, clock.now());
  EXPECT_EQ(service.waiting(), 1U);
  run(5100ms);
  EXPECT_TRUE(service.take_answer(stays));
  EXPECT_EQ(queue("a"), "x:3") << "an abandoned one that waited adds nothing to the lock either";
}

TEST_F(push_lock, events_of_a_locked_device_wait_and_carry_the_time_of_their_call) {
  make_abp("a");
  push("a", item("x:1", true));
  uplink("a");
  run(10s);
  const auto number = begin("a", item("x:2"));
  run(6ms);
  service.leave_push(number, clock.now());
  told.clear();
  uplink("a", true);
  run(250ms);
  const auto called = clock.now().wall - 10ms;
  EXPECT_TRUE(told.empty());
  EXPECT_EQ(mac("a").uplinks.size(), 2U) << "the record knows it already";
  run(9700ms);
  EXPECT_TRUE(told.empty());
  run(100ms);
  ASSERT_EQ(told.size(), 2U);
  EXPECT_EQ(told[0].kind, "downlink_ack");
  EXPECT_EQ(told[1].kind, "uplink_message");
  EXPECT_EQ(*parse_rfc3339(body("downlink_ack").at("received_at").as_string()), called);
}

TEST_F(push_lock, an_uplink_of_a_simulation_is_told_to_wait_for_the_lock) {
  make_abp("a");
  EXPECT_LE(service.pass_uplink(app, "a", {}, 1, clock.now()).not_before, clock.now().mono);
  const auto number = begin("a", item("x:2"));
  const auto begun = clock.now().mono;
  run(6ms);
  service.leave_push(number, clock.now());
  const auto passage = service.pass_uplink(app, "a", {}, 2, clock.now());
  EXPECT_FALSE(passage.dropped);
  EXPECT_EQ(passage.not_before, begun + 10s);
}

TEST_F(push_lock, an_item_may_be_nowhere_for_ten_seconds_and_yet_go_on) {
  make_abp("a");
  push("a", item("x:1", true));
  uplink("a");
  run(10s);
  EXPECT_EQ(pending("a"), "x:1");
  const auto number = begin("a", item("x:2"));
  run(6ms);
  service.leave_push(number, clock.now());
  uplink("a", false, true); // wants an ack itself, and brings none
  run(500ms);
  for (int i = 0; i < 9; ++i) {
    EXPECT_EQ(queue("a"), "");
    EXPECT_EQ(pending("a"), "-");
    EXPECT_EQ(recent("a"), "-") << "the empty downlink has taken its place";
    run(1s);
  }
  run(1s);
  EXPECT_EQ(queue("a"), "x:1");
  EXPECT_EQ(news("x:1"), "queued sent nack");
  uplink("a");
  run(10s);
  EXPECT_EQ(news("x:1"), "queued sent nack sent");
}

TEST_F(push_lock, forty_pushes_at_once_are_all_taken_one_after_the_other) {
  make_abp("a");
  service.switches().most_waiting = 1000;
  std::vector<std::uint64_t> all;
  all.reserve(40);
  for (int i = 0; i < 40; ++i)
    all.push_back(begin("a", item("x:" + std::to_string(i))));
  run(400ms);
  EXPECT_FALSE(service.take_answer(all.back()));
  run(200ms);
  for (const auto number : all) {
    const auto answer = service.take_answer(number);
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->response.status, 200);
  }
  std::uint32_t counter = 0;
  for (const auto* item : service.device(app, "a", clock.now())->queue())
    EXPECT_EQ(item->f_cnt, ++counter);
}

TEST_F(push_lock, of_pushes_and_a_replace_at_once_the_last_writer_wins) {
  make_abp("a");
  const auto at_once = [this](const std::vector<std::pair<std::string, bool>>& writers) {
    std::vector<std::uint64_t> all;
    all.reserve(writers.size());
    for (const auto& [id, replaces] : writers)
      all.push_back(begin("a", item(id), replaces));
    run(100ms);
    for (const auto number : all) {
      const auto answer = service.take_answer(number);
      EXPECT_TRUE(answer && answer->response.status == 200);
    }
    return queue("a");
  };
  EXPECT_EQ(at_once({{"x:1", false}, {"x:2", true}, {"x:3", false}}), "x:2 x:3");
  EXPECT_EQ(booked("x:1").end, downlink_end::replaced);
  EXPECT_EQ(at_once({{"x:4", false}, {"x:5", true}}), "x:5");
  EXPECT_EQ(at_once({{"x:6", true}, {"x:7", false}}), "x:6 x:7");
  EXPECT_EQ(news("x:1"), "queued") << "and nothing of its end";
}

TEST_F(push_lock, by_mqtt_only_events_tell_and_what_is_refused_by_its_form_is_silence) {
  make_abp("a");
  service.push_by_mqtt(app, "a", false, R"({"downlinks":[)" + item("x:1") + "]}", clock.now());
  run(20ms);
  EXPECT_EQ(queue("a"), "x:1");
  EXPECT_EQ(shape_of(body("downlink_queued").at("correlation_ids")), "[as:downlink,x]");
  for (
      const auto* refused :
      {"{", R"({"downlinks":[{"f_port":224,"frm_payload":"AQ=="}]})", "",
       R"({"downlinks":[{"f_port":1,"frm_payload":"AQ==","class_b_c":{"gateways":[{"gateway_ids":{"eui":"0000000000000A01"}}]}}]})"})
    service.push_by_mqtt(app, "a", false, refused, clock.now());
  run(1s);
  EXPECT_EQ(news(), "queued");
  service.push_by_mqtt(app, "a", false, R"({"downlinks":[{"frm_payload":"AQ==","correlation_ids":["x:2"]}]})",
                       clock.now());
  run(1s);
  EXPECT_EQ(news("x:2"), "failed");
  service.push_by_mqtt(app, "a", true, R"({"downlinks":[]})", clock.now());
  run(1s);
  EXPECT_EQ(queue("a"), "");
}

// ------------------------------------------------------------ too many that wait

TEST_F(starvation, twenty_waiting_pushes_take_the_uplinks_of_others_and_nineteen_do_not) {
  make_abp("a");
  make_abp("b");
  push("b", item("x:b", true));
  uplink("b");
  run(10s);
  const auto first = begin("a", item("x:1"));
  run(6ms);
  service.leave_push(first, clock.now());
  for (int i = 0; i < 19; ++i)
    begin("a", item("x:2"));
  EXPECT_FALSE(service.is_starved());
  EXPECT_FALSE(service.pass_uplink(app, "b", {}, 5, clock.now()).dropped);
  told.clear();
  begin("a", item("x:2"));
  EXPECT_TRUE(service.is_starved());
  EXPECT_TRUE(service.pass_uplink(app, "b", {}, 6, clock.now()).dropped);
  const auto other = begin("b", item("x:3"));
  uplink("b", false);
  run(3900ms);
  EXPECT_FALSE(service.take_answer(other));
  EXPECT_TRUE(told.empty()) << "neither the uplink of another device nor its nack";
  run(200ms);
  const auto answer = service.take_answer(other);
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->response.status, 500);
  EXPECT_NE(answer->response.body.find(R"("name":"store")"), std::string::npos);
  run(7s);
  EXPECT_FALSE(service.is_starved());
  EXPECT_EQ(news("x:3"), "");
  EXPECT_EQ(service.book().find("x:3").size(), 0U) << "not in the queue";
}

// ------------------------------------------------------------ switches

TEST_F(worse, answers_that_are_no_refusals_leave_the_item_in_the_queue) {
  make_abp("a");
  auto& rules = service.switches().pushes;
  push_rule rule;
  rule.remaining = 1;
  rule.queued = true;
  rule.status = 409;
  rules.push_back(rule);
  EXPECT_EQ(push("a", item("x:1")), 409);
  EXPECT_EQ(
      shape_of(boost::json::parse(last_body)),
      shape_of(boost::json::parse(read_sample("real-push-409-transaction-failed-item-is-queued.json"))));
  rule.status = 504;
  rule.told = push_rule::event::failed;
  rules.push_back(rule);
  EXPECT_EQ(push("a", item("x:2")), 504);
  EXPECT_EQ(shape_of(boost::json::parse(last_body)),
            shape_of(boost::json::parse(read_sample("real-push-504-deadline-item-may-be-queued.json"))));
  rule.status = 499;
  rule.told = push_rule::event::none;
  rules.push_back(rule);
  EXPECT_EQ(push("a", item("x:3")), 499);
  EXPECT_EQ(
      shape_of(boost::json::parse(last_body)),
      shape_of(boost::json::parse(read_sample("real-push-499-stack-stopping-item-may-be-queued.json"))));
  EXPECT_EQ(queue("a"), "x:1 x:2 x:3");
  EXPECT_EQ(news("x:1"), "queued");
  EXPECT_EQ(news("x:2"), "failed");
  EXPECT_EQ(body("downlink_failed").at("downlink_failed").at("error").at("name"),
            "context_deadline_exceeded");
  EXPECT_EQ(news("x:3"), "");
  EXPECT_EQ(push("a", item("x:4")), 200) << "each counted once";
}

TEST_F(worse, a_connection_may_be_closed_without_a_byte_with_the_item_queued) {
  make_abp("a");
  push_rule rule;
  rule.queued = true;
  rule.hang_up = true;
  service.switches().pushes.push_back(rule);
  const auto number = begin("a", item("x:1"));
  run(20ms);
  const auto answer = service.take_answer(number);
  ASSERT_TRUE(answer);
  EXPECT_TRUE(answer->hang_up);
  EXPECT_EQ(queue("a"), "x:1");
}

TEST_F(worse, a_push_without_an_answer_is_queued_when_the_database_goes_on) {
  make_abp("a");
  push_rule rule;
  rule.remaining = 1;
  rule.queued = true;
  rule.hang_up = true;
  rule.queued_after = 13s;
  service.switches().pushes.push_back(rule);
  const auto called = clock.now().wall;
  const auto number = begin("a", item("x:1"));
  run(12ms);
  EXPECT_TRUE(service.take_answer(number)->hang_up);
  const auto next = begin("a", item("x:2"));
  uplink("a");
  run(12'999ms);
  EXPECT_EQ(queue("a"), "");
  EXPECT_EQ(service.book().accepted(), 0U);
  EXPECT_TRUE(told.empty()) << "not even the uplink: nothing of the device goes on";
  EXPECT_TRUE(service.is_stalled(app, "a"));
  run(1ms);
  EXPECT_EQ(queue("a"), "x:1");
  EXPECT_FALSE(service.is_stalled(app, "a"));
  EXPECT_EQ(news(), "queued");
  EXPECT_EQ(*parse_rfc3339(body("downlink_queued").at("received_at").as_string()), called);
  EXPECT_FALSE(service.take_answer(next));
  run(12ms);
  EXPECT_EQ(service.take_answer(next)->response.status, 200);
  EXPECT_EQ(queue("a"), "x:1 x:2");
}

TEST_F(worse, a_push_whose_client_has_left_is_queued_late_and_locks_its_device_as_ever) {
  make_abp("a");
  push_rule rule;
  rule.remaining = 1;
  rule.queued = true;
  rule.hang_up = true;
  rule.told = push_rule::event::none;
  rule.queued_after = 6s;
  service.switches().pushes.push_back(rule);
  const auto number = begin("a", item("x:1"));
  run(11ms);
  service.leave_push(number, clock.now());
  run(5'999ms);
  EXPECT_EQ(queue("a"), "");
  run(1ms);
  EXPECT_EQ(queue("a"), "x:1");
  EXPECT_EQ(news(), "");
  const auto next = begin("a", item("x:2"));
  run(3'988ms);
  EXPECT_EQ(queue("a"), "x:1") << "10 s from its begin";
  run(13ms);
  EXPECT_TRUE(service.take_answer(next));
}

TEST_F(worse, an_answer_without_the_item_may_make_a_failed_event_and_a_hanging_up_one_without_a_name) {
  make_abp("a");
  push_rule rule;
  rule.remaining = 1;
  rule.hang_up = true;
  rule.told = push_rule::event::failed;
  service.switches().pushes = {rule};
  const auto number = begin("a", item("x:1"));
  run(1ms);
  EXPECT_TRUE(service.take_answer(number)->hang_up);
  EXPECT_EQ(news("x:1"), "failed");
  const auto error = body("downlink_failed").at("downlink_failed").at("error").as_object();
  EXPECT_FALSE(error.contains("name"));
  EXPECT_EQ(error.at("message_format"), "context canceled");
  rule.hang_up = false;
  rule.status = 504;
  service.switches().pushes = {rule};
  EXPECT_EQ(push("a", item("x:2")), 504);
  EXPECT_EQ(body("downlink_failed").at("downlink_failed").at("error").at("name"),
            "context_deadline_exceeded");
  EXPECT_EQ(queue("a"), "");
  EXPECT_EQ(service.book().accepted(), 0U);
}

TEST_F(worse, a_status_without_the_item_lasts_as_long_as_it_is_said) {
  make_abp("a");
  push_rule rule;
  rule.pattern = "a";
  rule.status = 500;
  rule.until = clock.now().mono + 1h;
  service.switches().pushes.push_back(rule);
  const auto number = begin("a", item("x:1"));
  run(1ms);
  EXPECT_EQ(service.take_answer(number)->response.status, 500);
  EXPECT_EQ(queue("a"), "");
  EXPECT_EQ(news(), "");
  run(1h);
  EXPECT_EQ(push("a", item("x:1")), 200);
}

TEST_F(worse, too_many_requests_says_when_to_come_again) {
  make_abp("a");
  push_rule rule;
  rule.status = 429;
  rule.retry_after = 7;
  service.switches().pushes.push_back(rule);
  const auto number = begin("a", item("x:1"));
  run(1ms);
  const auto answer = service.take_answer(number);
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->response.status, 429);
  EXPECT_EQ(answer->response.headers.front(),
            (std::pair<std::string, std::string>{"X-Rate-Limit-Retry", "7"}));
}

TEST_F(worse, an_answer_may_be_late_though_all_is_done) {
  make_abp("a");
  push_rule rule;
  rule.delay = 9s;
  service.switches().pushes.push_back(rule);
  const auto number = begin("a", item("x:1"));
  run(8s);
  EXPECT_EQ(queue("a"), "x:1");
  EXPECT_FALSE(service.take_answer(number));
  service.switches().pushes.clear();
  EXPECT_EQ(push("a", item("x:2")), 200) << "the device is free";
  run(1100ms);
  EXPECT_EQ(service.take_answer(number)->response.status, 200);
}

TEST_F(worse, events_are_dropped_doubled_and_swapped) {
  make_abp("a");
  service.switches().events.drop_every = 3;
  for (int i = 1; i <= 3; ++i)
    push("a", item("x:" + std::to_string(i)));
  EXPECT_EQ(news(), "queued queued");
  EXPECT_EQ(news("x:3"), "");
  EXPECT_TRUE(booked("x:3").told.empty());
  service.switches().events = {};
  service.switches().events.double_every = 1;
  push("a", item("x:4"));
  EXPECT_EQ(news("x:4"), "queued queued");
  EXPECT_EQ(booked("x:4").told.size(), 2U);
  service.switches().events = {};
  service.switches().events.swap_every = 2;
  service.switches().events.kinds = {"downlink_queued"};
  told.clear();
  for (int i = 5; i <= 8; ++i)
    push("a", item("x:" + std::to_string(i)));
  std::string order;
  for (const auto& event : told)
    order += event.body.substr(event.body.find("\"x:") + 3, 1);
  EXPECT_TRUE(order == "657" || order == "5768" || order == "576") << order;
}

TEST_F(worse, events_are_late_or_only_those_of_a_kind_are_concerned) {
  make_abp("a");
  service.switches().events.delay = 5s;
  service.switches().events.kinds = {"downlink_sent"};
  push("a", item("x:1"));
  EXPECT_EQ(news(), "queued");
  uplink("a");
  run(5s);
  EXPECT_EQ(news(), "queued");
  run(1s);
  EXPECT_EQ(news(), "queued sent");
}

} // namespace
} // namespace causeway::emulator
