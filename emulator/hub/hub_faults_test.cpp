// SPDX-License-Identifier: Apache-2.0
// A device's links among those of others, and what goes wrong while the hub runs.
#include "emulator/hub/hub_test_client.h"

namespace causeway::emulator {
namespace {

TEST(hub_links, a_devices_newest_receiver_wins_over_all_connections) {
  test_hub hub;
  hub.add_devices(2);
  hub_test_client one{hub}, two{hub};
  for (auto* client : {&one, &two}) {
    client->open_cbs();
    client->put_token(hub.policy_token());
    client->telemetry("dev-0");
    client->telemetry("dev-1");
  }
  auto first = one.receiver("dev-0");
  auto other = one.receiver("dev-1");
  EXPECT_EQ(hub.service.c2d_links(), 2U);
  auto second = two.receiver("dev-0");
  one.exchange();
  const auto detaches = one.take_detaches();
  ASSERT_EQ(detaches.size(), 1U);
  EXPECT_EQ(detaches[0].name, "com.microsoft:link-creation-conflict");
  EXPECT_NE(detaches[0].description.find("\"errorCode\":409002"), std::string::npos);
  EXPECT_FALSE(first.remote_open());
  EXPECT_TRUE(other.remote_open());
  EXPECT_TRUE(second.remote_open());
  EXPECT_EQ(hub.service.c2d_links(), 2U);
  EXPECT_EQ(hub.service.attached(), 4U); // telemetry is for everybody
  EXPECT_EQ(hub.service.totals().link_conflicts, 1U);
  EXPECT_EQ(hub.service.totals().links_stolen, 2U); // but that two have it is counted
}

// An attach that waits for its answer has its place already, and loses it with its link or its connection.
TEST(hub_links, a_telemetry_attach_beside_one_that_waits_elsewhere_is_counted_as_stolen) {
  hub_options options;
  options.latency.attach = 20ms;
  test_hub hub{options};
  hub.add_devices(2);
  hub_test_client one{hub}, two{hub};
  for (auto* client : {&one, &two})
    client->open_cbs();
  hub.clock.advance(20ms);
  for (auto* client : {&one, &two}) {
    client->tick();
    client->put_token(hub.policy_token());
  }
  auto waiting = one.telemetry("dev-0");
  EXPECT_FALSE(waiting.remote_open());
  two.telemetry("dev-0");
  EXPECT_EQ(hub.service.totals().links_stolen, 1U);
  hub.clock.advance(20ms);
  one.tick();
  two.tick();
  EXPECT_EQ(hub.service.attached(), 2U);
  EXPECT_EQ(hub.service.totals().links_stolen, 1U); // once for the two of them
  waiting.close();
  one.exchange();
  two.telemetry("dev-0"); // again on its own connection: nobody's business
  EXPECT_EQ(hub.service.totals().links_stolen, 1U);

  one.telemetry("dev-1");
  one.connection.cut();
  two.telemetry("dev-1");
  EXPECT_EQ(hub.service.totals().links_stolen, 1U);
}

TEST(hub_links, receivers_of_methods_and_of_messages_do_not_disturb_each_other) {
  test_hub hub;
  hub.add_devices(1);
  hub_test_client client{hub};
  client.open_cbs();
  client.put_token(hub.token("dev-0"));
  const auto c2d = client.receiver("dev-0");
  const auto methods = client.receiver("dev-0", "/methods/devicebound");
  EXPECT_TRUE(c2d.remote_open());
  EXPECT_TRUE(methods.remote_open());
  hub_test_client thief{hub};
  thief.open_cbs();
  thief.put_token(hub.token("dev-0"));
  thief.receiver("dev-0", "/methods/devicebound");
  client.exchange();
  EXPECT_TRUE(c2d.remote_open());
  EXPECT_FALSE(methods.remote_open());
}

TEST(hub_links, are_out_of_the_books_when_their_connection_goes) {
  test_hub hub;
  hub.add_devices(3);
  {
    hub_test_client gone{hub}, cut{hub}, closed{hub};
    int i = 0;
    for (auto* client : {&gone, &cut, &closed}) {
      client->open_cbs();
      client->put_token(hub.policy_token());
      client->telemetry(test_hub::name(i));
      client->receiver(test_hub::name(i++));
    }
    EXPECT_EQ(hub.service.attached(), 3U);
    cut.connection.cut();
    EXPECT_EQ(hub.service.attached(), 2U);
    closed.client->close();
    closed.exchange();
    EXPECT_EQ(hub.service.attached(), 1U);
  }
  EXPECT_EQ(hub.service.attached(), 0U);
  EXPECT_EQ(hub.service.c2d_links(), 0U);
}

class full_connection : public ::testing::Test {
protected:
  full_connection() {
    hub_.add_devices(900);
    client_.open_cbs();
    for (int i = 0; i < 900; ++i)
      links_.push_back(client_.bring_online(test_hub::name(i)));
    client_.take_statuses();
  }

  // The only link that is detached is that of the device 450; all others still send.
  void expect_only_one_gone(const std::string& condition) {
    client_.exchange();
    const auto detaches = client_.take_detaches();
    ASSERT_EQ(detaches.size(), 1U);
    EXPECT_EQ(detaches[0].name, condition);
    EXPECT_FALSE(links_[450].remote_open());
    for (std::size_t i = 0; i < links_.size(); ++i)
      if (i != 450) client_.send(links_[i], std::to_string(i));
    EXPECT_EQ(hub_.messages.totals().unique, 899U);
    EXPECT_EQ(hub_.service.attached(), 899U);
  }

  test_hub hub_;
  hub_test_client client_{hub_};
  std::vector<amqp::link> links_;
};

TEST_F(full_connection, loses_one_device_that_is_disabled) {
  hub_.registry.set_enabled(identity{"dev-450"}, false);
  hub_.service.review(identity{"dev-450"}, hub_.clock.now());
  expect_only_one_gone("amqp:unauthorized-access");
}

TEST_F(full_connection, loses_one_device_that_is_deleted) {
  hub_.registry.remove(identity{"dev-450"});
  hub_.service.review(identity{"dev-450"}, hub_.clock.now());
  expect_only_one_gone("amqp:not-found");
}

TEST_F(full_connection, loses_one_device_that_is_detached) {
  hub_.service.detach(identity{"dev-450"}, {"amqp:link:detach-forced", "x"});
  expect_only_one_gone("amqp:link:detach-forced");
}

TEST_F(full_connection, loses_one_device_whose_token_is_made_to_expire) {
  hub_.service.expire_tokens("dev-450");
  expect_only_one_gone("amqp:unauthorized-access");
  client_.telemetry("dev-450");
  EXPECT_EQ(client_.take_detaches()[0].name, "amqp:unauthorized-access");
  EXPECT_TRUE(client_.bring_online("dev-450").remote_open());
}

TEST_F(full_connection, keeps_a_device_with_new_keys_until_it_needs_a_new_token) {
  hub_.registry.put(identity{"dev-450"}, test_keys("other"), true);
  hub_.service.review(identity{"dev-450"}, hub_.clock.now());
  client_.exchange();
  EXPECT_TRUE(client_.take_detaches().empty());
  client_.put_token(hub_.token("dev-450"));
  EXPECT_EQ(client_.take_statuses(), std::vector<int>{401});
}

TEST_F(full_connection, loses_all_its_devices_when_all_tokens_are_made_to_expire) {
  hub_.service.expire_tokens("*");
  client_.exchange();
  EXPECT_EQ(client_.take_detaches().size(), 900U);
  EXPECT_EQ(hub_.service.attached(), 0U);
  EXPECT_FALSE(client_.closed);
}

TEST(hub_tokens, run_out_one_by_one_however_many_there_are) {
  test_hub hub;
  hub.add_devices(100);
  hub_test_client client{hub};
  client.open_cbs();
  for (int i = 0; i < 100; ++i)
    client.bring_online(test_hub::name(i), std::chrono::seconds{100 - i}); // the last one runs out first
  hub.clock.advance(10s);
  EXPECT_EQ(*client.tick(), hub.clock.now().mono + 1s);
  EXPECT_EQ(hub.service.attached(), 90U);
  client.put_token(hub.token("dev-89"));
  hub.clock.advance(1s);
  client.tick();
  EXPECT_EQ(hub.service.attached(), 90U); // renewed in time
  hub.clock.advance(1s);
  client.tick();
  EXPECT_EQ(hub.service.attached(), 89U);
}

TEST(hub_tokens, of_a_policy_take_along_only_devices_without_one_of_their_own) {
  test_hub hub;
  hub.add_devices(2);
  hub_test_client client{hub};
  client.open_cbs();
  client.put_token(hub.policy_token(60s));
  client.bring_online("dev-0");
  const auto dependent = client.telemetry("dev-1");
  hub.clock.advance(60s);
  client.tick();
  EXPECT_EQ(hub.service.attached(), 1U);
  EXPECT_FALSE(dependent.remote_open());
}

TEST(hub_faults, a_half_open_connection_says_nothing_while_new_ones_work) {
  test_hub hub;
  hub.add_devices(1);
  hub_test_client old{hub};
  old.open_cbs();
  auto link = old.bring_online("dev-0");
  old.receiver("dev-0");
  hub.service.freeze_all(hub.clock.now());
  EXPECT_TRUE(old.connection.frozen());
  EXPECT_EQ(hub.service.attached(), 0U);
  old.send(link, "into the void");
  EXPECT_TRUE(old.take_outcomes().empty());
  hub.clock.advance(4min);
  old.tick();
  std::string bytes;
  EXPECT_FALSE(old.connection.take_output(bytes)); // not even a heartbeat
  EXPECT_FALSE(old.connection.finished());

  hub_test_client fresh{hub};
  fresh.open_cbs();
  EXPECT_TRUE(fresh.bring_online("dev-0").remote_open());
  EXPECT_TRUE(fresh.receiver("dev-0").remote_open());
  EXPECT_EQ(hub.service.totals().link_conflicts, 0U);
  EXPECT_EQ(hub.messages.totals().accepted, 0U);

  hub.clock.advance(4min);
  old.tick();
  EXPECT_TRUE(old.connection.finished()); // the hub gives up too
}

TEST(hub_faults, a_hub_that_is_gone_ends_its_connections_and_leaves_its_port) {
  test_hub hub;
  std::vector<bool> presence;
  hub.service.on_presence([&](bool present) { presence.push_back(present); });
  hub_test_client client{hub};
  hub.add(fault_kind::hub_gone);
  hub.service.review_faults();
  EXPECT_TRUE(client.connection.was_cut());
  hub.service.review_faults();
  EXPECT_EQ(presence, std::vector<bool>{false});
  hub.faults.clear();
  hub.service.review_faults();
  EXPECT_EQ(presence, (std::vector<bool>{false, true}));
}

TEST(hub_faults, a_hub_that_is_not_found_closes_what_is_open_and_what_comes) {
  test_hub hub;
  hub_test_client open{hub};
  auto& rule = hub.add(fault_kind::hub_not_found);
  rule.condition = "com.microsoft:iot-hub-not-found-error";
  hub.service.review_faults();
  EXPECT_TRUE(open.connection.was_cut());
  hub_test_client late{hub};
  ASSERT_TRUE(late.closed);
  EXPECT_EQ(late.closed->name, "com.microsoft:iot-hub-not-found-error");
  hub.service.review_faults(); // no new cut
  hub.faults.clear();
  hub.service.review_faults();
  hub_test_client again{hub};
  EXPECT_FALSE(again.closed);
}

TEST(hub_faults, attaches_can_be_refused_as_throttled) {
  test_hub hub;
  hub.add_devices(2);
  hub_test_client client{hub};
  client.open_cbs();
  hub.add(fault_kind::throttle_attaches, "dev-1").remaining = 1;
  EXPECT_TRUE(client.bring_online("dev-0").remote_open());
  client.bring_online("dev-1");
  const auto detaches = client.take_detaches();
  ASSERT_EQ(detaches.size(), 1U);
  EXPECT_EQ(detaches[0].name, "com.microsoft:device-container-throttled");
  EXPECT_EQ(hub.service.totals().throttled_connects, 1U);
  EXPECT_TRUE(client.telemetry("dev-1").remote_open());
}

TEST(hub_faults, tokens_can_be_refused_as_expired) {
  test_hub hub;
  hub.add_devices(2);
  hub_test_client client{hub};
  client.open_cbs();
  hub.add(fault_kind::token_expired, "dev-1");
  client.put_token(hub.token("dev-0"));
  client.put_token(hub.token("dev-1"));
  EXPECT_EQ(client.take_statuses(), (std::vector<int>{200, 401}));
  const auto text = client.take_texts()[1];
  EXPECT_NE(text.find("401003"), std::string::npos);
  EXPECT_NE(text.find("expired"), std::string::npos);
}

TEST(hub_faults, a_hub_whose_clock_is_ahead_takes_tokens_for_expired_and_those_granted_run_out) {
  test_hub hub;
  hub.add_devices(1);
  hub_test_client client{hub};
  client.open_cbs();
  const auto link = client.bring_online("dev-0", 1h);
  hub.add(fault_kind::clock_skew, "hub").skew = 2h;
  client.put_token(hub.token("dev-0", 1h));
  EXPECT_EQ(client.take_statuses(), (std::vector<int>{200, 401}));
  client.tick();
  EXPECT_FALSE(link.remote_open());
  hub.faults.clear();
  EXPECT_TRUE(client.bring_online("dev-0", 1h).remote_open());
}

TEST(hub_faults, messages_are_released_or_modified_and_not_recorded) {
  test_hub hub;
  hub.add_devices(2);
  hub_test_client client{hub};
  client.open_cbs();
  auto first = client.bring_online("dev-0"), second = client.bring_online("dev-1");
  hub.add(fault_kind::release_messages, "dev-0").remaining = 1;
  hub.add(fault_kind::modify_messages, "dev-1").remaining = 1;
  for (int i = 0; i < 2; ++i) {
    client.send(first, "a" + std::to_string(i));
    client.send(second, "b" + std::to_string(i));
  }
  const auto outcomes = client.take_outcomes();
  ASSERT_EQ(outcomes.size(), 4U);
  EXPECT_EQ(outcomes[0].kind, amqp::outcome_kind::released);
  EXPECT_EQ(outcomes[1].kind, amqp::outcome_kind::modified);
  EXPECT_EQ(outcomes[2].kind, amqp::outcome_kind::accepted);
  EXPECT_EQ(hub.messages.totals().accepted, 2U);
  EXPECT_EQ(hub.service.totals().messages_released, 1U);
  EXPECT_EQ(hub.service.totals().messages_modified, 1U);
}

TEST(hub_faults, an_answer_may_be_slow_though_the_message_has_arrived) {
  test_hub hub;
  hub.add_devices(2);
  hub_test_client client{hub};
  client.open_cbs();
  auto slow = client.bring_online("dev-0"), quick = client.bring_online("dev-1");
  hub.add(fault_kind::slow_accepts, "dev-0").delay = 3s;
  client.send(slow, "1");
  client.send(quick, "2");
  EXPECT_EQ(client.take_outcomes().size(), 1U);
  EXPECT_EQ(hub.messages.totals().accepted, 2U);
  EXPECT_EQ(*client.tick(), hub.clock.now().mono + 3s);
  hub.clock.advance(3s);
  client.tick();
  EXPECT_EQ(client.take_outcomes().at(0).kind, amqp::outcome_kind::accepted);
}

TEST(hub_faults, a_link_that_goes_takes_its_slow_answers_along) {
  test_hub hub;
  hub.add_devices(1);
  hub_test_client client{hub};
  client.open_cbs();
  auto link = client.bring_online("dev-0");
  hub.add(fault_kind::slow_accepts).delay = 3s;
  client.send(link, "1");
  link.close();
  client.exchange();
  hub.clock.advance(3s);
  client.tick();
  EXPECT_FALSE(client.closed);
}

TEST(hub_faults, credit_is_withheld_until_the_fault_is_over) {
  test_hub hub;
  hub.add_devices(2);
  hub_test_client client{hub};
  client.open_cbs();
  hub.add(fault_kind::withhold_credit, "dev-0");
  auto dry = client.bring_online("dev-0"), wet = client.bring_online("dev-1");
  EXPECT_TRUE(dry.remote_open());
  EXPECT_EQ(dry.credit(), 0);
  EXPECT_EQ(wet.credit(), telemetry_credit);
  hub.faults.clear();
  hub.service.review_faults();
  client.exchange();
  EXPECT_EQ(dry.credit(), telemetry_credit);
}

} // namespace
} // namespace causeway::emulator
