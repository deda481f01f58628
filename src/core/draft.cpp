// SPDX-License-Identifier: Apache-2.0
#include "core/draft.h"

namespace causeway::core {

void draft::commit() {
  if (!change_.is_empty()) disk_->commit(std::exchange(change_, {}));
}

void draft::commit_if_long() {
  constexpr std::size_t much = 256;
  if (change_.devices.size() >= much || change_.dead_letters.size() >= much || change_.gone.size() >= much ||
      change_.done.size() >= much || change_.assignments.size() >= much)
    commit();
}

} // namespace causeway::core
