// SPDX-License-Identifier: Apache-2.0
#include "core/progress_watch.h"

#include "base/earliest.h"

#include <algorithm>

namespace causeway::core {

void progress_watch::on_taken(std::uint32_t application, mono_time now) {
  ++waiting_.try_emplace(application, account{now}).first->second.taken;
}

void progress_watch::on_step(std::uint32_t application) {
  waiting_.erase(application);
}

std::vector<std::uint32_t> progress_watch::take_silent(mono_time now) {
  std::vector<std::uint32_t> found;
  for (auto& [application, one] : waiting_) {
    if (one.is_said || now - one.since < queued_is_heard_within) continue;
    one.is_said = true;
    found.push_back(application);
  }
  return found;
}

std::optional<mono_time> progress_watch::deadline() const {
  std::optional<mono_time> next;
  for (const auto& [application, one] : waiting_)
    if (!one.is_said) next = earliest({next, one.since + queued_is_heard_within});
  return next;
}

std::uint64_t progress_watch::silent() const {
  return static_cast<std::uint64_t>(std::count_if(waiting_.begin(), waiting_.end(), [](const auto& one) {
    return one.second.is_said && one.second.taken > 1;
  }));
}

} // namespace causeway::core
