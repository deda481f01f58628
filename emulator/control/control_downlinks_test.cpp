// SPDX-License-Identifier: Apache-2.0
#include "emulator/control/control_downlinks.h"

#include "emulator/control/control_services.h"
#include "emulator/control/downlink_requests.h"

#include <gtest/gtest.h>

#include <boost/json.hpp>

namespace causeway::emulator {
namespace {

namespace json = boost::json;
using namespace std::chrono_literals;

// The control API over a downlink side without ports. Its clock is the loop's: time is passed by hand.
class control_downlinks_test : public ::testing::Test {
protected:
  control_downlinks_test() {
    registry_.add_application("app", "NNSXS.A.B", {"dev"});
    shown_.on = &loop_;
    shown_.registry = &registry_;
    shown_.downlinks = &api_;
    now_ = loop_.now();
  }
  json::object ask(const std::string& method, const std::string& target, const std::string& body = {},
                   int status = 200) {
    const auto answered = answer_control(shown_, {method, target, {}, body, "127.0.0.1"});
    EXPECT_EQ(answered.status, status) << method << " " << target << ": " << answered.body;
    return json::parse(answered.body).as_object();
  }
  void pass(std::chrono::nanoseconds by) {
    now_ = {now_.mono + by, now_.wall + std::chrono::duration_cast<wall_time::duration>(by)};
    service_.advance(now_);
  }
  int push(const std::string& item) {
    auto asked = parse_downlinks(R"({"downlinks":[)" + item + "]}", downlink_route::rest);
    const auto number =
        service_.begin_push({"app", "dev", downlink_route::rest, false, std::move(asked.items)}, now_);
    pass(20ms);
    const auto answer = service_.take_answer(number);
    return answer ? answer->response.status : 0;
  }

  net::loop loop_;
  fault_table faults_;
  stack_registry registry_{faults_, {}, "seed"};
  stack_access access_{registry_};
  downlink_service service_{"seed", [this](const std::string& application, const std::string& device) {
                              return registry_.creation_of(application, device);
                            }};
  downlink_api api_{service_, access_};
  controlled shown_;
  moment now_;
};

const std::string item = R"({"f_port":1,"frm_payload":"AQ==","confirmed":true,"correlation_ids":["x:1"]})";

TEST_F(control_downlinks_test, the_book_has_every_item_by_its_correlation_id_with_its_true_end) {
  EXPECT_EQ(push(item), 200);
  const auto booked = ask("GET", "/downlinks/book?id=x%3A1").at("items").as_array();
  ASSERT_EQ(booked.size(), 1U);
  EXPECT_EQ(booked[0].at("end"), "none");
  EXPECT_EQ(booked[0].at("queued"), 1);
  EXPECT_EQ(booked[0].at("told"), (json::array{"downlink_queued"}));
  EXPECT_TRUE(booked[0].at("transmissions").as_array().empty());
  ask("POST", "/downlinks/uplink", R"({"application":"app","device":"dev"})", 201);
  pass(10s);
  ask("POST", "/downlinks/uplink", R"({"application":"app","device":"dev","ack":true})", 201);
  pass(10s);
  const auto ended = ask("GET", "/downlinks/book?after=0&limit=10");
  EXPECT_EQ(ended.at("accepted"), 1);
  EXPECT_EQ(ended.at("items").at(0).at("end"), "acknowledged");
  EXPECT_EQ(ended.at("items").at(0).at("transmissions").as_array().size(), 1U);
  EXPECT_TRUE(ask("GET", "/downlinks/book?after=1").at("items").as_array().empty());
  EXPECT_TRUE(ask("DELETE", "/downlinks/book").at("items").as_array().empty());
}

TEST_F(control_downlinks_test, the_book_says_what_the_application_has_heard_of_which_payload) {
  EXPECT_EQ(push(item), 200);
  EXPECT_TRUE(ask("GET", "/downlinks/book?id=x:1").at("items").at(0).at("heard").as_array().empty());
  service_.book().hear(1, {"downlink_sent", 7});
  const auto booked = ask("GET", "/downlinks/book?id=x:1").at("items").at(0);
  EXPECT_EQ(booked.at("frm_payload"), "AQ==");
  EXPECT_EQ(booked.at("heard").at(0), (json::object{{"kind", "downlink_sent"}, {"f_cnt", 7}}));
}

TEST_F(control_downlinks_test, pushes_under_way_are_cut_off_when_it_is_asked_for) {
  EXPECT_EQ(api_.cuts(), 0U);
  ask("POST", "/downlinks/cut", {}, 201);
  EXPECT_EQ(api_.cuts(), 1U);
  ask("GET", "/downlinks/cut", {}, 404);
}

TEST_F(control_downlinks_test, the_stack_is_restarted_when_it_is_asked_for) {
  EXPECT_EQ(ask("POST", "/downlinks/restart", {}, 201).at("down_ms"), 1300);
  EXPECT_EQ(ask("POST", "/downlinks/restart", R"({"by":"kill","seconds":600})", 201).at("down_ms"), 600'000);
  EXPECT_TRUE(service_.is_down(loop_.now().mono + 1s));
  EXPECT_FALSE(service_.is_down(loop_.now().mono + 601s));
  ask("POST", "/downlinks/restart", R"({"by":"fire"})", 400);
  ask("GET", "/downlinks/restart", {}, 404);
}

TEST_F(control_downlinks_test, devices_are_made_and_shown_and_their_removal_ends_their_items) {
  const auto made =
      ask("PUT", "/downlinks/devices/app/dev", R"({"class":"C","activation":"abp","gateway":"silent"})");
  EXPECT_TRUE(made.at("record").as_object().contains("supports_class_c"));
  EXPECT_FALSE(made.at("record").as_object().contains("supports_join"));
  ask("PUT", "/downlinks/devices/app/other", "{}", 404);
  ask("PUT", "/downlinks/devices/app/dev", R"({"class":"B"})", 400);
  ask("PUT", "/downlinks/devices/app/dev", R"({"gateway":"far"})", 400);
  EXPECT_EQ(push(item), 200);
  EXPECT_EQ(ask("GET", "/downlinks/devices/app/dev").at("queue").as_array().size(), 1U);
  ask("DELETE", "/registry/app/dev");
  EXPECT_EQ(ask("GET", "/downlinks/book?id=x:1").at("items").at(0).at("end"), "deleted");
  ask("GET", "/downlinks/devices/app/dev", {}, 404);
}

TEST_F(control_downlinks_test, switches_change_what_they_name_and_go_back) {
  ask("PUT", "/downlinks/switches",
      R"({"pushes":[{"pattern":"d*","status":504,"queued":true,"event":"none","count":1}],
      "reads":[{"of":"record","status":500}],"events":{"drop_every":2,"kinds":["downlink_sent"]},"rate":5,"rate_per":"application","lock_seconds":1,"most_waiting":3})");
  const auto& switches = service_.switches();
  ASSERT_EQ(switches.pushes.size(), 1U);
  ASSERT_EQ(switches.reads.size(), 1U);
  EXPECT_FALSE(switches.reads[0].of_queue);
  EXPECT_EQ(switches.events.drop_every, 2U);
  EXPECT_EQ(switches.rate, 5U);
  EXPECT_TRUE(switches.rate_per_application);
  EXPECT_EQ(switches.lock_time, 1s);
  EXPECT_EQ(push(item), 504);
  EXPECT_EQ(push(item), 200);
  ask("PUT", "/downlinks/switches", R"({"rate":null})");
  EXPECT_FALSE(switches.rate);
  EXPECT_EQ(switches.events.drop_every, 2U) << "stays";
  for (const auto* bad : {R"({"pushes":[{"status":200}]})", R"({"pushes":{}})", R"({"rate_per":"key"})",
                          R"({"events":{"lose":1}})", R"({"pushes":[{"event":"lost"}]})", R"({"unknown":1})"})
    ask("PUT", "/downlinks/switches", bad, 400);
  EXPECT_EQ(switches.events.drop_every, 2U) << "nothing of what is refused";
  ask("DELETE", "/downlinks/switches");
  EXPECT_EQ(switches.events.drop_every, 0U);
  EXPECT_EQ(switches.lock_time, 10s);
}

TEST_F(control_downlinks_test, switches_to_worse_are_read_as_they_are_meant) {
  ask("PUT", "/downlinks/switches",
      R"({"pushes":[{"queued":true,"queued_after_ms":6000,"hang_up":true}],"events":{"shuffle":true},"webhook_pool":5,"rate_of":["queue","record"]})");
  const auto& switches = service_.switches();
  EXPECT_EQ(switches.pushes.at(0).queued_after, 6s);
  EXPECT_TRUE(switches.events.shuffle);
  EXPECT_EQ(switches.webhook_pool, 5U);
  EXPECT_EQ(switches.rate_of, (std::vector<std::string>{"queue", "record"}));
  for (const auto* bad :
       {R"({"pushes":[{"queued_after_ms":6000,"hang_up":true}]})",
        R"({"pushes":[{"queued_after_ms":6000,"queued":true}]})", R"({"rate_of":["list"]})"})
    ask("PUT", "/downlinks/switches", bad, 400);
  ask("PUT", "/downlinks/devices/app/dev", R"({"class":"C","gateway":"hasty","hesitates_every":3})");
  const auto& settings = service_.device("app", "dev", now_)->settings();
  EXPECT_EQ(settings.gateway, gateway_manner::hasty);
  EXPECT_EQ(settings.hesitates_every, 3U);
}

TEST_F(control_downlinks_test, a_device_joins_when_it_is_told_to) {
  ask("PUT", "/downlinks/devices/app/dev", R"({"joined":false})");
  EXPECT_EQ(push(item), 400);
  ask("POST", "/downlinks/join", R"({"application":"app","device":"dev"})", 201);
  ask("POST", "/downlinks/join", R"({"application":"app"})", 400);
  ask("POST", "/downlinks/join", R"({"application":"app","device":"nobody"})", 404);
  pass(2s);
  EXPECT_EQ(push(item), 200);
}

TEST_F(control_downlinks_test, totals_say_what_was_asked_and_what_waits) {
  push(item);
  const auto shown = ask("GET", "/downlinks");
  EXPECT_EQ(shown.at("accepted"), 1);
  EXPECT_EQ(shown.at("devices"), 1);
  EXPECT_EQ(shown.at("waiting"), 0);
  EXPECT_EQ(shown.at("starved"), false);
  ask("GET", "/downlinks/nothing", {}, 404);
}

TEST(event_ways_request, names_the_ways_and_another_webhook) {
  const auto ways = parse_event_ways(
      R"({"by":"both","url":"http://a/","path":"x","headers":{"A":"b"},"field_mask":["up.downlink_sent"]})");
  ASSERT_TRUE(ways);
  EXPECT_TRUE(ways->by_webhook && ways->by_mqtt);
  EXPECT_EQ(ways->webhook->base_url, "http://a/");
  EXPECT_EQ(ways->webhook->headers.size(), 1U);
  EXPECT_FALSE(parse_event_ways(R"({"by":"none"})")->by_webhook);
  EXPECT_FALSE(parse_event_ways(R"({"by":"post"})"));
}

} // namespace
} // namespace causeway::emulator
