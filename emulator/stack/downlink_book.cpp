// SPDX-License-Identifier: Apache-2.0
#include "emulator/stack/downlink_book.h"

#include <algorithm>
#include <array>

namespace causeway::emulator {

std::string_view to_string(downlink_end end) {
  constexpr auto names =
      std::to_array<std::string_view>({"none", "transmitted", "acknowledged", "max_retries", "failed",
                                       "silent", "displaced", "replaced", "deleted", "dropped"});
  return names[static_cast<std::size_t>(end)];
}

void downlink_book::accept(downlink_item& item, const std::string& application, const std::string& device,
                           wall_time at) {
  if (items_.size() == most) forget_oldest();
  item.number = ++last_;
  booked_item entry;
  entry.number = item.number;
  entry.application = application;
  entry.device = device;
  entry.correlation_ids = item.correlation_ids;
  entry.frm_payload = item.frm_payload;
  entry.confirmed = item.confirmed;
  entry.accepted = at;
  entry.queued = 1;
  for (const auto& id : entry.correlation_ids)
    by_id_.emplace(id, entry.number);
  items_.push_back(std::move(entry));
}

void downlink_book::forget_oldest() {
  const auto& oldest = items_.front();
  for (const auto& id : oldest.correlation_ids) {
    const auto [begin, end] = by_id_.equal_range(id);
    const auto found = std::find_if(begin, end, [&](const auto& one) { return one.second == oldest.number; });
    if (found != end) by_id_.erase(found);
  }
  items_.pop_front();
  ++first_;
}

booked_item* downlink_book::at(std::uint64_t number) {
  if (number < first_ || number > last_) return nullptr;
  return &items_[number - first_];
}

const booked_item* downlink_book::at(std::uint64_t number) const {
  if (number < first_ || number > last_) return nullptr;
  return &items_[number - first_];
}

void downlink_book::requeue(std::uint64_t number) {
  if (auto* entry = at(number)) ++entry->queued;
}

void downlink_book::transmit(const downlink_item& item, wall_time when) {
  if (auto* entry = at(item.number)) entry->transmissions.push_back({item.session_key_id, item.f_cnt, when});
}

void downlink_book::end(std::uint64_t number, downlink_end how, wall_time when, std::string_view detail) {
  auto* entry = at(number);
  if (entry == nullptr || entry->end != downlink_end::none) return;
  entry->end = how;
  entry->ended = when;
  entry->detail = detail;
}

void downlink_book::tell(std::uint64_t number, std::string_view kind) {
  if (auto* entry = at(number)) entry->told.emplace_back(kind);
}

void downlink_book::hear(std::uint64_t number, heard_event what) {
  if (auto* entry = at(number)) entry->heard.push_back(std::move(what));
}

std::vector<const booked_item*> downlink_book::list(std::uint64_t after, std::size_t limit) const {
  std::vector<const booked_item*> found;
  for (auto number = std::max(after + 1, first_); number <= last_ && found.size() < limit; ++number)
    found.push_back(at(number));
  return found;
}

std::vector<const booked_item*> downlink_book::find(const std::string& correlation_id) const {
  std::vector<const booked_item*> found;
  const auto [begin, end] = by_id_.equal_range(correlation_id);
  for (auto each = begin; each != end; ++each)
    found.push_back(at(each->second));
  std::sort(found.begin(), found.end(), [](const auto* a, const auto* b) { return a->number < b->number; });
  return found;
}

void downlink_book::clear() {
  items_.clear();
  by_id_.clear();
  first_ = last_ + 1;
}

} // namespace causeway::emulator
