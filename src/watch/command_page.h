// SPDX-License-Identifier: Apache-2.0
// A command as JSON. Pure; any thread.
#pragma once

#include "model/command_view.h"
#include "watch/waterfall.h"

#include <boost/json.hpp>

namespace causeway::watch {

boost::json::object command_json(const model::command_status& one);
// Its way, oldest first.
boost::json::array steps_json(const model::command_status& of);
// The same as a row of a picture whose zero is that wall time, a bar from each step to the next.
waterfall_row command_row(const model::command_status& of, wall_time zero);

} // namespace causeway::watch
