// SPDX-License-Identifier: Apache-2.0
// From what was on disk to devices on their way to their hubs. Events are taken from `begin` on; what needs
// every assignment to be in its place waits until they are.
#include "core/bridge.h"

#include <algorithm>
#include <limits>
#include <utility>

namespace causeway::core {

void bridge::start(start_image image, moment now) {
  begin(std::move(image), now);
  while (start_some(std::numeric_limits<std::size_t>::max(), now)) {
  }
}

void bridge::begin(start_image image, moment now) {
  restore(image, now);
  starting_.emplace();
  starting_->places = table_.places();
  starting_->assignments = std::move(image.assignments);
  // The process ended while the former device had its minute.
  for (const auto& record : image.devices) {
    if (record.former_until == 0 || !table_.contains(record.ref)) continue;
    bury_former(record.ref, record.former_until, now);
    lose_assignment(record.ref);
    ports_.devices.save_device(record_of(record.ref, table_.at(record.ref)));
  }
  table_.for_each([&](device_ref ref, device& d) {
    if (is_switched_off(d)) {
      switch_off(ref, now);
    } else if (d.deleted && d.waiting == 0) {
      set_state(d, device_state::removed, now);
    } else if (awaits_registry(d)) {
      set_state(d, device_state::unlisted, now);
      if (d.waiting != 0 && has_list_[d.application]) look_up(ref, now);
    }
  });
}

// Of two that have one identity on disk the older one has it.
void bridge::sort_assignments() {
  auto& work = *starting_;
  std::vector<std::pair<wall_time, std::uint32_t>> ages;
  ages.reserve(work.assignments.size());
  for (const auto& one : work.assignments)
    ages.emplace_back(one.where.assigned_at, static_cast<std::uint32_t>(ages.size()));
  std::sort(ages.begin(), ages.end());
  work.by_age.reserve(ages.size());
  for (const auto& [at, index] : ages)
    work.by_age.push_back(index);
  claims_.reserve(ages.size());
}

bool bridge::start_some(std::size_t most, moment now) {
  if (!starting_) return false;
  auto& work = *starting_;
  if (work.by_age.size() < work.assignments.size()) sort_assignments();
  for (; most > 0 && work.placed < work.by_age.size(); --most) {
    const auto one = std::move(work.assignments[work.by_age[work.placed++]]); // its memory goes with it
    place(one);
  }
  if (work.placed < work.by_age.size()) return true;
  if (!work.has_order) order_to_connect();
  for (; most > 0 && work.connected < work.to_connect.size(); --most) {
    const auto ref = work.to_connect[work.connected++];
    // What has come meanwhile may have brought it on its way.
    if (table_.contains(ref) && table_.at(ref).state == device_state::known) connect(ref, now);
  }
  if (work.connected < work.to_connect.size()) return true;
  starting_.reset();
  return false;
}

void bridge::place(const start_image::assigned& one) {
  const auto application = rules_.find(one.key.application);
  const auto found = application ? table_.find(*application, one.key.device.str()) : std::nullopt;
  // What nobody had at the start is nobody's: its device was forgotten, or lost.
  if (!found || index_of(*found) >= starting_->places || starting_->lost.contains(one.key)) return;
  const auto ref = *found;
  const auto& where = one.where;
  auto& d = table_.at(ref);
  const auto& origin = origin_of(d.application);
  const auto wanted = names_.wanted_of(d);
  const bool fits = where.section == rules_of(d).section && where.fingerprint == origin &&
                    (!origin.empty() || (wanted && *wanted == where.identity));
  if (!fits || (wanted && claims_.claim(ref, *wanted))) {
    ports_.devices.forget_assignment(ref);
    return;
  }
  d.remembered = true;
  if (origin.empty()) { // finding the hub again costs nothing, so that a changed connection string counts
    d.hub = table_.intern({where.hub, where.section, {}});
    return;
  }
  d.assigned_at = static_cast<std::uint32_t>(unix_seconds(where.assigned_at));
  names_.set_identity(d, where.identity);
  d.hub = table_.intern({where.hub, where.section, where.fingerprint});
  d.assigned = true;
}

void bridge::order_to_connect() {
  std::vector<device_ref> attached, others;
  table_.for_each([&](device_ref ref, device& d) {
    if (d.state != device_state::known) return;
    if (d.assigned) {
      attached.push_back(ref);
    } else if (d.waiting != 0 || rules_of(d).follows_registry || origin_of(d.application).empty()) {
      // By connection string the hub is found at no cost, so these are attached before they send.
      others.push_back(ref);
    }
  });
  auto& work = *starting_;
  for (auto* const group : {&attached, &others}) {
    std::stable_partition(group->begin(), group->end(),
                          [&](device_ref ref) { return table_.at(ref).waiting != 0; });
    work.to_connect.insert(work.to_connect.end(), group->begin(), group->end());
  }
  work.has_order = true;
  work.assignments = {};
  work.by_age = {};
  work.lost = {};
  work.placed = 0;
}

void bridge::restore(const start_image& image, moment now) {
  next_seq_ = image.next_seq;
  time_.restore(image.open_seconds);
  table_.reserve(image.next_device, image.devices.size());
  for (const auto& record : image.devices) {
    // A device of an application that is no longer configured keeps its place and its messages, and stays
    // where it is.
    const auto application = rules_.find(record.key.application);
    if (!application) continue;
    table_.restore(record.ref, *application, record.key.device.str());
    auto& d = table_.at(record.ref);
    d.since = now.mono;
    if (const auto eui = parse_eui(record.dev_eui)) names_.set_eui(d, *eui);
    d.listed = record.listed;
    d.deleted = record.deleted;
    d.attached = record.attached;
    census_.add(*application);
    if (record.refused_at != 0)
      refused_devices_[record.ref] = {record.refused_at, time_.at_start(), record.refused_at};
    d.integration_said = record.integration.has_value();
    d.integration = record.integration.value_or(false);
    table_.set_model(d, record.model_id);
    if (record.listed) {
      has_list_[*application] = true;
      ++totals_.registry.listed;
    }
    ++totals_.devices[static_cast<std::size_t>(device_state::known)];
  }
  for (const auto& [ref, key] : image.recent_keys)
    if (table_.contains(ref)) table_.at(ref).keys.add(key.kind, key.hash);
  for (const auto& row : image.waiting) {
    const auto age = time_.at_start() - std::min(time_.at_start(), row.accepted_at);
    const outbox::waiting_message message{row.seq, row.bytes, 0,
                                          time_.since_start(now) - static_cast<std::int32_t>(age)};
    if (!table_.contains(row.device)) {
      strays_.push_back(message);
      room_.take_stray({1, row.bytes});
      continue;
    }
    auto& d = table_.at(row.device);
    outbox_.push(row.device, d, message);
    room_.take(d.application, {1, row.bytes});
  }
  on_dead_letters_counted(image.dead_letters);
}

} // namespace causeway::core
