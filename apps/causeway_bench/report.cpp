// SPDX-License-Identifier: Apache-2.0
#include "causeway_bench/report.h"

#include <boost/json.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <map>
#include <sstream>

namespace causeway::bench {
namespace {

namespace json = boost::json;

std::optional<double> number(const json::object& from, std::string_view key) {
  const auto* found = from.if_contains(key);
  if (found == nullptr || !found->is_number()) return std::nullopt;
  return found->to_number<double>();
}

std::string text(const json::object& from, std::string_view key) {
  const auto* found = from.if_contains(key);
  return found != nullptr && found->is_string() ? std::string{found->as_string()} : std::string{};
}

std::string conditions_of(const json::object& from) {
  std::string out;
  const auto add = [&](const std::string& what) { out += (out.empty() ? "" : ", ") + what; };
  if (const auto latency = text(from, "latency"); !latency.empty()) add("latency " + latency);
  if (const auto wait = number(from, "retry_after")) add(fmt::format("Retry-After {:.0f} s", *wait));
  if (const auto done = number(from, "assign_after")) add(fmt::format("assigned after {} s", *done));
  if (const auto first = text(from, "first_poll"); !first.empty() && first != "retry-after")
    add("first poll after " + first);
  if (const auto quota = number(from, "dps_quota")) add(fmt::format("DPS {:.0f} a minute", *quota));
  if (const auto enforced = number(from, "dps_enforced")) add(fmt::format("enforced {:.0f}", *enforced));
  if (const auto tier = text(from, "tier"); !tier.empty())
    add(fmt::format("{} x {:.0f}", tier, number(from, "units").value_or(1)));
  return out;
}

std::string cell(const std::optional<double>& value, int digits) {
  return value ? fmt::format("{:.{}f}", *value, digits) : std::string{"–"};
}

std::string read_file(const std::string& path) {
  std::ifstream in{path, std::ios::binary};
  return {std::istreambuf_iterator<char>{in}, {}};
}

} // namespace

std::vector<measurement_row> read_measurements(std::string_view lines) {
  std::vector<measurement_row> rows;
  std::istringstream in{std::string{lines}};
  for (std::string line; std::getline(in, line);) {
    boost::system::error_code fault;
    const auto value = json::parse(line, fault);
    if (fault || !value.is_object()) continue;
    const auto& object = value.as_object();
    const auto devices = number(object, "devices"), seconds = number(object, "seconds_to_all_online");
    if (!devices || !seconds || *devices < 1) continue;
    measurement_row row;
    row.who = text(object, "client");
    if (row.who.empty())
      row.who = text(object, "strategy") + ", " + text(object, "azure") + ", " + text(object, "start");
    row.devices = static_cast<std::uint64_t>(*devices);
    row.seconds = *seconds;
    row.dps_requests = number(object, "dps_requests");
    row.throttled = number(object, "throttled");
    row.rss_bytes_per_device = number(object, "rss_bytes_per_device");
    row.cpu_seconds = number(object, "gateway_cpu_seconds");
    row.idle_cpu_percent = number(object, "idle_cpu_percent");
    row.dps_quota_used_percent = number(object, "dps_quota_used_percent");
    row.connect_quota_used_percent = number(object, "connect_quota_used_percent");
    row.conditions = conditions_of(object);
    rows.push_back(std::move(row));
  }
  return rows;
}

std::string make_table(const std::vector<measurement_row>& rows) {
  std::string out =
      "| Who | Devices | Conditions | Seconds to all online | Devices a second | DPS requests | Refused | "
      "Memory, "
      "bytes a device | CPU, ms a device | DPS quota used, % | Connect quota used, % | Idle CPU, % |\n"
      "|---|---|---|---|---|---|---|---|---|---|---|---|\n";
  for (const auto& row : rows) {
    std::optional<double> cpu_ms;
    if (row.cpu_seconds) cpu_ms = *row.cpu_seconds * 1000 / static_cast<double>(row.devices);
    const auto rate = row.seconds > 0 ? static_cast<double>(row.devices) / row.seconds : 0.0;
    out += fmt::format("| {} | {} | {} | {:.3f} | {:.1f} | {} | {} | {} | {} | {} | {} | {} |\n", row.who,
                       row.devices, row.conditions, row.seconds, rate, cell(row.dps_requests, 0),
                       cell(row.throttled, 0), cell(row.rss_bytes_per_device, 0), cell(cpu_ms, 3),
                       cell(row.dps_quota_used_percent, 1), cell(row.connect_quota_used_percent, 1),
                       cell(row.idle_cpu_percent, 2));
  }
  return out;
}

std::vector<bar> bars_of_seconds(const std::vector<measurement_row>& rows) {
  std::map<std::uint64_t, std::size_t> counts;
  for (const auto& row : rows)
    ++counts[row.devices];
  std::uint64_t most = 0;
  for (const auto& [devices, count] : counts)
    if (most == 0 || count > counts[most]) most = devices;
  std::vector<bar> bars;
  for (const auto& row : rows)
    if (row.devices == most) bars.push_back({row.who, row.seconds});
  return bars;
}

std::vector<curve> curves_of_seconds(const std::vector<measurement_row>& rows) {
  std::map<std::string, std::map<double, double>> by_label;
  for (const auto& row : rows)
    by_label[row.conditions.empty() ? row.who : row.who + " (" + row.conditions + ")"]
            [static_cast<double>(row.devices)] = row.seconds;
  std::vector<curve> curves;
  for (const auto& [label, points] : by_label)
    if (points.size() > 1) curves.push_back({label, {points.begin(), points.end()}});
  return curves;
}

std::vector<bar> bars_of_memory(const std::vector<measurement_row>& rows) {
  std::vector<bar> bars;
  for (const auto& row : rows)
    if (row.rss_bytes_per_device && *row.rss_bytes_per_device > 0)
      bars.push_back({fmt::format("{}, {} devices", row.who, row.devices), *row.rss_bytes_per_device});
  return bars;
}

int write_report(const report_options& options) {
  std::vector<measurement_row> rows;
  for (const auto& file : options.files) {
    if (!std::filesystem::is_regular_file(file)) {
      std::cerr << "causeway-bench: there is no file " << file << '\n';
      return 1;
    }
    auto more = read_measurements(read_file(file));
    rows.insert(rows.end(), std::make_move_iterator(more.begin()), std::make_move_iterator(more.end()));
  }
  if (rows.empty()) {
    std::cerr << "causeway-bench: no line of these files is a measurement\n";
    return 1;
  }
  std::error_code fault;
  std::filesystem::create_directories(options.directory, fault);
  bool written = true;
  const auto write = [&](const std::string& name, const std::string& content) {
    std::ofstream out{std::filesystem::path{options.directory} / name, std::ios::binary};
    out << content;
    out.close();
    if (!out) {
      std::cerr << "causeway-bench: " << name << " cannot be written to " << options.directory << '\n';
      written = false;
    }
  };
  std::string page = "# Connecting, measured\n\n" + make_table(rows);
  const auto add_plot = [&](const std::string& name, std::string_view title, const std::string& plot) {
    write(name, plot);
    page += fmt::format("\n![{}]({})\n", title, name);
  };
  const auto seconds = bars_of_seconds(rows);
  add_plot("seconds.svg", "Seconds to all online", draw_bars("Seconds to all online", "s", seconds));
  if (const auto curves = curves_of_seconds(rows); !curves.empty())
    add_plot("scale.svg", "Seconds by number of devices",
             draw_curves("Seconds to all online", "devices", "seconds", curves));
  if (const auto memory = bars_of_memory(rows); !memory.empty())
    add_plot("memory.svg", "Memory a device", draw_bars("Memory a device", "bytes", memory));
  write("report.md", page);
  return written ? 0 : 1;
}

} // namespace causeway::bench
