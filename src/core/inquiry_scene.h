// SPDX-License-Identifier: Apache-2.0
// For tests that look for an item: one command, and the readings of a queue and a record.
#pragma once

#include "base/clock.h"
#include "core/words.h"
#include "model/command.h"
#include "model/downlinks.h"

#include <string>
#include <vector>

namespace causeway::core::testing {

struct inquiry_scene {
  manual_clock clock;
  const command_id id{std::string(32, 'a')};
  const std::vector<std::string> ours{"as:downlink:01A", correlation_id_of(id)};
  const std::vector<std::string> others{"as:downlink:01B",
                                        correlation_id_of(command_id{std::string(32, 'b')})};

  mono_time now() const { return clock.now().mono; }
  queue_reading queue(const std::vector<std::string>& ids) const {
    return {read_end::seen, {{others, 1, 1}, {ids, 1, 2}}};
  }
  queue_reading empty_queue() const { return {read_end::seen, {}}; }
  // A class A device without an uplink.
  record_reading record() const {
    record_reading made;
    made.how = read_end::seen;
    made.stack_time = clock.now().wall;
    return made;
  }
};

} // namespace causeway::core::testing
