// SPDX-License-Identifier: Apache-2.0
#include "causeway_bench/floor.h"

#include "causeway_bench/floor_figures.h"
#include "causeway_bench/uplink_measurement.h"

#include <fmt/format.h>

#include <cstdio>

namespace causeway::bench {
namespace {

std::string stages_of(const uplink_measurement& m) {
  std::string out;
  for (std::size_t i = 0; i < floor_stage_names.size(); ++i)
    out += fmt::format(R"({}"{}":{:.1f})", i == 0 ? "" : ",", floor_stage_names[i],
                       m.stage_us_per_uplink(static_cast<floor_stage>(i)));
  return out;
}

void print_floor(const uplinks_options& options, const uplink_measurement& m) {
  if (options.json) {
    fmt::print(R"({{"program":"floor",{},"us_per_uplink":{:.1f},"rows_per_commit":{:.1f},"commits":{},)"
               R"("rss_bytes":{},"stages_us_per_uplink":{{{}}},{}}})"
               "\n",
               describe_run(options, m), m.cpu_us_per_uplink(), m.rows_per_commit(),
               m.end.commits - m.start.commits, m.program_bytes, stages_of(m), describe_machine(m));
    return;
  }
  fmt::print(
      "floor, {} devices, rate {}: {:.1f} µs CPU an uplink, {:.1f} rows a commit; {} accepted, {} "
      "delivered, {} lost, {} duplicates, {} out of order; {}{}; steal {:.1f} %\nstages, µs an uplink: {}\n",
      options.devices, options.rate == 0 ? "max" : fmt::format("{}", options.rate), m.cpu_us_per_uplink(),
      m.rows_per_commit(), m.what.accepted, m.what.delivered, m.what.lost, m.what.duplicates,
      m.what.out_of_order, m.state_fs,
      !m.journal   ? ""
      : *m.journal ? " with a journal"
                   : " without a journal",
      m.steal_percent(), stages_of(m));
}

// What was measured of honest work only: all that was accepted has arrived once, and in order.
bool is_sound(const uplink_measurement& m) {
  return m.what.accepted > 0 && m.what.lost == 0 && m.what.duplicates == 0 && m.what.out_of_order == 0;
}

} // namespace

int measure_floor(const floor_options& asked) {
  const auto options = completed(asked.uplinks);
  std::vector<floor_pair> pairs;
  bool sound = true;
  do {
    const auto floor = run_uplinks(options, rig_program::floor);
    if (!floor) return 1;
    print_floor(options, *floor);
    sound = sound && is_sound(*floor);
    if (asked.pairs == 0) return sound ? 0 : 1;
    const auto gateway = run_uplinks(options, rig_program::gateway);
    if (!gateway) return 1;
    print_uplinks(options, *gateway);
    std::fflush(stdout);
    sound = sound && gateway->what.lost == 0;
    pairs.push_back({floor->cpu_us_per_uplink(), gateway->cpu_us_per_uplink(), floor->rows_per_commit(),
                     gateway->rows_per_commit()});
  } while (pairs.size() < asked.pairs);
  if (!sound) return 1;
  const auto rate = options.rate == 0 ? std::string{"max"} : fmt::format("{}", options.rate);
  fmt::print("{}\n", options.json ? to_json(pairs, rate) : to_text(pairs, rate));
  return 0;
}

} // namespace causeway::bench
