// SPDX-License-Identifier: Apache-2.0
#include "core/ledger_view.h"

#include "core/ledger.h"

#include <algorithm>

namespace causeway::core {
namespace {

seconds since(std::uint32_t then, std::uint32_t now) {
  return seconds{now - std::min(now, then)};
}

bool is_meant(const command_entry& one, const command_query& asked) {
  return (asked.application.empty() || one.what.to.application.str() == asked.application) &&
         (asked.device.empty() || one.what.to.device.str() == asked.device) &&
         (!asked.state || one.track.state() == *asked.state);
}

} // namespace

command_status status_of(const command_entry& one, std::uint32_t open_seconds) {
  command_status made;
  made.order = one.order;
  made.id = one.what.id;
  made.source = one.what.source;
  made.to = one.what.to;
  made.state = one.track.state();
  made.what = one.what.what;
  made.message_id = one.what.message_id;
  made.correlation_id = one.what.correlation_id;
  made.item = one.track.record().item;
  made.nacks = one.track.record().nacks;
  made.stored = since(one.stored_at, open_seconds);
  made.changed = since(one.changed_at, open_seconds);
  if (one.pushed) made.pushed = one.pushed->wall;
  made.sequence_number = one.what.sequence_number;
  made.enqueued = one.what.enqueued;
  made.marks = one.marks;
  made.error = one.error;
  return made;
}

std::optional<command_status> status_of(const ledger& book, const command_id& which,
                                        std::uint32_t open_seconds) {
  const auto* const one = book.find(which);
  return one == nullptr ? std::nullopt : std::optional{status_of(*one, open_seconds)};
}

command_page page_of(const ledger& book, const command_query& asked, std::uint32_t open_seconds) {
  constexpr std::size_t most_looked_at = 65'536;
  command_page page;
  std::size_t looked_at = 0;
  for (const auto* one = book.behind(asked.after); one != nullptr; one = book.behind(one->order)) {
    if (page.commands.size() == asked.limit || looked_at++ == most_looked_at) {
      page.next = one->order - 1;
      break;
    }
    if (is_meant(*one, asked)) page.commands.push_back(status_of(*one, open_seconds));
  }
  return page;
}

std::vector<command_status> last_of(const ledger& book, const device_key& device, std::size_t most,
                                    std::uint32_t open_seconds) {
  const auto all = book.of_device(device);
  std::vector<command_status> last;
  for (auto one = all.rbegin(); one != all.rend() && last.size() < most; ++one)
    last.push_back(status_of(**one, open_seconds));
  return last;
}

} // namespace causeway::core
