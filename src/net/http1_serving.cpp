// SPDX-License-Identifier: Apache-2.0
// HTTP/1.1 with one connection: one request after the other.
#include "net/http_answer.h"
#include "net/http_server_parts.h"

namespace causeway::net {
namespace {

constexpr std::string_view continue_line = "HTTP/1.1 100 Continue\r\n\r\n";

} // namespace

task<> http_server::state::serve_http1(std::shared_ptr<state> s, connection* c) {
  for (;;) {
    bool goes_on = true;
    switch (c->reader.step()) {
    case http_reader::progress::need_more:
      goes_on = co_await read_more(s, c);
      break;
    case http_reader::progress::head:
      goes_on = co_await look_at_head(s, c);
      break;
    case http_reader::progress::wants_continue: {
      const auto written = co_await c->bytes.write(continue_line);
      goes_on = written.has_value();
      break;
    }
    case http_reader::progress::complete:
      goes_on = co_await answer(s, c);
      break;
    case http_reader::progress::refused:
      co_await refuse(s, c, c->reader.refusal());
      goes_on = false;
      break;
    }
    if (!goes_on) co_return;
  }
}

task<bool> http_server::state::look_at_head(std::shared_ptr<state> s, connection* c) {
  auto& head = c->reader.head();
  head.peer = c->peer;
  auto away = s->admission ? s->admission(head) : std::nullopt;
  if (s->admission && !away) c->let_in(head.admitted);
  if (!away && head.is_encoded()) away = http_turned_away{s->refuse_with(415)};
  if (!away && s->is_spent()) {
    ++s->budget->counts.requests_over_budget;
    s->lose(&head);
    away = http_turned_away{s->refuse_with(503)};
  }
  if (!away) co_return true;
  auto turned = turn_away(s, c, std::move(*away));
  co_return co_await std::move(turned);
}

// What has come of the body is thrown away; if that was all, the connection may go on.
task<bool> http_server::state::turn_away(std::shared_ptr<state> s, connection* c, http_turned_away away) {
  c->reader.discard_body();
  const bool whole = c->reader.step() == http_reader::progress::complete;
  const bool keep = whole && c->reader.keep_alive() && !away.answer.close && !s->closing && !s->sent_away;
  const bool head = c->reader.is_head();
  if (whole) static_cast<void>(c->reader.take());
  const auto now = std::chrono::steady_clock::now();
  if (away.after > away.after.zero()) {
    c->enter(phase::held, mono_time::max());
    c->bell = std::make_unique<wake_up>(s->on);
    co_await c->bell->wait_until(now + away.after);
    c->bell.reset();
    if (!c->bytes.is_open()) co_return false;
  }
  write_answer(c->out, away.answer, head, !keep);
  if (!keep) {
    co_await part(c, most_drained_of_strangers);
    co_return false;
  }
  c->answered = true;
  c->enter(phase::writing, std::chrono::steady_clock::now() + s->limits.idle_time_out);
  const auto written = co_await c->bytes.write(c->out);
  co_return written.has_value();
}

task<bool> http_server::state::read_more(std::shared_ptr<state> s, connection* c) {
  const auto now = std::chrono::steady_clock::now();
  // A limit runs from the moment the phase began, however many pieces come.
  if (c->reader.in_body() && c->at != phase::body) c->enter(phase::body, now + s->limits.body_time_out);
  if (!c->reader.in_body() && c->reader.started() && c->at != phase::header)
    c->enter(phase::header, now + s->limits.header_time_out);
  if (!c->reader.started()) c->enter(phase::idle, now + s->limits.idle_time_out);
  if (c->at == phase::idle && s->closing && (c->answered || !s->sent_away)) co_return false;
  c->hold(c->reader.held());
  if (c->held > 0 && s->is_spent()) c->overruled = true;

  if (c->overruled) {
    co_await refuse_for_room(s, c);
    co_return false;
  }

  const auto room = c->reader.prepare();
  const auto size = co_await c->bytes.read_some(room);
  if (c->overruled) {
    co_await refuse_for_room(s, c);
    co_return false;
  }
  if (size) {
    c->reader.commit(*size);
    co_return true;
  }
  if (c->late) co_await refuse(s, c, 408);
  co_return false;
}

task<bool> http_server::state::answer(std::shared_ptr<state> s, connection* c) {
  const bool head = c->reader.is_head();
  const bool keep = c->reader.keep_alive();
  c->hold(c->reader.held());
  c->begin_work();
  auto request = c->reader.take();
  c->enter(phase::handling, mono_time::max());
  const auto response = co_await handle(s, std::move(request));
  c->end_work();
  if (!response) co_return false;
  if (!s->admission && response->status / 100 == 2) c->let_in();
  c->answered = true;
  if (c->half_closed) co_return false;
  const bool close = !keep || response->close || s->closing || s->sent_away.has_value();
  write_answer(c->out, *response, head, close);
  // A peer that does not read holds the connection no longer than an idle one.
  c->enter(phase::writing, std::chrono::steady_clock::now() + s->limits.idle_time_out);
  c->hold(c->out.size());
  const auto written = co_await c->bytes.write(c->out);
  c->hold(0);
  co_return written && !close;
}

// What has come of it is given up.
task<> http_server::state::refuse_for_room(std::shared_ptr<state> s, connection* c) {
  ++s->budget->counts.requests_over_budget;
  s->lose(c->reader.in_body() ? &c->reader.head() : nullptr);
  c->reader.discard_body();
  write_answer(c->out, s->refuse_with(503), false, true);
  c->hold(c->out.size());
  co_await part(c, most_drained_of_strangers);
}

task<> http_server::state::refuse(std::shared_ptr<state> s, connection* c, int status) {
  // Not for what it is, but for when it comes, or how much: its sender may miss it.
  if (status == 408 || status == 413 || status == 431)
    s->lose(c->reader.in_body() ? &c->reader.head() : nullptr);
  write_answer(c->out, s->refuse_with(status), false, true);
  co_await part(c, most_drained);
}

task<> http_server::state::part(connection* c, std::size_t most) {
  c->enter(phase::draining, std::chrono::steady_clock::now() + drain_time_out);
  const auto written = co_await c->bytes.write(c->out);
  if (!written) co_return;
  c->bytes.end_output();
  co_await drain(c->bytes, most);
}

} // namespace causeway::net
