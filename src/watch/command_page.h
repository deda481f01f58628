// SPDX-License-Identifier: Apache-2.0
// A command as JSON. Pure; any thread.
#pragma once

#include "model/command_view.h"

#include <boost/json.hpp>

namespace causeway::watch {

boost::json::object command_json(const model::command_status& one);
// Its way, oldest first.
boost::json::array steps_json(const model::command_status& of);

} // namespace causeway::watch
