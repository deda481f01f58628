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

bool application_settings::takes(std::string_view one) const {
  return std::find(ingress.begin(), ingress.end(), one) != ingress.end();
}

} // namespace causeway::config
