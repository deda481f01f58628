// SPDX-License-Identifier: Apache-2.0
#include "hub/connection.h"

#include "azure/hub_address.h"
#include "base/earliest.h"
#include "hub/hub_error.h"

#include <utility>

namespace causeway::hub {
namespace {

constexpr std::uintptr_t cbs_context = 1; // device_session::context() is never that

azure::hub_address address_of(const hub_host& host) {
  auto parsed = azure::parse_hub_address(host.str());
  return parsed ? *parsed : azure::hub_address{host.str(), azure::amqps_port};
}

amqp::engine_options engine_options_of(const connection_options& options) {
  amqp::engine_options out;
  out.side = amqp::role::client;
  out.mechanism = options.sasl;
  out.container_id = options.container_id;
  out.host_name = address_of(options.host).host;
  out.channel_max = own_channel_max;
  out.idle_time_out = options.idle_time_out;
  return out;
}

} // namespace

connection::connection(connection_options options, token_source& tokens, moment now)
    : options_{std::move(options)},
      tokens_{tokens},
      engine_{engine_options_of(options_)},
      last_call_{now.mono},
      phase_{options_, now.mono},
      cbs_{options_.cbs_in_flight, options_.answer_time_out},
      authorisation_{options_, address_of(options_.host), tokens, cbs_, table_, news_.counters, now.mono},
      admission_{options_, engine_, table_},
      messages_{table_, options_.send_time_out, news_},
      commands_{options_, table_, news_.counters} {
  // BEGIN and ATTACH of `$cbs` ride behind OPEN without waiting for its answer (AMQP 1.0 2.4.1): two round
  // trips less.
  engine_.open();
  cbs_.open(engine_, cbs_context, options_.two_links_a_session);
  engine_due_ = engine_.tick(now.mono);
  advance(now);
}

void connection::on_bytes(std::string_view bytes, moment now) {
  if (phase_.is_closed()) return;
  news_.counters.bytes_in += bytes.size();
  if (const auto outcome = phase_.on_bytes(bytes); !outcome) return fail(outcome.fault());
  engine_.feed(bytes);
  // The engine notices at a tick only that something has come, and counts the silence from there.
  engine_due_ = engine_.tick(now.mono);
  advance(now);
}

void connection::on_stream_end(const error& why, moment) {
  if (phase_.is_closed()) return;
  finish(phase_.is_closing() ? error{errc::stopped} : why);
  engine_.feed_end();
}

void connection::tick(moment now) {
  if (phase_.is_closed()) return;
  engine_due_ = engine_.tick(now.mono);
  if (const auto outcome = phase_.tick(now.mono); !outcome)
    return phase_.is_closing() ? finish(outcome.fault()) : fail(outcome.fault());
  if (admission_.is_stalled(now.mono))
    return fail(error{errc::hub_answer_missing, "neither credit on $cbs nor a channel"});
  drop_overdue(now);
  advance(now);
}

bool connection::take_output(std::string& out) {
  const std::size_t before = out.size();
  const bool any = engine_.take_output(out);
  news_.counters.bytes_out += out.size() - before;
  // The engine notices at a tick only that something was written, and counts half the peer's idle time-out
  // from there: without this one, a heartbeat could come as late as the whole time-out after the last frame.
  // What is overdue is left to tick(), which also handles what comes of it.
  const bool overdue = engine_due_ && *engine_due_ <= last_call_;
  if (any && !overdue && !phase_.is_closed()) engine_due_ = engine_.tick(last_call_);
  return any;
}

std::optional<mono_time> connection::deadline() const {
  if (phase_.is_closed()) return std::nullopt;
  return earliest({engine_due_, phase_.deadline(), cbs_.deadline(), authorisation_.deadline(),
                   admission_.deadline(), messages_.deadline(), commands_.deadline()});
}

void connection::attach(device_ref device, const identity& name, const link_wish& wish, moment now) {
  if (!phase_.is_live()) {
    news_.events.emplace_back(detached{device, error{errc::connection_lost, "the connection is closed"}});
    return;
  }
  if (table_.find(device) != nullptr) return;
  if (!admission_.has_room_for(device)) {
    news_.events.emplace_back(detached{device, error{errc::hub_token_limit, "no room on this connection"}});
    return;
  }
  admission_.add(device, name, wish);
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
  auto outcome = messages_.send(*who, seq, what, now.mono);
  if (outcome) last_call_ = now.mono;
  return outcome;
}

void connection::renew_tokens(moment now) {
  if (!phase_.is_live()) return;
  authorisation_.renew_all(now);
  advance(now);
}

void connection::close(moment now) {
  if (!phase_.is_live()) return;
  phase_.on_closing(now.mono);
  drop_all(error{errc::stopped});
  engine_.close();
  advance(now);
}

std::string_view connection::waiting_for() const {
  if (const auto what = phase_.waiting_for(cbs_.ready()); !what.empty()) return what;
  return authorisation_.needs_policy() && !phase_.is_closed() ? "word on the policy's token" : "";
}

std::vector<event> connection::take_events() {
  return std::exchange(news_.events, {});
}

void connection::advance(moment now) {
  last_call_ = now.mono;
  const auto handle_events = [&] {
    while (!phase_.is_closed()) {
      const std::optional<amqp::event> next = engine_.next_event();
      if (!next) break;
      on_engine_event(*next, now);
    }
  };
  handle_events();
  if (!phase_.is_live()) return;
  authorisation_.put_waiting(now);
  attach_waiting(now);
  handle_events(); // what the turns themselves caused
}

void connection::attach_waiting(moment now) {
  while (device_session* who = admission_.next()) {
    // A session that is ending keeps its channel until the peer's END. Put-tokens that are under way have
    // time-outs of their own, and opening has one too.
    if (!admission_.has_channel() || !authorisation_.has_turn()) {
      const bool is_awaited = !phase_.is_open() || cbs_.waiting() != 0 || authorisation_.is_pausing();
      return admission_.on_blocked(is_awaited, now.mono);
    }
    admission_.take_next();
    if (authorisation_.ask(*who, now)) begin(*who, now.mono);
  }
}

void connection::begin(device_session& who, mono_time now) {
  const link_wish wish{{}, who.wish->commands, who.wish->methods, who.wish->twin};
  admission_.begin(who, now);
  commands_.begin(who, wish, wish.methods || wish.twin ? engine_.peer().handle_max : 0, now);
}

void connection::on_engine_event(const amqp::event& what, moment now) {
  switch (what.kind) {
  case amqp::event_kind::connection_opened:
    return on_peer_open(now);
  case amqp::event_kind::connection_closed:
    if (phase_.is_closing()) return finish(error{errc::stopped});
    learn_time(what.condition, now);
    return fail(what.condition.empty() ? error{errc::peer_closed} : error_from_condition(what.condition));
  case amqp::event_kind::transport_fault:
    return finish(phase_.is_closing() ? error{errc::stopped} : error_from_fault(what.condition));
  case amqp::event_kind::transport_closed:
    return finish(error{phase_.is_closing() ? errc::stopped : errc::peer_closed});
  default:
    break;
  }
  if (phase_.is_closing()) return;
  const std::uintptr_t context = what.session.context();
  if (context == cbs_context) return on_cbs_event(what, now);
  if (device_session* who = table_.find_context(context)) on_device_event(*who, what, now);
}

void connection::on_peer_open(moment now) {
  if (!phase_.on_peer_open(now.mono)) return;
  const std::uint16_t channel_max = engine_.peer().channel_max;
  admission_.on_peer_open(channel_max);
  engine_due_ = engine_.tick(now.mono); // the peer's idle time-out is known now
  if (capacity() == 0) {
    return fail(error{errc::hub_protocol, "OPEN with a channel-max of " + std::to_string(channel_max) +
                                              ", which leaves no session for a device"});
  }
  while (device_session* who = admission_.surplus())
    drop(*who, error{errc::hub_token_limit, "the hub allows fewer sessions"});
}

void connection::learn_time(const amqp::condition& from, moment now) {
  if (const auto theirs = time_in(from.description)) tokens_.on_hub_time(*theirs, now);
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

void connection::on_cbs_reply(const cbs::reply& what, moment now) {
  const authorisation::verdict given = authorisation_.on_reply(what, phase_.is_open(), now);
  switch (given.what) {
  case authorisation::ruling::nothing:
    return;
  case authorisation::ruling::begin:
    return begin(*given.who, now.mono);
  case authorisation::ruling::again:
    return admission_.put_back(*given.who);
  case authorisation::ruling::refuse:
    return drop(*given.who, *given.why);
  case authorisation::ruling::fail:
    return fail(*given.why);
  }
}

void connection::check_open(mono_time now) {
  if (!phase_.is_opening() || !phase_.has_peer_open() || !cbs_.ready()) return;
  if (authorisation_.needs_policy()) return;
  phase_.on_complete();
  news_.events.emplace_back(opened{engine_.peer(), capacity(), phase_.open_took(), phase_.since_open(now)});
}

void connection::on_device_event(device_session& who, const amqp::event& what, moment now) {
  const bool ending = who.state == session_state::ending;
  const auto refuse = [&](const amqp::condition& why) {
    learn_time(why, now);
    on_device_refused(who, error_from_condition(why), now);
  };
  if (what.link && what.link != who.telemetry) {
    if (ending) return;
    if (what.kind == amqp::event_kind::link_closed) learn_time(what.link.remote_condition(), now);
    return commands_.on_event(who, what, now.mono);
  }
  switch (what.kind) {
  case amqp::event_kind::session_opened:
    return who.on_begun();
  case amqp::event_kind::session_closed:
    if (!ending) refuse(what.session.remote_condition());
    who.session.free();
    return admission_.free(who);
  case amqp::event_kind::link_closed:
    if (!ending) refuse(what.link.remote_condition());
    return;
  case amqp::event_kind::link_opened:
  case amqp::event_kind::link_flow:
    return on_link_news(who, now.mono);
  case amqp::event_kind::outcome:
    if (ending) return;
    learn_time(what.delivery.remote_outcome().reason, now);
    if (const auto outcome = messages_.on_outcome(who, what.delivery); !outcome)
      on_device_refused(who, outcome.fault(), now);
    return;
  default:
    return;
  }
}

void connection::on_link_news(device_session& who, mono_time now) {
  if (const auto begun = admission_.on_link_news(who)) {
    ++news_.counters.attaches;
    authorisation_.on_attached(who);
    const bool own_token = options_.mode == auth::device_keys;
    const auto cbs_took = own_token ? *begun - who.token.stamp.sent : std::chrono::nanoseconds{0};
    news_.events.emplace_back(attached{who.device, cbs_took, now - *begun});
    commands_.on_attached(who);
  }
  if (who.state == session_state::attached) who.send_waiting();
}

void connection::on_device_refused(device_session& who, const error& why, moment now) {
  drop(who, why, authorisation_.doubts(who, why, now.mono));
}

void connection::drop_overdue(moment now) {
  std::vector<cbs::reply> answers;
  cbs_.expire(now.mono, answers);
  for (const cbs::reply& answer : answers)
    on_cbs_reply(answer, now);
  while (device_session* who = admission_.overdue(now.mono))
    drop(*who, error{errc::hub_answer_missing, "attach"});
  while (device_session* who = messages_.overdue(now.mono)) {
    messages_.finish(*who, error{errc::hub_answer_missing, "message"});
    drop(*who, error{errc::hub_answer_missing, "message"});
  }
  commands_.tick(now.mono);
  std::vector<device_session*> expired;
  const auto outcome = authorisation_.tick(now.mono, expired);
  for (device_session* who : expired)
    drop(*who, device_tokens::expiry(*who));
  if (!outcome) fail(outcome.fault());
}

void connection::take_leave(device_session& who, const error& why, bool of_policy) {
  messages_.finish(who, error{errc::hub_outcome_unknown, std::string{why.name()}});
  commands_.forget(who);
  authorisation_.forget(who);
  news_.events.emplace_back(detached{who.device, why, of_policy});
}

void connection::drop(device_session& who, const error& why, bool of_policy) {
  take_leave(who, why, of_policy);
  admission_.remove(who);
}

void connection::drop_all(const error& why) {
  for (const std::uint32_t place : table_.owned())
    take_leave(table_.at(place), why);
  admission_.clear();
}

void connection::fail(const error& why) {
  engine_.close();
  finish(why);
}

void connection::finish(const error& why) {
  if (phase_.is_closed()) return;
  drop_all(why);
  phase_.on_closed();
  news_.events.emplace_back(closed{why});
}

} // namespace causeway::hub
