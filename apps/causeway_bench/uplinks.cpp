// SPDX-License-Identifier: Apache-2.0
#include "causeway_bench/uplinks.h"

#include "causeway_bench/uplink_measurement.h"

#include <fmt/format.h>

namespace causeway::bench {
namespace {

struct shares {
  double gateway = 0, emulator = 0, generator = 0;
};

// Of each process's time, over all of the run.
shares each_uplink(const uplink_measurement& m) {
  if (m.what.accepted == 0) return {};
  const auto factor = 1e6 / static_cast<double>(m.what.accepted);
  return {m.cpu.gateway * factor, m.cpu.emulator * factor, m.cpu.generator * factor};
}

shares percent(const uplink_measurement& m) {
  if (m.delivery_seconds == 0) return {};
  const auto factor = 100 / m.delivery_seconds;
  return {m.cpu.gateway * factor, m.cpu.emulator * factor, m.cpu.generator * factor};
}

void print_words(const uplinks_options& options, const uplink_measurement& m) {
  const auto accepted = static_cast<double>(m.what.accepted),
             delivered = static_cast<double>(m.what.delivered);
  const auto core = percent(m);
  fmt::print("{} devices, rate {}: {:.0f} a second accepted, {:.0f} a second delivered, {} lost, {} "
             "duplicates ({} unrecognisable), {} out of order\n"
             "HTTP p50 {:.2f} ms, p99 {:.2f} ms; end to end p50 {:.2f} ms, p99 {:.2f} ms; gateway {:.1f} µs "
             "CPU an uplink, {:.1f} after the warm-up; {} fsyncs on {}, {:.1f} rows a commit\n",
             options.devices, options.rate == 0 ? "max" : fmt::format("{}", options.rate),
             m.seconds == 0 ? 0 : accepted / m.seconds,
             m.delivery_seconds == 0 ? 0 : delivered / m.delivery_seconds, m.what.lost, m.what.duplicates,
             m.what.duplicates_unrecognisable, m.what.out_of_order, m.http_p50, m.http_p99, m.whole_p50,
             m.whole_p99, each_uplink(m).gateway, m.cpu_us_per_uplink(), m.end.fsyncs - m.start.fsyncs,
             m.state_fs, m.rows_per_commit());
  fmt::print("{} HTTP connections opened ({}); of a core: gateway {:.0f} %, emulator {:.0f} %, generator "
             "{:.0f} %; the loop's longest lag {:.1f} ms; steal {:.1f} %\n",
             m.opened, options.connections == emulator::connection_use::fresh ? "new" : "kept", core.gateway,
             core.emulator, core.generator, m.loop_lag * 1e3, m.steal_percent());
}

} // namespace

void print_uplinks(const uplinks_options& options, const uplink_measurement& m) {
  if (!options.json) return print_words(options, m);
  const auto each = each_uplink(m), core = percent(m);
  fmt::print(R"({{{},"gateway_cpu_us_per_uplink":{:.1f},"emulator_cpu_us_per_uplink":{:.1f},)"
             R"("generator_cpu_us_per_uplink":{:.1f},"gateway_cpu_percent":{:.0f},)"
             R"("emulator_cpu_percent":{:.0f},"generator_cpu_percent":{:.0f},"loop_lag_ms":{:.1f},)"
             R"("gateway_rss_bytes":{},"fsyncs":{},"gateway_cpu_us_per_uplink_warm":{:.1f},)"
             R"("rows_per_commit":{:.1f},"commits":{},{}}})"
             "\n",
             describe_run(options, m), each.gateway, each.emulator, each.generator, core.gateway,
             core.emulator, core.generator, m.loop_lag * 1e3, m.program_bytes, m.end.fsyncs - m.start.fsyncs,
             m.cpu_us_per_uplink(), m.rows_per_commit(), m.end.commits - m.start.commits,
             describe_machine(m));
}

int measure_uplinks(const uplinks_options& asked) {
  const auto options = completed(asked);
  const auto measured = run_uplinks(options, rig_program::gateway);
  if (!measured) return 1;
  print_uplinks(options, *measured);
  return measured->what.lost == 0 ? 0 : 1;
}

} // namespace causeway::bench
