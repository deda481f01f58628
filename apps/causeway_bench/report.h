// SPDX-License-Identifier: Apache-2.0
// Tables and plots of collected measurements: lines that `causeway-bench connect --json` and script/compare
// have printed. Everything but write_report is a pure function.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace causeway::bench {

struct report_options {
  std::vector<std::string> files;
  std::string directory;
};

struct measurement_row {
  std::string who; // "causeway, dps, cold"; of another client its own name
  std::uint64_t devices = 0;
  double seconds = 0;
  // Absent where it was not measured.
  std::optional<double> dps_requests, throttled, rss_bytes_per_device, cpu_seconds, idle_cpu_percent,
      dps_quota_used_percent, connect_quota_used_percent;
  std::string conditions; // "latency azure, Retry-After 3 s, S1"
};

// One row for each line that is a JSON object with devices and seconds_to_all_online; other lines are
// skipped.
std::vector<measurement_row> read_measurements(std::string_view lines);

// Markdown, in the order given.
std::string make_table(const std::vector<measurement_row>& rows);

struct bar {
  std::string label;
  double value = 0;
};
// SVG. Both are drawn with logarithmic axes where the largest value is more than 20 times the smallest.
std::string draw_bars(std::string_view title, std::string_view unit, const std::vector<bar>& bars);
struct curve {
  std::string label;
  std::vector<std::pair<double, double>> points;
};
std::string draw_curves(std::string_view title, std::string_view x_title, std::string_view y_title,
                        const std::vector<curve>& curves);

// Bars of seconds for the number of devices that most rows have; curves of seconds over devices, for those
// that were measured with more than one number; bars of memory.
std::vector<bar> bars_of_seconds(const std::vector<measurement_row>& rows);
std::vector<curve> curves_of_seconds(const std::vector<measurement_row>& rows);
std::vector<bar> bars_of_memory(const std::vector<measurement_row>& rows);

// Writes report.md, seconds.svg, scale.svg and memory.svg. 0: written; 1: a file could not be read or
// written, or no line was a measurement.
int write_report(const report_options& options);

} // namespace causeway::bench
