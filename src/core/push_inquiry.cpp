// SPDX-License-Identifier: Apache-2.0
#include "core/push_inquiry.h"

namespace causeway::core {
namespace {

// Of one that came in late, or never, such as a repetition: by the network server's own clock, whatever it
// shows, it lies between the one that is known and the push.
bool was_heard_before(const std::optional<std::int64_t>& uplink, const known_uplink& known) {
  return uplink && *uplink > known.received_at &&
         *uplink < known.leaves_after - std::chrono::nanoseconds{push_margin}.count();
}

} // namespace

std::optional<push_finding> push_inquiry::on_queue(const queue_reading& reading, mono_time now) {
  const auto seen = looks_.on_queue(reading, now);
  return seen ? judge(*seen, now) : std::nullopt;
}

std::optional<push_finding> push_inquiry::on_record(record_reading reading, mono_time now) {
  const auto seen = looks_.on_record(std::move(reading), now);
  return seen ? judge(*seen, now) : std::nullopt;
}

std::optional<push_finding> push_inquiry::judge(const sighting& seen, mono_time now) {
  switch (seen.where) {
  case item_place::queue:
    return push_finding::queued;
  case item_place::pending:
  case item_place::scheduled:
    return push_finding::scheduled;
  case item_place::nowhere:
    break;
  }
  const auto over = when_.ended + push_is_over;
  if (seen.asked < over) {
    looks_.again(over);
    return std::nullopt;
  }
  return is_proof(seen, now) ? push_finding::never_arrived : push_finding::in_doubt;
}

// An item leaves the queue of a class A device only behind an uplink, one behind each, and what was sent last
// stands in the record. Where the network server has taken up nothing since an uplink that had come in before
// the push, it was never there: no clock says so. Else the clocks are asked, and must not contradict what is
// known.
bool push_inquiry::is_proof(const sighting& seen, mono_time now) const {
  const auto& record = seen.record.what;
  if (!seen.whole || !record.class_a) return false;
  if (when_.newest && record.last_uplink == when_.newest->received_at) return true;
  return (!when_.newest || was_heard_before(record.newest_uplink, *when_.newest)) &&
         is_older_by_date(seen.record, now);
}

// A record that is younger than the push knows nothing of the uplinks before it.
bool push_inquiry::is_older_by_date(const record_reading& record, mono_time now) const {
  if (!when_.began || !record.stack_time) return false;
  const auto pushed = *record.stack_time - (now - *when_.began);
  const auto is_before = [&](std::int64_t time) {
    return wall_time{std::chrono::nanoseconds{time}} < pushed - push_margin;
  };
  return is_before(record.what.created_at) &&
         (!record.what.newest_uplink || is_before(*record.what.newest_uplink));
}

} // namespace causeway::core
