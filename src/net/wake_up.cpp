// SPDX-License-Identifier: Apache-2.0
#include "net/wake_up.h"

#include "net/wait_limit.h"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <utility>

namespace causeway::net {

struct wake_up::state {
  asio::steady_timer timer;
  bool notified = false;
};

wake_up::wake_up(loop& on) : state_{std::make_shared<state>(asio::steady_timer{on.executor()})} {}

wake_up::~wake_up() {
  if (state_) state_->timer.cancel();
}

void wake_up::notify() {
  state_->notified = true;
  state_->timer.cancel();
}

task<bool> wake_up::wait_until(mono_time deadline) {
  // A copy, because the object may go while its waiter is suspended.
  const auto s = state_;
  if (!s->notified) {
    const wait_limit until{s->timer, deadline};
    co_await s->timer.async_wait(asio::as_tuple(asio::use_awaitable));
  }
  co_return std::exchange(s->notified, false);
}

task<bool> wake_up::wait() {
  return wait_until(mono_time::max());
}

} // namespace causeway::net
