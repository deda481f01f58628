// SPDX-License-Identifier: Apache-2.0
#include "net/loop.h"

#include "base/check.h"
#include "net/wait_limit.h"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <csignal>

namespace causeway::net {

struct loop::state {
  std::optional<wait_limit::by_hand> hand; // outlives what waits in the context
  // One thread runs it; others only post.
  asio::io_context context{1};
  asio::executor_work_guard<asio::io_context::executor_type> work = asio::make_work_guard(context);
  asio::signal_set signals{context};
  std::function<void(int)> signal_handler;

  void await_signal() {
    signals.async_wait([this](const boost::system::error_code& ec, int signal) {
      if (ec) return;
      signal_handler(signal);
      await_signal();
    });
  }
};

loop::loop() : state_{std::make_unique<state>()} {
  // A peer that has gone is an error of write, not a reason to die.
  std::signal(SIGPIPE, SIG_IGN);
  std::signal(SIGXFSZ, SIG_IGN); // a limit on files' size is a full disk, and no end
}

loop::loop(const manual_clock& by) : loop{} {
  state_->hand.emplace(by);
}

loop::~loop() = default;

asio::any_io_executor loop::executor() {
  return state_->context.get_executor();
}

moment loop::now() const {
  return state_->hand ? state_->hand->time().now() : system_clock{}.now();
}

void loop::run() {
  CAUSEWAY_CHECK(!state_->hand);
  state_->context.restart();
  state_->context.run();
}

bool loop::step() {
  CAUSEWAY_CHECK(state_->hand);
  const wait_limit::by_hand::turn ours{*state_->hand};
  state_->hand->end_some();
  return state_->context.poll() != 0;
}

std::optional<mono_time> loop::deadline() const {
  return state_->hand ? state_->hand->next() : std::nullopt;
}

void loop::stop() {
  // Posted, so that what was posted before it still runs.
  asio::post(state_->context, [context = &state_->context] { context->stop(); });
}

void loop::post(std::function<void()> work) {
  asio::post(state_->context, std::move(work));
}

void loop::on_signal(std::function<void(int)> handler) {
  CAUSEWAY_CHECK(!state_->signal_handler);
  state_->signal_handler = std::move(handler);
  for (const int signal : {SIGINT, SIGTERM, SIGHUP})
    state_->signals.add(signal);
  state_->await_signal();
}

bool ignores_hang_up() {
  struct sigaction now {};
  return ::sigaction(SIGHUP, nullptr, &now) == 0 && now.sa_handler == SIG_IGN;
}

task<bool> sleep_for(std::chrono::nanoseconds duration) {
  const auto executor = co_await asio::this_coro::executor;
  asio::steady_timer timer{executor};
  const wait_limit until{timer, duration};
  const auto [ec] = co_await timer.async_wait(asio::as_tuple(asio::use_awaitable));
  co_return !ec || until.is_over();
}

} // namespace causeway::net
