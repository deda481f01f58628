// SPDX-License-Identifier: Apache-2.0
// What a command's sender is told of what has just become of it. Pure; any thread.
#pragma once

#include "base/clock.h"
#include "core/command_track.h"
#include "core/words.h"
#include "model/command.h"
#include "model/downlink_report.h"

#include <string>

namespace causeway::core {

struct report_cause {
  const command_step* step = nullptr; // nothing: it was done, or found out
  // Where it was: the stack's word for a refused push, ours for a command that was given up.
  std::string error_name{}, error_text{};
};

// stands: after the effect.
command_mark make_mark(const command_record& stands, const report_cause& cause, wall_time now);
const std::string& error_of(const report_cause& cause);
// The same. Precondition: effect.report is not empty.
downlink_report make_report(const command& of, const causeway::dev_eui& eui, const command_record& stands,
                            const command_effect& effect, const report_cause& cause, wall_time now);

} // namespace causeway::core
