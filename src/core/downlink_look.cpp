// SPDX-License-Identifier: Apache-2.0
#include "core/downlink_look.h"

#include "base/backoff.h"
#include "base/check.h"

#include <algorithm>

namespace causeway::core {
namespace {

constexpr backoff_policy pauses{milliseconds{1'000}, milliseconds{60'000}, 2.0, 0.0};
constexpr std::uint32_t told_first = 12, told_each = 60;

} // namespace

read_errand downlink_look::next(mono_time now) {
  if (!due_ || now < *due_) return read_errand::none;
  due_.reset();
  under_way_ = following_;
  if (under_way_ == read_errand::queue) asked_ = now;
  return under_way_;
}

void downlink_look::take_again(mono_time now) {
  following_ = read_errand::queue;
  due_ = now + pause_after(pauses, failures_++, 0.5);
}

std::optional<std::uint32_t> downlink_look::failures_to_tell() const {
  if (failures_ < told_first || (failures_ - told_first) % told_each != 0) return std::nullopt;
  return failures_;
}

std::optional<sighting> downlink_look::on_queue(const queue_reading& reading, mono_time now) {
  CAUSEWAY_CHECK(under_way_ == read_errand::queue);
  under_way_ = read_errand::none;
  if (reading.how == read_end::failed) {
    take_again(now);
    return std::nullopt;
  }
  queue_end_ = reading.how;
  const auto& items = reading.what;
  const bool stands = std::any_of(items.begin(), items.end(), [&](const queued_downlink& item) {
    return command_among(item.correlation_ids) == of_;
  });
  if (queue_end_ == read_end::seen && stands) {
    failures_ = 0;
    return sighting{item_place::queue, true, asked_};
  }
  following_ = read_errand::record;
  due_ = now;
  return std::nullopt;
}

std::optional<sighting> downlink_look::on_record(record_reading reading, mono_time now) {
  CAUSEWAY_CHECK(under_way_ == read_errand::record);
  under_way_ = read_errand::none;
  if (reading.how == read_end::failed) {
    take_again(now);
    return std::nullopt;
  }
  failures_ = 0;
  following_ = read_errand::queue;
  const bool is_seen = reading.how == read_end::seen;
  sighting made{item_place::nowhere, queue_end_ == read_end::seen && is_seen, asked_};
  made.without_device = queue_end_ == read_end::unknown && reading.how == read_end::unknown;
  if (is_seen && command_among(reading.what.pending) == of_)
    made.where = item_place::pending;
  else if (is_seen && command_among(reading.what.last_downlink) == of_)
    made.where = item_place::scheduled;
  made.record = std::move(reading);
  return made;
}

} // namespace causeway::core
