// SPDX-License-Identifier: Apache-2.0
// The connection's life and its events; tokens and turns stand in connection_tokens.cpp.
#include "hub/connection.h"

#include "azure/limits.h"
#include "hub/hub_error.h"
#include "hub/message.h"

#include <algorithm>

namespace causeway::hub {
namespace {

constexpr std::uint16_t own_channel_max = 8191;
constexpr std::size_t header_size = 8;
constexpr std::uintptr_t cbs_context = 1; // device_session::context() is never that

azure::hub_address address_of(const hub_host& host) {
  auto parsed = azure::parse_hub_address(host.str());
  return parsed ? *parsed : azure::hub_address{host.str(), azure::amqps_port};
}

amqp::engine_options engine_options_of(const connection_options& options, const azure::hub_address& address) {
  amqp::engine_options out;
  out.side = amqp::role::client;
  out.mechanism = options.sasl;
  out.container_id = options.container_id;
  out.host_name = address.host;
  out.channel_max = own_channel_max;
  out.idle_time_out = options.idle_time_out;
  return out;
}

} // namespace

connection::connection(connection_options options, token_source& tokens, moment now)
    : options_{std::move(options)},
      tokens_{tokens},
      address_{address_of(options_.host)},
      engine_{engine_options_of(options_, address_)},
      cbs_{options_.cbs_in_flight, options_.answer_time_out},
      wheel_{now.mono},
      started_{now.mono},
      last_call_{now.mono},
      phase_due_{now.mono + options_.open_time_out},
      header_due_{now.mono + options_.header_time_out},
      policy_wanted_{options_.mode == auth::policy} {
  // BEGIN and ATTACH of `$cbs` ride behind OPEN without waiting for its answer (AMQP 1.0 2.4.1): two round
  // trips less.
  engine_.open();
  cbs_.open(engine_, cbs_context, options_.two_links_a_session);
  engine_due_ = engine_.tick(now.mono);
  advance(now);
}

connection::~connection() = default;

void connection::on_bytes(std::string_view bytes, moment now) {
  if (phase_ == phase::closed) return;
  counters_.bytes_in += bytes.size();
  head_.append(bytes.substr(0, header_size - head_.size()));
  if (head_.size() == header_size) header_due_.reset();
  constexpr std::string_view amqp = "AMQP";
  if (!peer_open_ && phase_ == phase::opening && !amqp.starts_with(head_.substr(0, amqp.size())))
    return fail(error{errc::hub_speaks_no_amqp, "it answers AMQP's header with something else"});
  engine_.feed(bytes);
  // The engine notices at a tick only that something has come, and counts the silence from there.
  engine_due_ = engine_.tick(now.mono);
  advance(now);
}

void connection::on_stream_end(const error& why, moment) {
  if (phase_ == phase::closed) return;
  finish(phase_ == phase::closing ? error{errc::stopped} : why);
  engine_.feed_end();
}

void connection::tick(moment now) {
  if (phase_ == phase::closed) return;
  engine_due_ = engine_.tick(now.mono);
  if (header_due_ && *header_due_ <= now.mono && phase_ == phase::opening) {
    return fail(error{errc::hub_speaks_no_amqp, "no answer to AMQP's header within " +
                                                    std::to_string(options_.header_time_out.count()) +
                                                    " s of the TLS handshake"});
  }
  if (phase_due_ && *phase_due_ <= now.mono) {
    if (phase_ == phase::closing) return finish(error{errc::stopped});
    return fail(error{errc::hub_answer_missing, peer_open_ ? "$cbs" : "OPEN"});
  }
  if (stalled_due_ && *stalled_due_ <= now.mono)
    return fail(error{errc::hub_answer_missing, "neither credit on $cbs nor a channel"});
  on_answers_due(now);
  on_tokens_due(now.mono);
  on_policy_due(now.mono);
  advance(now);
}

bool connection::take_output(std::string& out) {
  const std::size_t before = out.size();
  const bool any = engine_.take_output(out);
  counters_.bytes_out += out.size() - before;
  // The engine notices at a tick only that something was written, and counts half the peer's idle time-out
  // from there: without this one, a heartbeat could come as late as the whole time-out after the last frame.
  // What is overdue is left to tick(), which also handles what comes of it.
  const bool overdue = engine_due_ && *engine_due_ <= last_call_;
  if (any && !overdue && phase_ != phase::closed) engine_due_ = engine_.tick(last_call_);
  return any;
}

std::optional<mono_time> connection::deadline() const {
  if (phase_ == phase::closed) return std::nullopt;
  std::optional<mono_time> first = engine_due_;
  const auto consider = [&first](std::optional<mono_time> due) {
    if (due && (!first || *due < *first)) first = due;
  };
  consider(phase_due_);
  consider(header_due_);
  consider(stalled_due_);
  consider(cbs_.deadline());
  consider(wheel_.next_due());
  consider(policy_due_);
  consider(policy_expires_);
  for (const deadline_list* list : {&attach_deadlines_, &send_deadlines_}) {
    if (list->front() != deadline_list::none) consider(table_.at(list->front()).answer_due);
  }
  return first;
}

void connection::attach(device_ref device, const identity& name, const link_wish& wish, moment now) {
  if (phase_ == phase::closing || phase_ == phase::closed) {
    events_.emplace_back(detached{device, error{errc::connection_lost, "the connection is closed"}});
    return;
  }
  if (table_.find(device) != nullptr) return;
  const bool tokens_used_up = options_.mode == auth::device_keys && !authorised_.contains(device) &&
                              authorised_.size() >= azure::max_tokens_per_connection;
  if (table_.size() >= capacity() || tokens_used_up) {
    events_.emplace_back(detached{device, error{errc::hub_token_limit, "no room on this connection"}});
    return;
  }
  authorised_.insert(device);
  device_session& who = table_.acquire(device);
  who.identity = name;
  who.model_id = wish.model_id;
  who.commands = wish.commands;
  attach_queue_.push_back(who.context());
  advance(now);
}

void connection::detach(device_ref device, moment now) {
  device_session* who = table_.find(device);
  if (who == nullptr) return;
  drop(*who, error{errc::stopped, "detached"});
  advance(now);
}

result<void> connection::send(device_ref device, spool_seq seq, const model::message& what, moment now) {
  device_session* who = table_.find(device);
  if (who == nullptr || who->state != session_state::attached || who->sending) {
    return error{errc::internal, "send() to a device that is not attached or has a message in flight"};
  }
  auto encoded = encode_telemetry(what, who->telemetry.remote_max_message_size());
  if (!encoded) return std::move(encoded).fault();
  who->send(seq, std::move(*encoded));
  send_deadlines_.push(table_.places(), *who, now.mono + options_.send_time_out);
  ++sending_;
  ++counters_.messages_sent;
  last_call_ = now.mono;
  return {};
}

void connection::close(moment now) {
  if (phase_ == phase::closing || phase_ == phase::closed) return;
  phase_ = phase::closing;
  phase_due_ = now.mono + options_.answer_time_out;
  drop_all(error{errc::stopped});
  engine_.close();
  advance(now);
}

std::string_view connection::waiting_for() const {
  if (phase_ == phase::opening) {
    if (head_.size() < header_size) return "answer to AMQP's header";
    if (!peer_open_) return "OPEN";
    if (!cbs_.ready()) return "$cbs links";
  }
  if (options_.mode == auth::policy && !policy_expires_ && phase_ != phase::closed)
    return "word on the policy's token";
  return {};
}

std::vector<event> connection::take_events() {
  return std::exchange(events_, {});
}

std::uint32_t connection::device_channels() const {
  // Channels are numbered from 0 to channel-max, and $cbs has one.
  return std::min<std::uint32_t>(peer_open_ ? engine_.peer().channel_max : own_channel_max, own_channel_max);
}

std::uint32_t connection::capacity() const {
  const std::uint32_t channels = device_channels();
  std::uint32_t room = std::min(options_.max_devices, channels > 0 ? channels - 1 : 0);
  if (options_.mode == auth::device_keys) {
    room = std::min(room, static_cast<std::uint32_t>(azure::max_tokens_per_connection));
  }
  return room;
}

void connection::advance(moment now) {
  last_call_ = now.mono;
  const auto handle_events = [&] {
    while (phase_ != phase::closed) {
      const std::optional<amqp::event> next = engine_.next_event();
      if (!next) break;
      on_engine_event(*next, now);
    }
  };
  handle_events();
  if (phase_ != phase::opening && phase_ != phase::open) return;
  pump(now);
  handle_events(); // what the turns themselves caused
}

void connection::on_engine_event(const amqp::event& what, moment now) {
  switch (what.kind) {
  case amqp::event_kind::connection_opened:
    return on_connection_opened(now);
  case amqp::event_kind::connection_closed:
    return on_connection_closed(what.condition, now);
  case amqp::event_kind::transport_fault:
    if (phase_ == phase::closing) return finish(error{errc::stopped});
    return finish(error_from_fault(what.condition));
  case amqp::event_kind::transport_closed:
    return finish(error{phase_ == phase::closing ? errc::stopped : errc::peer_closed});
  default:
    break;
  }
  if (phase_ == phase::closing) return;
  const std::uintptr_t context = what.session.context();
  if (context == cbs_context) return on_cbs_event(what, now);
  if (device_session* who = table_.find_context(context)) on_device_event(*who, what, now);
}

void connection::on_connection_opened(moment now) {
  if (phase_ != phase::opening || peer_open_) return;
  peer_open_ = true;
  peer_opened_ = now.mono;
  engine_due_ = engine_.tick(now.mono); // the peer's idle time-out is known now
  if (capacity() == 0) {
    return fail(error{errc::hub_protocol, "OPEN with a channel-max of " +
                                              std::to_string(engine_.peer().channel_max) +
                                              ", which leaves no session for a device"});
  }
  while (table_.size() > capacity() && !attach_queue_.empty()) {
    device_session* who = table_.find_context(attach_queue_.back());
    attach_queue_.pop_back();
    if (who != nullptr) drop(*who, error{errc::hub_token_limit, "the hub allows fewer sessions"});
  }
}

void connection::on_connection_closed(const amqp::condition& why, moment now) {
  if (phase_ == phase::closing) return finish(error{errc::stopped});
  fail(why.empty() ? error{errc::peer_closed} : read_condition(why, now));
}

error connection::read_condition(const amqp::condition& from, moment now) {
  if (const auto theirs = time_in(from.description)) tokens_.on_hub_time(*theirs, now);
  return error_from_condition(from);
}

void connection::on_cbs_event(const amqp::event& what, moment now) {
  if (what.kind == amqp::event_kind::session_opened) {
    if (const auto begun = cbs_.on_begun(engine_.peer().handle_max); !begun) return fail(begun.fault());
    return;
  }
  std::vector<cbs::reply> answers;
  const result<void> outcome = cbs_.on_event(what, answers);
  for (const cbs::reply& answer : answers)
    on_cbs_reply(answer, now);
  if (!outcome) return fail(outcome.fault());
  check_open(now.mono);
}

void connection::check_open(mono_time now) {
  if (phase_ != phase::opening || !peer_open_ || !cbs_.ready()) return;
  if (options_.mode == auth::policy && !policy_expires_) return;
  phase_ = phase::open;
  phase_due_.reset();
  events_.emplace_back(opened{engine_.peer(), capacity(), peer_opened_ - started_, now - peer_opened_});
}

void connection::on_device_event(device_session& who, const amqp::event& what, moment now) {
  const bool ending = who.state == session_state::ending;
  switch (what.kind) {
  case amqp::event_kind::session_closed:
    if (!ending) on_device_refused(who, what.session.remote_condition(), now);
    who.session.free();
    return free_place(who);
  case amqp::event_kind::link_closed:
    if (!ending) on_device_refused(who, what.link.remote_condition(), now);
    return;
  case amqp::event_kind::link_opened:
  case amqp::event_kind::link_flow:
    if (who.state == session_state::attaching) check_attached(who, now.mono);
    if (who.state == session_state::attached) who.send_waiting();
    return;
  case amqp::event_kind::outcome:
    if (!ending) on_delivery_outcome(who, what.delivery, now);
    return;
  case amqp::event_kind::message: // without credit: the hub keeps it
    if (amqp::delivery given = what.delivery) given.settle({amqp::outcome_kind::released, {}});
    return;
  default:
    return;
  }
}

void connection::on_device_refused(device_session& who, const amqp::condition& why, moment now) {
  const error fault = read_condition(why, now);
  drop(who, fault, doubts_policy(who, fault, now.mono));
}

void connection::check_attached(device_session& who, mono_time now) {
  if (!who.usable()) return;
  const mono_time begun = who.answer_due - options_.answer_time_out;
  attach_deadlines_.remove(table_.places(), who);
  who.state = session_state::attached;
  ++attached_;
  ++counters_.attaches;
  doubters_.erase(who.device);
  const bool own_token = options_.mode == auth::device_keys;
  events_.emplace_back(
      attached{who.device, own_token ? begun - who.token_sent : std::chrono::nanoseconds{0}, now - begun});
}

void connection::on_delivery_outcome(device_session& who, amqp::delivery delivery, moment now) {
  const amqp::outcome outcome = delivery.remote_outcome();
  if (outcome.kind == amqp::outcome_kind::received && !delivery.remotely_settled()) return;
  delivery.settle();
  who.in_flight = {};
  switch (outcome.kind) {
  case amqp::outcome_kind::accepted:
    return finish_send(who, {});
  case amqp::outcome_kind::rejected: {
    const error why = outcome.reason.empty() ? error{errc::hub_refused, "rejected without a reason"}
                                             : read_condition(outcome.reason, now);
    if (concerns_message(why)) return finish_send(who, why);
    return drop(who, why, doubts_policy(who, why, now.mono));
  }
  case amqp::outcome_kind::released:
  case amqp::outcome_kind::modified:
    return finish_send(who, error{errc::hub_busy, "released"});
  default:
    return finish_send(who, error{errc::hub_outcome_unknown, "settled without an outcome"});
  }
}

void connection::finish_send(device_session& who, result<void> outcome) {
  if (!who.sending) return;
  who.sending = false;
  who.drop_waiting();
  send_deadlines_.remove(table_.places(), who);
  --sending_;
  ++(outcome ? counters_.accepted : counters_.refused);
  events_.emplace_back(sent{who.device, who.seq, std::move(outcome)});
}

void connection::drop(device_session& who, const error& why, bool of_policy) {
  finish_send(who, error{errc::hub_outcome_unknown, std::string{why.name()}});
  wheel_.cancel(who.place);
  events_.emplace_back(detached{who.device, why, of_policy});
  const session_state was = who.state;
  if (was == session_state::attaching) attach_deadlines_.remove(table_.places(), who);
  if (was == session_state::attached) --attached_;
  if (was == session_state::attaching || was == session_state::attached) {
    table_.disown(who);
    return who.end();
  }
  if (was == session_state::queued) return table_.release(who);
  free_place(who); // authorising: its channel was promised
}

void connection::free_place(device_session& who) {
  --channels_;
  table_.release(who);
}

void connection::drop_all(const error& why) {
  // CLOSE, or the end of the stream, ends all sessions at once: no END for each.
  for (const std::uint32_t place : table_.owned()) {
    device_session& who = table_.at(place);
    finish_send(who, error{errc::hub_outcome_unknown, std::string{why.name()}});
    if (who.state == session_state::attaching) attach_deadlines_.remove(table_.places(), who);
    wheel_.cancel(place);
    events_.emplace_back(detached{who.device, why});
    table_.release(who);
  }
  attached_ = 0;
  attach_queue_.clear();
  renewal_queue_.clear();
}

void connection::fail(const error& why) {
  engine_.close();
  finish(why);
}

void connection::finish(const error& why) {
  if (phase_ == phase::closed) return;
  drop_all(why);
  phase_ = phase::closed;
  events_.emplace_back(closed{why});
}

} // namespace causeway::hub
