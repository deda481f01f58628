// SPDX-License-Identifier: Apache-2.0
// How a server lets its clients go without breaking a request of theirs: http_server.h says in which steps.
#include "net/http_server_parts.h"

namespace causeway::net {
namespace {

constexpr std::chrono::milliseconds step{20}, last_step{5};

} // namespace

task<> http_server::state::let_go(std::weak_ptr<state> weak) {
  for (;;) {
    auto period = step;
    if (const auto s = weak.lock()) {
      if (s->service->closing && s->door.connections() == 0) co_return;
      s->let_go(std::chrono::steady_clock::now());
      if (s->service->closing) period = last_step;
    } else {
      co_return;
    }
    const bool goes_on = co_await sleep_for(period);
    if (!goes_on) co_return;
  }
}

void http_server::state::let_go(mono_time now) {
  for_each([now](http_connection& c) { c.see_off(now); });
}

void http_server::send_away() {
  auto& service = *state_->service;
  if (service.sent_away) return;
  service.sent_away = std::chrono::steady_clock::now();
  service.tasks.spawn("http goodbye", restart_policy::on_fault,
                      [weak = std::weak_ptr<state>{state_}] { return state::let_go(weak); });
}

void http_server::half_close_idle() {
  send_away();
  state_->service->half_closing = true;
  state_->let_go(std::chrono::steady_clock::now());
}

void http_server::stop_accepting() {
  auto& s = *state_;
  s.service->closing = true;
  if (s.service->sent_away) s.door.take_waiting();
  s.door.close();
  if (s.service->sent_away)
    s.let_go(std::chrono::steady_clock::now());
  else
    s.for_each([](http_connection& c) { c.stop(); });
}

bool http_server::is_serving(mono_time before) const {
  return state_->any_of([before](const http_connection& c) { return c.is_serving(before); });
}

bool http_server::is_expecting() const {
  if (state_->door.connections() > connections()) return true;
  const auto now = std::chrono::steady_clock::now();
  return state_->any_of([now](const http_connection& c) { return c.is_expecting(now); });
}

} // namespace causeway::net
