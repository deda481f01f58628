// SPDX-License-Identifier: Apache-2.0
#include "net/wait_limit.h"

#include <utility>

namespace causeway::net {
namespace {

// Null: a loop that goes by the machine's clock, or none.
thread_local wait_limit::by_hand* running = nullptr;

} // namespace

wait_limit::by_hand::turn::turn(by_hand& of) : before_{std::exchange(running, &of)} {}

wait_limit::by_hand::turn::~turn() {
  running = before_;
}

void wait_limit::by_hand::end_some() {
  while (!waits_.empty() && waits_.begin()->first <= time_.now().mono) {
    auto& one = *waits_.begin()->second;
    waits_.erase(waits_.begin());
    one.place_.reset();
    one.over_ = true;
    one.timer_.cancel();
  }
}

wait_limit::wait_limit(asio::steady_timer& on, mono_time deadline) : timer_{on}, hand_{running} {
  if (hand_ != nullptr)
    begin(deadline);
  else
    timer_.expires_at(deadline);
}

wait_limit::wait_limit(asio::steady_timer& on, std::chrono::nanoseconds from_now)
    : timer_{on}, hand_{running} {
  if (hand_ != nullptr)
    begin(hand_->time_.now().mono + from_now);
  else
    timer_.expires_after(from_now);
}

wait_limit::~wait_limit() {
  if (place_) hand_->waits_.erase(*place_);
}

void wait_limit::begin(mono_time deadline) {
  timer_.expires_at(mono_time::max());
  if (deadline != mono_time::max()) place_ = hand_->waits_.emplace(deadline, this);
}

} // namespace causeway::net
