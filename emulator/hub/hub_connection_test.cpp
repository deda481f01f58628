// SPDX-License-Identifier: Apache-2.0
#include "emulator/hub/hub_connection_fixture.h"

#include "base/encoding.h"

namespace causeway::emulator {
namespace {

TEST_F(hub_connection_test, opens_as_the_real_hub_does) {
  const auto peer = client_->peer();
  EXPECT_EQ(peer.container_id, "DeviceGateway_00112233445566778899aabbccddeeff");
  EXPECT_EQ(peer.host_name, "localhost");
  EXPECT_EQ(peer.max_frame, 65536U);
  EXPECT_EQ(peer.channel_max, 8191U);
  EXPECT_EQ(peer.idle_time_out, 240s);
}

TEST_F(hub_connection_test, speaks_sasl_when_the_first_bytes_ask_for_it) {
  hub_connection connection{hub_, clock_.now()};
  std::string out;
  connection.feed(std::string{"AMQP\x03\x01\x00\x00", 8}, clock_.now());
  ASSERT_TRUE(connection.take_output(out));
  EXPECT_EQ(out.substr(0, 8), (std::string{"AMQP\x03\x01\x00\x00", 8}));
  for (const auto* mechanism : {"EXTERNAL", "MSSBCBS", "ANONYMOUS", "PLAIN"})
    EXPECT_NE(out.find(mechanism), std::string::npos) << mechanism;

  amqp::engine_options options;
  options.mechanism = amqp::sasl::anonymous;
  options.container_id = "c";
  amqp::engine client{options};
  hub_connection second{hub_, clock_.now()};
  client.open();
  bool opened = false;
  for (int i = 0; i < 10; ++i) {
    std::string bytes;
    if (client.take_output(bytes)) second.feed(bytes, clock_.now());
    bytes.clear();
    if (second.take_output(bytes)) client.feed(bytes);
    while (const auto event = client.next_event())
      opened = opened || event->kind == amqp::event_kind::connection_opened;
  }
  EXPECT_TRUE(opened);
}

TEST_F(hub_connection_test, ends_a_connection_that_is_no_amqp) {
  hub_connection connection{hub_, clock_.now()};
  connection.feed("GET / HTTP/1.1\r\n\r\n", clock_.now());
  std::string out;
  connection.take_output(out);
  EXPECT_TRUE(connection.finished());
}

TEST_F(hub_connection_test, writes_the_disposition_of_a_put_token_before_its_answer) {
  open_cbs();
  send_put_token(device_token("dev-1"));
  std::string request, reply;
  client_->take_output(request);
  connection_->feed(request, clock_.now());
  connection_->take_output(reply);
  const auto frames = performatives(reply);
  const auto disposition = std::find(frames.begin(), frames.end(), 0x15);
  const auto transfer = std::find(frames.begin(), frames.end(), 0x14);
  ASSERT_NE(disposition, frames.end());
  ASSERT_NE(transfer, frames.end());
  EXPECT_LT(disposition, transfer);
}

TEST_F(hub_connection_test, keeps_that_order_for_each_of_several_put_tokens_in_flight) {
  open_cbs();
  for (int i = 0; i < 5; ++i)
    send_put_token(device_token("dev-1"), {std::string{"id-"} + std::to_string(i)});
  const auto reply = exchange();
  int dispositions = 0, transfers = 0;
  for (const auto code : performatives(reply)) {
    if (code == 0x15) ++dispositions;
    if (code != 0x14) continue;
    ++transfers;
    EXPECT_LE(transfers, dispositions);
  }
  EXPECT_EQ(transfers, 5);
  const auto all = answers();
  for (std::size_t i = 0; i < 5; ++i)
    EXPECT_EQ(*all[i].correlation_id.text(), "id-" + std::to_string(i));
}

TEST_F(hub_connection_test, answers_with_the_requests_id_in_its_own_type) {
  open_cbs();
  const amqp::uuid id{{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16}};
  for (const auto& value :
       {amqp::value{std::string{"text"}}, amqp::value{id}, amqp::value{std::uint64_t{7}}}) {
    events_.clear();
    send_put_token(device_token("dev-1"), value);
    exchange();
    const auto all = answers();
    ASSERT_EQ(all.size(), 1U);
    EXPECT_EQ(all[0].correlation_id, value);
    EXPECT_NE(all[0].application_property("status-description")->as<std::string>(), nullptr);
  }
}

TEST_F(hub_connection_test, sends_no_disposition_for_a_put_token_that_came_settled) {
  open_cbs();
  send_put_token(device_token("dev-1"), {std::string{"id"}}, true);
  const auto frames = performatives(exchange());
  EXPECT_EQ(std::count(frames.begin(), frames.end(), 0x15), 0);
  EXPECT_EQ(std::count(frames.begin(), frames.end(), 0x14), 1);
}

TEST_F(hub_connection_test, keeps_answers_until_the_receiver_gives_credit) {
  session_ = begin();
  cbs_out_ = session_.sender("cbs-out");
  cbs_out_.set_target("$cbs");
  cbs_out_.open();
  exchange();
  send_put_token(device_token("dev-1"));
  exchange();
  EXPECT_TRUE(answers().empty());
  cbs_in_ = session_.receiver("cbs-in");
  cbs_in_.set_source("$cbs");
  cbs_in_.open();
  cbs_in_.add_credit(1);
  exchange();
  EXPECT_EQ(answers().size(), 1U);
}

TEST_F(hub_connection_test, judges_tokens_as_documented) {
  open_cbs();
  const auto dev = keys_of("dev-1");
  EXPECT_EQ(put_token(device_token("dev-1")), 200);
  EXPECT_EQ(put_token(token("localhost/devices/dev-1", dev.secondary)), 200);
  EXPECT_EQ(put_token(token("LOCALHOST:15671/devices/dev-1", dev.primary)), 200);
  EXPECT_EQ(put_token(token("localhost/devices/dev-1", keys_of("device policy").primary, "device")), 200);
  EXPECT_EQ(put_token(token("localhost", keys_of("device policy").secondary, "device")), 200);
  EXPECT_EQ(put_token(token("localhost/devices/dev-1", key_of("wrong"))), 401);
  EXPECT_EQ(put_token(token("localhost/devices/dev-1", dev.primary, {}, -1s)), 401);
  EXPECT_EQ(put_token(token("localhost/devices/dev-1", dev.primary, "device")), 401);
  EXPECT_EQ(put_token(token("elsewhere/devices/dev-1", dev.primary)), 401);
  EXPECT_EQ(put_token(token("localhost", dev.primary)), 401);
  EXPECT_EQ(put_token(token("localhost", keys_of("service policy").primary, "service")), 401);
  EXPECT_EQ(put_token(token("localhost", keys_of("device policy").primary, "nobody")), 401);
  EXPECT_EQ(put_token(token("localhost/devices/dev-9", dev.primary)), 404);
  EXPECT_EQ(put_token(token("localhost/devices/dev-9", keys_of("device policy").primary, "device")), 404);
  EXPECT_EQ(put_token("SharedAccessSignature nonsense"), 400);
  registry_.set_enabled(identity{"dev-1"}, false);
  EXPECT_EQ(put_token(device_token("dev-1")), 401);
  EXPECT_EQ(hub_.totals().put_tokens, 16U);
  EXPECT_EQ(hub_.totals().put_tokens_refused, 11U);
}

TEST_F(hub_connection_test, accepts_an_unencoded_resource_an_empty_policy_and_any_order_of_fields) {
  open_cbs();
  const std::string sr = "localhost/devices/dev-1";
  const auto se = std::to_string(unix_seconds(clock_.now().wall + 1h));
  const auto sig = percent_encode(base64_encode(keys_of("dev-1").primary.sign(sr + "\n" + se)));
  EXPECT_EQ(put_token("sharedaccesssignature sig=" + sig + "&se=" + se + "&sr=" + sr + "&skn="), 200);
}

TEST_F(hub_connection_test, limits_tokens_but_not_renewals_of_a_connection) {
  open_cbs();
  for (std::size_t i = 0; i < max_tokens; ++i) {
    const auto name = "many-" + std::to_string(i);
    registry_.put(identity{name}, keys_of(name), true);
    ASSERT_EQ(put_token(device_token(name)), 200);
    cbs_in_.add_credit(1);
  }
  EXPECT_EQ(put_token(device_token("dev-1")), 500);
  cbs_in_.add_credit(1);
  EXPECT_EQ(put_token(device_token("many-0")), 200);
}

TEST_F(hub_connection_test, echoes_the_attach_and_gives_credit) {
  open_cbs();
  put_token(device_token("dev-1"));
  const auto link = attach("amqps://localhost:5671/Devices/dev%2D1/Messages/Events");
  EXPECT_TRUE(link.remote_open());
  EXPECT_EQ(link.remote_target(), "amqps://localhost:5671/Devices/dev%2D1/Messages/Events");
  EXPECT_EQ(link.remote_source(), "here");
  EXPECT_NE(link.remote_properties().find("com.microsoft:client-version"), nullptr);
  EXPECT_EQ(link.remote_max_message_size(), 1048576U);
  EXPECT_EQ(link.credit(), 1000);
  EXPECT_EQ(cbs_out_.credit(), 100 - 1);
  EXPECT_EQ(connection_->telemetry_links(), 1U);
}

TEST_F(hub_connection_test, refuses_an_attach_with_a_null_terminus_and_a_detach) {
  open_cbs();
  put_token(device_token("dev-1"));
  const auto expect_refusal = [&](const std::string& address, const std::string& condition) {
    const auto link = attach(address, "to " + address);
    EXPECT_TRUE(link.remote_terminus_null()) << address;
    ASSERT_TRUE(detached()) << address;
    EXPECT_EQ(detached()->name, condition) << address;
  };
  expect_refusal("/devices/dev-2/messages/events", "amqp:unauthorized-access"); // no token for it
  expect_refusal("/devices/dev-9/messages/events", "amqp:not-found");
  expect_refusal("/devices/dev-1/nonsense", "amqp:not-found");
  registry_.set_enabled(identity{"dev-1"}, false);
  expect_refusal("/devices/dev-1/messages/events", "amqp:unauthorized-access");
  EXPECT_EQ(connection_->telemetry_links(), 0U);
  EXPECT_EQ(hub_.totals().attaches_refused, 4U);
  EXPECT_FALSE(connection_->finished());
}

TEST_F(hub_connection_test, takes_a_message_into_the_arrivals_under_the_links_own_device) {
  open_cbs();
  put_token(token("localhost", keys_of("device policy").primary, "device"));
  const auto link = attach_device("dev-2");
  amqp::message m;
  m.message_id = {std::string{"u-1"}};
  m.content_type = "application/json";
  m.content_encoding = "utf-8";
  m.application_properties = {{{std::string{"fPort"}}, {std::string{"2"}}},
                              {{std::string{"iothub-connection-device-id"}}, {std::string{"somebody-else"}}}};
  m.kind = amqp::message::body_kind::data;
  m.data = R"({"t":1})";
  amqp::link{link}.send("tag", amqp::encode_message(m), false);
  events_.clear();
  exchange();
  ASSERT_EQ(outcomes().size(), 1U);
  EXPECT_EQ(outcomes()[0].kind, amqp::outcome_kind::accepted);
  int seen = 0;
  arrivals_.visit({}, 0, 10, [&](const arrival& e) {
    ++seen;
    EXPECT_EQ(e.device.str(), "dev-2");
    EXPECT_EQ(e.whole->message_id, "u-1");
    EXPECT_EQ(e.whole->content_type, "application/json");
    EXPECT_EQ(e.whole->content_encoding, "utf-8");
    EXPECT_EQ(e.whole->body, R"({"t":1})");
    ASSERT_EQ(e.whole->properties.size(), 1U);
    EXPECT_EQ(e.whole->properties[0].first, "fPort");
    EXPECT_EQ(e.at, clock_.now().wall);
  });
  EXPECT_EQ(seen, 1);
}

TEST_F(hub_connection_test, tops_up_credit_and_keeps_the_order) {
  open_cbs();
  put_token(device_token("dev-1"));
  auto link = attach_device("dev-1");
  for (int i = 0; i < 3000; ++i) {
    ASSERT_GT(link.credit(), 0);
    send(link, R"({"uplink":)" + std::to_string(i) + "}", "m" + std::to_string(i));
    if (i % 100 == 0) exchange();
    for (auto& event : events_)
      if (event.kind == amqp::event_kind::outcome) event.delivery.settle();
    events_.clear();
  }
  exchange();
  EXPECT_EQ(arrivals_.totals().accepted, 3000U);
  EXPECT_EQ(arrivals_.totals().out_of_order, 0U);
}

TEST_F(hub_connection_test, answers_no_message_that_came_settled) {
  open_cbs();
  put_token(device_token("dev-1"));
  auto link = attach_device("dev-1");
  send(link, "{}", "m", true);
  const auto frames = performatives(exchange());
  EXPECT_EQ(std::count(frames.begin(), frames.end(), 0x15), 0);
  EXPECT_EQ(arrivals_.totals().accepted, 1U);
}

TEST_F(hub_connection_test, rejects_a_message_over_256_kib_and_closes_the_link_over_1_mib) {
  open_cbs();
  put_token(device_token("dev-1"));
  auto link = attach_device("dev-1");
  send(link, std::string(300 * 1024, 'x'));
  exchange();
  ASSERT_EQ(outcomes().size(), 1U);
  EXPECT_EQ(outcomes()[0].kind, amqp::outcome_kind::rejected);
  EXPECT_EQ(outcomes()[0].reason.name, "amqp:link:message-size-exceeded");
  EXPECT_FALSE(detached());
  send(link, std::string(1100 * 1024, 'x'));
  exchange();
  ASSERT_TRUE(detached());
  EXPECT_EQ(detached()->name, "amqp:link:message-size-exceeded");
  EXPECT_EQ(arrivals_.totals().accepted, 0U);
}

TEST_F(hub_connection_test, detaches_only_the_device_whose_token_runs_out) {
  open_cbs();
  put_token(device_token("dev-1", 60s));
  put_token(device_token("dev-2", 3600s));
  const auto first = attach_device("dev-1");
  const auto second = attach_device("dev-2");
  clock_.advance(61s);
  events_.clear();
  const auto next = connection_->tick(clock_.now());
  EXPECT_TRUE(next);
  exchange();
  ASSERT_TRUE(detached());
  EXPECT_EQ(detached()->name, "amqp:unauthorized-access");
  EXPECT_FALSE(first.remote_open());
  EXPECT_TRUE(second.remote_open());
}

TEST_F(hub_connection_test, keeps_links_when_the_token_is_renewed_in_time) {
  open_cbs();
  put_token(device_token("dev-1", 60s));
  const auto link = attach_device("dev-1");
  clock_.advance(50s);
  EXPECT_EQ(put_token(device_token("dev-1", 60s)), 200);
  clock_.advance(50s);
  connection_->tick(clock_.now());
  exchange();
  EXPECT_TRUE(link.remote_open());
}

TEST_F(hub_connection_test, detaches_a_device_that_is_disabled_or_removed) {
  open_cbs();
  put_token(device_token("dev-1"));
  put_token(device_token("dev-2"));
  attach_device("dev-1");
  attach_device("dev-2");
  events_.clear();
  registry_.set_enabled(identity{"dev-1"}, false);
  hub_.review(identity{"dev-1"}, clock_.now());
  exchange();
  EXPECT_EQ(detached()->name, "amqp:unauthorized-access");
  events_.clear();
  registry_.remove(identity{"dev-2"});
  hub_.review(identity{"dev-2"}, clock_.now());
  exchange();
  EXPECT_EQ(detached()->name, "amqp:not-found");
  EXPECT_EQ(hub_.totals().detaches, 2U);
}

TEST_F(hub_connection_test, can_be_made_to_hang_and_answers_when_that_ends) {
  open_cbs();
  put_token(device_token("dev-1"));
  auto link = attach_device("dev-1");
  fault rule;
  rule.kind = fault_kind::hub_hang;
  faults_.add(rule);
  send(link, "{}");
  exchange();
  EXPECT_TRUE(outcomes().empty());
  EXPECT_EQ(arrivals_.totals().accepted, 0U);
  faults_.clear();
  hub_.resume();
  exchange();
  EXPECT_EQ(outcomes().size(), 1U);
  EXPECT_EQ(arrivals_.totals().accepted, 1U);
}

TEST_F(hub_connection_test, rejects_messages_and_tokens_as_the_faults_say) {
  open_cbs();
  fault token_fault;
  token_fault.kind = fault_kind::put_token_status;
  token_fault.pattern = "dev-1";
  token_fault.status = 500;
  token_fault.remaining = 1;
  faults_.add(token_fault);
  EXPECT_EQ(put_token(device_token("dev-1")), 500);
  EXPECT_EQ(put_token(device_token("dev-1")), 200);
  auto link = attach_device("dev-1");
  fault rule;
  rule.kind = fault_kind::reject_messages;
  rule.condition = "com.microsoft:device-container-throttled";
  rule.remaining = 1;
  faults_.add(rule);
  send(link, "{}", "a");
  send(link, "{}", "b");
  exchange();
  ASSERT_EQ(outcomes().size(), 2U);
  EXPECT_EQ(outcomes()[0].reason.name, "com.microsoft:device-container-throttled");
  EXPECT_EQ(outcomes()[1].kind, amqp::outcome_kind::accepted);
}

TEST_F(hub_connection_test, is_finished_at_once_when_cut) {
  hub_.cut_all();
  EXPECT_TRUE(connection_->finished());
}

TEST_F(hub_connection_test, survives_the_end_of_a_session_with_links_and_held_messages) {
  open_cbs();
  put_token(device_token("dev-1"));
  auto link = attach_device("dev-1");
  fault rule;
  rule.kind = fault_kind::hub_hang;
  faults_.add(rule);
  send(link, "{}");
  exchange();
  session_.close();
  exchange();
  EXPECT_EQ(connection_->telemetry_links(), 0U);
  faults_.clear();
  hub_.resume();
  EXPECT_EQ(arrivals_.totals().accepted, 0U);
  EXPECT_FALSE(connection_->finished());
}

TEST_F(hub_connection_test, lets_several_connections_send_for_the_same_device) {
  open_cbs();
  put_token(device_token("dev-1"));
  attach_device("dev-1");
  auto first_client = std::move(*client_);
  hub_connection other{hub_, clock_.now()};
  EXPECT_EQ(hub_.open_connections(), 2U);
  EXPECT_EQ(hub_.attached(), 1U);
}

} // namespace
} // namespace causeway::emulator
