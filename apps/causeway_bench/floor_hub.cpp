// SPDX-License-Identifier: Apache-2.0
#include "causeway_bench/floor_hub.h"

#include "amqp/message.h"
#include "azure/names.h"
#include "base/clock.h"

#include <algorithm>
#include <array>
#include <stdexcept>
#include <utility>

namespace causeway::bench {
namespace {

constexpr std::uintptr_t cbs_context = 1, first_device_context = 2;
constexpr std::uint32_t most_tokens_under_way = 100;
constexpr std::chrono::hours token_life{48}; // so that nothing is renewed

const std::string cbs_address = "$cbs";

amqp::engine_options engine_options_of(const floor_hub_options& from) {
  amqp::engine_options out;
  out.container_id = from.container_id;
  out.host_name = from.hub.host;
  out.idle_time_out = seconds{30};
  return out;
}

[[noreturn]] void fail(const std::string& what, const amqp::condition& why = {}) {
  throw std::runtime_error{"hub: " + what + (why.empty() ? "" : ": " + why.name + " " + why.description)};
}

amqp::value_map link_properties() {
  return {{amqp::value{amqp::symbol{"com.microsoft:client-version"}},
           amqp::value{std::string{"causeway-floor"}}}};
}

} // namespace

std::vector<std::uint32_t> floor_placement(std::uint32_t devices) {
  std::vector<std::uint32_t> out;
  for (; devices > 0; devices -= out.back())
    out.push_back(std::min(devices, floor_devices_a_connection));
  return out;
}

floor_hub::floor_hub(floor_hub_options options)
    : options_{std::move(options)}, engine_{engine_options_of(options_)} {
  for (auto& identity : options_.devices)
    devices_.emplace_back().identity = std::move(identity);
  engine_.open();
  open_cbs();
  if (!options_.policy.empty()) {
    tokens_wanted_.push_back(0);
    return;
  }
  for (std::uint32_t device = 0; device < devices_.size(); ++device)
    tokens_wanted_.push_back(device);
}

void floor_hub::open_cbs() {
  cbs_session_ = engine_.new_session();
  cbs_session_.set_context(cbs_context);
  cbs_session_.open();
  cbs_sender_ = cbs_session_.sender("$cbs-sender");
  cbs_receiver_ = cbs_session_.receiver("$cbs-receiver");
  for (auto* link : {&cbs_sender_, &cbs_receiver_}) {
    link->set_context(cbs_context);
    link->set_source(cbs_address);
    link->set_target(cbs_address);
    link->set_settle_modes(amqp::settle_mode::unsettled, amqp::receive_mode::first);
    link->open();
  }
  cbs_receiver_.add_credit(static_cast<int>(most_tokens_under_way));
}

void floor_hub::feed(std::string_view bytes) {
  engine_.feed(bytes);
  while (const auto happened = engine_.next_event())
    on_event(*happened);
}

void floor_hub::on_event(const amqp::event& what) {
  switch (what.kind) {
  case amqp::event_kind::connection_opened:
    return;
  case amqp::event_kind::connection_closed:
  case amqp::event_kind::transport_fault:
    fail("the connection has ended", what.condition);
  case amqp::event_kind::transport_closed:
    fail("the connection has ended");
  case amqp::event_kind::session_closed:
    fail("a session has ended", what.session.remote_condition());
  case amqp::event_kind::link_closed:
    fail("a link has ended", what.link.remote_condition());
  default:
    break;
  }
  const auto context = what.session.context();
  if (context == cbs_context)
    on_cbs_event(what);
  else if (context >= first_device_context)
    on_device_event(static_cast<std::uint32_t>(context - first_device_context), what);
}

void floor_hub::on_cbs_event(const amqp::event& what) {
  if (what.kind == amqp::event_kind::message) on_token_answer(what);
  if (what.kind == amqp::event_kind::outcome) {
    const auto said = amqp::delivery{what.delivery}.remote_outcome();
    if (said.kind != amqp::outcome_kind::accepted) fail("a token is refused", said.reason);
    amqp::delivery{what.delivery}.settle();
  }
  put_tokens();
}

void floor_hub::put_tokens() {
  if (!cbs_receiver_.remote_open()) return;
  while (!tokens_wanted_.empty() && tokens_under_way_ < most_tokens_under_way && cbs_sender_.credit() > 0) {
    const auto asker = tokens_wanted_.front();
    tokens_wanted_.pop_front();
    const bool of_policy = !options_.policy.empty();
    put_token(asker, of_policy ? options_.hub.host
                               : azure::device_resource(options_.hub, identity{devices_[asker].identity}));
  }
}

void floor_hub::put_token(std::uint32_t asker, const std::string& resource) {
  const auto expiry = std::chrono::system_clock::now() + token_life;
  const auto token =
      options_.policy.empty()
          ? azure::make_sas_token(resource, azure::derive_device_key(options_.key, devices_[asker].identity),
                                  expiry)
          : azure::make_sas_token(resource, options_.key, expiry, options_.policy);
  const auto text = [](std::string_view what) { return amqp::value{std::string{what}}; };
  amqp::message request;
  request.message_id = amqp::value{std::to_string(asker)};
  request.to = cbs_address;
  request.reply_to = "cbs";
  request.application_properties = {{text("operation"), text("put-token")},
                                    {text("type"), text("servicebus.windows.net:sastoken")},
                                    {text("name"), text(resource)}};
  request.kind = amqp::message::body_kind::value;
  request.body = text(token.reveal());
  cbs_sender_.send(std::to_string(asker), amqp::encode_message(request), false);
  ++tokens_under_way_;
}

void floor_hub::on_token_answer(const amqp::event& what) {
  amqp::delivery{what.delivery}.settle({amqp::outcome_kind::accepted, {}});
  cbs_receiver_.add_credit(1);
  --tokens_under_way_;
  const auto answer = amqp::decode_message(what.payload);
  if (!answer) fail("$cbs answers something else");
  const auto* status = answer->application_property("status-code");
  const auto* asker = answer->correlation_id.text();
  if (status == nullptr || asker == nullptr || status->integer().value_or(0) / 100 != 2)
    fail("$cbs refuses a token");
  if (options_.policy.empty()) return attach(static_cast<std::uint32_t>(std::stoul(*asker)));
  for (std::uint32_t device = 0; device < devices_.size(); ++device)
    attach(device);
}

// The links that the gateway has: the device's messages, and what the hub may have for it, without credit.
void floor_hub::attach(std::uint32_t device) {
  auto& who = devices_[device];
  const auto context = first_device_context + device;
  auto session = engine_.new_session();
  session.set_context(context);
  session.open();
  const auto number = std::to_string(device + 1);
  who.telemetry = session.sender("t" + number);
  who.telemetry.set_target(azure::link_address(azure::link_role::telemetry, identity{who.identity}));
  who.c2d = session.receiver("c" + number);
  who.c2d.set_source(azure::link_address(azure::link_role::c2d, identity{who.identity}));
  for (auto* link : {&who.telemetry, &who.c2d}) {
    link->set_properties(amqp::value{link_properties()});
    link->set_context(context);
    link->set_settle_modes(amqp::settle_mode::unsettled, amqp::receive_mode::first);
    link->open();
  }
}

void floor_hub::on_device_event(std::uint32_t device, const amqp::event& what) {
  auto& who = devices_[device];
  if (what.kind == amqp::event_kind::outcome) {
    amqp::delivery delivery = what.delivery;
    const auto said = delivery.remote_outcome();
    if (said.kind != amqp::outcome_kind::accepted) fail("a message is not accepted", said.reason);
    delivery.settle();
    accepted_.push_back(device);
    return;
  }
  if (!who.is_attached && who.telemetry.remote_open() && who.telemetry.credit() > 0 &&
      who.c2d.remote_open()) {
    who.is_attached = true;
    ++attached_;
  }
  if (!who.waiting.empty()) send_waiting(who);
}

void floor_hub::send(std::uint32_t device, std::string_view encoded) {
  auto& who = devices_[device];
  who.waiting = encoded;
  send_waiting(who);
}

void floor_hub::send_waiting(attached_device& who) {
  if (who.telemetry.credit() <= 0) return;
  ++sent_;
  std::array<char, sizeof sent_> tag{};
  for (std::size_t i = 0; i < tag.size(); ++i)
    tag[i] = static_cast<char>((sent_ >> (8 * i)) & 0xff);
  who.telemetry.send({tag.data(), tag.size()}, std::exchange(who.waiting, {}), false);
}

} // namespace causeway::bench
