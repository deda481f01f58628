// SPDX-License-Identifier: Apache-2.0
#include "core/clock_wait.h"

#include "base/log.h"
#include "core/device_table.h"
#include "core/ledger.h"
#include "core/naming.h"

#include <algorithm>

namespace causeway::core {
namespace {

constexpr milliseconds between_looks{500};
constexpr seconds patience{60};

} // namespace

void clock_wait::keep(device_ref which) {
  if (kept_.insert(which).second) turns_.keep(which);
}

bool clock_wait::has_such(device_ref which) const {
  if (!table_.contains(which)) return false;
  const auto all = book_.of_device(names_.key_of(table_.at(which)));
  return std::any_of(all.begin(), all.end(), [](const command_entry* one) {
    return one->track.stage() == command_stage::stored && !one->times.received && one->what.expiry.by_wall;
  });
}

std::vector<device_ref> clock_wait::look(bool is_known, moment now) {
  std::vector<device_ref> gone;
  if (!is_known && now.mono < next_look_) return gone;
  next_look_ = now.mono + between_looks;
  if (!is_known && !told_at_) told_at_ = now.mono + patience;
  if (!is_known && now.mono >= *told_at_) {
    told_at_ = mono_time::max();
    log::warning("commands_wait_for_time",
                 {{"devices", std::to_string(kept_.size())},
                  {"detail", "what waited over a stop may have expired: it is pushed as soon as a service "
                             "has told the time, by the Date of an answer"}});
  }
  std::erase_if(kept_, [&](device_ref which) {
    if (!is_known && has_such(which)) return false;
    turns_.let_go(which, now.mono);
    gone.push_back(which);
    return true;
  });
  return gone;
}

std::optional<mono_time> clock_wait::deadline() const {
  return is_idle() ? std::nullopt : std::optional{next_look_};
}

} // namespace causeway::core
