// SPDX-License-Identifier: Apache-2.0
#include "store/work.h"

namespace causeway::store {

void put_last(queued_devices& into, model::device_record record) {
  const auto [place, is_new] = into.try_emplace(record.ref);
  if (is_new || place->second.key == record.key)
    place->second = std::move(record);
  else
    log_ref_taken(record);
}

} // namespace causeway::store
