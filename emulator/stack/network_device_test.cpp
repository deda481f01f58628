// SPDX-License-Identifier: Apache-2.0
#include "emulator/stack/network_device.h"

#include "emulator/stack/downlink_scene.h"

namespace causeway::emulator {
namespace {

using class_c = downlink_scene;
using rejoin = downlink_scene;
using gateway = downlink_scene;

TEST_F(class_c, an_item_leaves_a_quarter_of_a_second_after_its_push_and_the_next_after_a_second_and_a_half) {
  make_abp("c", true);
  uplink("c");
  run(1min);
  push("c", item("x:1"));
  push("c", item("x:2"));
  run(190ms);
  EXPECT_EQ(recent("c"), "-");
  run(60ms);
  EXPECT_EQ(recent("c"), "x:1");
  EXPECT_EQ(queue("c"), "x:2");
  EXPECT_EQ(news("x:1"), "queued sent");
  run(1400ms);
  EXPECT_EQ(news("x:2"), "queued");
  run(150ms);
  EXPECT_EQ(news("x:2"), "queued sent");
}

TEST_F(class_c, before_the_first_uplink_items_stay_queued_and_leave_two_seconds_after_it) {
  make_abp("c", true);
  push("c", item("x:1"));
  run(24h);
  EXPECT_EQ(news(), "queued");
  uplink("c");
  run(1950ms);
  EXPECT_EQ(news(), "queued");
  run(150ms);
  EXPECT_EQ(news(), "queued sent");
}

TEST_F(class_c, what_is_too_long_fails_at_once) {
  make_abp("c", true);
  uplink("c");
  run(1min);
  push("c", R"({"f_port":1,"correlation_ids":["x:1"],"frm_payload":")" + std::string(320, 'A') + "\"}");
  run(400ms);
  EXPECT_EQ(news(), "queued failed");
  EXPECT_EQ(body("downlink_failed").at("downlink_failed").at("error").at("attributes").at("max"), "51");
}

TEST_F(class_c, a_confirmed_item_waits_for_the_next_uplink_however_long) {
  make_abp("c", true);
  uplink("c");
  run(1min);
  push("c", item("x:1", true));
  run(2h);
  EXPECT_EQ(pending("c"), "x:1");
  EXPECT_EQ(news(), "queued sent") << "nothing is sent again";
  push("c", item("x:2"));
  run(1s);
  EXPECT_EQ(news("x:2"), "queued sent") << "an unconfirmed one goes at once";
  EXPECT_EQ(pending("c"), "x:1");
  EXPECT_EQ(recent("c"), "x:2") << "and takes its place among the last ones";
  uplink("c", false);
  run(10s);
  EXPECT_EQ(news("x:1"), "queued sent nack sent");
}

TEST_F(class_c, the_next_confirmed_item_takes_the_place_of_one_that_waits_after_class_c_timeout) {
  make_abp("c", true);
  device_change how;
  how.class_c_timeout = 8s;
  make("c", how);
  uplink("c");
  run(1min);
  push("c", item("x:1", true));
  push("c", item("x:2", true));
  run(7900ms);
  EXPECT_EQ(pending("c"), "x:1");
  EXPECT_EQ(queue("c"), "x:2");
  run(500ms);
  EXPECT_EQ(pending("c"), "x:2");
  uplink("c", true);
  run(10s);
  EXPECT_EQ(news("x:1"), "queued sent") << "no ack, nack, failed, ever";
  EXPECT_EQ(booked("x:1").end, downlink_end::displaced);
  EXPECT_EQ(news("x:2"), "queued sent ack");
}

TEST_F(class_c, now_and_then_a_confirmed_item_is_queued_for_four_to_six_seconds_first) {
  make_abp("c", true);
  device_change how;
  how.hesitates_every = 3;
  make("c", how);
  uplink("c");
  run(1min);
  std::vector<std::chrono::milliseconds> waited;
  for (int i = 1; i <= 9; ++i) {
    const auto id = "x:" + std::to_string(i);
    const auto begun = clock.now().mono;
    push("c", item(id, true));
    while (recent("c") != id && clock.now().mono - begun < 10s) {
      EXPECT_EQ(queue("c"), id);
      run(100ms);
    }
    waited.push_back(std::chrono::round<std::chrono::milliseconds>(clock.now().mono - begun) / 1000 * 1000);
    EXPECT_EQ(pending("c"), id);
    uplink("c", true);
    run(5s);
    EXPECT_EQ(news(id), "queued sent ack");
  }
  EXPECT_EQ(waited, (std::vector<std::chrono::milliseconds>{0s, 0s, 5s, 0s, 0s, 6s, 0s, 0s, 4s}));
}

TEST_F(class_c, an_absolute_time_is_told_five_seconds_before) {
  make_abp("c", true);
  uplink("c");
  run(1min);
  const auto at = format_rfc3339(clock.now().wall + 60s);
  push("c", item("x:1", false, R"(,"class_b_c":{"absolute_time":")" + at + "\"}"));
  run(54s);
  EXPECT_EQ(news(), "queued");
  run(1s);
  EXPECT_EQ(news(), "queued sent");
}

TEST_F(class_c, what_takes_the_place_of_an_item_does_not_leave_before_its_own_time) {
  make_abp("c", true);
  uplink("c");
  run(1min);
  push("c", item("x:1"));
  const auto at = format_rfc3339(clock.now().wall + 60s);
  push("c", item("x:2", false, R"(,"class_b_c":{"absolute_time":")" + at + "\"}"), true);
  run(53s);
  EXPECT_EQ(news("x:2"), "queued");
  run(2s);
  EXPECT_EQ(news("x:2"), "queued sent");
  EXPECT_EQ(news("x:1"), "queued");
}

TEST_F(class_c, a_gateway_that_is_away_or_unknown_is_called_fixed_paths) {
  make_abp("c", true);
  device_change how;
  how.gateways = {"gw-1"};
  make("c", how);
  uplink("c");
  run(1min);
  push("c", item("x:1", false, R"(,"class_b_c":{"gateways":[{"gateway_ids":{"gateway_id":"gw-2"}}]})"));
  push("c", item("x:2", false, R"(,"class_b_c":{"gateways":[{"gateway_ids":{"gateway_id":"gw-1"}}]})"));
  run(5s);
  EXPECT_EQ(news("x:1"), "queued failed");
  EXPECT_EQ(news("x:2"), "queued sent");
  how.gateway = gateway_manner::away;
  make("c", how);
  push("c", item("x:3"));
  run(400ms);
  EXPECT_EQ(news("x:3"), "queued failed");
  EXPECT_EQ(body("downlink_failed").at("downlink_failed").at("error").at("name"), "fixed_paths");
}

// ------------------------------------------------------------ gateways that say nothing

TEST_F(gateway, a_silent_one_makes_an_unconfirmed_item_vanish_and_a_confirmed_one_nacked) {
  make_abp("a");
  device_change how;
  how.gateway = gateway_manner::silent;
  make("a", how);
  push("a", item("x:1"));
  push("a", item("x:2", true));
  uplink("a");
  run(240s);
  EXPECT_EQ(news("x:1"), "queued");
  EXPECT_EQ(queue("a"), "x:2");
  EXPECT_EQ(booked("x:1").end, downlink_end::silent);
  EXPECT_TRUE(booked("x:1").transmissions.empty());
  uplink("a");
  run(10s);
  uplink("a", false);
  run(400ms);
  EXPECT_EQ(news("x:2"), "queued nack");
}

TEST_F(gateway, one_without_tx_ack_sends_and_one_that_is_late_too_but_nobody_hears_of_it) {
  make_abp("a");
  device_change how;
  how.gateway = gateway_manner::no_tx_ack;
  make("a", how);
  push("a", item("x:1"));
  uplink("a");
  run(10s);
  how.gateway = gateway_manner::late;
  make("a", how);
  push("a", item("x:2"));
  uplink("a");
  run(14s);
  EXPECT_TRUE(booked("x:2").transmissions.empty());
  run(10s);
  EXPECT_EQ(news(), "queued queued");
  EXPECT_EQ(booked("x:1").transmissions.size(), 1U);
  EXPECT_EQ(booked("x:2").transmissions.size(), 1U);
  EXPECT_EQ(booked("x:2").end, downlink_end::transmitted);
}

TEST_F(gateway, what_a_hasty_one_says_may_outrun_the_network_server) {
  make_abp("a");
  device_change how;
  how.gateway = gateway_manner::hasty;
  make("a", how);
  std::size_t silent = 0;
  for (int i = 0; i < 40; ++i) {
    const auto id = "x:" + std::to_string(i);
    push("a", item(id));
    uplink("a");
    run(10s);
    EXPECT_EQ(booked(id).transmissions.size(), 1U);
    EXPECT_EQ(booked(id).end, downlink_end::transmitted);
    silent += news(id) == "queued" ? 1 : 0;
  }
  EXPECT_EQ(silent, 2U) << "of 39 there were";
}

// ------------------------------------------------------------ joins

TEST_F(rejoin,
       a_device_that_has_never_joined_has_no_session_and_one_that_has_gets_its_items_with_its_first_uplink) {
  device_change never;
  never.joined = false;
  make("o", never);
  EXPECT_EQ(push("o", item("x:0")), 400);
  EXPECT_EQ(news("x:0"), "failed");
  ASSERT_TRUE(service.join(app, "o", clock.now()));
  run(2s);
  EXPECT_EQ(told.back().kind, "join_accept");
  EXPECT_EQ(push("o", item("x:1")), 200);
  EXPECT_EQ(queue("o"), "x:1") << "at once";
  uplink("o");
  run(10s);
  EXPECT_EQ(news("x:1"), "queued sent");
  EXPECT_EQ(body("downlink_sent").at("downlink_sent").at("f_cnt"), 1);
  EXPECT_EQ(body("downlink_sent").at("downlink_sent").at("session_key_id"),
            body("join_accept").at("join_accept").at("session_key_id"));
}

TEST_F(rejoin, the_queue_goes_into_the_new_session_with_its_first_uplink_without_a_word) {
  make("o");
  push("o", item("x:0"));
  uplink("o");
  run(10s);
  push("o", item("x:1") + "," + item("x:2"));
  push("o", item("x:3"));
  const auto old_key = service.device(app, "o", clock.now())->active()->session.session_key_id;
  service.join(app, "o", clock.now());
  run(2s);
  push("o", item("x:4"));
  EXPECT_EQ(queue("o"), "x:1 x:2 x:3 x:4");
  EXPECT_EQ(service.device(app, "o", clock.now())->queue().front()->session_key_id, old_key);
  EXPECT_EQ(service.device(app, "o", clock.now())->queue().front()->f_cnt, 2U);
  const auto before = news();
  uplink("o");
  run(300ms);
  EXPECT_EQ(queue("o"), "x:1 x:2 x:3 x:4");
  EXPECT_EQ(service.device(app, "o", clock.now())->queue().front()->f_cnt, 1U);
  EXPECT_NE(service.device(app, "o", clock.now())->queue().front()->session_key_id, old_key);
  EXPECT_EQ(news(), before) << "no second queued, no invalidated, no failed";
  run(10s);
  EXPECT_EQ(news("x:1"), "queued sent");
}

TEST_F(rejoin, a_confirmed_item_that_waits_is_nacked_with_the_old_session_and_sent_in_the_new_one) {
  make("o");
  push("o", item("x:1", true));
  uplink("o");
  run(10s);
  const auto old_key = body("downlink_sent").at("downlink_sent").at("session_key_id");
  service.join(app, "o", clock.now());
  run(2s);
  EXPECT_EQ(pending("o"), "x:1");
  uplink("o", true); // whatever it says
  run(600ms);
  EXPECT_EQ(news("x:1"), "queued sent nack sent");
  const auto nack = body("downlink_nack").at("downlink_nack").as_object();
  EXPECT_EQ(nack.at("session_key_id"), old_key);
  EXPECT_EQ(nack.at("f_cnt"), 1);
  EXPECT_EQ(nack.at("confirmed_retry").at("attempt"), 2);
  const auto sent = body("downlink_sent").at("downlink_sent").as_object();
  EXPECT_NE(sent.at("session_key_id"), old_key);
  EXPECT_EQ(sent.at("f_cnt"), 1) << "the same counter in both sessions";
  EXPECT_EQ(booked("x:1").transmissions.size(), 2U);
  run(10s);
  uplink("o", true);
  run(10s);
  EXPECT_EQ(news("x:1"), "queued sent nack sent ack");
}

TEST_F(rejoin, an_uplink_of_a_simulation_with_another_session_is_a_rejoin_and_the_first_names_the_session) {
  make("o");
  push("o", item("x:1"));
  push("o", item("x:2"));
  service.pass_uplink(app, "o", "AAAA", 7, clock.now());
  run(1s);
  EXPECT_EQ(body("downlink_sent").at("downlink_sent").at("session_key_id"), "AAAA");
  EXPECT_EQ(mac("o").uplinks.size(), 1U);
  EXPECT_EQ(mac("o").uplinks.back().f_cnt, 7U);
  EXPECT_EQ(service.device(app, "o", clock.now())->active()->session.dev_addr, "27FE87F6")
      << "no second join: the first session was only made up";
  service.pass_uplink(app, "o", "BBBB", 0, clock.now());
  run(1s);
  EXPECT_EQ(body("downlink_sent").at("downlink_sent").at("session_key_id"), "BBBB");
  EXPECT_EQ(body("downlink_sent").at("downlink_sent").at("f_cnt"), 1);
  for (const auto& event : told)
    EXPECT_NE(event.kind, "uplink_message") << "that is the simulation's affair";
}

} // namespace
} // namespace causeway::emulator
