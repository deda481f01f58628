// SPDX-License-Identifier: Apache-2.0
#include "core/appends.h"

#include "core/draft.h"
#include "core/open_time.h"

#include <utility>

namespace causeway::core {

result<append_id> appends::make(append_request what, moment now) {
  const auto id = next_after(last);
  what.id = id;
  what.accepted_at = time_.seconds_at(now);
  what.accepted = now.mono;
  book_.commit();
  if (auto taken = disk_->append(std::move(what)); !taken) return std::move(taken).fault();
  last = id;
  done_.push_back(false);
  return id;
}

} // namespace causeway::core
