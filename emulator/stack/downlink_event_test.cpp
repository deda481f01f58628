// SPDX-License-Identifier: Apache-2.0
// Each event has the members that a running stack's event of the same situation has.
#include "emulator/stack/downlink_event.h"

#include "emulator/stack/downlink_scene.h"
#include "emulator/stack/stack_time.h"

#include <algorithm>

namespace causeway::emulator {
namespace {

namespace json = boost::json;

class event_shape : public downlink_scene {
protected:
  void expect_like(const std::string& sample, const std::string& kind) const {
    EXPECT_EQ(shape_of(body(kind)), shape_of(json::parse(read_sample(sample)))) << sample;
  }
  static std::string mine(const std::string& id, const std::string& more = {}) {
    return R"({"f_port":10,"frm_payload":"AQ==","correlation_ids":[")" + id + "\"]" + more + "}";
  }
};

TEST_F(event_shape, of_queued_by_each_way_in_and_confirmed) {
  make_abp("a");
  push("a", mine("my:1"));
  expect_like("real-down-queued-by-rest.json", "downlink_queued");
  EXPECT_EQ(last("downlink_queued").topic, "down/queued");
  push("a", mine("my:1"), false, downlink_route::webhook);
  EXPECT_EQ(last_body, "");
  expect_like("real-down-queued-by-webhook-route.json", "downlink_queued");
  push("a", mine("my:1", R"(,"confirmed":true)"));
  expect_like("real-down-queued-confirmed-default.json", "downlink_queued");
}

TEST_F(event_shape, of_sent_by_abp_and_by_otaa) {
  make_abp("a");
  push("a", mine("my:u1", R"(,"priority":"NORMAL")"));
  uplink("a");
  run(10s);
  expect_like("real-down-sent-class-a.json", "downlink_sent");
  make("o");
  push("o", mine("my:o1"));
  uplink("o");
  run(10s);
  expect_like("real-down-sent-otaa.json", "downlink_sent");
}

TEST_F(event_shape, of_ack_nack_and_the_end_of_all_attempts) {
  make_abp("a");
  const std::string two = R"(,"confirmed":true,"confirmed_retry":{"max_attempts":2})";
  push("a", mine("my:c1", two));
  uplink("a");
  run(10s);
  uplink("a", true);
  run(10s);
  expect_like("real-down-ack.json", "downlink_ack");
  push("a", mine("my:c3", two));
  uplink("a");
  run(10s);
  uplink("a", false);
  run(10s);
  expect_like("real-down-nack-attempt-1.json", "downlink_nack");
  for (int i = 0; i < 3; ++i) {
    uplink("a", false);
    run(10s);
  }
  expect_like("real-down-failed-max-retries.json", "downlink_failed");
}

TEST_F(event_shape, of_failed_transmissions) {
  make_abp("a");
  device_change fails;
  fails.gateway = gateway_manner::fails;
  make("a", fails);
  push("a", mine("my:e1"));
  uplink("a");
  run(10s);
  expect_like("real-down-failed-transmission.json", "downlink_failed");
  push("a", mine("my:e2", R"(,"confirmed":true)"));
  uplink("a");
  run(10s);
  expect_like("real-down-failed-transmission-confirmed-goes-on.json", "downlink_failed");
}

TEST_F(event_shape, of_a_gateway_that_is_away) {
  make_abp("c", true);
  device_change away;
  away.gateway = gateway_manner::away;
  make("c", away);
  uplink("c");
  run(10s);
  push("c", mine("my:gone1"));
  run(1s);
  expect_like("real-down-failed-fixed-paths-gateway-offline.json", "downlink_failed");
}

TEST_F(event_shape, of_what_fails_at_the_push) {
  make_abp("a");
  device_change never;
  never.joined = false;
  make("o", never);
  push("a", R"({"frm_payload":"AQ==","correlation_ids":["my:p0"]})");
  expect_like("real-down-failed-no-port.json", "downlink_failed");
  push("o", mine("my:nojoin"));
  expect_like("real-down-failed-no-session.json", "downlink_failed");
  push("a", R"({"f_port":1,"correlation_ids":["my:len243"],"frm_payload":")" + std::string(324, 'A') + "\"}");
  expect_like("real-down-failed-too-long-at-push.json", "downlink_failed");
  for (int i = 0; i < 14; ++i) {
    const auto number = begin("a", mine("my:one"));
    run(8ms);
    service.leave_push(number, clock.now());
    run(11s);
  }
  expect_like("real-down-failed-cancelled-but-queued.json", "downlink_failed");
}

TEST_F(event_shape, of_a_join) {
  make("o");
  service.join(app, "o", clock.now());
  run(2s);
  expect_like("real-join-accept.json", "join_accept");
  EXPECT_EQ(last("join_accept").topic, "join");
}

TEST_F(event_shape, ids_are_sorted_and_ours_are_in_both_lists) {
  make_abp("a");
  push("a", R"({"f_port":1,"frm_payload":"AQ==","correlation_ids":["z","","b","b"]})");
  uplink("a");
  run(10s);
  const auto sent = body("downlink_sent");
  for (const auto* list :
       {&sent.at("correlation_ids").as_array(), &sent.at("downlink_sent").at("correlation_ids").as_array()}) {
    std::vector<std::string> ids;
    for (const auto& id : *list)
      ids.emplace_back(id.as_string());
    EXPECT_EQ(ids, joined_ids(ids));
    for (const auto* own : {"", "b", "z"})
      EXPECT_EQ(std::count(ids.begin(), ids.end(), own), 1) << own;
  }
}

// The caller's ids in one of the lists of an event; the others are the stack's.
std::vector<std::string> own_ids(const json::value& list, const std::vector<std::string>& asked) {
  std::vector<std::string> own;
  for (const auto& id : list.as_array())
    if (std::binary_search(asked.begin(), asked.end(), std::string_view{id.as_string()}))
      own.emplace_back(id.as_string());
  return own;
}

TEST_F(event_shape, a_thousand_ids_of_any_content_stay_as_they_are_over_nack_and_rejoin) {
  std::vector<std::string> asked{
      "",         " ",  "\"quoted\"", "a\\b", std::string{"a\0b", 3}, "line\nend", "\xF0\x9F\x98\x80",
      "\xC3\xBC", "x:1"};
  for (int i = 0; asked.size() < 1'000; ++i)
    asked.push_back("my:" + std::to_string(i));
  std::sort(asked.begin(), asked.end());
  make("o");
  const json::object asks{
      {"f_port", 1}, {"frm_payload", "AQ=="}, {"confirmed", true}, {"correlation_ids", format_ids(asked)}};
  EXPECT_EQ(push("o", json::serialize(asks)), 200);
  const auto& listed = *service.device(app, "o", clock.now())->queue().front();
  EXPECT_EQ(own_ids(format_item(listed, item_view::whole).at("correlation_ids"), asked), asked);
  uplink("o");
  run(10s);
  uplink("o", false);
  run(10s);
  service.join(app, "o", clock.now());
  run(2s);
  uplink("o");
  run(10s);
  uplink("o", true);
  run(10s);
  EXPECT_EQ(news("x:1"), "queued sent nack sent nack sent ack");
  for (const auto& event : told) {
    if (!event.kind.starts_with("downlink_")) continue;
    const auto shown = json::parse(event.body);
    EXPECT_EQ(own_ids(shown.at("correlation_ids"), asked), asked) << event.kind;
    EXPECT_EQ(own_ids(shown.at(event.kind).at("correlation_ids"), asked), asked) << event.kind;
  }
}

TEST_F(event_shape, times_have_no_zeros_at_their_end) {
  const wall_time at{std::chrono::seconds{1}};
  EXPECT_EQ(format_stack_time(at), "1970-01-01T00:00:01Z");
  EXPECT_EQ(format_stack_time(at + 335ms), "1970-01-01T00:00:01.335Z");
  EXPECT_EQ(format_stack_time(at + std::chrono::nanoseconds{1'000}), "1970-01-01T00:00:01.000001Z");
}

} // namespace
} // namespace causeway::emulator
