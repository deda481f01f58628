// SPDX-License-Identifier: Apache-2.0
#include "core/holdings.h"

#include "core/device_table.h"

namespace causeway::core {

std::vector<device_ref> holdings::devices_of(shard_number which, const device_table& table) const {
  std::vector<device_ref> all;
  table.for_each([&](device_ref one, const device& d) {
    if (of(d) == which) all.push_back(one);
  });
  return all;
}

} // namespace causeway::core
