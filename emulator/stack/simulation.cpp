// SPDX-License-Identifier: Apache-2.0
#include "emulator/stack/simulation.h"

#include <algorithm>
#include <cmath>
#include <utility>

namespace causeway::emulator {
namespace {

bool is_success(int status) {
  return status >= 200 && status < 300;
}

} // namespace

divided_plan divide(simulation_plan whole) {
  divided_plan parts{whole, whole};
  parts.webhook.applications.clear();
  parts.mqtt.applications.clear();
  std::size_t all = 0, by_mqtt = 0;
  for (auto& application : whole.applications) {
    simulated_application webhook = application, mqtt = application;
    webhook.devices.clear();
    mqtt.devices.clear();
    std::uint64_t before = 0;
    for (std::size_t i = 0; i < application.devices.size(); ++i) {
      // A little more than the share's multiples, which are not exact.
      const auto count =
          static_cast<std::uint64_t>(static_cast<double>(i + 1) * application.mqtt_share + 1e-9);
      auto& to = count > std::exchange(before, count) ? mqtt : webhook;
      to.devices.push_back(std::move(application.devices[i]));
    }
    all += webhook.devices.size() + mqtt.devices.size();
    by_mqtt += mqtt.devices.size();
    if (!webhook.devices.empty()) parts.webhook.applications.push_back(std::move(webhook));
    if (!mqtt.devices.empty()) parts.mqtt.applications.push_back(std::move(mqtt));
  }
  if (all == 0) return parts;
  const auto share = static_cast<double>(by_mqtt) / static_cast<double>(all);
  parts.mqtt.rate = whole.rate * share;
  parts.webhook.rate = whole.rate - parts.mqtt.rate;
  if (whole.uplinks) {
    parts.mqtt.uplinks =
        static_cast<std::uint64_t>(std::llround(static_cast<double>(*whole.uplinks) * share));
    parts.webhook.uplinks = *whole.uplinks - *parts.mqtt.uplinks;
  }
  return parts;
}

simulation::simulation(simulation_plan plan,
                       const std::unordered_map<std::string, std::uint64_t>& used_markers, mono_time now)
    : plan_{std::move(plan)}, started_{now}, last_answer_{now} {
  for (std::size_t a = 0; a < plan_.applications.size(); ++a) {
    for (const auto& name : plan_.applications[a].devices) {
      device_state d;
      d.name = &name;
      d.application = static_cast<std::uint32_t>(a);
      const auto identity = plan_.applications[a].identity_prefix + name;
      if (const auto used = used_markers.find(identity); used != used_markers.end())
        d.next_marker = used->second + 1;
      const auto number = static_cast<std::uint32_t>(devices_.size());
      devices_.push_back(std::move(d));
      index_.emplace(identity, number);
    }
  }
  // Applications take turns, so that a short run reaches devices of each.
  std::vector<std::vector<std::uint32_t>> rows(plan_.applications.size());
  for (std::uint32_t i = 0; i < devices_.size(); ++i)
    rows[devices_[i].application].push_back(i);
  for (std::size_t column = 0; ready_.size() < devices_.size(); ++column)
    for (const auto& row : rows)
      if (column < row.size()) ready_.push_back(row[column]);
}

bool simulation::sending(mono_time now) const {
  if (stopped_ || devices_.empty()) return false;
  if (plan_.uplinks && totals_.sent >= *plan_.uplinks) return false;
  return !plan_.duration || now - started_ < *plan_.duration;
}

bool simulation::finished(mono_time now) const {
  return under_way_ == 0 && postponed_ == 0 && !sending(now);
}

std::optional<simulated_turn> simulation::take_turn(mono_time now) {
  if (ready_.empty() || !sending(now)) return std::nullopt;
  auto due = now;
  if (plan_.rate > 0) {
    const auto position = totals_.sent - totals_.sent % std::max<std::uint64_t>(plan_.burst, 1);
    const auto offset = std::chrono::duration<double>(static_cast<double>(position) / plan_.rate);
    due = started_ + std::chrono::duration_cast<mono_time::duration>(offset);
    if (plan_.duration && due - started_ >= *plan_.duration) return std::nullopt;
  }
  const auto number = ready_.front();
  ready_.pop_front();
  auto& d = devices_[number];
  const auto marker = d.next_marker++;
  d.open.push_back({marker, now, false, false, false});
  if (plan_.sending.parallel) ready_.push_back(number);
  ++totals_.sent;
  ++under_way_;
  return simulated_turn{number, marker, due};
}

void simulation::begin(const simulated_turn& turn, mono_time now) {
  if (auto* entry = find(devices_[turn.device], turn.marker)) entry->started = now;
}

void simulation::give_back(const simulated_turn& turn) {
  auto& d = devices_[turn.device];
  if (!d.open.empty() && d.open.back().marker == turn.marker) d.open.pop_back();
  d.next_marker = turn.marker;
  ready_.push_front(turn.device);
  --totals_.sent;
  --under_way_;
}

simulation::outstanding* simulation::find(device_state& d, std::uint64_t marker) {
  const auto found = std::lower_bound(d.open.begin(), d.open.end(), marker,
                                      [](const outstanding& o, std::uint64_t m) { return o.marker < m; });
  return found == d.open.end() || found->marker != marker ? nullptr : &*found;
}

// What is answered and has arrived, or was refused, needs no memory.
void simulation::tidy(device_state& d) {
  while (!d.open.empty() && ((d.open.front().accepted && d.open.front().arrived) || d.open.front().refused))
    d.open.pop_front();
}

void simulation::release(const simulated_turn& turn, mono_time now) {
  --under_way_;
  if (!plan_.sending.parallel) ready_.push_back(turn.device);
  last_answer_ = now;
}

void simulation::count_refusal(int status, const std::string& reason) {
  ++totals_.refused_total;
  ++totals_.refused[status == 0 ? reason : std::to_string(status)];
}

void simulation::note_unanswered(device_state& d, std::uint64_t marker) {
  constexpr std::size_t most = 10'000;
  d.unanswered.insert(marker);
  if (d.unanswered.size() > most) d.unanswered.erase(d.unanswered.begin());
}

bool simulation::was_unanswered(const std::string& device, std::uint64_t marker) const {
  const auto found = index_.find(device);
  return found != index_.end() && devices_[found->second].unanswered.contains(marker);
}

void simulation::count_acceptance(outstanding* entry, mono_time now) {
  ++totals_.accepted;
  if (entry == nullptr) return;
  entry->accepted = true;
  entry->answered = now;
  if (entry->arrived) ++totals_.delivered;
}

void simulation::answered(const simulated_turn& turn, int status, const std::string& reason, mono_time now) {
  release(turn, now);
  auto& d = devices_[turn.device];
  auto* entry = find(d, turn.marker);
  if (entry != nullptr && status != 0) http_.record(now - entry->started);
  if (is_success(status)) {
    count_acceptance(entry, now);
  } else {
    count_refusal(status, reason);
    ++totals_.lost_by_sender;
    if (entry != nullptr) entry->refused = true;
    note_unanswered(d, turn.marker);
  }
  tidy(d);
}

void simulation::postpone(const simulated_turn& turn, int status, const std::string& reason, mono_time now) {
  release(turn, now);
  ++postponed_;
  count_refusal(status, reason);
}

void simulation::answered_again(const simulated_turn& turn, int status, const std::string& reason,
                                mono_time now, bool last) {
  last_answer_ = now;
  ++totals_.retried;
  auto& d = devices_[turn.device];
  if (is_success(status)) {
    --postponed_;
    count_acceptance(find(d, turn.marker), now);
    tidy(d);
    return;
  }
  count_refusal(status, reason);
  if (last) give_up(turn);
}

void simulation::give_up(const simulated_turn& turn) {
  --postponed_;
  ++totals_.lost_by_sender;
  auto& d = devices_[turn.device];
  if (auto* entry = find(d, turn.marker)) entry->refused = true;
  note_unanswered(d, turn.marker);
  tidy(d);
}

void simulation::on_arrival(const arrival& entry, mono_time now) {
  if (!entry.marker) return;
  const auto found = index_.find(entry.device.str());
  if (found == index_.end()) return;
  if (entry.duplicate) ++totals_.duplicates;
  auto& d = devices_[found->second];
  auto* open = find(d, *entry.marker);
  if (open == nullptr || open->arrived) return;
  // The promise is the order of acceptance. A post that timed out may be accepted behind the device's next.
  if (open->accepted && open->answered <= d.latest_start) ++totals_.out_of_order;
  d.latest_start = std::max(d.latest_start, open->started);
  open->arrived = true;
  end_to_end_.record(now - open->started);
  if (open->accepted) ++totals_.delivered;
  tidy(d);
}

std::vector<std::pair<std::string, std::vector<std::uint64_t>>>
simulation::missing_markers(std::size_t limit) const {
  std::vector<std::pair<std::string, std::vector<std::uint64_t>>> missing;
  for (const auto& d : devices_) {
    std::vector<std::uint64_t> markers;
    for (const auto& open : d.open) {
      if (limit == 0) break;
      if (!open.accepted || open.arrived) continue;
      markers.push_back(open.marker);
      --limit;
    }
    if (!markers.empty()) missing.emplace_back(*d.name, std::move(markers));
  }
  return missing;
}

void simulation::save_markers(std::unordered_map<std::string, std::uint64_t>& into) const {
  for (const auto& d : devices_)
    if (d.next_marker > 1) into[*d.name] = d.next_marker - 1;
}

} // namespace causeway::emulator
