// SPDX-License-Identifier: Apache-2.0
#include "core/openings.h"

#include "core/assignments.h"
#include "core/device_table.h"
#include "core/holdings.h"
#include "core/naming.h"

#include <utility>

namespace causeway::core {

void openings::begin(shard_number which, std::vector<start_image::assigned> of) {
  all_.try_emplace(which, on_.rules, on_.table, on_.claimed, on_.held, on_.here, which)
      .first->second.begin(std::move(of));
}

std::optional<device_ref> openings::next(std::size_t& most) {
  while (!is_holding_ && !all_.empty()) {
    auto& first = all_.begin()->second;
    const bool all_placed = first.is_over() || first.place_some(most);
    for (const auto which : first.take_misfits())
      on_.held.displace(which);
    if (!all_placed) return std::nullopt;
    std::optional<device_ref> one;
    if (!first.is_over()) {
      if (most == 0) return std::nullopt;
      --most;
      one = first.next();
    }
    if (first.is_over()) all_.erase(all_.begin());
    if (one) return one;
  }
  return std::nullopt;
}

void openings::lose(const device& d) {
  if (all_.empty()) return; // and no shard need be worked out
  const auto found = all_.find(on_.here.of(d));
  if (found != all_.end()) found->second.lose(on_.names.key_of(d));
}

std::vector<device_ref> openings::let_go() {
  is_holding_ = false;
  return std::exchange(wanted_, {});
}

bool openings::keeps(const device& d) const {
  if (is_holding_ || all_.empty()) return is_holding_;
  const auto found = all_.find(on_.here.of(d));
  return found != all_.end() && found->second.is_placing();
}

void openings::note_wanted(device_ref which) {
  if (is_holding_) wanted_.push_back(which);
}

} // namespace causeway::core
