// SPDX-License-Identifier: Apache-2.0
// How a server lets its clients go without breaking a request of theirs: http_server.h says in which steps.
#include "net/http_server_parts.h"

#include <algorithm>

namespace causeway::net {
namespace {

// Between a connection's beginning and its first request: more than a round trip, and on a loop that has much
// to do some of its turns.
constexpr std::chrono::milliseconds time_to_begin{200};
constexpr std::uint8_t looks_to_begin = 3;
constexpr std::chrono::milliseconds step{20}, last_step{5};

bool is_new(const connection& c, mono_time now) {
  return c.at == phase::idle && !c.answered && (now - c.opened < time_to_begin || c.looks < looks_to_begin);
}

bool has_request_of(const connection& c, mono_time before) {
  if (c.http2 != nullptr) return c.opened < before && !c.http2->is_done();
  return c.at != phase::idle && c.at != phase::held && c.at != phase::draining && c.begun < before;
}

} // namespace

task<> http_server::state::let_go(std::weak_ptr<state> weak) {
  for (;;) {
    auto period = step;
    if (const auto s = weak.lock()) {
      if (s->closing && s->door.connections() == 0) co_return;
      s->let_go(std::chrono::steady_clock::now());
      if (s->closing) period = last_step;
    } else {
      co_return;
    }
    const bool goes_on = co_await sleep_for(period);
    if (!goes_on) co_return;
  }
}

void http_server::state::let_go(mono_time now) {
  for (auto* list : open.all()) {
    for (auto at = list->begin(); at != list->end();) {
      auto* c = *at++; // which may go over to the other list
      if (c->looks < looks_to_begin) ++c->looks;
      if (c->http2 != nullptr)
        c->http2->let_go(now, c->opened < *sent_away || (closing && !is_new(*c, now)), closing);
      else if (c->bell && closing)
        c->bell->notify();
      else if (c->at == phase::idle && half_closing)
        let_go_idle(*c, now);
    }
  }
}

// Whoever has had an answer since send_away has been closed with it: this one is new, or has been idle since
// then.
void http_server::state::let_go_idle(connection& c, mono_time now) {
  if (is_new(c, now)) return;
  if (c.half_closed) {
    if (closing) c.close();
    return;
  }
  c.half_closed = true;
  c.bytes.end_output();
}

void http_server::state::close_idle() {
  for (auto* list : open.all()) {
    for (auto* c : *list) {
      if (c->http2 != nullptr)
        c->http2->shut_down();
      else if (c->bell)
        c->bell->notify();
      else if (c->at == phase::idle)
        c->close();
    }
  }
}

void http_server::send_away() {
  if (state_->sent_away) return;
  state_->sent_away = std::chrono::steady_clock::now();
  state_->tasks.spawn("http goodbye", restart_policy::on_fault,
                      [weak = std::weak_ptr<state>{state_}] { return state::let_go(weak); });
}

void http_server::half_close_idle() {
  send_away();
  state_->half_closing = true;
  state_->let_go(std::chrono::steady_clock::now());
}

void http_server::stop_accepting() {
  auto& s = *state_;
  s.closing = true;
  if (s.sent_away) s.door.take_waiting();
  s.door.close();
  if (s.sent_away)
    s.let_go(std::chrono::steady_clock::now());
  else
    s.close_idle();
}

bool http_server::is_serving(mono_time before) const {
  const auto among = [before](const connection_list& list) {
    return std::any_of(list.begin(), list.end(),
                       [before](const auto* c) { return has_request_of(*c, before); });
  };
  const auto& open = state_->open;
  return among(open.strangers) || among(open.waiting) || among(open.busy);
}

bool http_server::is_expecting() const {
  if (state_->door.connections() > connections()) return true;
  const auto now = std::chrono::steady_clock::now();
  const auto among = [now](const connection_list& list) {
    return std::any_of(list.begin(), list.end(),
                       [now](const auto* c) { return c->http2 == nullptr && is_new(*c, now); });
  };
  const auto& open = state_->open;
  return among(open.strangers) || among(open.waiting) || among(open.busy);
}

} // namespace causeway::net
