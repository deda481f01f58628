// SPDX-License-Identifier: Apache-2.0
#include "hub/twin_turns.h"

#include <algorithm>
#include <utility>

namespace causeway::hub {
namespace {

constexpr milliseconds pause_if_not_told{1'000};

std::optional<device_ref> next_wanted(fair_queue& from, twin_request what,
                                      const twin_turns::is_wanted& asks) {
  while (const auto device = from.pop())
    if (asks(*device, what)) return device;
  return std::nullopt;
}

} // namespace

void twin_turns::report(device_ref device, std::string patch, bool urgent) {
  patches_.insert_or_assign(device, std::move(patch));
  reports_.push(device, 0, urgent);
}

void twin_turns::forget(device_ref device) {
  subscriptions_.remove(device);
  reads_.remove(device);
  reports_.remove(device);
  patches_.erase(device);
}

std::optional<twin_turns::turn> twin_turns::take(const is_wanted& asks, mono_time now) {
  // One that is taken for nobody is lost: the queue is empty then.
  if (!reads_.empty() && budgets_->twin_reads.take(now))
    if (auto next = take_read(asks)) return next;
  if ((!subscriptions_.empty() || !reports_.empty()) && budgets_->twin_updates.take(now))
    return take_update(asks);
  return std::nullopt;
}

std::optional<twin_turns::turn> twin_turns::take_read(const is_wanted& asks) {
  const auto device = next_wanted(reads_, twin_request::read, asks);
  if (!device) return std::nullopt;
  ++read_;
  return turn{*device, twin_request::read, {}};
}

std::optional<twin_turns::turn> twin_turns::take_update(const is_wanted& asks) {
  const auto take_subscription = [&]() -> std::optional<turn> {
    const auto device = next_wanted(subscriptions_, twin_request::subscribe, asks);
    return device ? std::optional{turn{*device, twin_request::subscribe, {}}} : std::nullopt;
  };
  const auto take_report = [&]() -> std::optional<turn> {
    while (const auto device = reports_.pop()) {
      auto patch = patches_.extract(*device);
      if (asks(*device, twin_request::report))
        return turn{*device, twin_request::report, std::move(patch.mapped())};
    }
    return std::nullopt;
  };
  is_reports_turn_ = !is_reports_turn_;
  auto next = is_reports_turn_ ? take_report() : take_subscription();
  if (!next) next = is_reports_turn_ ? take_subscription() : take_report();
  if (next) ++updated_;
  return next;
}

void twin_turns::on_refused(twin_request what, const error& why, mono_time asked, mono_time now) {
  if (why.code() != errc::hub_throttled) return;
  auto& pace = what == twin_request::read ? budgets_->twin_reads : budgets_->twin_updates;
  pace.refused(asked, why.retry_after().value_or(pause_if_not_told), now);
  ++refused_;
}

mono_time twin_turns::next(mono_time now) const {
  auto first = mono_time::max();
  if (!reads_.empty()) first = budgets_->twin_reads.next(now);
  if (!subscriptions_.empty() || !reports_.empty()) first = std::min(first, budgets_->twin_updates.next(now));
  return first;
}

void twin_turns::add_to(model::hub_totals& of) const {
  of.twin_reads = read_;
  of.twin_updates = updated_;
  of.twin_refused = refused_;
  of.twin_waiting = subscriptions_.size() + reads_.size() + reports_.size();
  of.twin_reads_limit = budgets_->twin_reads.limit();
  of.twin_reads_ceiling = budgets_->twin_reads.ceiling();
  of.twin_updates_limit = budgets_->twin_updates.limit();
  of.twin_updates_ceiling = budgets_->twin_updates.ceiling();
}

} // namespace causeway::hub
