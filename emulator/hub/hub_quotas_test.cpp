// SPDX-License-Identifier: Apache-2.0
// Quotas, latency and the counters of connecting.
#include "emulator/hub/hub_test_client.h"

namespace causeway::emulator {
namespace {

hub_options with_quotas(double connects, double sends) {
  hub_options options;
  options.throttles = {connects, sends};
  return options;
}

TEST(hub_quotas, delay_connects_beyond_a_seconds_worth_and_refuse_them_beyond_three) {
  test_hub hub{with_quotas(10, 0)};
  hub.add_devices(31);
  hub_test_client client{hub};
  client.open_cbs();
  client.put_token(hub.policy_token());
  std::vector<amqp::link> links;
  links.reserve(31);
  for (int i = 0; i < 31; ++i)
    links.push_back(client.telemetry(test_hub::name(i)));
  EXPECT_EQ(hub.service.attached(), 10U);
  EXPECT_EQ(hub.service.totals().shaped_connects, 20U);
  const auto detaches = client.take_detaches();
  ASSERT_EQ(detaches.size(), 1U); // the 31st
  EXPECT_EQ(detaches[0].name, "com.microsoft:device-container-throttled");
  EXPECT_NE(detaches[0].description.find("\"errorCode\":429001"), std::string::npos);
  EXPECT_FALSE(links[10].remote_open());

  EXPECT_EQ(*client.tick(), hub.clock.now().mono + 100ms);
  hub.clock.advance(100ms);
  client.tick();
  EXPECT_TRUE(links[10].remote_open());
  EXPECT_EQ(links[10].credit(), 1000);
  EXPECT_EQ(hub.service.attached(), 11U);
  hub.clock.advance(1900ms);
  client.tick();
  EXPECT_EQ(hub.service.attached(), 30U);
  EXPECT_EQ(hub.service.totals().connects, 30U);
  EXPECT_EQ(hub.service.totals().throttled_connects, 1U);
  EXPECT_EQ(hub.service.totals().attaches_refused, 1U);
  EXPECT_EQ(hub.service.totals().connects_in_busiest_second, 31U);
}

TEST(hub_quotas, do_not_count_receivers_or_refused_devices_as_connects) {
  test_hub hub{with_quotas(1, 0)};
  hub.add_devices(3);
  hub_test_client client{hub};
  client.open_cbs();
  client.put_token(hub.policy_token());
  EXPECT_TRUE(client.receiver("dev-0").remote_open());
  EXPECT_TRUE(client.receiver("dev-1").remote_open());
  client.telemetry("nobody");
  EXPECT_TRUE(client.telemetry("dev-2").remote_open());
  EXPECT_EQ(hub.service.totals().connects, 1U);
  EXPECT_EQ(hub.service.totals().throttled_connects, 0U);
}

TEST(hub_quotas, delay_messages_in_order_and_then_reject_them) {
  test_hub hub{with_quotas(0, 10)};
  hub.add_devices(1);
  hub_test_client client{hub};
  client.open_cbs();
  auto link = client.bring_online("dev-0");
  for (int i = 0; i < 31; ++i)
    client.send(link, std::to_string(i));
  EXPECT_EQ(hub.messages.totals().accepted, 10U);
  auto outcomes = client.take_outcomes();
  ASSERT_EQ(outcomes.size(), 11U);
  EXPECT_EQ(outcomes[10].reason.name, "com.microsoft:device-container-throttled");
  hub.clock.advance(250ms);
  client.send(link, "last"); // comes behind the two that have become due meanwhile
  EXPECT_EQ(hub.messages.totals().accepted, 12U);
  hub.clock.advance(2s);
  client.tick();
  EXPECT_EQ(hub.messages.totals().accepted, 31U);
  std::vector<std::string> ids;
  hub.messages.visit({}, 0, 100, [&](const arrival& e) { ids.push_back(e.whole->message_id); });
  EXPECT_EQ(ids[11], "11");
  EXPECT_EQ(ids[29], "29");
  EXPECT_EQ(ids[30], "last");
  EXPECT_EQ(hub.service.totals().sends_throttled, 1U);
  EXPECT_EQ(hub.service.totals().sends_shaped, 21U);
}

TEST(hub_quotas, forget_what_waits_on_a_link_that_goes) {
  test_hub hub{with_quotas(1, 1)};
  hub.add_devices(2);
  hub_test_client client{hub};
  client.open_cbs();
  client.put_token(hub.policy_token());
  auto first = client.telemetry("dev-0");
  auto second = client.telemetry("dev-1");
  client.send(first, "at once");
  client.send(first, "late");
  EXPECT_FALSE(second.remote_open());
  first.session().close();
  second.close();
  client.exchange();
  EXPECT_EQ(hub.service.attached(), 0U);
  EXPECT_EQ(client.connection.telemetry_links(), 0U);
  hub.clock.advance(5s);
  client.tick();
  EXPECT_EQ(hub.messages.totals().accepted, 1U);
  EXPECT_EQ(hub.service.attached(), 0U);
}

TEST(hub_quotas, basic_tiers_have_no_cloud_to_device_links) {
  hub_options options;
  options.tier = azure::tier::b1;
  test_hub hub{options};
  hub.add_devices(1);
  hub_test_client client{hub};
  client.open_cbs();
  EXPECT_TRUE(client.bring_online("dev-0").remote_open());
  client.receiver("dev-0");
  const auto detaches = client.take_detaches();
  ASSERT_EQ(detaches.size(), 1U);
  EXPECT_EQ(detaches[0].name, "amqp:not-allowed");
  EXPECT_EQ(hub.service.c2d_links(), 0U);
}

hub_options with_latency() {
  hub_options options;
  options.latency = latency::azure();
  return options;
}

TEST(hub_latency, answers_tokens_and_attaches_late_but_not_one_after_another) {
  test_hub hub{with_latency()};
  hub.add_devices(900);
  hub_test_client client{hub};
  client.open_cbs();
  EXPECT_FALSE(client.cbs_out.remote_open());
  hub.clock.advance(20ms);
  client.tick();
  ASSERT_TRUE(client.cbs_out.remote_open());
  for (int i = 0; i < 90; ++i)
    client.put_token(hub.token(test_hub::name(i)));
  EXPECT_TRUE(client.take_statuses().empty());
  hub.clock.advance(20ms);
  client.tick();
  EXPECT_EQ(client.take_statuses(), std::vector<int>(90, 200));
  for (int i = 0; i < 90; ++i)
    client.telemetry(test_hub::name(i));
  EXPECT_EQ(hub.service.attached(), 0U);
  hub.clock.advance(20ms);
  client.tick();
  EXPECT_EQ(hub.service.attached(), 90U);
}

TEST(hub_latency, a_token_opens_nothing_before_it_is_answered) {
  hub_options options;
  options.latency = latency::none();
  options.latency.put_token = 20ms;
  test_hub hub{options};
  hub.add_devices(1);
  hub_test_client client{hub};
  client.open_cbs();
  client.put_token(hub.token("dev-0"));
  client.telemetry("dev-0");
  EXPECT_EQ(client.take_detaches().size(), 1U);
  hub.clock.advance(20ms);
  client.tick();
  EXPECT_TRUE(client.telemetry("dev-0").remote_open());
}

TEST(hub_latency, judges_a_waiting_attach_when_it_is_answered) {
  hub_options options;
  options.latency = latency::none();
  options.latency.attach = 20ms;
  test_hub hub{options};
  hub.add_devices(2);
  hub_test_client client{hub};
  client.open_cbs();
  hub.clock.advance(20ms);
  client.tick();
  client.put_token(hub.policy_token());
  client.telemetry("dev-0");
  auto given_up = client.telemetry("dev-1");
  hub.registry.set_enabled(identity{"dev-0"}, false);
  hub.service.review(identity{"dev-0"}, hub.clock.now());
  given_up.close();
  client.exchange();
  EXPECT_FALSE(given_up.remote_open());
  client.take_detaches();
  hub.clock.advance(20ms);
  client.tick();
  const auto detaches = client.take_detaches();
  ASSERT_EQ(detaches.size(), 1U);
  EXPECT_EQ(detaches[0].name, "amqp:unauthorized-access");
  EXPECT_EQ(hub.service.attached(), 0U);
}

TEST(hub_totals, tell_when_the_first_and_the_last_device_was_attached) {
  auto options = with_latency();
  options.latency.put_token = options.latency.attach = 0ms;
  test_hub hub{options};
  hub.add_devices(2);
  hub_test_client client{hub};
  client.open_cbs();
  client.bring_online("dev-0");
  const auto first = hub.clock.now().wall + 20ms; // when the answer reaches the client
  hub.clock.advance(700ms);
  client.bring_online("dev-1");
  auto totals = hub.service.totals();
  EXPECT_EQ(totals.first_attach, first);
  EXPECT_EQ(totals.last_attach, first + 700ms);
  EXPECT_EQ(totals.connects_in_busiest_second, 2U);

  hub_totals sum;
  sum += totals;
  hub_totals other;
  other.first_attach = other.last_attach = first - 1s;
  other.connects = 5;
  sum += other;
  EXPECT_EQ(sum.first_attach, first - 1s);
  EXPECT_EQ(sum.last_attach, first + 700ms);
  EXPECT_EQ(sum.connects, 7U);

  hub.service.reset_connects();
  totals = hub.service.totals();
  EXPECT_EQ(totals.connects, 0U);
  EXPECT_EQ(totals.connects_in_busiest_second, 0U);
  EXPECT_EQ(totals.first_attach, std::nullopt);
  EXPECT_EQ(totals.attaches, 2U);
}

TEST(hub_quotas, end_at_the_daily_one_until_midnight_utc) {
  hub_options options;
  options.daily = {2, 4096};
  test_hub hub{options};
  hub.add_devices(1);
  hub.clock.advance(23h);
  hub_test_client client{hub};
  client.open_cbs();
  auto link = client.bring_online("dev-0", 48h);
  for (int i = 0; i < 3; ++i)
    client.send(link, std::to_string(i));
  auto outcomes = client.take_outcomes();
  ASSERT_EQ(outcomes.size(), 3U);
  EXPECT_EQ(outcomes[1].kind, amqp::outcome_kind::accepted);
  EXPECT_EQ(outcomes[2].kind, amqp::outcome_kind::rejected);
  EXPECT_EQ(outcomes[2].reason.name, "amqp:resource-limit-exceeded");
  EXPECT_NE(outcomes[2].reason.description.find("\"errorCode\":403002"), std::string::npos);
  EXPECT_NE(outcomes[2].reason.description.find("Max allowed message count : '2'"), std::string::npos);
  EXPECT_EQ(hub.service.totals().sends_over_quota, 1U);
  EXPECT_EQ(hub.messages.totals().accepted, 2U);
  hub.clock.advance(1h);
  client.send(link, "3");
  EXPECT_EQ(client.take_outcomes().at(0).kind, amqp::outcome_kind::accepted);
}

TEST(hub_quotas, count_a_large_message_once_for_each_piece) {
  hub_options options;
  options.daily = {std::nullopt, 4096};
  test_hub hub{options};
  hub.add_devices(1);
  hub_test_client client{hub};
  client.open_cbs();
  auto link = client.bring_online("dev-0");
  client.send(link, "small");
  client.send_body(link, "large", std::string(4096, 'x')); // with its message-id above one piece
  EXPECT_EQ(hub.service.meter().used(hub.clock.now().wall), 3U);
}

} // namespace
} // namespace causeway::emulator
