// SPDX-License-Identifier: Apache-2.0
// The gateway's figures as JSON, and when all devices will be online. Pure; any thread.
#pragma once

#include "watch/plan.h"
#include "watch/snapshot.h"

#include <boost/json.hpp>

#include <optional>

namespace causeway::watch {

// Until every device that is on its way is online, at the budgets' present pace; parked devices are not on
// their way. 0: all are there. Nothing: a service has them wait, or cannot be reached, for no known time.
std::optional<double> predict_seconds(const snapshot& now);
boost::json::object status_json(const snapshot& now, std::string_view version, wall_time at);

} // namespace causeway::watch
