// SPDX-License-Identifier: Apache-2.0
#include "emulator/hub/event_log.h"

#include "base/encoding.h"

#include <algorithm>
#include <charconv>

namespace causeway::emulator {
namespace {

error not_understood(std::string_view selector) {
  return error{errc::field_invalid, "the selector filter is not understood: " + std::string{selector}};
}

std::int64_t milliseconds_of(wall_time time) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(time.time_since_epoch()).count();
}

} // namespace

result<event_position> parse_event_selector(std::string_view selector) {
  constexpr std::string_view prefix = "amqp.annotation.";
  const auto sign = selector.find('>');
  if (sign == std::string_view::npos) return not_understood(selector);
  const auto name = trimmed(selector.substr(0, sign), " ");
  auto value = selector.substr(sign + 1);
  event_position position;
  if (value.starts_with('=')) {
    position.inclusive = true;
    value.remove_prefix(1);
  }
  value = trimmed(value, " ");
  if (!name.starts_with(prefix) || value.size() < 2 || value.front() != '\'' || value.back() != '\'')
    return not_understood(selector);
  value = value.substr(1, value.size() - 2);
  const auto annotation = name.substr(prefix.size());
  if (annotation == "x-opt-offset")
    position.by = event_position::kind::offset;
  else if (annotation == "x-opt-sequence-number")
    position.by = event_position::kind::sequence;
  else if (annotation == "x-opt-enqueued-time")
    position.by = event_position::kind::enqueued_time;
  else
    return not_understood(selector);
  if (value == "@latest") {
    position.by = event_position::kind::latest;
    return position;
  }
  const auto read = std::from_chars(value.data(), value.data() + value.size(), position.value);
  if (read.ec != std::errc{} || read.ptr != value.data() + value.size()) return not_understood(selector);
  return position;
}

event_log::event_log(event_log_options options)
    : options_{options}, partitions_{std::max<std::size_t>(options.partitions, 1)} {}

std::size_t event_log::partition_of(const identity& device) const {
  std::uint32_t hash = 2166136261U;
  for (const char c : device.str()) {
    hash ^= static_cast<std::uint8_t>(c);
    hash *= 16777619U;
  }
  return hash % partitions_.size();
}

void event_log::append(hub_event event) {
  const auto number = partition_of(event.device);
  auto& into = partitions_[number];
  const auto size = event.encoded.size();
  into.last_at = event.at;
  into.last_offset = into.next_offset;
  into.events.push_back({into.next_sequence, into.next_offset, std::move(event)});
  ++into.next_sequence;
  into.next_offset += static_cast<std::int64_t>(size) + 1; // no two events share an offset
  order_.push_back(static_cast<std::uint16_t>(number));
  bytes_ += size;
  while (order_.size() > 1 && (order_.size() > options_.max_events || bytes_ > options_.max_bytes)) {
    auto& oldest = partitions_[order_.front()].events;
    bytes_ -= oldest.front().event.encoded.size();
    oldest.pop_front();
    order_.pop_front();
  }
  if (listener_) listener_();
}

std::int64_t event_log::begin_sequence(std::size_t partition) const {
  const auto& of = partitions_[partition];
  return of.events.empty() ? of.next_sequence : of.events.front().sequence;
}

std::int64_t event_log::resolve(std::size_t partition, const event_position& from) const {
  using kind = event_position::kind;
  const auto& of = partitions_[partition];
  if (from.by == kind::latest) return of.next_sequence;
  if (from.by == kind::sequence) {
    if (from.value < 0) return 0;
    return from.inclusive ? from.value : from.value + 1;
  }
  const auto key = [&](const kept_event& kept) {
    return from.by == kind::offset ? kept.offset : milliseconds_of(kept.event.at);
  };
  const auto first = std::partition_point(of.events.begin(), of.events.end(), [&](const kept_event& kept) {
    return from.inclusive ? key(kept) < from.value : key(kept) <= from.value;
  });
  return first == of.events.end() ? of.next_sequence : first->sequence;
}

const kept_event* event_log::find(std::size_t partition, std::int64_t sequence) const {
  const auto& events = partitions_[partition].events;
  if (events.empty() || sequence > events.back().sequence) return nullptr;
  const auto index = std::max<std::int64_t>(sequence - events.front().sequence, 0);
  return &events[static_cast<std::size_t>(index)];
}

} // namespace causeway::emulator
