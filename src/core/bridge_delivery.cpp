// SPDX-License-Identifier: Apache-2.0
// From a row in the spool to the hub's accept.
#include "core/bridge.h"

#include "base/check.h"
#include "base/log.h"

#include <algorithm>
#include <utility>

namespace causeway::core {
namespace {

// Refusals that concern the message and would repeat for ever; everything else concerns the device or the
// hub.
bool is_message_fault(errc code) {
  return code == errc::message_too_large || code == errc::record_corrupt;
}

} // namespace

void bridge::pump(device_ref which, moment now) {
  auto& d = table_.at(which);
  if (!successions_.empty() && !d.in_flight && is_succeeded(which)) return become_other(which, now);
  if (d.state != device_state::online || d.paused() || d.in_flight || d.waiting == 0) return;
  if (!passes_gate(which, now)) return;
  const auto seq = outbox_.front(d).seq;
  const auto* body = cache_.find(seq);
  if (body == nullptr) return want_body(which);
  send(which, seq, *body, now);
}

void bridge::send(device_ref which, spool_seq seq, const message& body, moment now) {
  auto& d = table_.at(which);
  outbox_.set_in_flight(which, d, true);
  if (d.unproven) first_sends_.insert_or_assign(which, now.mono);
  d.unproven = false;
  ports_.hub.send(which, seq, body);
}

void bridge::want_body(device_ref which) {
  auto& d = table_.at(which);
  if (d.reading_back) return;
  d.reading_back = true;
  wanted_.push_back(which);
  read_wanted();
}

void bridge::read_wanted() {
  if (!reading_.empty()) return;
  std::vector<spool_seq> seqs;
  while (!wanted_.empty() && reading_.size() < options_.read_back_batch) {
    const auto which = wanted_.front();
    wanted_.pop_front();
    if (!table_.contains(which)) continue;
    auto& d = table_.at(which);
    if (d.waiting == 0) {
      d.reading_back = false;
      continue;
    }
    reading_.emplace_back(which, outbox_.front(d).seq);
    seqs.push_back(reading_.back().second);
  }
  if (seqs.empty()) return;
  std::sort(seqs.begin(), seqs.end());
  ports_.spool.read_back(std::move(seqs));
}

void bridge::on_read_back(std::vector<spool_row> rows, const std::vector<spool_seq>& gone, moment now) {
  totals_.read_back += rows.size();
  for (auto& row : rows) {
    if (!table_.contains(row.device)) continue;
    auto& d = table_.at(row.device);
    if (d.waiting == 0 || outbox_.front(d).seq != row.seq) continue; // sent meanwhile from the cache
    d.reading_back = false;
    if (d.state == device_state::online && !d.paused() && !d.in_flight && passes_gate(row.device, now)) {
      send(row.device, row.seq, row.body, now);
    } else {
      cache_.keep(row.seq, std::move(row.body));
    }
  }
  for (const auto& [which, seq] : std::exchange(reading_, {})) {
    if (!table_.contains(which)) continue;
    auto& d = table_.at(which);
    const bool unanswered = d.reading_back;
    d.reading_back = false;
    if (!unanswered) continue;
    const bool lost = std::find(gone.begin(), gone.end(), seq) != gone.end();
    if (lost && d.waiting != 0 && !d.in_flight && outbox_.front(d).seq == seq) {
      leave_outbox(which, seq, &spool_room::give, now); // the store says what it has made of it
      ++totals_.dead_lettered;
    }
    pump(which, now);
  }
  read_wanted();
}

void bridge::bury(device_ref which, spool_seq seq, const error& why, moment now) {
  const auto& d = table_.at(which);
  end_first_send(which, why.code(), now);
  leave_outbox(which, seq, &spool_room::bury, now);
  ports_.spool.dead_letter(seq, why);
  ++totals_.dead_lettered;
  if (const auto more = letter_log_.admit(why.code(), now.mono))
    log::warning("message_dead_lettered", {{"application", rules_of(d).id},
                                           {"device", d.name()},
                                           {"seq", seq},
                                           {"error", why.name()},
                                           {"detail", why.detail()},
                                           {"more", *more}});
}

// to: what becomes of its room.
void bridge::leave_outbox(device_ref which, spool_seq seq, room_change to, moment now) {
  auto& d = table_.at(which);
  (room_.*to)(d.application, {1, outbox_.front(d).bytes});
  outbox_.pop(which, d);
  cache_.drop(seq);
  watch_.forget(which);
  if (d.deleted && d.waiting == 0) leave(which, now);
}

void bridge::end_first_send(device_ref which, std::optional<errc> fault, moment now) {
  if (first_sends_.empty()) return;
  const auto begun = first_sends_.find(which);
  if (begun == first_sends_.end()) return;
  options_.timeline->note({begun->second, now.mono - begun->second, which, 0, phase::first_send, fault});
  first_sends_.erase(begun);
}

void bridge::on_send_outcome(device_ref which, spool_seq seq, const result<void>& outcome, moment now) {
  if (!table_.contains(which)) return;
  auto& d = table_.at(which);
  if (!d.in_flight || outbox_.front(d).seq != seq) return; // of a connection that is gone
  if (outcome) return on_sent(which, seq, now);
  if (outcome.fault().code() == errc::hub_refused)
    return on_refused_unknown(which, seq, outcome.fault(), now);
  watch_.on_no_outcome(place_of(d), which);
  if (is_message_fault(outcome.fault().code())) {
    bury(which, seq, outcome.fault(), now);
    d.failures = 0;
    return pump(which, now);
  }
  outbox_.set_in_flight(which, d, false);
  ++totals_.resent;
  pause(which, outcome.fault(), now);
}

void bridge::on_sent(device_ref which, spool_seq seq, moment now) {
  auto& d = table_.at(which);
  const auto accepted_ms = outbox_.front(d).accepted_ms;
  if (accepted_ms != 0) {
    const auto ms = time_.ms_since_start(now) - accepted_ms;
    const auto bucket = std::lower_bound(latency_bounds_ms.begin(), latency_bounds_ms.end(), ms);
    ++totals_.latency[static_cast<std::size_t>(bucket - latency_bounds_ms.begin())];
    totals_.latency_ms_sum += ms;
  }
  end_first_send(which, {}, now);
  leave_outbox(which, seq, &spool_room::give, now);
  ports_.spool.mark_done(seq);
  ++totals_.sent;
  ++d.sent;
  d.failures = 0;
  d.distrusted = false;
  if (watch_.on_accepted(place_of(d), which) == refusal_watch::change::opened)
    release(place_of(d), "accepted");
  pump(which, now);
}

} // namespace causeway::core
