// SPDX-License-Identifier: Apache-2.0
#include "conversation/memory_disk.h"

#include <algorithm>

namespace causeway::conversation {
namespace {

constexpr milliseconds commit_delay{5};
constexpr std::size_t rows_a_read = 40; // fewer than the bridge asks for, so that it has to ask again

} // namespace

model::start_image memory_disk::load() const {
  model::start_image image;
  for (const auto& [ref, record] : devices_) {
    image.devices.push_back(record);
    image.next_device = std::max(image.next_device, index_of(ref) + 1);
  }
  for (const auto& [ref, where] : assignments_)
    image.assignments.push_back({devices_.at(ref).key, where});
  image.recent_keys = keys_;
  for (const auto& [seq, row] : rows_)
    image.waiting.push_back({seq, row.device, static_cast<std::uint32_t>(model::size_of(row.body))});
  image.next_seq = next_seq_;
  return image;
}

void memory_disk::crash(crash_point where) {
  if (where == crash_point::after_commit) static_cast<void>(commit());
  group_.clear();
  commit_at_.reset();
  reads_.clear();
  bridge_ = nullptr;
}

bool memory_disk::step() {
  bool any = false;
  for (auto& seqs : std::exchange(reads_, {})) {
    std::vector<model::spool_row> rows;
    std::vector<spool_seq> gone;
    for (const auto seq : seqs) {
      if (rows.size() == rows_a_read) break;
      if (const auto found = rows_.find(seq); found != rows_.end())
        rows.push_back(found->second);
      else
        gone.push_back(seq);
    }
    rows_read_back_ += rows.size();
    bridge_->on_read_back(std::move(rows), gone, clock_.now());
    any = true;
  }
  if (!commit_at_ || *commit_at_ > clock_.now().mono) return any;
  for (const auto first : commit())
    bridge_->on_spooled({first, {}}, clock_.now());
  return true;
}

std::optional<mono_time> memory_disk::deadline() const {
  return commit_at_;
}

void memory_disk::queue(operation what) {
  group_.push_back(std::move(what));
  if (!commit_at_) commit_at_ = clock_.now().mono + commit_delay;
}

std::vector<spool_seq> memory_disk::commit() {
  std::vector<spool_seq> appended;
  largest_group_ = std::max(largest_group_, group_.size());
  if (!group_.empty()) ++commits_;
  commit_at_.reset();
  for (auto& what : std::exchange(group_, {})) {
    if (auto* request = std::get_if<model::append_request>(&what)) {
      appended.push_back(request->first);
      if (request->refused) dead_letters_.emplace_back(request->first, request->refused->reason.code());
      if (request->key && !request->refused) keys_.push_back({request->device, *request->key});
      for (auto& row : request->rows) {
        next_seq_ = row.seq + 1;
        rows_.emplace(row.seq, std::move(row));
      }
    } else if (const auto* mark = std::get_if<done>(&what)) {
      if (rows_.erase(mark->seq) == 1)
        ++rows_done_;
      else
        ++marks_without_row_;
    } else if (auto* record = std::get_if<model::device_record>(&what)) {
      devices_[record->ref] = std::move(*record);
    } else if (auto* assigned = std::get_if<std::pair<device_ref, model::assignment>>(&what)) {
      assignments_[assigned->first] = std::move(assigned->second);
    } else if (const auto* forgotten = std::get_if<forget>(&what)) {
      assignments_.erase(forgotten->device);
    }
  }
  return appended;
}

result<void> memory_disk::append(model::append_request request) {
  queue(std::move(request));
  return {};
}

void memory_disk::mark_done(spool_seq seq) {
  queue(done{seq});
}

void memory_disk::dead_letter(spool_seq seq, const error& reason) {
  dead_letters_.emplace_back(seq, reason.code());
  rows_.erase(seq);
}

void memory_disk::read_back(std::vector<spool_seq> seqs) {
  reads_.push_back(std::move(seqs));
}

void memory_disk::save_device(const model::device_record& record) {
  queue(record);
}

void memory_disk::save_assignment(device_ref device, const model::assignment& where) {
  queue(std::pair{device, where});
}

void memory_disk::forget_assignment(device_ref device) {
  queue(forget{device});
}

void memory_disk::forget_device(device_ref device, const model::device_key&) {
  devices_.erase(device);
  queue(forget{device});
}

} // namespace causeway::conversation
