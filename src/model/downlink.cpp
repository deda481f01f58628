// SPDX-License-Identifier: Apache-2.0
#include "model/downlink.h"

#include "base/check.h"

#include <array>

namespace causeway::model {

std::string_view to_string(downlink_priority priority) {
  constexpr std::array<std::string_view, downlink_priorities> names{
      "LOWEST", "LOW", "BELOW_NORMAL", "NORMAL", "ABOVE_NORMAL", "HIGH", "HIGHEST"};
  const auto at = static_cast<std::size_t>(priority);
  CAUSEWAY_CHECK(at < names.size());
  return names[at];
}

std::string_view to_string(queue_operation operation) {
  return operation == queue_operation::replace ? "replace" : "push";
}

} // namespace causeway::model
