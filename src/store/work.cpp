// SPDX-License-Identifier: Apache-2.0
#include "store/work.h"

namespace causeway::store {

void put_last(queued_devices& into, queued_change::saved what) {
  const auto [place, is_new] = into.try_emplace(what.device);
  if (is_new || place->second.key == what.record.key)
    place->second = std::move(what.record);
  else
    log_number_taken(what.device, what.record);
}

} // namespace causeway::store
