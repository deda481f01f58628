// SPDX-License-Identifier: Apache-2.0
// A device's status as JSON. Pure; any thread.
#pragma once

#include "model/device_status.h"

#include <boost/json.hpp>

namespace causeway::watch {

boost::json::object device_json(const model::device_status& of, moment now);
std::optional<model::device_state> find_state(std::string_view name);

} // namespace causeway::watch
