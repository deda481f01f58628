// SPDX-License-Identifier: Apache-2.0
#include "emulator/control/control_requests.h"

#include <gtest/gtest.h>

namespace causeway::emulator {
namespace {

using namespace std::chrono_literals;

std::vector<simulated_application> defaults() {
  return {{"water-meters", {"meter-00001"}, "http://h/webhook/water-meters", "Basic x"},
          {"starter-kit", {"sensor-00001", "sensor-00002"}, "http://h/webhook/starter-kit", "Basic y"}};
}

TEST(parse_simulation, uses_the_printed_configurations_applications_by_default) {
  const auto request = parse_simulation(R"({"uplinks":1000,"rate":50.5})", defaults());
  ASSERT_TRUE(request) << request.fault().message();
  EXPECT_EQ(request->plan.uplinks, 1000U);
  EXPECT_EQ(request->plan.rate, 50.5);
  EXPECT_EQ(request->plan.concurrency, 32U);
  EXPECT_EQ(request->plan.applications.size(), 2U);
  EXPECT_EQ(request->plan.applications[1].authorization, "Basic y");
}

TEST(parse_simulation, takes_applications_of_ones_own) {
  const auto request = parse_simulation(
      R"({"seconds":1.5,"connections":"new","webhook":"http://gw/webhook","username":"u","password":"p","applications":[)"
      R"({"id":"starter-kit","devices":3},{"id":"other","devices":["a","b"],"webhook":"http://x/y"},)"
      R"({"id":"water-meters","username":"w","password":"q"}]})",
      defaults());
  ASSERT_TRUE(request) << request.fault().message();
  const auto& applications = request->plan.applications;
  EXPECT_EQ(request->plan.duration, 1500ms);
  EXPECT_EQ(request->plan.connections, connection_use::fresh);
  EXPECT_EQ(applications[0].url, "http://gw/webhook/starter-kit");
  EXPECT_EQ(applications[0].authorization, "Basic dTpw");
  EXPECT_EQ(applications[0].devices.back(), "sensor-00003");
  EXPECT_EQ(applications[1].url, "http://x/y");
  EXPECT_EQ(applications[1].devices, (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(applications[2].devices, std::vector<std::string>{"meter-00001"});
  EXPECT_EQ(applications[2].authorization, "Basic dzpx");
}

TEST(parse_simulation, takes_devices_by_mqtt_and_disorder) {
  const auto request = parse_simulation(
      R"({"uplinks":10,"by":"mqtt","burst":50,"duplicate_every":3,"swap_every":4,"rejoin_every":5,)"
      R"("applications":[{"id":"starter-kit"},{"id":"water-meters","mqtt_share":0.25}]})",
      defaults());
  ASSERT_TRUE(request) << request.fault().message();
  EXPECT_EQ(request->plan.applications[0].mqtt_share, 1.0);
  EXPECT_EQ(request->plan.applications[1].mqtt_share, 0.25);
  EXPECT_EQ(request->plan.burst, 50U);
  EXPECT_EQ(request->plan.switches.duplicate_every, 3U);
  EXPECT_EQ(request->plan.switches.swap_every, 4U);
  EXPECT_EQ(request->plan.switches.rejoin_every, 5U);
}

TEST(parse_event, reads_one_event_and_says_what_is_wrong) {
  const auto event =
      parse_event(R"({"application":"a-1","device":"d-1","by":"both","event":{"uplink_message":{}}})");
  ASSERT_TRUE(event);
  EXPECT_TRUE(event->by_mqtt && event->by_webhook);
  EXPECT_EQ(event->kind, "up");
  EXPECT_EQ(event->body, R"({"uplink_message":{}})");
  const auto raw = parse_event(R"({"topic":"v3/x/devices/y/up","by":"mqtt","body":"{broken"})");
  ASSERT_TRUE(raw);
  EXPECT_EQ(raw->body, "{broken");
  EXPECT_FALSE(raw->by_webhook);
  for (const auto* body : {"{}", R"({"application":"a","by":"mail","event":{}})",
                           R"({"application":"a","by":"mqtt","event":{}})", R"({"application":"a"})",
                           R"({"application":"a","event":{},"body":"x"})", R"({"by":"webhook","event":{}})"})
    EXPECT_FALSE(parse_event(body)) << body;
}

TEST(parse_simulation, says_what_is_wrong) {
  for (const auto* body : {R"({"by":"mail"})", R"({"mqtt_share":2})", R"({"by":"mqtt","mqtt_share":1})", "[]",
                           "{", R"({"uplink":1})", R"({"rate":"fast"})", R"({"rate":-1})",
                           R"({"connections":"old"})", R"({"applications":{}})", R"({"applications":[1]})",
                           R"({"applications":[{}]})", R"({"applications":[{"id":"new","devices":1}]})",
                           R"({"applications":[{"id":"starter-kit","devices":[1]}]})"}) {
    const auto request = parse_simulation(body, defaults());
    ASSERT_FALSE(request) << body;
    EXPECT_FALSE(request.fault().detail().empty());
  }
}

TEST(parse_fault, reads_rules_and_immediate_faults) {
  const auto rule =
      parse_fault(R"({"kind":"dps_status","pattern":"sensor-*","status":429,"retry_after":5,"count":2})");
  ASSERT_TRUE(rule);
  EXPECT_EQ(rule->rule.kind, fault_kind::dps_status);
  EXPECT_EQ(rule->rule.pattern, "sensor-*");
  EXPECT_EQ(rule->rule.retry_after, 5);
  EXPECT_EQ(rule->rule.remaining, 2U);
  EXPECT_EQ(parse_fault(R"({"kind":"hub_cut_connections"})")->at_once, immediate_fault::cut_connections);
  const auto closed = parse_fault(R"({"kind":"hub_close_connections"})");
  EXPECT_EQ(closed->at_once, immediate_fault::close_connections);
  EXPECT_EQ(closed->rule.condition, "amqp:connection:forced");
  const auto half_open = parse_fault(R"({"kind":"hub_half_open","hub":1})");
  EXPECT_EQ(half_open->at_once, immediate_fault::half_open);
  EXPECT_EQ(half_open->rule.hub, 1U);
  EXPECT_EQ(parse_fault(R"({"kind":"expire_tokens","pattern":"meter-*"})")->rule.pattern, "meter-*");
  EXPECT_EQ(parse_fault(R"({"kind":"hub_not_found"})")->rule.condition,
            "com.microsoft:iot-hub-not-found-error");
  const auto detach = parse_fault(R"({"kind":"detach_device","device":"meter-00001"})");
  EXPECT_EQ(detach->at_once, immediate_fault::detach_device);
  EXPECT_EQ(detach->rule.pattern, "meter-00001");
  EXPECT_EQ(detach->rule.condition, "amqp:link:detach-forced");
}

TEST(parse_fault, says_what_is_wrong) {
  for (const auto* body :
       {"", R"({"kind":"flood"})", R"({"kind":"dps_status"})", R"({"kind":"hub_hang","count":0})",
        R"({"kind":"detach_device"})", R"({"kind":1})"})
    EXPECT_FALSE(parse_fault(body)) << body;
}

TEST(parse_identity_change, takes_keys_and_status) {
  const auto change = parse_identity_change(R"({"primary_key":"AAEC","status":"disabled"})");
  ASSERT_TRUE(change);
  EXPECT_EQ(change->keys->secondary.bytes(), (std::string_view{"\x00\x01\x02", 3}));
  EXPECT_EQ(change->enabled, false);
  EXPECT_FALSE(parse_identity_change("")->keys);
  EXPECT_FALSE(parse_identity_change(R"({"primary_key":"no base64!"})"));
  EXPECT_FALSE(parse_identity_change(R"({"status":"asleep"})"));
}

TEST(parse_fault, reads_a_clocks_error_and_a_hubs_number) {
  const auto skew = parse_fault(R"({"kind":"clock_skew","pattern":"dps","seconds":-3600})");
  ASSERT_TRUE(skew) << skew.fault().message();
  EXPECT_EQ(skew->rule.skew, -3600s);
  EXPECT_FALSE(parse_fault(R"({"kind":"clock_skew"})"));
  EXPECT_FALSE(parse_fault(R"({"kind":"registry_status"})"));
  EXPECT_EQ(parse_fault(R"({"kind":"hub_hang","hub":1})")->rule.hub, 1U);
}

TEST(parse_enrolment_change, takes_a_device_id_too) {
  const auto change = parse_enrolment_change(R"({"primary_key":"AAEC","device_id":"d","status":"enabled"})");
  ASSERT_TRUE(change);
  EXPECT_EQ(change->device_id, "d");
  EXPECT_TRUE(change->identity.keys);
  EXPECT_FALSE(parse_enrolment_change(R"({"device":"d"})"));
}

TEST(parse_reassignment, wants_a_pattern_and_a_hub) {
  EXPECT_EQ(parse_reassignment(R"({"pattern":"sensor-*","hub":1})")->hub, 1U);
  EXPECT_FALSE(parse_reassignment(R"({"pattern":"sensor-*"})"));
  EXPECT_FALSE(parse_reassignment(R"({"hub":1})"));
}

TEST(parse_registered_device, takes_attributes_that_are_texts) {
  const auto change = parse_registered_device(R"({"name":"n","attributes":{"a":"1","b":""}})");
  ASSERT_TRUE(change);
  EXPECT_EQ(change->attributes->size(), 2U);
  EXPECT_FALSE(change->dev_eui);
  EXPECT_FALSE(parse_registered_device("{}")->attributes);
  EXPECT_FALSE(parse_registered_device(R"({"attributes":{"a":true}})"));
  EXPECT_FALSE(parse_registered_device(R"({"attributes":[]})"));
}

TEST(control_requests, faults_may_say_how_slow_and_how_long) {
  const auto slow = parse_fault(R"({"kind":"slow_accepts","delay_ms":250,"for_seconds":1.5})");
  ASSERT_TRUE(slow);
  EXPECT_EQ(slow->rule.delay.count(), 250);
  EXPECT_EQ(slow->lasts->count(), 1500);
  EXPECT_FALSE(parse_fault(R"({"kind":"slow_accepts"})"));
}

TEST(parse_fault, knows_what_goes_wrong_on_the_way_down) {
  EXPECT_EQ(parse_fault(R"({"kind":"c2d_delay","delay_ms":250})")->rule.delay.count(), 250);
  EXPECT_FALSE(parse_fault(R"({"kind":"c2d_delay"})"));
  EXPECT_EQ(parse_fault(R"({"kind":"twin_status","status":429})")->rule.status, 429);
  EXPECT_FALSE(parse_fault(R"({"kind":"twin_status"})"));
  EXPECT_EQ(parse_fault(R"({"kind":"dead_lock_detaches"})")->rule.kind, fault_kind::dead_lock_detaches);
  EXPECT_EQ(parse_fault(R"({"kind":"expire_locks","pattern":"a*"})")->at_once, immediate_fault::expire_locks);
  EXPECT_EQ(parse_fault(R"({"kind":"detach_device","device":"d","role":"twin"})")->role, link_kind::twin);
  EXPECT_FALSE(parse_fault(R"({"kind":"detach_device","device":"d","role":"feedback"})"));
}

TEST(parse_c2d, reads_a_message) {
  const manual_clock clock;
  const auto request = parse_c2d(
      R"({"device":"d","body":"{}","message_id":"m","correlation_id":"c","content_type":"application/json",
          "content_encoding":"utf-8","ack":"negative","expires_in":1.5,"properties":{"Port":"10"}})",
      clock.now().wall);
  ASSERT_TRUE(request);
  EXPECT_EQ(request->device.str(), "d");
  const auto& message = request->message;
  EXPECT_EQ(message.message_id, "m");
  EXPECT_EQ(message.correlation_id, "c");
  EXPECT_EQ(message.content_type, "application/json");
  EXPECT_EQ(message.content_encoding, "utf-8");
  EXPECT_EQ(message.ack, ack_mode::negative);
  EXPECT_EQ(message.expires, clock.now().wall + 1500ms);
  EXPECT_EQ(message.properties, (std::vector<std::pair<std::string, std::string>>{{"Port", "10"}}));
}

TEST(control_requests, a_quota_changes_by_limit_or_use) {
  const auto none = parse_quota_change(R"({"limit":null})");
  ASSERT_TRUE(none);
  EXPECT_TRUE(none->has_limit);
  EXPECT_FALSE(none->limit);
  const auto both = parse_quota_change(R"({"limit":8000,"used":7999})");
  ASSERT_TRUE(both);
  EXPECT_EQ(*both->limit, 8000U);
  EXPECT_EQ(*both->used, 7999U);
  EXPECT_FALSE(parse_quota_change("{}"));
  EXPECT_FALSE(parse_quota_change(R"({"limit":"all"})"));
}

TEST(control_requests, a_simulation_says_how_the_stack_sends) {
  const auto request = parse_simulation(
      R"({"uplinks":1,"connections":"new","varied":true,"parallel":true,"webhook_retries":0.05,
          "unhealthy_threshold":3,"unhealthy_retry_interval":60,"path":"up","field_mask":["received_at"],
          "applications":[{"id":"app","devices":1,"webhook":"http://h","headers":{"X":"y"},"path":"own"},
                          {"id":"other","devices":1,"webhook":"http://h"}]})",
      {});
  ASSERT_TRUE(request);
  const auto& sending = request->plan.sending;
  EXPECT_EQ(request->plan.connections, connection_use::fresh);
  EXPECT_TRUE(sending.varied && sending.parallel && request->has_retries);
  EXPECT_EQ(sending.retry_minute.count(), 50);
  EXPECT_EQ(sending.health.threshold, 3U);
  EXPECT_EQ(sending.health.interval.count(), 60'000);
  const auto& first = request->plan.applications[0].webhook;
  EXPECT_EQ(first.path, "own");
  EXPECT_EQ(first.headers[0].second, "y");
  EXPECT_EQ(first.field_mask, (std::vector<std::string>{"received_at"}));
  EXPECT_EQ(request->plan.applications[1].webhook.path, "up");
  EXPECT_FALSE(parse_simulation(R"({"uplinks":1,"varied":1})", {}));
}

} // namespace
} // namespace causeway::emulator
