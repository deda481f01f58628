// SPDX-License-Identifier: Apache-2.0
#include "core/delivery.h"

#include "base/log.h"
#include "core/backlog.h"
#include "core/device_table.h"
#include "core/draft.h"
#include "core/gates.h"
#include "core/holdings.h"
#include "core/open_time.h"
#include "core/outbox.h"
#include "core/rule_book.h"
#include "core/spool_room.h"

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

delivery::delivery(const options& by, const rule_book& rules, device_table& table, backlog& waiting,
                   gates& held, const holdings& here, draft& book, const outlet<journal>& disk,
                   const outlet<hub_link>& hub, const open_time& time, shard_totals& totals)
    : options_{by},
      rules_{rules},
      table_{table},
      waiting_{waiting},
      gates_{held},
      here_{here},
      book_{book},
      disk_{disk},
      hub_{hub},
      time_{time},
      totals_{totals} {}

bool delivery::passes_over(device_ref which, const fresh_row& row) {
  const auto& d = table_.at(which);
  if (!row.owner->goes_on)
    passes_over_ =
        d.state() == device_state::off || (row.key && d.keys.contains(row.key->kind, row.key->hash));
  if (passes_over_) book_.done(row.seq);
  return passes_over_;
}

bool delivery::take(device_ref which, fresh_row row) {
  auto& d = table_.at(which);
  const auto bytes = static_cast<std::uint32_t>(size_of(row.body));
  if (row.key) d.keys.add(row.key->kind, row.key->hash);
  const bool is_only_one = d.waiting == 0;
  waiting_.queue.push(which, d,
                      {row.seq, bytes, time_.ms_at(row.accepted), time_.since_start(row.accepted_at)});
  waiting_.account.take(d.application, {1, bytes});
  waiting_.bodies.keep(row.seq, std::move(row.body));
  return is_only_one;
}

bool delivery::may_send(device_ref which, moment now) {
  const auto& d = table_.at(which);
  return d.state() == device_state::online && !d.paused() && !d.in_flight && d.waiting != 0 &&
         here_.lets(d) && gates_.lets(which, now);
}

void delivery::pump(device_ref which, moment now) {
  if (!may_send(which, now)) return;
  const auto& d = table_.at(which);
  const auto seq = waiting_.queue.front(d).seq;
  const auto* body = waiting_.bodies.find(seq);
  if (body == nullptr) return want_body(which);
  send(which, seq, *body, now);
}

void delivery::send(device_ref which, spool_seq seq, const message& body, moment now) {
  auto& d = table_.at(which);
  waiting_.queue.set_in_flight(which, d, true);
  if (d.unproven) first_sends_.insert_or_assign(which, now.mono);
  d.unproven = false;
  hub_->send(which, seq, body);
}

void delivery::came_online(device_ref which) {
  table_.at(which).unproven = options_.timeline != nullptr;
}

bool delivery::recall(device_ref which, errc why, moment now) {
  auto& d = table_.at(which);
  end_first_send(which, why, now);
  if (!d.in_flight) return false;
  waiting_.queue.set_in_flight(which, d, false);
  return true;
}

void delivery::want_body(device_ref which) {
  auto& d = table_.at(which);
  if (d.reading_back) return;
  d.reading_back = true;
  wanted_.push_back(which);
  read_more();
}

void delivery::read_more() {
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
    reading_.emplace_back(which, waiting_.queue.front(d).seq);
    seqs.push_back(reading_.back().second);
  }
  if (seqs.empty()) return;
  std::sort(seqs.begin(), seqs.end());
  std::sort(reading_.begin(), reading_.end(),
            [](const auto& one, const auto& other) { return one.second < other.second; });
  disk_->read_back(std::move(seqs));
}

std::vector<device_ref> delivery::on_read_back(std::vector<spool_row> rows,
                                               const std::vector<spool_seq>& gone, moment now) {
  totals_.read_back += rows.size();
  for (auto& row : rows) {
    const auto asked = std::lower_bound(reading_.begin(), reading_.end(), row.seq,
                                        [](const auto& one, spool_seq seq) { return one.second < seq; });
    if (asked == reading_.end() || asked->second != row.seq) continue;
    const auto which = asked->first;
    if (!table_.contains(which)) continue;
    auto& d = table_.at(which);
    if (d.waiting == 0 || waiting_.queue.front(d).seq != row.seq) continue; // sent meanwhile from the cache
    d.reading_back = false;
    if (may_send(which, now)) {
      send(which, row.seq, row.body, now);
    } else {
      waiting_.bodies.keep(row.seq, std::move(row.body));
    }
  }
  std::vector<device_ref> unanswered;
  for (const auto& [which, seq] : std::exchange(reading_, {})) {
    if (!table_.contains(which)) continue;
    auto& d = table_.at(which);
    if (!d.reading_back) continue; // answered above
    d.reading_back = false;
    const bool lost = std::find(gone.begin(), gone.end(), seq) != gone.end();
    if (lost && d.waiting != 0 && !d.in_flight && waiting_.queue.front(d).seq == seq) {
      leave_queue(which, &spool_room::give); // the store says what it has made of it
      ++totals_.dead_lettered;
    }
    unanswered.push_back(which);
  }
  return unanswered;
}

void delivery::bury_oldest(device_ref which, const error& why, moment now) {
  const auto& d = table_.at(which);
  const auto seq = waiting_.queue.front(d).seq;
  end_first_send(which, why.code(), now);
  leave_queue(which, &spool_room::bury);
  book_.bury(seq, why);
  ++totals_.dead_lettered;
  if (const auto more = waiting_.letters_told.admit(why.code(), now.mono))
    log::warning("message_dead_lettered", {{"application", rules_.of(d).id},
                                           {"device", d.name()},
                                           {"seq", seq},
                                           {"error", why.name()},
                                           {"detail", why.detail()},
                                           {"more", *more}});
}

void delivery::let_go(device_ref which, moment now) {
  recall(which, errc::stopped, now);
  while (table_.at(which).waiting != 0)
    leave_queue(which, &spool_room::give);
}

// to: what becomes of its room.
void delivery::leave_queue(device_ref which, room_change to) {
  auto& d = table_.at(which);
  const auto oldest = waiting_.queue.front(d);
  (waiting_.account.*to)(d.application, {1, oldest.bytes});
  waiting_.queue.pop(which, d);
  waiting_.bodies.drop(oldest.seq);
  gates_.forget(which);
}

void delivery::end_first_send(device_ref which, std::optional<errc> fault, moment now) {
  if (first_sends_.empty()) return;
  const auto begun = first_sends_.find(which);
  if (begun == first_sends_.end()) return;
  options_.timeline->note({begun->second, now.mono - begun->second, which, 0, phase::first_send, fault});
  first_sends_.erase(begun);
}

delivery::fate delivery::on_outcome(device_ref which, spool_seq seq, const result<void>& outcome,
                                    moment now) {
  auto& d = table_.at(which);
  if (!d.in_flight || waiting_.queue.front(d).seq != seq) return fate::foreign;
  if (outcome) {
    count_latency(waiting_.queue.front(d).accepted_ms, now);
    end_first_send(which, {}, now);
    leave_queue(which, &spool_room::give);
    book_.done(seq);
    ++totals_.sent;
    ++d.sent;
    gates_.on_accepted(which);
    return fate::accepted;
  }
  const auto& why = outcome.fault();
  const bool is_unknown = why.code() == errc::hub_refused;
  if (!is_unknown) gates_.on_no_outcome(which);
  const bool is_given_up =
      is_unknown ? gates_.on_refused(which, seq, why, waiting_.account.of(d.application).messages, now)
                 : is_message_fault(why.code());
  if (is_given_up) {
    bury_oldest(which, why, now);
    return fate::buried;
  }
  waiting_.queue.set_in_flight(which, d, false);
  ++totals_.resent;
  return fate::kept;
}

void delivery::count_latency(std::uint32_t accepted_ms, moment now) {
  if (accepted_ms == 0) return;
  const auto ms = time_.ms_since_start(now) - accepted_ms;
  const auto bucket = std::lower_bound(latency_bounds_ms.begin(), latency_bounds_ms.end(), ms);
  ++totals_.latency[static_cast<std::size_t>(bucket - latency_bounds_ms.begin())];
  totals_.latency_ms_sum += ms;
}

bool delivery::is_sending(spool_seq before) const {
  bool found = false;
  table_.for_each([&](device_ref, const device& d) {
    found = found || (d.state() == device_state::online && !d.paused() && !d.gated && d.waiting != 0 &&
                      waiting_.queue.front(d).seq < before);
  });
  return found;
}

} // namespace causeway::core
