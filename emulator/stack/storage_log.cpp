// SPDX-License-Identifier: Apache-2.0
#include "emulator/stack/storage_log.h"

#include <algorithm>

namespace causeway::emulator {

void storage_log::append(stored_message message, wall_time now) {
  if (!is_on()) return;
  message.order = next_order_++;
  // Posts of several devices are stamped a little before they come here.
  const auto place =
      std::upper_bound(messages_.begin(), messages_.end(), message.received_at,
                       [](wall_time at, const stored_message& other) { return at < other.received_at; });
  messages_.insert(place, std::move(message));
  while (messages_.size() > options_.kept ||
         (!messages_.empty() && messages_.front().received_at + options_.retention < now))
    messages_.pop_front();
}

bool storage_log::visit(const storage_query& query, wall_time now,
                        const std::function<void(const stored_message&)>& visit) const {
  const auto oldest = now - options_.retention;
  const auto newest = now - options_.delay;
  std::size_t left = query.limit;
  bool more = false;
  const auto look = [&](const stored_message& message) {
    const bool readable = message.received_at >= oldest && message.received_at <= newest;
    const bool wanted = message.application == query.application && message.kind == query.kind &&
                        (!query.device || message.device == *query.device) &&
                        (!query.f_port || message.f_port == *query.f_port) &&
                        (!query.after || message.received_at > *query.after) &&
                        (!query.before || message.received_at < *query.before);
    if (!readable || !wanted) return true;
    if (query.behind) {
      const auto place = std::pair{message.received_at, message.order};
      if (query.newest_first ? place >= *query.behind : place <= *query.behind) return true;
    }
    if (left == 0) {
      more = true;
      return false;
    }
    --left;
    visit(message);
    return true;
  };
  const auto first = [&] {
    if (!query.after) return messages_.begin();
    return std::partition_point(messages_.begin(), messages_.end(), [&](const stored_message& message) {
      return message.received_at <= *query.after;
    });
  }();
  if (query.newest_first)
    static_cast<void>(std::all_of(messages_.rbegin(), std::make_reverse_iterator(first), look));
  else
    static_cast<void>(std::all_of(first, messages_.end(), look));
  return more;
}

} // namespace causeway::emulator
