// SPDX-License-Identifier: Apache-2.0
#include "core/connecting.h"

#include "base/check.h"
#include "base/log.h"

#include <algorithm>
#include <limits>
#include <utility>

namespace causeway::core {

connecting::connecting(device_table& table, const rule_book& rules, shard_totals& totals, const pauses& by,
                       std::function<double()> random)
    : table_{table}, rules_{rules}, totals_{totals}, pauses_{by}, random_{std::move(random)} {
  CAUSEWAY_CHECK(random_ != nullptr);
}

void connecting::appear(device_ref which, device_state in, moment now, bool was_attached) {
  auto& d = table_.at(which);
  d.state_ = in;
  d.since_ = now.mono;
  d.was_attached_ = was_attached;
  ++totals_.devices[static_cast<std::size_t>(in)];
}

void connecting::vanish(device_ref which) {
  const auto& d = table_.at(which);
  if (d.state_ == device_state::online) --online_[d.application];
  --totals_.devices[static_cast<std::size_t>(d.state_)];
}

void connecting::enter(device& d, device_state to, moment now) {
  if (to == d.state_) return;
  --totals_.devices[static_cast<std::size_t>(d.state_)];
  ++totals_.devices[static_cast<std::size_t>(to)];
  if (d.state_ == device_state::online) --online_[d.application];
  if (to == device_state::online) ++online_[d.application];
  d.state_ = to;
  d.since_ = now.mono;
  d.next_try_ = {};
  d.reason_detail_.reset();
  d.held_ = false;
  d.ask_first_ = false;
}

transition connecting::on(device_ref which, device_event what, circumstances with) {
  // An attachment that has lasted, or carried a message, starts the pauses anew; one that is taken back at
  // once does not.
  constexpr seconds lasting{60};
  auto& d = table_.at(which);
  const auto from = stage_of(d);
  if (what == device_event::refused || what == device_event::interrupted) {
    with.through_dps = d.assigned && !table_.hub_of(d).fingerprint.empty();
    if (d.state_ == device_state::online && with.now.mono - d.since_ > lasting) {
      d.failures_ = 0;
      d.distrusted_ = false;
    }
  }
  const auto* const row = find_transition(d, what, with);
  if (row == nullptr) return {from, from, next_step::nothing};
  apply(which, d, *row, with);
  return {from, row->to.value_or(from), row->then};
}

void connecting::apply(device_ref which, device& d, const transition_row& row, const circumstances& with) {
  if (row.trust != trust::stays) d.distrusted_ = row.trust == trust::lost;
  if (row.failures == tally::reset) d.failures_ = 0;
  if (row.to && state_of(*row.to) == device_state::parked) {
    // Before the state is entered, which ends the pause under way.
    const auto under_way = d.next_try_;
    enter(d, device_state::parked, with.now);
    d.ask_first_ = row.to == stage::doubted;
    d.next_try_ = under_way;
    ++totals_.parks;
    pause(which, d, row, with);
    return tell_parked(d, *with.why, with.now);
  }
  if (row.to) enter(d, state_of(*row.to), with.now);
  if (row.to == stage::paused || row.to == stage::owed) return pause(which, d, row, with);
  if (row.to == stage::online) {
    d.was_attached_ = true;
    d.held_ = false;
    d.next_try_ = {};
  }
  // Without the detail: it is the same for the thousand devices of the connection, and the hub's status has
  // it.
  if (row.on == device_event::interrupted) {
    d.held_ = true;
    d.reason_ = with.why->code();
  }
  if (row.on == device_event::clock_set) {
    d.next_try_ = with.now.mono;
    timers_.push({d.next_try_, which});
  }
}

// Until when it is left alone; where no failure is counted the pause under way goes on.
void connecting::pause(device_ref which, device& d, const transition_row& row, const circumstances& with) {
  const auto& why = *with.why;
  if (row.failures == tally::counted) {
    d.next_try_ = with.now.mono + pause_for(d, why);
    if (d.failures_ < std::numeric_limits<decltype(d.failures_)>::max()) ++d.failures_;
  }
  if (row.to == stage::owed) return; // the hub is tried meanwhile
  d.held_ = row.to == stage::paused;
  d.reason_ = why.code();
  d.reason_detail_ = why.detail().empty() ? nullptr : std::make_unique<std::string>(why.detail());
  timers_.push({d.next_try_, which});
}

void connecting::tell_parked(const device& d, const error& why, moment now) {
  const auto pause = std::chrono::duration_cast<milliseconds>(d.next_try_ - now.mono);
  if (const auto more = park_log_.admit(why.code(), now.mono))
    log::warning("device_parked", {{"application", rules_.of(d).id},
                                   {"device", d.name()},
                                   {"error", why.name()},
                                   {"detail", why.detail()},
                                   {"next_try_ms", pause.count()},
                                   {"more", *more}});
}

milliseconds connecting::pause_for(const device& d, const error& why) const {
  constexpr milliseconds longest_asked{3'600'000};
  if (why.retry_after()) return std::min(*why.retry_after(), longest_asked);
  // A hub by connection string that is gone may be back at any time, and nobody else can be asked.
  const bool hub_is_away =
      why.code() == errc::hub_not_found && d.assigned && table_.hub_of(d).fingerprint.empty();
  const bool passing = why.cls() == error_class::transient || why.cls() == error_class::throttled ||
                       why.code() == errc::hub_refused || hub_is_away;
  return pause_after(passing ? pauses_.transient : pauses_.permanent, d.failures_, random_());
}

std::optional<device_ref> connecting::take_due(moment now) {
  while (!timers_.empty() && timers_.top().at <= now.mono) {
    const auto which = timers_.top().device;
    timers_.pop();
    if (!table_.contains(which)) continue;
    const auto& d = table_.at(which);
    // A device with a later timer of its own is not due by this one.
    if (d.next_try_ <= now.mono && (d.state_ == device_state::parked || d.paused())) return which;
  }
  return std::nullopt;
}

std::optional<mono_time> connecting::deadline() const {
  return timers_.empty() ? std::nullopt : std::optional{timers_.top().at};
}

bool connecting::is_any_online(const azure_name& section) const {
  for (std::uint32_t i = 0; i < rules_.size(); ++i)
    if (online_[i] != 0 && rules_.at(i).section == section) return true;
  return false;
}

} // namespace causeway::core
