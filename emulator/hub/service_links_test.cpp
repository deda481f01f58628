// SPDX-License-Identifier: Apache-2.0
#include "emulator/hub/desk_test_client.h"

#include "emulator/state/json_text.h"

namespace causeway::emulator {
namespace {

using amqp::outcome_kind;

class service_links_test : public desk_test {
protected:
  amqp::message to_send(const std::string& id, const std::string& device = "dev-0") {
    amqp::message out;
    out.message_id = {id};
    out.to = "/devices/" + device + "/messages/devicebound";
    out.application_properties = {{{std::string{"iothub-ack"}}, {std::string{"full"}}},
                                  {{std::string{"Port"}}, {std::string{"10"}}}};
    out.kind = amqp::message::body_kind::data;
    out.data = "{}";
    return out;
  }
  amqp::outcome send_one(amqp::link link, const amqp::message& message) {
    service_.send(link, message);
    const auto outcomes = service_.take_outcomes();
    EXPECT_EQ(outcomes.size(), 1U);
    return outcomes.empty() ? amqp::outcome{} : outcomes[0];
  }

  desk_client service_{hub_};
};

TEST_F(service_links_test, want_the_right_service_connect) {
  const auto is_refused = [&](const std::string& policy_or_device) {
    desk_client client{hub_};
    if (policy_or_device == "dev-0")
      client.put_token(hub_.token("dev-0"));
    else if (!policy_or_device.empty())
      client.put_token(policy_token(policy_or_device));
    client.sender("/messages/devicebound");
    client.receiver("/messages/serviceBound/feedback", 1);
    const auto detaches = client.take_detaches();
    EXPECT_TRUE(detaches.empty() || detaches == strings(2, "amqp:unauthorized-access"));
    return !detaches.empty();
  };
  EXPECT_TRUE(is_refused(""));
  EXPECT_TRUE(is_refused("dev-0"));
  EXPECT_TRUE(is_refused("device"));
  EXPECT_FALSE(is_refused("service"));
  EXPECT_FALSE(is_refused("owner"));
}

TEST_F(service_links_test, the_right_service_connect_opens_no_devices_links) {
  service_.put_token(policy_token("service"));
  service_.c2d("dev-0", 1);
  EXPECT_EQ(service_.take_detaches(), strings{"amqp:unauthorized-access"});
}

TEST_F(service_links_test, are_detached_when_their_token_runs_out) {
  service_.put_token(policy_token("service", 60s));
  service_.sender("/messages/devicebound");
  service_.receiver("/messages/serviceBound/feedback", 1);
  hub_.clock.advance(61s);
  service_.connection.tick(hub_.clock.now());
  service_.exchange();
  EXPECT_EQ(service_.take_detaches(), strings(2, "amqp:unauthorized-access"));
}

TEST_F(service_links_test, a_message_is_accepted_and_comes_to_the_device_as_it_was_sent) {
  desk_client device{hub_};
  device.put_token(hub_.token("dev-0"));
  device.c2d("dev-0", 10);
  service_.put_token(policy_token("service"));
  const auto link = service_.sender("amqps://localhost/messages/deviceBound");
  auto sent = to_send("cmd-1");
  sent.correlation_id = {std::string{"corr"}};
  sent.content_type = "application/json";
  sent.absolute_expiry = amqp::timestamp{(unix_seconds(hub_.clock.now().wall) + 90) * 1000};
  EXPECT_EQ(send_one(link, sent).kind, outcome_kind::accepted);
  device.exchange();
  const auto got = device.take_one();
  EXPECT_EQ(*got.message.message_id.text(), "cmd-1");
  EXPECT_EQ(*got.message.correlation_id.text(), "corr");
  EXPECT_EQ(got.message.content_type, "application/json");
  EXPECT_EQ(got.message.absolute_expiry, sent.absolute_expiry);
  EXPECT_EQ(*got.message.application_property("Port")->text(), "10");
  EXPECT_EQ(*got.message.application_property("iothub-ack")->text(), "full");
}

TEST_F(service_links_test, what_the_hub_does_not_take_is_rejected_with_its_reason) {
  service_.put_token(policy_token("service"));
  const auto link = service_.sender("/messages/devicebound");
  const auto reason = [&](const amqp::message& message) { return send_one(link, message).reason.name; };
  EXPECT_EQ(reason(to_send("a", "nobody")), "amqp:not-found");
  auto no_device = to_send("a");
  no_device.to = "/messages/devicebound";
  EXPECT_EQ(reason(no_device), "com.microsoft:argument-error");
  auto odd_ack = to_send("a");
  odd_ack.application_properties = {{{std::string{"iothub-ack"}}, {std::string{"sometimes"}}}};
  EXPECT_EQ(reason(odd_ack), "com.microsoft:argument-error");
  auto large = to_send("a");
  large.data = std::string(65 * 1024, 'x');
  EXPECT_EQ(reason(large), "amqp:link:message-size-exceeded");
  for (int i = 0; i < 50; ++i)
    EXPECT_EQ(send_one(link, to_send("a")).kind, outcome_kind::accepted);
  EXPECT_EQ(reason(to_send("a")), "amqp:resource-limit-exceeded");
}

TEST_F(service_links_test, feedback_comes_in_batches_and_is_done_when_accepted) {
  service_.put_token(policy_token("service"));
  service_.receiver("/messages/serviceBound/feedback", 10);
  send("a", ack_mode::full);
  send("b", ack_mode::negative);
  hub_.service.desks().purge(device_, hub_.clock.now());
  pass_after(15s);
  service_.exchange();
  auto batch = service_.take_one();
  EXPECT_FALSE(batch.settled);
  EXPECT_EQ(batch.delivery.tag().size(), 16U);
  EXPECT_EQ(batch.message.content_type, "application/vnd.microsoft.iothub.feedback.json");
  EXPECT_EQ(batch.message.to, "/messages/serviceBound/feedback");
  EXPECT_EQ(batch.note<std::uint64_t>("x-opt-sequence-number"), 1U);
  const auto records = read_json(batch.message.data);
  ASSERT_TRUE(records);
  EXPECT_EQ(records->as_array().size(), 2U);
  EXPECT_EQ(records->at(0).at("statusCode"), "Purged");
  EXPECT_EQ(records->at(0).at("originalMessageId"), "a");
  service_.settle(batch, outcome_kind::accepted);
  pass_after(61s);
  service_.exchange();
  EXPECT_TRUE(service_.take().empty());
}

TEST_F(service_links_test, feedback_that_a_service_leaves_behind_goes_to_the_next) {
  service_.put_token(policy_token("service"));
  auto link = service_.receiver("/messages/serviceBound/feedback", 10);
  send("a", ack_mode::full);
  hub_.service.desks().purge(device_, hub_.clock.now());
  pass_after(15s);
  service_.exchange();
  EXPECT_EQ(service_.take().size(), 1U);
  link.close();
  service_.exchange();
  service_.receiver("/messages/serviceBound/feedback", 10);
  EXPECT_EQ(service_.take().size(), 1U);
}

} // namespace
} // namespace causeway::emulator
