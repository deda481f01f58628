// SPDX-License-Identifier: Apache-2.0
#include "model/timeline.h"

#include "base/check.h"

#include <algorithm>
#include <set>

namespace causeway::model {

std::string_view to_string(phase what) {
  switch (what) {
  case phase::dps_queue:
    return "dps.queue";
  case phase::dps_register:
    return "dps.register";
  case phase::dps_wait:
    return "dps.wait";
  case phase::dps_poll:
    return "dps.poll";
  case phase::hub_queue:
    return "hub.queue";
  case phase::dns:
    return "dns";
  case phase::tcp:
    return "tcp";
  case phase::tls:
    return "tls";
  case phase::open:
    return "open";
  case phase::cbs_link:
    return "cbs.link";
  case phase::cbs:
    return "cbs";
  case phase::attach:
    return "attach";
  case phase::first_send:
    return "first_send";
  case phase::command_store:
    return "command.store";
  case phase::command_turn:
    return "command.turn";
  case phase::command_push:
    return "command.push";
  case phase::command_send:
    return "command.send";
  case phase::command_ack:
    return "command.ack";
  }
  return "unknown";
}

timeline::timeline(moment started, std::size_t capacity) : started_{started}, capacity_{capacity} {
  CAUSEWAY_CHECK(capacity > 0);
}

void timeline::note(const span& what) {
  if (spans_.size() < capacity_)
    spans_.push_back(what);
  else
    spans_[noted_ % capacity_] = what;
  ++noted_;
}

const span& timeline::at(std::uint64_t number) const {
  CAUSEWAY_CHECK(number >= first_kept() && number < noted_);
  return spans_[number % capacity_];
}

std::vector<span> timeline::of(device_ref device, std::size_t limit) const {
  std::set<connection_number> lines;
  for (const auto& one : spans_)
    if (one.device == device && one.connection != 0) lines.insert(one.connection);
  std::vector<span> found;
  for (auto number = noted_; number > first_kept() && found.size() < limit; --number) {
    const auto& one = at(number - 1);
    if (one.device == device || (!one.device && lines.contains(one.connection))) found.push_back(one);
  }
  std::ranges::reverse(found);
  return found;
}

} // namespace causeway::model
