// SPDX-License-Identifier: Apache-2.0
#include "hub/send_turns.h"

#include "base/log.h"

namespace causeway::hub {
namespace {

constexpr std::size_t most_waiting = 10'000, most_waiting_bytes = 32 * 1024 * 1024;
constexpr milliseconds pause_if_not_told{1'000};

} // namespace

send_turns::send_turns(std::string host, std::shared_ptr<hub_budgets> budgets, std::function<double()> random)
    : host_{std::move(host)}, budgets_{std::move(budgets)}, random_{std::move(random)} {}

result<bool> send_turns::offer(device_ref device, std::uint32_t lane, spool_seq seq,
                               const model::message& what, mono_time now) {
  if (queue_.empty() && budgets_->take_send(now)) return true;
  if (waiting_.size() >= most_waiting || bytes_ >= most_waiting_bytes) {
    if (budgets_->day.is_used_up()) return not_today(now);
    // Spread, or all that were handed back would be here again in the same moment.
    const milliseconds pause{1'000 + static_cast<std::int64_t>(4'000.0 * random_())};
    error full{errc::hub_throttled, "the budget of messages a second is used up"};
    return std::move(full).with_retry_after(pause);
  }
  waiting_.insert_or_assign(device, kept{seq, what});
  bytes_ += model::size_of(what);
  queue_.push(device, lane, false);
  return false;
}

send_turns::waiting send_turns::extract(device_ref device) {
  auto node = waiting_.extract(device);
  bytes_ -= model::size_of(node.mapped().what);
  return {device, node.mapped().seq, std::move(node.mapped().what)};
}

std::optional<send_turns::waiting> send_turns::take(mono_time now) {
  if (queue_.empty() || !budgets_->take_send(now)) return std::nullopt;
  return extract(*queue_.pop());
}

void send_turns::remove(device_ref device) {
  if (queue_.remove(device)) static_cast<void>(extract(device));
}

void send_turns::clear() {
  queue_ = {};
  waiting_.clear();
  bytes_ = 0;
}

bool send_turns::on_accepted() {
  if (!budgets_->day.on_accepted()) return false;
  log::info("hub_quota_renewed", {{"hub", host_}});
  return true;
}

error send_turns::on_refused(const error& why, mono_time went_at, moment now) {
  if (why.code() == errc::hub_quota_exceeded) {
    if (budgets_->day.on_refused(now))
      log::warning("hub_quota_used_up", {{"hub", host_}, {"detail", why.detail()}});
    ++refused_;
    return not_today(now.mono);
  }
  if (why.code() == errc::hub_throttled) {
    budgets_->sends.refused(went_at, why.retry_after().value_or(pause_if_not_told), now.mono);
    ++refused_;
  }
  return why;
}

error send_turns::not_today(mono_time now) const {
  constexpr double spread = 0.25;
  const auto until = std::chrono::duration<double, std::milli>(budgets_->day.next(now) - now).count();
  const milliseconds pause{1'000 + static_cast<std::int64_t>(until * (1.0 + spread * random_()))};
  return error{errc::hub_quota_exceeded, host_}.with_retry_after(pause);
}

mono_time send_turns::next(mono_time now) const {
  return queue_.empty() ? mono_time::max() : budgets_->next_send(now);
}

} // namespace causeway::hub
