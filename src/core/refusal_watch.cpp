// SPDX-License-Identifier: Apache-2.0
#include "core/refusal_watch.h"

#include "base/earliest.h"

namespace causeway::core {

void refusal_watch::close(gate& which, bool by_others, mono_time now, double random) {
  which.is_closed = true;
  which.by_others = by_others;
  which.closed_at = now;
  which.failures = 0;
  which.probe.reset();
  which.probe_at = now + pause_after(limits_.probes, which.failures, random);
  ++closed_;
}

void refusal_watch::open(gate& which) {
  if (!which.is_closed) return;
  which.is_closed = false;
  which.by_others = false;
  which.probe.reset();
  --closed_;
}

bool refusal_watch::hub_is_closed(std::uint32_t hub) const {
  std::size_t own = 0;
  for (auto it = gates_.lower_bound({hub, 0}); it != gates_.end() && it->first.hub == hub; ++it)
    if (it->second.is_closed && !it->second.by_others) ++own;
  return own >= 2;
}

bool refusal_watch::lets(place at, device_ref device, mono_time now) {
  if (closed_ == 0) return true;
  const auto found = gates_.find(at);
  if (found == gates_.end() || !found->second.is_closed) {
    if (found != gates_.end() && found->second.judging) return true;
    if (!hub_is_closed(at.hub)) return true;
    auto& one = gates_[at];
    close(one, true, now, 0.5);
    one.probe_at = now; // it has met nothing yet: its probe goes at once
  }
  auto& one = gates_[at];
  if (one.probe && now < one.probe_since + limits_.probe_time) return one.probe == device;
  if (now < one.probe_at) return false;
  one.probe = device;
  one.probe_since = now;
  return true;
}

refusal_watch::verdict refusal_watch::on_refused(place at, device_ref device, spool_seq seq, mono_time now,
                                                 double random) {
  ++refusals_;
  verdict out;
  auto& message = messages_[device];
  if (message.seq != seq) message = {seq, now, {}};
  message.spent += std::min<mono_time::duration>(now - message.last, limits_.longest_gap);
  message.last = now;
  out.bury = message.spent >= limits_.bury_after;
  if (out.bury) messages_.erase(device);

  auto& one = gates_[at];
  if (one.is_closed) {
    if (one.probe != device) return out; // was under way when it closed
    one.probe.reset();
    one.by_others = false;
    ++one.failures;
    one.probe_at = now + pause_after(limits_.probes, one.failures, random);
    return out;
  }
  if (one.judging) return out;
  one.refused.insert(device);
  if (one.refused.size() < limits_.many_devices) return out;
  one.refused.clear();
  close(one, false, now, random);
  out.gate = change::closed;
  return out;
}

refusal_watch::change refusal_watch::on_accepted(place at, device_ref device) {
  if (!messages_.empty()) messages_.erase(device);
  if (gates_.empty()) return change::none;
  const auto found = gates_.find(at);
  if (found == gates_.end()) return change::none;
  const bool was_closed = found->second.is_closed;
  open(found->second);
  gates_.erase(found);
  return was_closed ? change::opened : change::none;
}

void refusal_watch::on_no_outcome(place at, device_ref device) {
  const auto found = gates_.find(at);
  if (found != gates_.end() && found->second.probe == device) found->second.probe.reset();
}

std::vector<refusal_watch::place> refusal_watch::due(mono_time now) const {
  std::vector<place> all;
  if (closed_ == 0) return all;
  for (const auto& [at, one] : gates_)
    if (one.is_closed && now >= one.probe_at && (!one.probe || now >= one.probe_since + limits_.probe_time))
      all.push_back(at);
  return all;
}

std::optional<mono_time> refusal_watch::deadline() const {
  std::optional<mono_time> next;
  if (closed_ == 0) return next;
  for (const auto& [at, one] : gates_) {
    if (!one.is_closed) continue;
    next = earliest({next, one.probe ? one.probe_since + limits_.probe_time : one.probe_at});
  }
  return next;
}

std::vector<refusal_watch::place> refusal_watch::open_overdue(mono_time now) {
  std::vector<place> all;
  if (closed_ == 0) return all;
  for (auto& [at, one] : gates_) {
    if (!one.is_closed || now < one.closed_at + limits_.closed_at_most) continue;
    open(one);
    one.judging = true;
    all.push_back(at);
  }
  return all;
}

bool refusal_watch::is_closed(place at) const {
  const auto found = gates_.find(at);
  return found != gates_.end() && found->second.is_closed;
}

} // namespace causeway::core
