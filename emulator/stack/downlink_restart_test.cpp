// SPDX-License-Identifier: Apache-2.0
// What a stop and a kill of the stack leave behind.
#include "emulator/stack/downlink_scene.h"

namespace causeway::emulator {
namespace {

class restart : public downlink_scene {
protected:
  void end(bool killed = false) { service.restart(killed, 1300ms, clock.now()); }
};

TEST_F(restart, pushes_under_way_are_answered_499_whatever_is_stored_of_them_and_waiting_ones_are_dropped) {
  for (const auto* name : {"a", "b", "c"})
    make_abp(name);
  const auto stored = begin("a", item("x:1"));
  const auto waits = begin("a", item("x:2"));
  run(3ms);
  const auto reached = begin("b", item("x:3"));
  run(4ms);
  const auto begun = begin("c", item("x:4"));
  run(2ms);
  end();
  for (const auto number : {stored, waits, reached, begun}) {
    const auto answer = service.take_answer(number);
    ASSERT_TRUE(answer);
    EXPECT_FALSE(answer->hang_up);
    EXPECT_EQ(answer->response.status, 499);
    EXPECT_EQ(
        shape_of(boost::json::parse(answer->response.body)),
        shape_of(boost::json::parse(read_sample("real-push-499-stack-stopping-item-may-be-queued.json"))));
  }
  EXPECT_EQ(service.waiting(), 0U);
  run(2s);
  EXPECT_EQ(queue("a"), "x:1") << "and nobody is told";
  EXPECT_EQ(queue("b") + queue("c"), "");
  EXPECT_EQ(news(), "");
  EXPECT_EQ(push("c", item("x:5")), 200);
  const auto next = begin("b", item("x:6"));
  run(7s);
  EXPECT_FALSE(service.take_answer(next)) << "the lock of the one that had been begun is still there";
  run(1s);
  EXPECT_TRUE(service.take_answer(next));
}

TEST_F(restart, a_kill_answers_nothing) {
  make_abp("a");
  const auto number = begin("a", item("x:1"));
  run(9ms);
  end(true);
  const auto answer = service.take_answer(number);
  ASSERT_TRUE(answer);
  EXPECT_TRUE(answer->hang_up);
  run(2s);
  EXPECT_EQ(queue("a"), "x:1");
}

TEST_F(restart, queue_counters_ids_and_what_waits_for_its_ack_are_as_before) {
  make_abp("a");
  push("a", item("x:1", true));
  uplink("a");
  run(10s);
  push("a", item("x:2") + "," + item("x:3"));
  const auto shown = [this] {
    boost::json::array items;
    for (const auto* one : service.device(app, "a", clock.now())->queue())
      items.push_back(format_item(*one, item_view::whole));
    return boost::json::serialize(items) +
           boost::json::serialize(
               format_record(*service.device(app, "a", clock.now()), {"session", "mac_state"}));
  };
  const auto before = shown();
  end();
  run(2s);
  EXPECT_EQ(shown(), before);
  uplink("a", true);
  run(10s);
  EXPECT_EQ(news("x:1"), "queued sent ack");
  EXPECT_EQ(news("x:2"), "queued sent");
}

TEST_F(restart, what_is_on_its_way_is_never_told_and_what_is_sent_meanwhile_never_heard) {
  make_abp("a");
  push("a", item("x:1"));
  uplink("a");
  run(470ms); // scheduled, and not told yet
  end();
  run(100ms);
  uplink("a", {}, true);
  EXPECT_TRUE(service.pass_uplink(app, "a", {}, 7, clock.now()).dropped);
  run(1min);
  EXPECT_EQ(news("x:1"), "queued");
  EXPECT_EQ(booked("x:1").end, downlink_end::transmitted);
  EXPECT_EQ(mac("a").uplinks.size(), 1U);
  uplink("a");
  run(1s);
  EXPECT_EQ(mac("a").uplinks.size(), 2U);
}

TEST_F(restart, what_waits_for_a_locked_device_is_lost_and_the_lock_stays) {
  make_abp("a");
  const auto cut = begin("a", item("x:1"));
  run(6ms);
  service.leave_push(cut, clock.now());
  uplink("a");
  run(1s);
  end();
  run(2s);
  const auto next = begin("a", item("x:2"));
  run(5s);
  EXPECT_FALSE(service.take_answer(next));
  run(10s);
  EXPECT_TRUE(service.take_answer(next));
  ASSERT_EQ(told.size(), 1U) << "no uplink";
  EXPECT_EQ(news("x:2"), "queued");
}

TEST_F(restart, a_nack_that_is_lost_takes_its_item_along) {
  make_abp("a");
  push("a", item("x:1", true));
  uplink("a");
  run(10s);
  uplink("a", false);
  run(230ms);
  EXPECT_EQ(pending("a"), "-");
  end();
  run(1min);
  EXPECT_EQ(news("x:1"), "queued sent");
  EXPECT_EQ(queue("a"), "");
  EXPECT_EQ(booked("x:1").end, downlink_end::dropped);
}

TEST_F(restart, a_window_is_missed_and_class_c_goes_on) {
  make_abp("a");
  make_abp("c", true);
  uplink("a");
  uplink("c");
  run(3s);
  push("c", item("x:2"));
  push("a", item("x:1"));
  run(100ms);
  end();
  run(1300ms);
  EXPECT_EQ(queue("a"), "x:1");
  EXPECT_EQ(queue("c"), "x:2");
  run(300ms);
  EXPECT_EQ(news("x:2"), "queued sent");
  run(1min);
  EXPECT_EQ(news("x:1"), "queued");
  uplink("a");
  run(1s);
  EXPECT_EQ(news("x:1"), "queued sent");
}

TEST_F(restart, nothing_happens_while_it_is_down) {
  make_abp("c", true);
  uplink("c");
  run(1min);
  push("c", item("x:1"));
  end();
  const auto up = clock.now().wall + 1300ms;
  run(100ms);
  make_abp("c", true); // any change makes a class C device look at its queue
  run(1s);
  EXPECT_EQ(queue("c"), "x:1");
  run(1s);
  EXPECT_EQ(news("x:1"), "queued sent");
  ASSERT_EQ(booked("x:1").transmissions.size(), 1U);
  EXPECT_GE(booked("x:1").transmissions[0].at, up);
}

} // namespace
} // namespace causeway::emulator
