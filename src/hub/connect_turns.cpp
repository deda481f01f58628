// SPDX-License-Identifier: Apache-2.0
#include "hub/connect_turns.h"

#include "base/backoff.h"

#include <algorithm>

namespace causeway::hub {
namespace {

constexpr backoff_policy between_trials{milliseconds{500}, milliseconds{60'000}, 2.0, 0.25};
constexpr milliseconds pause_if_not_told{1'000};

} // namespace

bool is_everybodys(errc code) {
  return code == errc::clock_skew || code == errc::local_authentication_off;
}

connect_turns::connect_turns(std::shared_ptr<hub_budgets> budgets, std::function<double()> random)
    : budgets_{std::move(budgets)}, random_{std::move(random)} {}

void connect_turns::push(device_ref device, std::uint32_t lane, bool urgent, std::uint32_t track) {
  queue_.push(device, lane, urgent, track);
}

std::optional<device_ref> connect_turns::take(mono_time now) {
  if (queue_.empty() || (trouble_ && (on_trial_ || now < next_trial_)) || !budgets_->connects.take(now))
    return std::nullopt;
  const auto device = queue_.pop();
  if (trouble_) on_trial_ = device;
  return device;
}

bool connect_turns::on_attached() {
  if (!trouble_) return false;
  trouble_.reset();
  failures_ = 0;
  on_trial_.reset();
  return true;
}

void connect_turns::on_throttled(const error& why, mono_time taken_at, mono_time now) {
  budgets_->connects.refused(taken_at, why.retry_after().value_or(pause_if_not_told), now);
  ++throttled_;
}

bool connect_turns::on_trouble(device_ref device, const error& why, mono_time now) {
  static_cast<void>(on_ended(device));
  if (trouble_ && now < next_trial_) return false; // those that were under way
  const bool news = !trouble_;
  trouble_ = why;
  next_trial_ = now + pause_after(between_trials, failures_++, random_());
  return news;
}

bool connect_turns::on_ended(device_ref device) {
  if (on_trial_ != device) return false;
  on_trial_.reset();
  return true;
}

void connect_turns::try_now(mono_time now) {
  failures_ = 0;
  next_trial_ = now;
}

mono_time connect_turns::next(mono_time now) const {
  if (queue_.empty() || on_trial_) return mono_time::max();
  return std::max(budgets_->connects.next(now), trouble_ ? next_trial_ : now);
}

} // namespace causeway::hub
