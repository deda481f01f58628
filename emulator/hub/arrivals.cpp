// SPDX-License-Identifier: Apache-2.0
#include "emulator/hub/arrivals.h"

#include "base/digest.h"

#include <algorithm>
#include <charconv>

namespace causeway::emulator {
namespace {

// Larger markers are not the simulator's; a table indexed by them would be the sender's choice of our memory.
constexpr std::uint64_t max_marker = 8'000'000;

std::uint64_t first_word(const sha256_digest& digest) {
  std::uint64_t word = 0;
  for (std::size_t i = 0; i < 8; ++i)
    word = (word << 8U) | digest[i];
  return word;
}

std::uint64_t hash_of_id(std::uint32_t device, std::string_view id) {
  std::string text = std::to_string(device);
  text += '/';
  text += id;
  const auto word = first_word(sha256(text));
  return word == 0 ? 1 : word;
}

} // namespace

std::optional<std::uint64_t> find_marker(std::string_view body) {
  constexpr std::string_view key = "\"uplink\":";
  const auto at = body.find(key);
  if (at == std::string_view::npos) return std::nullopt;
  auto rest = body.substr(at + key.size());
  while (!rest.empty() && rest.front() == ' ')
    rest.remove_prefix(1);
  std::uint64_t number = 0;
  const auto read = std::from_chars(rest.data(), rest.data() + rest.size(), number);
  if (read.ec != std::errc{}) return std::nullopt;
  return number;
}

arrival_totals& arrival_totals::operator+=(const arrival_totals& more) {
  accepted += more.accepted;
  unique += more.unique;
  duplicates += more.duplicates;
  out_of_order += more.out_of_order;
  without_id += more.without_id;
  unrecognisable += more.unrecognisable;
  return *this;
}

arrivals::arrivals(std::string hub, arrivals_limits limits) : hub_{std::move(hub)}, limits_{limits} {}

void arrivals::record(const identity& device, d2c_message message, wall_time now, std::size_t hub) {
  const auto [slot, is_new] = index_.try_emplace(device, static_cast<std::uint32_t>(names_.size()));
  if (is_new) {
    names_.push_back(device);
    records_.emplace_back();
  }
  auto& record = records_[slot->second];

  compact kept;
  kept.device = slot->second;
  kept.hub = static_cast<std::uint16_t>(hub);
  kept.at_ns = std::chrono::duration_cast<std::chrono::nanoseconds>(now.time_since_epoch()).count();
  kept.body_digest = first_word(sha256(message.body));
  if (!message.message_id.empty()) {
    kept.id_hash = hash_of_id(slot->second, message.message_id);
    kept.duplicate = !ids_.insert(kept.id_hash).second;
  }
  if (const auto marker = find_marker(message.body); marker && *marker <= max_marker) {
    kept.has_marker = true;
    kept.marker = *marker;
    if (record.seen.size() <= *marker) record.seen.resize(static_cast<std::size_t>(*marker) + 1);
    const bool first_arrival = !record.seen[static_cast<std::size_t>(*marker)];
    record.seen[static_cast<std::size_t>(*marker)] = true;
    kept.out_of_order = first_arrival && record.has_marker && *marker < record.highest_marker;
    constexpr std::size_t most_late = 100'000;
    if (kept.out_of_order && late_kept_ < most_late) {
      record.late.push_back(*marker);
      ++late_kept_;
    }
    kept.unrecognisable = !first_arrival && !kept.duplicate;
    record.highest_marker = std::max(record.highest_marker, *marker);
    record.has_marker = true;
    record_latency(message, now, hub);
  }

  arrival_totals one;
  one.accepted = 1;
  one.unique = kept.duplicate ? 0 : 1;
  one.duplicates = kept.duplicate ? 1 : 0;
  one.out_of_order = kept.out_of_order ? 1 : 0;
  one.without_id = kept.id_hash == 0 ? 1 : 0;
  one.unrecognisable = kept.unrecognisable ? 1 : 0;
  totals_ += one;
  record.totals += one;
  if (by_hub_.size() <= hub) by_hub_.resize(hub + 1);
  by_hub_[hub] += one;

  compacts_.push_back(kept);
  bodies_.push_back(std::move(message));
  ++next_order_;
  forget_oldest();
  if (listener_) listener_(expand(next_order_ - 1));
}

void arrivals::record_latency(const d2c_message& of, wall_time now, std::size_t hub) {
  for (const auto& [name, text] : of.properties) {
    if (name != "iothub-creation-time-utc") continue;
    const auto created = parse_rfc3339(text);
    if (!created || *created > now) continue;
    latency_.record(now - *created);
    if (latency_by_hub_.size() <= hub) latency_by_hub_.resize(hub + 1);
    latency_by_hub_[hub].record(now - *created);
  }
}

void arrivals::forget_oldest() {
  if (bodies_.size() > limits_.body_capacity) bodies_.pop_front();
  if (compacts_.size() <= limits_.compact_capacity) return;
  // A duplicate leaves the hash to the message that still has it; the first one takes it along.
  if (const auto& oldest = compacts_.front(); oldest.id_hash != 0 && !oldest.duplicate)
    ids_.erase(oldest.id_hash);
  compacts_.pop_front();
}

void arrivals::clear() {
  totals_ = {};
  by_hub_.clear();
  clear_latency();
  next_order_ = 1;
  late_kept_ = 0;
  compacts_.clear();
  bodies_.clear();
  names_.clear();
  records_.clear();
  index_.clear();
  ids_.clear();
}

void arrivals::clear_latency() {
  latency_ = {};
  latency_by_hub_.clear();
}

const histogram& arrivals::latency_of_hub(std::size_t hub) const {
  static const histogram none;
  return hub < latency_by_hub_.size() ? latency_by_hub_[hub] : none;
}

arrival_totals arrivals::totals_of(const identity& device) const {
  const auto found = index_.find(device);
  return found == index_.end() ? arrival_totals{} : records_[found->second].totals;
}

arrival arrivals::expand(std::uint64_t order) const {
  const auto behind = static_cast<std::size_t>(next_order_ - order); // 1 = the newest
  const auto& kept = compacts_[compacts_.size() - behind];
  arrival entry;
  entry.order = order;
  entry.hub = kept.hub;
  entry.device = names_[kept.device];
  entry.at = wall_time{std::chrono::duration_cast<wall_time::duration>(std::chrono::nanoseconds{kept.at_ns})};
  if (kept.has_marker) entry.marker = kept.marker;
  entry.body_digest = kept.body_digest;
  entry.duplicate = kept.duplicate;
  entry.out_of_order = kept.out_of_order;
  if (behind <= bodies_.size()) entry.whole = &bodies_[bodies_.size() - behind];
  return entry;
}

void arrivals::visit(const std::optional<identity>& device, std::uint64_t after, std::size_t limit,
                     const std::function<void(const arrival&)>& visit) const {
  std::uint32_t wanted = 0;
  if (device) {
    const auto found = index_.find(*device);
    if (found == index_.end()) return;
    wanted = found->second;
  }
  const std::uint64_t oldest = next_order_ - compacts_.size();
  for (auto order = std::max(after + 1, oldest); order < next_order_ && limit > 0; ++order) {
    if (device && compacts_[static_cast<std::size_t>(order - oldest)].device != wanted) continue;
    visit(expand(order));
    --limit;
  }
}

void arrivals::visit_newest(const std::optional<identity>& device, std::size_t limit,
                            const std::function<void(const arrival&)>& visit) const {
  std::vector<std::uint64_t> orders;
  const std::uint64_t oldest = next_order_ - compacts_.size();
  std::uint32_t wanted = 0;
  if (device) {
    const auto found = index_.find(*device);
    if (found == index_.end()) return;
    wanted = found->second;
  }
  for (auto order = next_order_ - 1; order >= oldest && order > 0 && orders.size() < limit; --order)
    if (!device || compacts_[static_cast<std::size_t>(order - oldest)].device == wanted)
      orders.push_back(order);
  for (auto order = orders.rbegin(); order != orders.rend(); ++order)
    visit(expand(*order));
}

void arrivals::visit_devices(const std::function<void(const identity&, const arrival_totals&)>& visit) const {
  for (std::size_t i = 0; i < names_.size(); ++i)
    visit(names_[i], records_[i].totals);
}

void arrivals::visit_late(
    const std::function<void(const identity&, const std::vector<std::uint64_t>&)>& visit) const {
  for (std::size_t i = 0; i < names_.size(); ++i)
    if (!records_[i].late.empty()) visit(names_[i], records_[i].late);
}

void arrivals::visit_markers(const std::function<void(const identity&, const marker_ranges&)>& visit) const {
  for (std::size_t i = 0; i < names_.size(); ++i) {
    marker_ranges ranges;
    const auto& seen = records_[i].seen;
    for (std::size_t marker = 0; marker < seen.size(); ++marker) {
      if (!seen[marker]) continue;
      if (!ranges.empty() && ranges.back().second + 1 == marker)
        ++ranges.back().second;
      else
        ranges.emplace_back(marker, marker);
    }
    if (!ranges.empty()) visit(names_[i], ranges);
  }
}

} // namespace causeway::emulator
