// SPDX-License-Identifier: Apache-2.0
#include "config/configuration.h"

#include "base/check.h"

#include <algorithm>

namespace causeway::config {

const azure_settings& configuration::azure_of(const azure_name& name) const {
  const auto found =
      std::find_if(azure.begin(), azure.end(), [&](const auto& section) { return section.name == name; });
  CAUSEWAY_CHECK(found != azure.end());
  return *found;
}

} // namespace causeway::config
