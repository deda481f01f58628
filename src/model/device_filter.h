// SPDX-License-Identifier: Apache-2.0
// Which devices a page of the device table is to have; what is empty asks nothing.
#pragma once

#include "model/device_status.h"

#include <optional>
#include <string>

namespace causeway::model {

struct device_filter {
  std::optional<device_state> state{};
  std::string application{};
  std::string text{}; // a part of the device's id or of its EUI, in either case
};

} // namespace causeway::model
