// SPDX-License-Identifier: Apache-2.0
#include "core/grace.h"

#include "core/backlog.h"
#include "core/connecting.h"
#include "core/delivery.h"
#include "core/device_table.h"
#include "core/open_time.h"
#include "core/outbox.h"
#include "core/rule_book.h"

#include <algorithm>
#include <string>

namespace causeway::core {
namespace {

// What is said of a device alone.
bool is_of_device(errc code) {
  switch (code) {
  case errc::device_unlisted:
  case errc::device_switched_off:
  case errc::identity_incomplete:
  case errc::identity_invalid:
  case errc::identity_taken:
  case errc::hub_device_disabled:
  case errc::hub_device_unknown:
  case errc::dps_disabled:
  case errc::dps_assignment_refused:
    return true;
  default:
    return false;
  }
}

// What may be said of a device or of all: of a device only while another one of its section is online.
bool may_be_of_device(errc code) {
  switch (code) {
  case errc::hub_unauthorized:
  case errc::hub_forbidden:
  case errc::dps_unauthorized:
  case errc::dps_enrolment_unknown:
  case errc::dps_request_refused:
    return true;
  default:
    return false;
  }
}

// For a reason that is, or may be, its own.
bool is_refused(const device& d) {
  if (d.state() == device_state::off) return true;
  return d.state() == device_state::parked && (is_of_device(d.reason()) || may_be_of_device(d.reason()));
}

} // namespace

grace::grace(const rule_book& rules, device_table& table, const backlog& waiting, const connecting& states,
             delivery& out, const open_time& time, shard_totals& totals)
    : rules_{rules},
      table_{table},
      waiting_{waiting},
      states_{states},
      out_{out},
      time_{time},
      totals_{totals} {}

bool grace::is_refused_now(const device& d) const {
  if (!is_refused(d)) return false;
  if (d.state() == device_state::off || is_of_device(d.reason())) return true;
  return states_.is_any_online(rules_.of(d).section);
}

bool grace::note(device_ref which, moment now) {
  const auto& d = table_.at(which);
  if (d.waiting == 0 || !is_refused(d)) return false;
  const auto at = std::max<std::uint32_t>(1, time_.seconds_at(now));
  return refused_.try_emplace(which, refused_device{at, at, at}).second;
}

void grace::restore(device_ref which, std::uint32_t refused_at) {
  if (refused_at != 0) refused_[which] = {refused_at, time_.at_start(), refused_at};
}

std::uint32_t grace::refused_at(device_ref which) const {
  const auto found = refused_.find(which);
  return found == refused_.end() ? 0 : found->second.since;
}

// Of its oldest message, in open seconds. Precondition: it has one.
std::int64_t grace::due_of(const device& d, std::uint32_t since) const {
  const auto came = static_cast<std::int64_t>(time_.at_start()) + waiting_.queue.front(d).accepted_s;
  return std::max<std::int64_t>(came, since) + rules_.of(d).removed_grace.count();
}

std::optional<seconds> grace::left(device_ref which) const {
  const auto found = refused_.find(which);
  const auto& d = table_.at(which);
  if (found == refused_.end() || d.waiting == 0) return std::nullopt;
  return seconds{std::max<std::int64_t>(0, due_of(d, found->second.since) - found->second.looked)};
}

// How many it has given up, at most so many.
int grace::give_up_overdue(device_ref which, std::uint32_t since, int most, moment now) {
  const auto& d = table_.at(which);
  const auto open = static_cast<std::int64_t>(time_.seconds_at(now));
  int given_up = 0;
  while (given_up < most && d.waiting != 0 && is_refused(d) && due_of(d, since) <= open) {
    auto why = d.reason();
    if (d.state() == device_state::off)
      why = rules_.serves(d) ? errc::device_switched_off : errc::application_unknown;
    std::string detail = "waited for removed_grace";
    if (d.state() == device_state::parked && d.reason_detail() != nullptr)
      detail += "; " + *d.reason_detail();
    out_.bury_oldest(which, error{why, std::move(detail)}, now);
    ++totals_.grace_ended;
    ++given_up;
  }
  return given_up;
}

grace::round grace::tick(moment now) {
  round made;
  looked_ = now.mono;
  if (refused_.empty()) return made;
  constexpr int most_looked_at = 512;
  constexpr std::uint32_t save_after = 3600;
  int most_given_up = 1000; // so that the loop turns
  const auto open = time_.seconds_at(now);
  auto next = refused_.lower_bound(next_);
  for (int i = 0; i < most_looked_at && most_given_up > 0 && next != refused_.end(); ++i) {
    const auto which = next->first;
    auto& one = next->second;
    const auto& d = table_.at(which);
    if (d.waiting == 0) {
      next = refused_.erase(next);
      continue;
    }
    ++next;
    const auto passed = open - std::min(open, one.looked);
    one.looked = open;
    if (is_refused_now(d)) {
      most_given_up -= give_up_overdue(which, one.since, most_given_up, now);
      if (d.waiting == 0) made.emptied.push_back(which);
      continue;
    }
    one.since += passed;
    if (one.since - one.saved < save_after) continue;
    one.saved = one.since;
    made.to_save.push_back(which);
  }
  next_ = next == refused_.end() ? device_ref{} : next->first;
  return made;
}

// All of them each second, a part at a time.
std::optional<mono_time> grace::deadline() const {
  if (refused_.empty()) return std::nullopt;
  const bool is_between = next_ != device_ref{} && refused_.lower_bound(next_) != refused_.end();
  return looked_ + (is_between ? milliseconds{10} : milliseconds{1000});
}

} // namespace causeway::core
