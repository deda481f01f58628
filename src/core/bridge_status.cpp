// SPDX-License-Identifier: Apache-2.0
// What the bridge tells about itself and its devices.
#include "core/bridge.h"

#include <algorithm>

namespace causeway::core {

shard_totals bridge::totals() const {
  auto totals = totals_;
  totals.waiting_messages = outbox_.messages();
  totals.waiting_bytes = outbox_.bytes();
  totals.refused_unknown = watch_.refusals();
  totals.applications_paused = watch_.closed();
  return totals;
}

device_record bridge::record_of(device_ref ref, const device& d) const {
  const auto refused = refused_devices_.find(ref);
  device_record record{ref, key_of(d), d.dev_eui(), d.listed, d.said(), table_.model_of(d), d.deleted};
  record.attached = d.attached;
  if (refused != refused_devices_.end()) record.refused_at = refused->second.since;
  // From the first word on, so that after a crash nothing of the former is taken for the new one's.
  if (const auto next = successions_.find(ref); next != successions_.end()) {
    device other;
    other.has_eui = true;
    other.eui = next->second.eui;
    record.dev_eui = other.dev_eui();
    record.former_until = next->second.until;
  }
  return record;
}

bool bridge::is_sending(spool_seq before) const {
  bool found = false;
  table_.for_each([&](device_ref, const device& d) {
    found = found || (d.state == device_state::online && !d.paused() && !d.gated && d.waiting != 0 &&
                      outbox_.front(d).seq < before);
  });
  return found;
}

device_status bridge::status_of(device_ref ref, const device& d) const {
  device_status status;
  status.ref = ref;
  status.key = key_of(d);
  status.dev_eui = d.dev_eui();
  if (d.assigned) {
    const auto& hub = table_.hub_of(d);
    status.identity = identity_of(d);
    status.hub = hub.host;
    status.section = hub.section;
    status.through_dps = !hub.fingerprint.empty();
    status.assigned_at = wall_time{seconds{d.assigned_at}};
  }
  status.model_id = model_of(d);
  status.listed = d.listed;
  status.integration = d.said();
  status.looking_up = d.looking_up;
  status.state = d.state;
  status.paused = d.paused();
  status.gated = d.state == device_state::online && d.gated;
  status.since = d.since;
  status.failures = d.failures;
  if (d.state == device_state::parked || d.paused()) {
    status.reason = d.reason;
    if (d.reason_detail) status.reason_detail = *d.reason_detail;
    status.next_try = d.next_try;
  }
  const bool is_sending = d.state == device_state::online && d.in_flight;
  if (d.state == device_state::attaching || d.state == device_state::provisioning || is_sending) {
    auto progress =
        d.state == device_state::provisioning ? ports_.provisioner.progress(ref) : ports_.hub.progress(ref);
    status.waits_for = std::move(progress.waits_for);
    status.waits_since = progress.since;
    if (progress.fault) {
      status.reason = progress.fault->code();
      status.reason_detail = progress.fault->detail();
    }
    if (progress.next_try) status.next_try = *progress.next_try;
  }
  status.distrusted = d.distrusted;
  status.waiting = d.waiting;
  status.in_flight = d.in_flight;
  status.deleted = d.deleted;
  if (const auto found = refused_devices_.find(ref); found != refused_devices_.end() && d.waiting != 0) {
    const auto came = static_cast<std::int64_t>(open_at_start_) + outbox_.front(d).accepted_s;
    const auto due = std::max<std::int64_t>(came, found->second.since) + rules_of(d).removed_grace.count();
    status.grace_left = seconds{std::max<std::int64_t>(0, due - found->second.looked)};
  }
  status.sent = d.sent;
  status.last_seen = d.last_seen;
  status.last_f_cnt = d.last_f_cnt;
  status.gaps = d.gaps;
  status.late = d.late;
  return status;
}

std::optional<device_status> bridge::status(const device_key& key) const {
  const auto application = rules_of(key.application);
  if (!application) return std::nullopt;
  const auto ref = table_.find(*application, key.device.str());
  if (!ref) return std::nullopt;
  return status_of(*ref, table_.at(*ref));
}

device_page bridge::list(std::optional<device_ref> after, std::size_t limit,
                         std::optional<device_state> state) const {
  constexpr std::uint32_t most_looked_at = 65'536;
  device_page page;
  const std::uint64_t first = after ? std::uint64_t{index_of(*after)} + 1 : 0;
  for (auto i = first; i < table_.places(); ++i) {
    if (page.devices.size() >= limit || i - first >= most_looked_at) {
      if (i > 0) page.next = static_cast<device_ref>(static_cast<std::uint32_t>(i - 1));
      return page;
    }
    const auto ref = static_cast<device_ref>(static_cast<std::uint32_t>(i));
    if (!table_.contains(ref)) continue;
    const auto& d = table_.at(ref);
    if (!state || d.state == *state) page.devices.push_back(status_of(ref, d));
  }
  return page;
}

} // namespace causeway::core
