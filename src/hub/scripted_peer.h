// SPDX-License-Identifier: Apache-2.0
// For the tests of hub::connection: a hub's end of the connection, written by hand on the engine's server
// role, that does what a test tells it; and a rig that carries bytes between the two on a manual clock.
#pragma once

#include "amqp/engine.h"
#include "amqp/message.h"
#include "azure/names.h"
#include "hub/connection.h"

#include <algorithm>
#include <functional>
#include <gtest/gtest.h>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace causeway::hub {

class scripted_peer {
public:
  struct status {
    int code = 200;
    std::string description = "OK";
  };
  struct put_token {
    std::string id, to, reply_to, operation, type, audience, token;
  };
  struct attach_seen {
    std::string link_name, address;
    amqp::value properties;
  };
  struct arrived {
    std::string device;
    amqp::message what;
    amqp::delivery delivery;
    std::string address;
  };

  explicit scripted_peer(std::uint16_t channel_max = 8191) : engine_{options_of(channel_max)} {}

  // What the test decides.
  std::function<std::optional<status>(const put_token&)> on_put_token = [](const put_token&) {
    return status{};
  };
  std::function<amqp::outcome(const arrived&)> on_message = [](const arrived&) {
    return amqp::outcome{amqp::outcome_kind::accepted, {}};
  };
  struct twin_reply {
    int status = 200;
    std::string body;
  };
  // What is asked of a twin; nothing: no answer.
  std::function<std::optional<twin_reply>(const arrived&)> on_twin = [](const arrived&) {
    return std::nullopt;
  };
  std::map<std::string, amqp::condition> refused_attaches; // of telemetry, by device
  std::map<std::string, amqp::condition> refused_c2d, refused_methods, refused_twins;
  bool answers_c2d = true;
  bool answers_detach = true;
  bool answers_drain = true;
  bool answers_open = true, answers_end = true;
  bool credit_back = true, cbs_credit_back = true;           // each message's credit is given again
  int credit = 1000, cbs_credit = 100, answer_credit = 1000; // the last: of pairs
  std::uint64_t max_message_size = 1'048'576;

  // What it has seen.
  std::string client_host, client_container;
  std::vector<put_token> tokens;
  std::vector<attach_seen> attaches;
  std::vector<arrived> messages;
  std::map<std::string, amqp::link> telemetry, c2d, calls, answers, twins, twin_requests; // by device: open
  struct ended_delivery {
    std::string tag;
    amqp::outcome with;
  };
  std::vector<ended_delivery> outcomes;        // of what it has given
  std::vector<std::string> detached_by_client; // links' names
  std::set<std::string> link_names;
  bool closed_by_client = false;
  bool answers_close = true;
  std::optional<amqp::condition> fault;

  amqp::engine& engine() { return engine_; }
  amqp::link cbs_receiver() { return cbs_in_; }

  void feed(std::string_view bytes) {
    engine_.feed(bytes);
    while (auto next = engine_.next_event())
      handle(*next);
  }

  void answer(const put_token& request, const status& with) {
    amqp::message reply;
    reply.correlation_id = amqp::value{request.id};
    reply.application_properties = {
        {amqp::value{std::string{"status-code"}}, amqp::value{std::int32_t{with.code}}},
        {amqp::value{std::string{"status-description"}}, amqp::value{with.description}}};
    reply.kind = amqp::message::body_kind::value;
    ASSERT_GT(cbs_out_.credit(), 0);
    cbs_out_.send("r" + std::to_string(++replies_), amqp::encode_message(reply), false);
  }

  void detach(const std::string& device, const amqp::condition& why) {
    telemetry.at(device).close(why);
    telemetry.erase(device);
  }
  void detach_c2d(const std::string& device, const amqp::condition& why) {
    c2d.at(device).close(why);
    c2d.erase(device);
  }
  void let_go_c2d(const std::string& device) { let_go(c2d.at(device)); }
  void detach_calls(const std::string& device, const amqp::condition& why) {
    calls.at(device).close(why);
    calls.erase(device);
  }
  void detach_twin(const std::string& device, const amqp::condition& why) {
    twins.at(device).close(why);
    twins.erase(device);
  }
  // The requests about a device's twin, in their order.
  std::vector<amqp::message> twin_messages(const std::string& device) const {
    std::vector<amqp::message> out;
    for (const auto& one : messages)
      if (one.device == device && one.address.ends_with("/twin")) out.push_back(one.what);
    return out;
  }
  void answer_twin(const std::string& device, const amqp::value& id, const twin_reply& with) {
    amqp::message out;
    out.correlation_id = id;
    out.message_annotations = {{amqp::value{amqp::symbol{"status"}}, amqp::value{std::int32_t{with.status}}}};
    out.kind = amqp::message::body_kind::data;
    out.data = with.body;
    give(twins.at(device), "twin " + std::to_string(++given_), out, true);
  }
  void change_twin(const std::string& device, std::string patch) {
    amqp::message out;
    out.message_annotations = {
        {amqp::value{amqp::symbol{"resource"}}, amqp::value{std::string{"/properties/desired"}}}};
    out.kind = amqp::message::body_kind::data;
    out.data = std::move(patch);
    give(twins.at(device), "twin " + std::to_string(++given_), out, true);
  }
  // A message for the device, unsettled; with no more than an id and a body where nothing else is said.
  void give(amqp::link on, const std::string& tag, const amqp::message& what, bool settled = false) {
    give_bytes(on, tag, amqp::encode_message(what), settled);
  }
  static void give_bytes(amqp::link on, const std::string& tag, const std::string& bytes,
                         bool settled = false) {
    ASSERT_GT(on.credit(), 0);
    static_cast<void>(on.send(tag, bytes, settled));
  }
  void give_c2d(const std::string& device, const std::string& tag) {
    give(c2d.at(device), tag, c2d_named(tag));
  }
  static amqp::message c2d_named(const std::string& id) {
    amqp::message out;
    out.message_id = amqp::value{id};
    out.kind = amqp::message::body_kind::data;
    out.data = "body of " + id;
    return out;
  }
  void call(const std::string& device, const std::string& name, const amqp::value& id, std::string payload) {
    amqp::message out;
    out.correlation_id = id;
    out.application_properties = {{amqp::value{std::string{"IoThub-methodname"}}, amqp::value{name}}};
    out.kind = amqp::message::body_kind::data;
    out.data = std::move(payload);
    give(calls.at(device), "call " + std::to_string(++given_), out, true);
  }
  void end(const std::string& device, const amqp::condition& why) {
    telemetry.at(device).session().close(why);
    telemetry.erase(device);
  }

private:
  static amqp::engine_options options_of(std::uint16_t channel_max) {
    amqp::engine_options out;
    out.side = amqp::role::server;
    out.container_id = "DeviceGateway_0123456789abcdef0123456789abcdef";
    out.host_name = "localhost";
    out.channel_max = channel_max;
    return out;
  }

  void handle(amqp::event& what) {
    switch (what.kind) {
    case amqp::event_kind::connection_opened:
      client_container = engine_.peer().container_id;
      client_host = engine_.peer().host_name;
      if (answers_open) engine_.open();
      return;
    case amqp::event_kind::connection_closed:
      closed_by_client = true;
      if (answers_close) engine_.close();
      return;
    case amqp::event_kind::transport_fault:
      fault = what.condition;
      return;
    case amqp::event_kind::session_opened:
      what.session.open();
      return;
    case amqp::event_kind::session_closed:
      forget(what.session);
      if (!answers_end) return;
      what.session.close();
      what.session.free();
      return;
    case amqp::event_kind::link_opened:
      return on_attach(what.link);
    case amqp::event_kind::link_flow:
      if (what.link.is_sender() && answers_drain) what.link.give_back_drained();
      return;
    case amqp::event_kind::link_closed:
      detached_by_client.push_back(what.link.name());
      if (answers_detach) let_go(what.link);
      return;
    case amqp::event_kind::message:
      return on_transfer(what);
    case amqp::event_kind::outcome:
      if (what.link != cbs_out_) outcomes.push_back({what.delivery.tag(), what.delivery.remote_outcome()});
      what.delivery.settle();
      return;
    default:
      return;
    }
  }

  // Answers the client's DETACH, and gives the link's memory back.
  void let_go(amqp::link gone) {
    for (auto* const links : {&telemetry, &c2d, &calls, &answers, &twins, &twin_requests})
      std::erase_if(*links, [gone](const auto& one) { return one.second == gone; });
    gone.close();
    gone.free();
  }
  void forget(amqp::session ended) {
    for (auto* const links : {&telemetry, &c2d, &calls, &answers, &twins, &twin_requests})
      std::erase_if(*links, [ended](const auto& one) { return one.second.session() == ended; });
  }

  void on_attach(amqp::link link) {
    link_names.insert(link.name());
    const std::string address = link.is_sender() ? link.remote_source() : link.remote_target();
    if (address == "$cbs") {
      link.copy_remote();
      link.open();
      if (link.is_sender()) {
        cbs_out_ = link;
        return;
      }
      cbs_in_ = link;
      return link.add_credit(cbs_credit);
    }
    attaches.push_back({link.name(), address, link.remote_properties()});
    const auto target = azure::parse_link_address(address);
    ASSERT_TRUE(target.has_value()) << address;
    const bool is_methods = target->role == azure::link_role::methods;
    const bool is_twin = target->role == azure::link_role::twin;
    if (!is_methods && !is_twin) {
      ASSERT_EQ(target->role, link.is_sender() ? azure::link_role::c2d : azure::link_role::telemetry);
    }
    const std::string& device = target->device.str();
    const auto& refusals = is_methods         ? refused_methods
                           : is_twin          ? refused_twins
                           : link.is_sender() ? refused_c2d
                                              : refused_attaches;
    if (const auto refused = refusals.find(device); refused != refusals.end()) {
      return link.refuse(refused->second);
    }
    link.copy_remote();
    if (is_methods || is_twin) {
      link.open();
      if (!link.is_sender() && answer_credit > 0) link.add_credit(answer_credit);
      auto& to_device = is_twin ? twins : calls;
      auto& from_device = is_twin ? twin_requests : answers;
      (link.is_sender() ? to_device : from_device)[device] = link;
      return;
    }
    if (link.is_sender()) {
      c2d[device] = link;
      if (answers_c2d) link.open();
      return;
    }
    link.set_max_message_size(max_message_size);
    link.open();
    if (credit > 0) link.add_credit(credit);
    telemetry[device] = link;
  }

  void on_transfer(amqp::event& what) {
    auto message = amqp::decode_message(what.payload);
    ASSERT_TRUE(message.has_value());
    const std::string address = what.link.remote_target();
    if (address == "$cbs") return on_cbs(*message, what.delivery);
    arrived seen{azure::parse_link_address(address)->device.str(), std::move(*message), what.delivery,
                 address};
    const amqp::outcome with = on_message(seen);
    if (with.kind != amqp::outcome_kind::none) what.delivery.settle(with);
    if (seen.address.ends_with("/twin"))
      if (const auto reply = on_twin(seen)) answer_twin(seen.device, seen.what.correlation_id, *reply);
    messages.push_back(std::move(seen));
    if (credit_back) what.link.add_credit(1);
  }

  void on_cbs(const amqp::message& request, amqp::delivery delivery) {
    const auto text = [&](std::string_view name) {
      const amqp::value* found = request.application_property(name);
      return found != nullptr && found->as<std::string>() != nullptr ? *found->as<std::string>()
                                                                     : std::string{};
    };
    const auto* id = request.message_id.as<std::string>();
    const auto* token = request.body.as<std::string>();
    ASSERT_TRUE(id != nullptr && token != nullptr);
    put_token seen{*id, request.to, request.reply_to, text("operation"), text("type"), text("name"), *token};
    tokens.push_back(seen);
    delivery.settle({amqp::outcome_kind::accepted, {}});
    if (cbs_credit_back) cbs_in_.add_credit(1);
    if (const auto with = on_put_token(seen)) answer(seen, *with);
  }
  amqp::engine engine_;
  amqp::link cbs_out_, cbs_in_;
  std::uint64_t replies_ = 0, given_ = 0;
};

// Hands out tokens that say for whom and until when they are.
class recording_tokens final : public token_source {
public:
  secret device_token(device_ref device, const identity& name, wall_time expiry) override {
    ++device_tokens;
    return secret{"token:" + std::to_string(index_of(device)) + ":" + name.str() + ":" +
                  std::to_string(unix_seconds(expiry))};
  }
  secret policy_token(wall_time expiry) override {
    ++policy_tokens;
    return secret{"policy" + std::to_string(key) + ":" + std::to_string(unix_seconds(expiry))};
  }
  std::uint32_t policy_key() const override { return static_cast<std::uint32_t>(key); }
  bool next_policy_key(std::uint32_t refused) override {
    if (refused != policy_key()) return true;
    if (other_keys == 0) return false;
    --other_keys;
    ++key;
    return true;
  }
  wall_time time(moment now) const override { return now.wall + (learns ? lead : seconds{0}); }
  void on_hub_time(wall_time theirs, moment now) override {
    hub_times.push_back(theirs);
    lead = std::chrono::round<seconds>(theirs - now.wall);
  }
  int device_tokens = 0, policy_tokens = 0;
  int other_keys = 0, key = 0;
  bool learns = false; // makes its tokens by the hub's time
  seconds lead{0};
  std::vector<wall_time> hub_times;
};

inline device_ref ref(std::uint32_t number) {
  return device_ref{number};
}
inline identity name_of(std::uint32_t number) {
  return identity{"dev-" + std::to_string(number)};
}
inline model::message reading(const std::string& id) {
  return {id, "application/json", "utf-8", R"({"t":1})", {{"application", "meters"}}};
}
inline connection_options device_key_options() {
  connection_options out;
  out.host = hub_host{"contoso.azure-devices.net"};
  out.container_id = "causeway-test-1";
  out.client_version = "causeway/test";
  return out;
}

struct rig {
  explicit rig(connection_options options = device_key_options(), std::uint16_t channel_max = 8191)
      : peer{channel_max}, client{std::move(options), tokens, clock.now()} {}

  // Carries bytes both ways until both sides are silent.
  void run() {
    for (bool moved = true; moved;) {
      moved = false;
      std::string bytes;
      if (client.take_output(bytes)) {
        moved = true;
        peer.feed(bytes);
      }
      bytes.clear();
      if (peer.engine().take_output(bytes)) {
        moved = true;
        to_client += bytes.size();
        client.on_bytes(bytes, clock.now());
      }
    }
    collect();
  }
  // One flight each way: what the client has to say, and after `by` what the peer answers.
  void exchange(std::chrono::nanoseconds by) {
    std::string bytes;
    client.take_output(bytes);
    peer.feed(bytes);
    clock.advance(by);
    bytes.clear();
    peer.engine().take_output(bytes);
    client.on_bytes(bytes, clock.now());
    collect();
  }
  // Turns the clock, stopping at every deadline of either side's on the way.
  void advance(std::chrono::nanoseconds by) {
    const mono_time end = clock.now().mono + by;
    for (;;) {
      const auto due = client.deadline();
      const auto peer_due = peer.engine().tick(clock.now().mono);
      const bool peer_first = peer_due && (!due || *peer_due < *due);
      const auto next = peer_first ? peer_due : due;
      if (!next || *next > end) break;
      if (*next > clock.now().mono) clock.advance(*next - clock.now().mono);
      if (!peer_first) {
        ++ticks;
        client.tick(clock.now());
      }
      peer.engine().tick(clock.now().mono);
      run();
    }
    clock.advance(end - clock.now().mono);
  }
  void collect() {
    for (event& what : client.take_events())
      events.push_back(std::move(what));
    for (command_news& what : client.commands().take_news())
      news.push_back(std::move(what));
  }
  void attach(std::uint32_t number) {
    client.attach(ref(number), name_of(number), {"", commands, methods, twin}, clock.now());
  }
  void attach_all(std::uint32_t count) {
    for (std::uint32_t number = 0; number < count; ++number)
      attach(number);
    run();
  }
  void send(std::uint32_t number, spool_seq seq) {
    EXPECT_TRUE(client.send(ref(number), seq, reading("m" + std::to_string(seq)), clock.now()).has_value());
  }

  template <class T>
  std::vector<T> all() const {
    std::vector<T> out;
    for (const event& what : events)
      if (const T* one = std::get_if<T>(&what)) out.push_back(*one);
    return out;
  }
  template <class T>
  std::size_t count() const {
    return all<T>().size();
  }
  // The last `detached` of this device.
  std::optional<errc> detached_with(std::uint32_t number) const {
    std::optional<errc> found;
    for (const detached& what : all<detached>())
      if (what.device == ref(number)) found = what.why.code();
    return found;
  }
  // "ok" or the error's name, in order.
  std::vector<std::string> outcomes() const {
    std::vector<std::string> out;
    for (const sent& what : all<sent>())
      out.push_back(what.outcome ? "ok" : std::string{what.outcome.fault().name()});
    return out;
  }

  manual_clock clock;
  recording_tokens tokens;
  scripted_peer peer;
  connection client;
  std::vector<event> events;
  std::vector<command_news> news;
  std::size_t to_client = 0, ticks = 0;
  bool commands = false, methods = false, twin = false; // what attach() asks for
};

} // namespace causeway::hub
