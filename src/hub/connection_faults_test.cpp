// SPDX-License-Identifier: Apache-2.0
#include "hub/scripted_peer.h"

#include <gtest/gtest.h>

namespace causeway::hub {
namespace {

using std::chrono::hours;
using std::chrono::minutes;

amqp::value number(std::uint32_t is) {
  amqp::value out;
  out.v = is;
  return out;
}

// A frame of a hub's, with one performative.
std::string frame(std::uint64_t code, amqp::value_list fields) {
  amqp::value descriptor, content, whole;
  descriptor.v = code;
  content.v = std::move(fields);
  whole.v = amqp::described{std::make_shared<const amqp::value>(std::move(descriptor)),
                            std::make_shared<const amqp::value>(std::move(content))};
  std::string body;
  amqp::encode(body, whole);
  const auto size = static_cast<char>(8 + body.size());
  return std::string{"\0\0\0", 3} + size + std::string{"\x02\0\0\0", 4} + body;
}

constexpr std::string_view amqp_header{"AMQP\x00\x01\x00\x00", 8};

std::string open_of_hub(std::uint32_t idle_time_out) {
  amqp::value name, channels;
  name.v = std::string{"hub"};
  channels.v = std::uint16_t{8'191};
  return frame(0x10, {name, {}, number(65'536), channels, number(idle_time_out)});
}

std::string begin_of_hub(std::uint32_t handle_max) {
  amqp::value channel;
  channel.v = std::uint16_t{0};
  return frame(0x11, {channel, number(1), number(5'000), number(5'000), number(handle_max)});
}

std::size_t attaches_in(std::string_view bytes) {
  constexpr std::string_view attach{"\x02\0\0\0\0\x53\x12", 7}; // behind the frame's size
  std::size_t found = 0;
  for (auto at = bytes.find(attach); at != std::string_view::npos; at = bytes.find(attach, at + 1))
    ++found;
  return found;
}

TEST(hub_connection_faults, a_refused_token_is_that_devices_own) {
  rig it;
  it.peer.on_put_token = [](const auto& token) -> std::optional<scripted_peer::status> {
    if (token.audience.ends_with("dev-3")) {
      return scripted_peer::status{
          401, "The specified SAS token has an invalid signature. It does not match either "
               "the primary or secondary key."};
    }
    if (token.audience.ends_with("dev-5")) {
      return scripted_peer::status{404, "Device dev-5 at IotHub contoso not registered."};
    }
    if (token.audience.ends_with("dev-6")) {
      return scripted_peer::status{500,
                                   "The maximum number of tokens per connection (1000) has been reached."};
    }
    return scripted_peer::status{};
  };
  it.attach_all(10);
  EXPECT_EQ(it.count<attached>(), 7u);
  EXPECT_EQ(it.detached_with(3), errc::hub_unauthorized);
  EXPECT_EQ(it.detached_with(5), errc::hub_device_unknown);
  EXPECT_EQ(it.detached_with(6), errc::hub_token_limit);
  EXPECT_EQ(it.count<detached>(), 3u);
  EXPECT_EQ(it.peer.attaches.size(), 7u);
  EXPECT_EQ(it.client.devices(), 7u);
}

TEST(hub_connection_faults, a_hub_that_never_gives_credit_on_cbs_is_left) {
  rig it;
  it.peer.cbs_credit = 0;
  it.attach_all(3);
  EXPECT_FALSE(it.client.is_closed());
  it.advance(seconds{31});
  EXPECT_TRUE(it.client.is_closed());
  EXPECT_EQ(it.detached_with(1), errc::hub_answer_missing);
}

TEST(hub_connection_faults, a_detach_or_end_for_any_reason_is_that_devices_own) {
  const std::vector<std::pair<std::string, errc>> reasons = {
      {"amqp:unauthorized-access", errc::hub_unauthorized},
      {"amqp:not-found", errc::hub_device_unknown},
      {"amqp:resource-limit-exceeded", errc::hub_quota_exceeded},
      {"com.microsoft:device-container-throttled", errc::hub_throttled},
      {"com.microsoft:iot-hub-suspended", errc::hub_suspended},
      {"com.microsoft:timeout", errc::hub_busy},
      {"amqp:link:message-size-exceeded", errc::message_too_large},
      {"amqp:internal-error", errc::hub_busy},
      {"amqp:link:detach-forced", errc::hub_busy},
      {"amqp:link:stolen", errc::hub_link_stolen},
      {"com.microsoft:link-creation-conflict", errc::hub_link_stolen},
      {"amqp:session:window-violation", errc::hub_interrupted},
      {"amqp:decode-error", errc::hub_refused},
      {"com.example:never-heard-of", errc::hub_refused},
      {"", errc::hub_interrupted},
  };
  rig it;
  it.attach_all(3);
  std::size_t gone = 0;
  for (const bool with_end : {false, true}) {
    for (const auto& [name, expected] : reasons) {
      const amqp::condition why{name, "as told"};
      with_end ? it.peer.end("dev-1", why) : it.peer.detach("dev-1", why);
      it.run();
      EXPECT_EQ(it.count<detached>(), ++gone) << name;
      EXPECT_EQ(it.detached_with(1), expected) << name;
      EXPECT_EQ(it.client.devices(), 2u);
      it.send(0, gone);
      it.attach(1);
      it.run();
      EXPECT_EQ(it.client.attached_devices(), 3u) << name;
    }
  }
  EXPECT_EQ(it.outcomes(), std::vector<std::string>(gone, "ok"));
  EXPECT_FALSE(it.peer.fault.has_value());
  EXPECT_EQ(it.count<closed>(), 0u);
}

TEST(hub_connection_faults, a_refused_attach_tells_why) {
  rig it;
  it.peer.refused_attaches["dev-1"] = {"amqp:not-found",
                                       R"({"errorCode":404001,"message":"no such device"})"};
  it.attach_all(3);
  EXPECT_EQ(it.count<attached>(), 2u);
  EXPECT_EQ(it.detached_with(1), errc::hub_device_unknown);
  it.peer.refused_attaches.clear();
  it.attach(1);
  it.run();
  EXPECT_EQ(it.count<attached>(), 3u);
}

TEST(hub_connection_faults, a_message_in_flight_is_answered_before_its_device_goes) {
  rig it;
  it.peer.on_message = [](const auto&) { return amqp::outcome{}; };
  it.attach_all(2);
  it.send(0, 5);
  it.run();
  it.peer.detach("dev-0", {"amqp:unauthorized-access", "Token expired"});
  it.run();
  ASSERT_GE(it.events.size(), 2u);
  const auto* message = std::get_if<sent>(&it.events[it.events.size() - 2]);
  const auto* device = std::get_if<detached>(&it.events.back());
  ASSERT_TRUE(message != nullptr && device != nullptr);
  EXPECT_EQ(message->seq, 5u);
  EXPECT_EQ(message->outcome.fault().cls(), error_class::transient);
  EXPECT_EQ(device->why.code(), errc::hub_token_expired);
  EXPECT_EQ(it.client.in_flight(), 0u);
}

TEST(hub_connection_faults, a_rejection_that_means_the_device_does_not_condemn_the_message) {
  rig it;
  it.peer.on_message = [](const auto&) {
    return amqp::outcome{amqp::outcome_kind::rejected, {"amqp:unauthorized-access", "device is disabled"}};
  };
  it.attach_all(2);
  it.send(0, 5);
  it.run();
  ASSERT_EQ(it.count<sent>(), 1u);
  EXPECT_EQ(it.all<sent>()[0].outcome.fault().cls(), error_class::transient);
  EXPECT_EQ(it.detached_with(0), errc::hub_device_disabled);
  EXPECT_EQ(it.client.attached_devices(), 1u);
}

TEST(hub_connection_faults, close_by_the_hub_answers_everything_and_then_closed) {
  rig it;
  it.peer.on_message = [](const auto&) { return amqp::outcome{}; };
  it.attach_all(5);
  it.send(2, 1);
  it.send(3, 2);
  it.run();
  it.peer.engine().close({"amqp:connection:forced", "restart"});
  it.run();
  EXPECT_EQ(it.outcomes(), std::vector<std::string>(2, "hub_outcome_unknown"));
  EXPECT_EQ(it.count<detached>(), 5u);
  ASSERT_TRUE(std::holds_alternative<closed>(it.events.back()));
  EXPECT_EQ(std::get<closed>(it.events.back()).why.code(), errc::hub_interrupted);
  EXPECT_TRUE(it.client.is_closed());
  EXPECT_TRUE(it.peer.closed_by_client);
  it.client.on_stream_end(error{errc::peer_closed}, it.clock.now());
  it.client.on_bytes("AMQP", it.clock.now());
  it.client.tick(it.clock.now());
  it.collect();
  EXPECT_EQ(it.count<closed>(), 1u);
}

// The whole conversation again and again, the stream cut after ever more of the peer's bytes; a second
// connection then does what is left. Nothing may be lost or left without an answer.
TEST(hub_connection_faults, the_stream_may_end_after_any_byte) {
  constexpr std::uint32_t devices = 8;
  const auto converse = [](rig& it, std::set<std::uint32_t>& to_send, std::size_t cut) {
    for (std::uint32_t number = 0; number < devices; ++number)
      it.attach(number);
    std::size_t seen = 0, given = 0;
    for (bool moved = true; moved;) {
      moved = false;
      std::string bytes;
      if (it.client.take_output(bytes)) {
        moved = true;
        it.peer.feed(bytes);
      }
      bytes.clear();
      if (it.peer.engine().take_output(bytes)) {
        moved = true;
        const std::string_view part = std::string_view{bytes}.substr(0, cut - given);
        given += part.size();
        // In pieces, as a network may hand them over.
        for (std::size_t at = 0; at < part.size(); at += 7)
          it.client.on_bytes(part.substr(at, 7), it.clock.now());
      }
      it.collect();
      for (; seen < it.events.size(); ++seen) {
        if (const auto* up = std::get_if<attached>(&it.events[seen])) {
          const std::uint32_t number = index_of(up->device);
          if (to_send.contains(number)) it.send(number, number);
          moved = true;
        }
        if (const auto* done = std::get_if<sent>(&it.events[seen]); done != nullptr && done->outcome) {
          to_send.erase(static_cast<std::uint32_t>(done->seq));
        }
      }
      if (given == cut) break;
    }
    it.client.on_stream_end(error{errc::connection_lost}, it.clock.now());
    it.collect();
    for (; seen < it.events.size(); ++seen) {
      const auto* done = std::get_if<sent>(&it.events[seen]);
      if (done != nullptr && done->outcome) to_send.erase(static_cast<std::uint32_t>(done->seq));
    }
    return given;
  };
  const auto all_devices = [] {
    std::set<std::uint32_t> out;
    for (std::uint32_t number = 0; number < devices; ++number)
      out.insert(number);
    return out;
  };

  std::size_t whole = 0;
  {
    rig it;
    auto to_send = all_devices();
    whole = converse(it, to_send, std::numeric_limits<std::size_t>::max());
    ASSERT_TRUE(to_send.empty());
  }
  ASSERT_GT(whole, 1000u);
  for (std::size_t step = 0; step <= 60; ++step) {
    const std::size_t cut = whole * step / 60;
    rig first;
    auto to_send = all_devices();
    converse(first, to_send, cut);
    EXPECT_EQ(first.count<closed>(), 1u) << cut;
    EXPECT_TRUE(std::holds_alternative<closed>(first.events.back())) << cut;
    EXPECT_EQ(first.count<detached>(), devices) << cut;
    EXPECT_EQ(first.count<sent>(), first.client.counters().messages_sent) << cut;
    for (const sent& what : first.all<sent>()) {
      if (!what.outcome) {
        EXPECT_EQ(what.outcome.fault().cls(), error_class::transient);
      }
    }
    connection_options again = device_key_options();
    again.container_id = "causeway-test-2";
    rig second{again};
    converse(second, to_send, std::numeric_limits<std::size_t>::max());
    EXPECT_TRUE(to_send.empty()) << cut;
    std::set<std::string> arrived;
    for (const rig* it : {&first, &second})
      for (const auto& message : it->peer.messages)
        arrived.insert(*message.what.message_id.text());
    EXPECT_EQ(arrived.size(), devices) << cut;
  }
}

TEST(hub_connection_faults, a_put_token_without_an_answer_is_given_up) {
  rig it;
  it.peer.on_put_token = [](const auto& token) -> std::optional<scripted_peer::status> {
    if (token.audience.ends_with("dev-1")) return std::nullopt;
    return scripted_peer::status{};
  };
  it.attach_all(3);
  it.advance(seconds{29});
  EXPECT_EQ(it.count<detached>(), 0u);
  it.advance(seconds{2});
  EXPECT_EQ(it.detached_with(1), errc::hub_answer_missing);
  it.peer.answer(it.peer.tokens[1], {}); // too late: nobody asks any more
  it.run();
  EXPECT_EQ(it.count<attached>(), 2u);
  EXPECT_EQ(it.peer.attaches.size(), 2u);
  EXPECT_EQ(it.count<closed>(), 0u);
}

TEST(hub_connection_faults, an_attach_without_credit_is_given_up) {
  rig it;
  it.attach_all(1);
  it.peer.credit = 0;
  it.attach(1);
  it.run();
  it.advance(seconds{31});
  EXPECT_EQ(it.detached_with(1), errc::hub_answer_missing);
  EXPECT_EQ(it.client.attached_devices(), 1u);
  EXPECT_FALSE(it.peer.telemetry.contains("dev-1"));
}

TEST(hub_connection_faults, a_message_without_an_outcome_is_given_up_with_its_session) {
  rig it;
  it.peer.on_message = [](const auto&) { return amqp::outcome{}; };
  it.attach_all(2);
  it.send(1, 8);
  it.run();
  it.advance(seconds{241});
  EXPECT_EQ(it.outcomes(), std::vector<std::string>{"hub_answer_missing"});
  EXPECT_EQ(it.detached_with(1), errc::hub_answer_missing);
  EXPECT_EQ(it.client.attached_devices(), 1u);
}

TEST(hub_connection_faults, a_peer_that_never_opens_is_given_up) {
  rig it;
  it.peer.answers_open = false;
  it.attach_all(1);
  it.advance(seconds{61});
  EXPECT_EQ(it.detached_with(0), errc::hub_answer_missing);
  ASSERT_EQ(it.count<closed>(), 1u);
  EXPECT_EQ(it.all<closed>()[0].why.code(), errc::hub_answer_missing);
}

TEST(hub_connection_faults, without_cbs_the_connection_is_of_no_use) {
  rig it;
  it.attach_all(2);
  it.peer.cbs_receiver().close({"amqp:link:detach-forced", "Server Busy. Please retry operation"});
  it.run();
  EXPECT_EQ(it.count<detached>(), 2u);
  ASSERT_EQ(it.count<closed>(), 1u);
  EXPECT_EQ(it.all<closed>()[0].why.code(), errc::hub_busy);
  EXPECT_TRUE(it.peer.closed_by_client);
}

TEST(hub_connection_faults, a_few_bytes_tell_another_protocol) {
  for (const std::string_view says : {std::string_view{"\x20\x03\x00\x84\x00", 5}, std::string_view{"H"}}) {
    rig it;
    it.client.on_bytes(says, it.clock.now());
    it.collect();
    ASSERT_EQ(it.count<closed>(), 1u);
    EXPECT_EQ(it.all<closed>()[0].why.code(), errc::hub_speaks_no_amqp);
  }
  rig slow;
  for (const char byte : amqp_header.substr(0, 5)) // may be cut anywhere, but must come
    slow.client.on_bytes({&byte, 1}, slow.clock.now());
  slow.collect();
  EXPECT_EQ(slow.count<closed>(), 0u);
  slow.clock.advance(seconds{15});
  slow.client.tick(slow.clock.now());
  slow.collect();
  EXPECT_EQ(slow.count<closed>(), 1u);
}

TEST(hub_connection_faults, a_peer_that_speaks_no_amqp_is_left) {
  rig it;
  it.attach(0);
  it.client.on_bytes("HTTP/1.1 400 Bad Request\r\n\r\n", it.clock.now());
  it.collect();
  ASSERT_EQ(it.count<closed>(), 1u);
  EXPECT_EQ(it.all<closed>()[0].why.code(), errc::hub_speaks_no_amqp);
  EXPECT_EQ(it.count<detached>(), 1u);
}

TEST(hub_connection_faults, a_peer_that_never_answers_amqps_header_speaks_none) {
  rig it;
  it.attach(0);
  std::string out;
  it.client.take_output(out);
  EXPECT_EQ(it.client.waiting_for(), "answer to AMQP's header");
  EXPECT_TRUE(it.client.is_mute());
  it.clock.advance(seconds{14});
  it.client.tick(it.clock.now());
  it.collect();
  EXPECT_EQ(it.count<closed>(), 0u);
  it.clock.advance(seconds{1});
  it.client.tick(it.clock.now());
  it.collect();
  ASSERT_EQ(it.count<closed>(), 1u);
  EXPECT_EQ(it.all<closed>()[0].why.code(), errc::hub_speaks_no_amqp);
}

TEST(hub_connection_faults, what_a_hub_still_owes_is_known) {
  rig it;
  std::string out;
  it.client.take_output(out);
  it.client.on_bytes(amqp_header, it.clock.now());
  EXPECT_EQ(it.client.waiting_for(), "OPEN");
  EXPECT_FALSE(it.client.is_mute());
  it.client.on_bytes(open_of_hub(0), it.clock.now());
  EXPECT_EQ(it.client.waiting_for(), "$cbs links");
  rig other;
  other.attach_all(1);
  EXPECT_EQ(other.client.waiting_for(), "");
}

TEST(hub_connection_faults, a_quiet_connection_is_kept_alive) {
  rig it;
  it.attach_all(1);
  std::size_t before = it.client.counters().bytes_out;
  for (int round = 0; round < 10; ++round) {
    it.advance(seconds{121}); // the peer wants something every 240 s
    EXPECT_GT(it.client.counters().bytes_out, before) << round;
    before = it.client.counters().bytes_out;
  }
  EXPECT_EQ(it.count<closed>(), 0u);
}

TEST(hub_connection_faults, a_dead_peer_is_noticed_within_a_minute) {
  rig it;
  it.attach_all(2);
  EXPECT_EQ(it.peer.engine().peer().idle_time_out, seconds{30});
  const mono_time last_heard = it.clock.now().mono;
  const mono_time patience = last_heard + minutes{5};
  while (it.count<closed>() == 0 && it.clock.now().mono < patience) { // the peer is gone, the stream is not
    ASSERT_TRUE(it.client.deadline().has_value());
    it.clock.advance(*it.client.deadline() - it.clock.now().mono);
    it.client.tick(it.clock.now());
    std::string unread;
    it.client.take_output(unread);
    it.collect();
  }
  ASSERT_EQ(it.count<closed>(), 1u);
  EXPECT_EQ(it.all<closed>()[0].why.code(), errc::connection_timed_out);
  EXPECT_EQ(it.count<detached>(), 2u);
  EXPECT_GE(it.clock.now().mono - last_heard, seconds{59}); // a late heartbeat is no death
  EXPECT_LE(it.clock.now().mono - last_heard, seconds{61});
}

TEST(hub_connection_faults, a_peer_that_is_slow_but_there_is_kept) {
  rig it;
  it.attach_all(1);
  for (int beat = 0; beat < 20; ++beat) {
    it.clock.advance(seconds{50});
    std::string unread;
    it.client.on_bytes(std::string_view{"\0\0\0\x08\x02\0\0\0", 8}, it.clock.now()); // an empty frame
    it.client.tick(it.clock.now());
    it.client.take_output(unread);
  }
  it.collect();
  EXPECT_EQ(it.count<closed>(), 0u);
}

TEST(hub_connection_faults, a_peer_without_channels_for_devices_is_left) {
  for (std::uint16_t channel_max = 0; channel_max < 2; ++channel_max) {
    rig it{device_key_options(), channel_max};
    it.attach_all(2);
    ASSERT_EQ(it.count<closed>(), 1u) << channel_max;
    EXPECT_EQ(it.all<closed>()[0].why.code(), errc::hub_protocol);
    EXPECT_EQ(it.count<detached>(), 2u);
    EXPECT_EQ(it.count<opened>(), 0u);
    EXPECT_TRUE(it.peer.closed_by_client);
    EXPECT_FALSE(it.peer.fault.has_value());
  }
}

TEST(hub_connection_faults, a_hub_that_announces_a_millisecond_is_given_a_second) {
  rig it;
  std::string out;
  it.client.take_output(out);
  it.client.on_bytes(std::string{amqp_header} + open_of_hub(1), it.clock.now());
  std::size_t writes = 0;
  for (int turn = 0; turn < 10'000 && it.clock.now().mono < mono_time{} + hours{2}; ++turn) {
    const auto due = it.client.deadline();
    if (!due) break;
    if (*due > it.clock.now().mono) it.clock.advance(*due - it.clock.now().mono);
    it.client.tick(it.clock.now());
    out.clear();
    if (it.client.take_output(out)) ++writes;
  }
  it.collect();
  EXPECT_LE(writes, 125u); // a minute until $cbs is given up
  ASSERT_EQ(it.count<closed>(), 1u);
}

TEST(hub_connection_faults, a_hub_with_room_for_one_link_a_session_is_left_by_name) {
  rig it;
  it.attach(0);
  std::string out;
  it.client.take_output(out);
  it.client.on_bytes(std::string{amqp_header} + open_of_hub(0) + begin_of_hub(0), it.clock.now());
  it.client.take_output(out);
  it.collect();
  EXPECT_EQ(attaches_in(out), 1u);
  ASSERT_EQ(it.count<closed>(), 1u);
  EXPECT_EQ(it.all<closed>()[0].why.code(), errc::hub_protocol);
  EXPECT_NE(it.all<closed>()[0].why.detail().find("handle-max"), std::string::npos);
}

TEST(hub_connection_faults, the_second_link_of_cbs_follows_the_begin_that_has_room_for_it) {
  rig it;
  std::string out;
  it.client.take_output(out);
  EXPECT_EQ(attaches_in(out), 1u);
  it.client.on_bytes(std::string{amqp_header} + open_of_hub(0) + begin_of_hub(1), it.clock.now());
  it.client.take_output(out);
  EXPECT_EQ(attaches_in(out), 2u);
  it.collect();
  EXPECT_EQ(it.count<closed>(), 0u);
}

// As "begin reply to unknown channel" it ended the connection of all.
TEST(hub_faults, a_device_that_goes_before_its_session_has_begun_is_nobody_elses_trouble) {
  rig it;
  it.attach(1);
  it.run();
  it.attach(2);
  it.exchange(milliseconds{1}); // its token
  std::string begins;
  ASSERT_TRUE(it.client.take_output(begins));
  it.peer.feed(begins);
  std::string reply, end;
  it.peer.engine().take_output(reply); // its BEGIN is on its way
  it.client.detach(ref(2), it.clock.now());
  it.client.take_output(end);
  it.peer.feed(end);
  it.client.on_bytes(reply, it.clock.now());
  it.run();
  EXPECT_EQ(it.count<closed>(), 0u);
  EXPECT_FALSE(it.peer.fault);
  EXPECT_EQ(it.client.attached_devices(), 1u);
  EXPECT_FALSE(it.peer.telemetry.contains("dev-2")) << "its session has been ended";
  ASSERT_TRUE(it.client.send(ref(1), 7, reading("m7"), it.clock.now()));
  it.attach(2);
  it.run();
  EXPECT_EQ(it.count<sent>(), 1u);
  EXPECT_EQ(it.client.attached_devices(), 2u);
}

} // namespace
} // namespace causeway::hub
