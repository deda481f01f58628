// SPDX-License-Identifier: Apache-2.0
// How long messages wait for a device that may not be attached: removed_grace since they came or the device
// was first refused, whichever is later, in time in which the store was open. Only an attach ends it.
#include "core/bridge.h"

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

} // namespace

// For a reason that is, or may be, its own.
bool bridge::is_refused(const device& d) const {
  if (d.state == device_state::off) return true;
  return d.state == device_state::parked && (is_of_device(d.reason) || may_be_of_device(d.reason));
}

// The clock runs.
bool bridge::is_refused_now(const device& d) const {
  if (!is_refused(d)) return false;
  if (d.state == device_state::off || is_of_device(d.reason)) return true;
  for (std::uint32_t i = 0; i < rules_.size(); ++i)
    if (online_[i] != 0 && rules_.at(i).section == rules_of(d).section) return true;
  return false;
}

void bridge::note_refused(device_ref which, moment now) {
  const auto& d = table_.at(which);
  if (d.waiting == 0 || !is_refused(d)) return;
  const auto at = std::max<std::uint32_t>(1, time_.seconds_at(now));
  const auto [entry, fresh] = refused_devices_.try_emplace(which, refused_device{at, at, at});
  if (fresh) ports_.devices.save_device(record_of(which, d));
}

// How many it has given up, at most so many.
int bridge::give_up_overdue(device_ref which, std::uint32_t since, int most, moment now) {
  auto& d = table_.at(which);
  const auto open = static_cast<std::int64_t>(time_.seconds_at(now));
  int given_up = 0;
  while (given_up < most && d.waiting != 0 && is_refused(d)) {
    const auto& oldest = outbox_.front(d);
    const auto came = static_cast<std::int64_t>(time_.at_start()) + oldest.accepted_s;
    if (std::max<std::int64_t>(came, since) + rules_of(d).removed_grace.count() > open) break;
    const auto why = d.state == device_state::off ? errc::device_switched_off : d.reason;
    std::string detail = "waited for removed_grace";
    if (d.state == device_state::parked && d.reason_detail) detail += "; " + *d.reason_detail;
    bury(which, oldest.seq, error{why, std::move(detail)}, now);
    ++totals_.grace_ended;
    ++given_up;
  }
  return given_up;
}

// A part of them at a time.
void bridge::tick_grace(moment now) {
  if (refused_devices_.empty()) return;
  constexpr int most_looked_at = 512;
  constexpr std::uint32_t save_after = 3600;
  int most_given_up = 1000; // so that the loop turns
  const auto open = time_.seconds_at(now);
  auto next = refused_devices_.lower_bound(grace_next_);
  for (int i = 0; i < most_looked_at && most_given_up > 0; ++i) {
    if (next == refused_devices_.end()) {
      grace_next_ = {};
      return;
    }
    const auto which = next->first;
    auto& one = next->second;
    auto& d = table_.at(which);
    if (d.waiting == 0) {
      next = refused_devices_.erase(next);
      continue;
    }
    const auto passed = open - std::min(open, one.looked);
    one.looked = open;
    if (!is_refused_now(d)) {
      one.since += passed;
      if (one.since - one.saved >= save_after) {
        one.saved = one.since;
        ports_.devices.save_device(record_of(which, d));
      }
    } else {
      most_given_up -= give_up_overdue(which, one.since, most_given_up, now);
    }
    next = refused_devices_.upper_bound(which); // the last burial may have taken it away
  }
  grace_next_ = next == refused_devices_.end() ? device_ref{} : next->first;
}

} // namespace causeway::core
