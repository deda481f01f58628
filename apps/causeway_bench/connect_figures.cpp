// SPDX-License-Identifier: Apache-2.0
#include "causeway_bench/connect_figures.h"

#include "azure/limits.h"
#include "base/check.h"
#include "base/encoding.h"

#include <fmt/format.h>

#include <algorithm>
#include <functional>

namespace causeway::bench {
namespace {

// Writes one JSON object, member by member.
class object_writer {
public:
  void raw(std::string_view name, std::string_view value) {
    out_ += out_.size() > 1 ? "," : "";
    out_ += fmt::format("\"{}\":{}", name, value);
  }
  void text(std::string_view name, std::string_view value) { raw(name, json_quoted(value)); }
  void number(std::string_view name, double value, int digits) {
    raw(name, fmt::format("{:.{}f}", value, digits));
  }
  void number(std::string_view name, std::optional<double> value, int digits) {
    if (value)
      number(name, *value, digits);
    else
      raw(name, "null");
  }
  std::string end() && { return std::move(out_) + "}"; }

private:
  std::string out_ = "{";
};

struct figure {
  std::string_view name;
  int digits;
  std::function<std::optional<double>(const connect_figures&)> of;
};

template <class Number>
std::function<std::optional<double>(const connect_figures&)> member(Number connect_figures::*which) {
  return [which](const connect_figures& run) { return static_cast<double>(run.*which); };
}

double rss_bytes_per_device(const connect_figures& run) {
  if (run.online == 0 || run.rss_bytes < run.rss_bytes_base) return 0;
  return static_cast<double>(run.rss_bytes - run.rss_bytes_base) / static_cast<double>(run.online);
}

std::vector<figure> figures_for(const connect_options& options) {
  std::vector<figure> all{
      {"online", 0, member(&connect_figures::online)},
      {"seconds_to_all_online", 3, member(&connect_figures::seconds_to_all_online)},
      {"devices_per_second", 1, [](const auto& run) { return devices_per_second(run); }},
      {"dps_requests", 0, member(&connect_figures::dps_requests)},
      {"registrations", 0, member(&connect_figures::registrations)},
      {"accepted_registrations", 0, member(&connect_figures::accepted_registrations)},
      {"polls", 0, member(&connect_figures::polls)},
      {"throttled", 0,
       [](const auto& run) { return static_cast<double>(run.dps_throttled + run.throttled_connects); }},
      {"put_tokens", 0, member(&connect_figures::put_tokens)},
      {"connections", 0, member(&connect_figures::connections)},
      {"c2d_links", 0, member(&connect_figures::c2d_links)},
      {"twin_reads", 0, member(&connect_figures::twin_reads)},
      {"connects_in_busiest_second", 0, member(&connect_figures::connects_in_busiest_second)},
      {"attach_seconds", 3, member(&connect_figures::attach_seconds)},
      {"registration_seconds", 3, member(&connect_figures::registration_seconds)},
      {"rss_bytes_per_device", 0, [](const auto& run) { return rss_bytes_per_device(run); }},
      {"rss_bytes", 0, member(&connect_figures::rss_bytes)},
      {"rss_bytes_base", 0, member(&connect_figures::rss_bytes_base)},
      {"gateway_cpu_seconds", 2, member(&connect_figures::cpu_seconds)},
  };
  all.push_back({"idle_cpu_percent", 2, [hold = options.hold](const auto& run) -> std::optional<double> {
                   if (hold == 0) return std::nullopt;
                   return run.idle_cpu_percent;
                 }});
  all.push_back({"dps_quota_used_percent", 2, [quota = options.dps_quota](const auto& run) {
                   return dps_quota_used_percent(quota, run);
                 }});
  if (options.dps_enforced)
    all.push_back({"dps_enforced_used_percent", 2, [quota = options.dps_enforced](const auto& run) {
                     return dps_quota_used_percent(quota, run);
                   }});
  all.push_back({"connect_quota_used_percent", 2,
                 [options](const auto& run) { return connect_quota_used_percent(options, run); }});
  return all;
}

std::optional<double> median_of(const figure& which, const std::vector<connect_figures>& runs) {
  std::vector<double> values;
  for (const auto& run : runs)
    if (const auto value = which.of(run)) values.push_back(*value);
  if (values.empty()) return std::nullopt;
  return median(std::move(values));
}

std::string minutes_of(const connect_figures& run) {
  std::string out = "[";
  for (const auto count : run.accepted_by_minute)
    out += (out.size() > 1 ? "," : "") + std::to_string(count);
  return out + "]";
}

std::string phases_of(const connect_figures& run) {
  object_writer out;
  for (const auto& [phase, mean] : run.phases)
    out.number(phase, mean, 4);
  return std::move(out).end();
}

std::string number_or_null(const std::optional<std::uint32_t>& value) {
  return value ? std::to_string(*value) : "null";
}

} // namespace

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  const auto middle = values.size() / 2;
  return values.size() % 2 == 1 ? values[middle] : (values[middle - 1] + values[middle]) / 2;
}

std::string_view name_of(azure_way way) {
  if (way == azure_way::connection_string) return "connection-string";
  return way == azure_way::dps ? "dps" : "central";
}

std::string_view name_of(start_kind kind) {
  return kind == start_kind::cold ? "cold" : "warm";
}

std::string_view name_of(strategy_kind kind) {
  return kind == strategy_kind::causeway ? "causeway" : "sequential";
}

double devices_per_second(const connect_figures& run) {
  return run.seconds_to_all_online > 0 ? static_cast<double>(run.online) / run.seconds_to_all_online : 0;
}

std::optional<double> dps_quota_used_percent(std::optional<std::uint32_t> per_minute,
                                             const connect_figures& run) {
  if (!per_minute || run.registration_seconds <= 0) return std::nullopt;
  const double allowed = *per_minute * run.registration_seconds / 60;
  return 100 * static_cast<double>(run.accepted_registrations) / allowed;
}

std::optional<double> connect_quota_used_percent(const connect_options& options, const connect_figures& run) {
  if (options.tier.empty() || run.attach_seconds <= 0) return std::nullopt;
  const auto tier = azure::parse_tier(options.tier);
  if (!tier) return std::nullopt;
  const auto limits = azure::hub_limits_of(*tier, options.units);
  if (!limits) return std::nullopt;
  return 100 * static_cast<double>(run.online) / (limits->connects * run.attach_seconds);
}

std::string to_json(const connect_options& options, const std::vector<connect_figures>& runs,
                    const machine_facts& machine) {
  CAUSEWAY_CHECK(!runs.empty());
  object_writer out;
  out.raw("devices", std::to_string(options.devices));
  out.raw("linked", number_or_null(options.linked));
  out.text("azure", name_of(options.azure));
  out.text("start", name_of(options.start));
  out.text("strategy", name_of(options.strategy));
  out.raw("retry_after", std::to_string(options.retry_after));
  out.raw("assign_after", options.assign_after ? fmt::format("{}", *options.assign_after) : "null");
  out.text("first_poll", options.first_poll);
  out.text("latency", options.latency);
  out.raw("dps_quota", number_or_null(options.dps_quota));
  out.raw("dps_enforced", number_or_null(options.dps_enforced));
  out.raw("tier", options.tier.empty() ? "null" : json_quoted(options.tier));
  out.raw("units", options.tier.empty() ? "null" : std::to_string(options.units));
  out.raw("hold", std::to_string(options.hold));

  const auto figures = figures_for(options);
  for (const auto& one : figures)
    out.number(one.name, median_of(one, runs), one.digits);
  // The run in the middle by time shows how the registrations were spread, and the phases.
  auto by_time = runs;
  std::sort(by_time.begin(), by_time.end(), [](const auto& left, const auto& right) {
    return left.seconds_to_all_online < right.seconds_to_all_online;
  });
  const auto& typical = by_time[by_time.size() / 2];
  out.raw("accepted_by_minute", minutes_of(typical));
  if (!typical.phases.empty()) out.raw("phases", phases_of(typical));

  std::string singles = "[";
  for (const auto& run : runs) {
    object_writer single;
    for (const auto& one : figures)
      single.number(one.name, one.of(run), one.digits);
    singles += (singles.size() > 1 ? "," : "") + std::move(single).end();
  }
  out.raw("runs", singles + "]");
  out.text("state_fs", runs.front().state_fs);
  out.text("cpu", machine.cpu);
  out.raw("cores", std::to_string(machine.cores));
  out.raw("memory_bytes", std::to_string(machine.memory_bytes));
  return std::move(out).end();
}

std::string to_text(const connect_options& options, const std::vector<connect_figures>& runs) {
  std::string out = fmt::format("{} devices, {}, {}, {}, latency {}, {} run(s), medians\n", options.devices,
                                name_of(options.strategy), name_of(options.azure), name_of(options.start),
                                options.latency, runs.size());
  for (const auto& one : figures_for(options))
    if (const auto value = median_of(one, runs))
      out += fmt::format("  {:<28} {:.{}f}\n", one.name, *value, one.digits);
  return out;
}

} // namespace causeway::bench
