// SPDX-License-Identifier: Apache-2.0
// One run of a rig that sends uplinks for some time, with whichever program in the middle.
#pragma once

#include "causeway_bench/floor_stages.h"
#include "causeway_bench/uplink_rig.h"
#include "causeway_bench/uplinks.h"

#include <optional>
#include <string>

namespace causeway::bench {

// What the program had done at a moment.
struct program_work {
  std::uint64_t accepted = 0, commits = 0, fsyncs = 0;
  double cpu = 0; // seconds, user and system, of all threads
  floor_times stages{};
};

struct uplink_measurement {
  delivery what;
  std::uint64_t sent = 0, refused = 0, opened = 0, program_bytes = 0;
  double seconds = 0, delivery_seconds = 0, loop_lag = 0;
  cpu_use cpu;                   // of the run
  program_work start, warm, end; // warm: once a tenth of the time is over
  double stolen = 0;             // seconds, of all cores together
  double http_p50 = 0, http_p99 = 0, whole_p50 = 0, whole_p99 = 0;
  std::string state_fs;
  std::optional<bool> journal;

  // From the warm-up to the end.
  double cpu_us_per_uplink() const;
  double rows_per_commit() const;
  double stage_us_per_uplink(floor_stage which) const;
  // Of the time in which all cores together could have worked.
  double steal_percent() const;
};

// The options with what is left open in them decided.
uplinks_options completed(uplinks_options options);
// Nothing: it could not be measured, and stderr says why.
std::optional<uplink_measurement> run_uplinks(const uplinks_options& options, rig_program program);

// The parts of a JSON object that both programs have: the options with what became of the posts, and the
// machine.
std::string describe_run(const uplinks_options& options, const uplink_measurement& m);
std::string describe_machine(const uplink_measurement& m);

} // namespace causeway::bench
