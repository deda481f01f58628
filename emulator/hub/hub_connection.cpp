// SPDX-License-Identifier: Apache-2.0
#include "emulator/hub/hub_connection.h"

#include <algorithm>

namespace causeway::emulator {

hub_connection::hub_connection(hub_service& hub, moment now, std::function<void()> wake)
    : hub_{hub}, wake_{std::move(wake)}, now_{now}, sasl_{std::in_place} {
  hub_.connections_.insert(this);
  ++hub_.totals_.connections;
}

hub_connection::~hub_connection() {
  remove_from_books();
  hub_.connections_.erase(this);
}

void hub_connection::feed(std::string_view bytes, moment now) {
  now_ = now;
  if (finished() || frozen()) return;
  if (!engine_) {
    feed_sasl(bytes);
    return;
  }
  answer_due(); // what came earlier is answered earlier
  engine_->feed(frames_.from_client(bytes));
  pump();
}

void hub_connection::feed_end(moment now) {
  now_ = now;
  if (!engine_ || frozen()) {
    cut_ = true;
    return;
  }
  engine_->feed_end();
  pump();
}

void hub_connection::feed_sasl(std::string_view bytes) {
  using step = amqp::sasl_server::step;
  auto fed = sasl_->feed(bytes);
  if (!fed) {
    out_ += sasl_->take_output();
    close_after_output_ = true;
    return;
  }
  if (*fed == step::init) {
    if (admit_login(sasl_->init()))
      sasl_->accept();
    else
      sasl_->refuse();
  }
  out_ += sasl_->take_output();
  switch (sasl_->at()) {
  case step::plain:
  case step::done:
    start_engine(sasl_->take_rest());
    break;
  case step::refused:
    close_after_output_ = true;
    break;
  case step::more:
  case step::init:
    break;
  }
}

// PLAIN names "{device}@sas.{hub}" or "{policy}@sas.root.{hub}"; the token alone decides. EXTERNAL trusts a
// client certificate, and the emulator asks for none.
bool hub_connection::admit_login(const amqp::sasl_init& init) {
  if (init.mechanism == "ANONYMOUS" || init.mechanism == "MSSBCBS") return true;
  if (init.mechanism != "PLAIN" || !init.response) return false;
  const auto login = amqp::parse_plain(init.response->reveal());
  if (!login) return false;
  const auto verdict = judge_token(hub_.registry(), login->password.reveal(), hub_time());
  if (verdict.status != 200) return false;
  const auto at = login->user.find("@sas.");
  if (at == std::string::npos) return false;
  const auto name = login->user.substr(0, at);
  if (login->user.compare(at, 10, "@sas.root.") != 0 && verdict.device && verdict.device->str() != name)
    return false;
  grant(verdict);
  return true;
}

void hub_connection::start_engine(const std::string& first_bytes) {
  amqp::engine_options options;
  options.side = amqp::role::server;
  options.container_id = hub_.container_id();
  options.host_name = "localhost";
  options.max_frame = 65536;
  options.channel_max = 8191;
  options.idle_time_out = std::chrono::minutes{4};
  engine_.emplace(std::move(options));
  engine_->tick(now_.mono);
  engine_->feed(frames_.from_client(first_bytes));
  pump();
}

bool hub_connection::take_output(std::string& out) {
  if (cut_ || frozen()) return false;
  if (engine_) flush();
  if (out_.empty()) return false;
  out += out_;
  out_.clear();
  return true;
}

bool hub_connection::finished() const {
  if (cut_) return true;
  if (frozen() || !out_.empty()) return false;
  return close_after_output_ || (engine_ && engine_->finished());
}

std::optional<mono_time> hub_connection::tick(moment now) {
  now_ = now;
  if (frozen_since_) {
    const auto end = *frozen_since_ + 2 * hub_idle_time_out;
    if (now.mono >= end) cut_ = true;
    return cut_ ? std::nullopt : std::optional{end};
  }
  if (!engine_ || finished()) return std::nullopt;
  auto next = engine_->tick(now.mono);
  answer_due();
  pump();
  expire_grants();
  const auto sooner = [&next](mono_time due) { next = next ? std::min(*next, due) : due; };
  if (const auto answer = next_answer()) sooner(*answer);
  if (!expiries_.empty()) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(expiries_.begin()->first - hub_time());
    sooner(now.mono + left);
  }
  return next;
}

void hub_connection::cut() {
  cut_ = true;
  remove_from_books();
  wake();
}

void hub_connection::close(const amqp::condition& why) {
  if (!engine_ || finished() || frozen()) return;
  engine_->close(why);
  flush();
  wake();
}

void hub_connection::freeze(moment now) {
  if (finished() || frozen()) return;
  frozen_since_ = now.mono;
  remove_from_books();
  out_.clear();
  wake();
}

void hub_connection::wake() {
  if (wake_) wake_();
}

void hub_connection::flush() {
  std::string bytes;
  if (engine_->take_output(bytes) || frames_.has_answers()) frames_.to_client(bytes, out_);
}

void hub_connection::pump() {
  if (pumping_) return; // a listener of the arrivals may come back here
  pumping_ = true;
  while (auto event = engine_->next_event()) {
    on_event(*event);
    if (cut_) break;
  }
  pumping_ = false;
  flush();
}

std::optional<mono_time> hub_connection::next_answer() const {
  auto next = mono_time::max();
  if (!attaches_due_.empty()) next = std::min(next, attaches_due_.begin()->first);
  // An answer that is due already waits for credit, not for time.
  if (!answers_.empty() && answers_.front().due > now_.mono) next = std::min(next, answers_.front().due);
  if (!shaped_.empty()) next = std::min(next, shaped_.front().due);
  if (!late_.empty()) next = std::min(next, late_.begin()->first);
  if (next == mono_time::max()) return std::nullopt;
  return next;
}

void hub_connection::answer_due() {
  send_token_answers();
  while (!attaches_due_.empty() && attaches_due_.begin()->first <= now_.mono) {
    auto& link = *attaches_due_.begin()->second;
    attaches_due_.erase(attaches_due_.begin());
    link.due_answer.reset();
    answer_attach(link);
  }
  while (!shaped_.empty() && shaped_.front().due <= now_.mono) {
    auto message = std::move(shaped_.front());
    shaped_.pop_front();
    on_telemetry(std::move(message));
  }
  while (!late_.empty() && late_.begin()->first <= now_.mono) {
    auto outcome = late_.begin()->second;
    late_.erase(late_.begin());
    outcome.delivery.settle({amqp::outcome_kind::accepted, {}});
  }
  flush();
}

void hub_connection::on_event(amqp::event& event) {
  using kind = amqp::event_kind;
  switch (event.kind) {
  case kind::connection_opened:
    engine_->open();
    if (const auto fault = hub_.faults().use(fault_kind::hub_not_found, "*"))
      engine_->close({fault->condition, fault->description});
    break;
  case kind::connection_closed:
    remove_from_books();
    engine_->close();
    break;
  case kind::session_opened:
    session_of(event.session);
    event.session.open();
    break;
  case kind::session_closed:
    on_session_closed(event.session);
    break;
  case kind::link_opened:
    on_link_opened(event.link);
    break;
  case kind::link_closed:
    on_link_closed(event.link);
    break;
  case kind::link_flow:
    send_token_answers();
    if (event.link.is_sender()) event.link.give_back_drained();
    break;
  case kind::message:
    on_message(event);
    break;
  case kind::message_aborted:
    frames_.take_format(event.link.name());
    if (auto* link = reinterpret_cast<hub_link*>(event.link.context());
        link != nullptr && !event.condition.empty()) {
      link->closing = true; // too large: the engine closes the link
      hub_.remove_from_books(*link);
    }
    break;
  case kind::outcome:
    event.delivery.settle();
    break;
  case kind::transport_fault:
  case kind::transport_closed:
    remove_from_books();
    close_after_output_ = true;
    break;
  }
}

} // namespace causeway::emulator
