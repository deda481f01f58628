// SPDX-License-Identifier: Apache-2.0
#include "stack/mqtt_backlog.h"

#include <algorithm>

namespace causeway::stack {

bool mqtt_backlog::push(mqtt_message one) {
  if (waiting_.size() >= limits_.messages || bytes_ + one.payload.size() > limits_.bytes) return false;
  bytes_ += one.payload.size();
  waiting_.push_back(std::move(one));
  return true;
}

std::optional<mqtt_message> mqtt_backlog::next(mono_time now) {
  if (held_until_ && *held_until_ <= now) held_until_.reset();
  if (held_until_ || waiting_.empty()) return std::nullopt;
  auto one = std::move(waiting_.front());
  waiting_.pop_front();
  bytes_ -= one.payload.size();
  return one;
}

void mqtt_backlog::put_back(mqtt_message one, mono_time now, double random) {
  bytes_ += one.payload.size();
  const auto behind =
      std::find_if(waiting_.begin(), waiting_.end(), [&](const auto& w) { return w.number > one.number; });
  waiting_.insert(behind, std::move(one));
  // Several may come back from one pass; they are one refusal.
  if (!held_until_) held_until_ = now + pause_.next(random);
}

std::size_t mqtt_backlog::expire(mono_time now) {
  std::size_t gone = 0;
  while (!waiting_.empty() && now - waiting_.front().came >= limits_.patience) {
    bytes_ -= waiting_.front().payload.size();
    waiting_.pop_front();
    ++gone;
  }
  return gone;
}

std::size_t mqtt_backlog::clear() {
  const auto gone = waiting_.size();
  waiting_.clear();
  bytes_ = 0;
  return gone;
}

std::optional<mono_time> mqtt_backlog::deadline() const {
  if (waiting_.empty()) return std::nullopt;
  const auto too_old = waiting_.front().came + limits_.patience;
  if (!held_until_) return mono_time::min();
  return std::min(*held_until_, too_old);
}

} // namespace causeway::stack
