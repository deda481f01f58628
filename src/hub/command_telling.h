// SPDX-License-Identifier: Apache-2.0
// From a line's news of commands to who wants to know: its fleet's devices that are attached hear what comes
// down to them, and what is wrong with a link goes to the log. Part of fleet. Pure; one thread.
#pragma once

#include "base/log_limiter.h"
#include "hub/command_news.h"
#include "hub/fleet_context.h"

#include <vector>

namespace causeway::hub {

class fleet;

// of: the line's.
void tell_commands(fleet_context& context, const fleet& of, std::vector<command_news> news,
                   log_limiter& limiter, moment now);

} // namespace causeway::hub
