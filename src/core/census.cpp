// SPDX-License-Identifier: Apache-2.0
#include "core/census.h"

#include <algorithm>

namespace causeway::core {

census::census(std::uint32_t applications, const device_table& table, std::uint32_t most_devices,
               std::uint32_t share_percent)
    : table_{table}, most_{most_devices}, share_percent_{share_percent} {
  divide(applications);
}

void census::divide(std::uint32_t applications) {
  applications_ = applications;
  share_ = applications < 2 ? most_ : std::max<std::uint64_t>(1, std::uint64_t{most_} * share_percent_ / 100);
}

std::optional<answer> census::lacks_place(std::uint32_t application) const {
  if (table_.size() >= most_ || table_.is_full()) return answer::devices_full;
  if (applications_ > 1 && devices_[application] >= share_) return answer::device_share_full;
  return std::nullopt;
}

} // namespace causeway::core
