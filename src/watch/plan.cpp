// SPDX-License-Identifier: Apache-2.0
#include "watch/plan.h"

#include "watch/printable.h"

#include <algorithm>
#include <cmath>

namespace causeway::watch {
namespace {

// The budgets let a tenth of the quota go at once (base/budget.h), the rest at the quota's pace.
constexpr double burst_share = 0.1;
// Below this a quota is no reason for anything.
constexpr double moment_seconds = 1;

double seconds_at(std::uint64_t count, double quota, double window) {
  if (count == 0) return 0;
  const double limit = std::max(quota, 1.0);
  const double later = std::max(0.0, static_cast<double>(count) - std::max(1.0, limit * burst_share));
  return later * window / limit;
}

double hub_seconds(std::uint64_t devices, double connects_per_second) {
  return devices == 0 ? 0 : seconds_at(devices, connects_per_second, 1) + way_seconds;
}

std::string plural(std::uint64_t count, const char* one) {
  return std::to_string(count) + " " + one + (count == 1 ? "" : "s");
}

std::string figure(double value) {
  const double rounded = std::round(value * 10) / 10;
  const auto whole = static_cast<std::int64_t>(rounded);
  const auto tenths = static_cast<std::int64_t>(std::llround((rounded - static_cast<double>(whole)) * 10));
  return std::to_string(whole) + (tenths == 0 ? "" : "." + std::to_string(tenths));
}

// What all hubs and every DPS would take, were this hub's quota another.
double total_with(const plan& what, const std::string& step, double seconds) {
  for (const auto& one : what.steps)
    if (one.what != step) seconds = std::max(seconds, one.seconds);
  return seconds;
}

} // namespace

plan make_plan(plan_input from) {
  plan out;
  for (const auto& a : from.applications) {
    out.devices += a.devices;
    out.idle += a.idle;
    out.assigned += a.assigned;
    out.by_dps += a.by_dps;
    out.at_once += a.at_once;
  }
  out.connecting = out.assigned + out.by_dps + out.at_once;
  double slow = 0;
  for (const auto& d : from.dps) {
    if (d.registrations == 0) continue;
    const auto quota = seconds_at(d.registrations, d.per_minute, 60);
    const bool early = d.first_poll_seconds > 0;
    const auto pause = early ? d.first_poll_seconds : dps_pause_seconds;
    out.steps.push_back({"dps " + d.section, d.registrations, quota + pause + way_seconds, quota});
    // Early in vain: then Retry-After counts from the early poll on.
    if (early) slow = std::max(slow, quota + pause + dps_pause_seconds + way_seconds);
  }
  for (const auto& h : from.hubs) {
    if (h.devices == 0) continue;
    out.steps.push_back({"hub " + h.name, h.devices, hub_seconds(h.devices, h.connects_per_second),
                         seconds_at(h.devices, h.connects_per_second, 1)});
  }
  for (const auto& step : out.steps) {
    if (step.seconds <= out.seconds) continue;
    out.seconds = step.seconds;
    out.limited_by = step.quota_seconds < moment_seconds ? std::string{} : step.what;
  }
  if (slow > out.seconds) out.seconds_if_slow = slow;
  for (const auto& h : from.hubs) {
    if (h.devices == 0 || out.limited_by != "hub " + h.name) continue;
    for (const auto& [tier, connects] : h.tiers)
      out.by_tier.emplace_back(tier, total_with(out, out.limited_by, hub_seconds(h.devices, connects)));
  }
  out.from = std::move(from);
  return out;
}

double seconds_of_twins(const plan_hub& hub) {
  return seconds_at(hub.twins, hub.twin_reads_per_second, 1);
}

std::string format_seconds(double seconds) {
  if (!std::isfinite(seconds) || seconds < 0) return "unknown";
  if (seconds < 0.9995) return std::to_string(std::llround(seconds * 1'000)) + " ms";
  if (seconds < 9.95) return figure(seconds) + " s";
  const auto whole = std::llround(seconds);
  if (whole < 120) return std::to_string(whole) + " s";
  if (whole < 7'200) return std::to_string(whole / 60) + " min " + std::to_string(whole % 60) + " s";
  return std::to_string(whole / 3'600) + " h " + std::to_string(whole % 3'600 / 60) + " min";
}

std::string format_plan(const plan& what) {
  std::string out = plural(what.devices, "device") + " known";
  if (what.idle != 0)
    out += ", " + std::to_string(what.idle) +
           " of them will not be connected (switched off, not in the registry, or nothing to send yet)";
  out += "; " + std::to_string(what.connecting) + " will be connected: " + std::to_string(what.assigned) +
         " from the cache, " + std::to_string(what.by_dps) + " through DPS, " + std::to_string(what.at_once) +
         " by connection string\n";
  for (const auto& a : what.from.applications) {
    out += "  application " + a.id + ": " + plural(a.devices, "device") + " (" + a.source + "), " +
           std::to_string(a.assigned) + " from the cache, " + std::to_string(a.by_dps) + " through DPS";
    if (a.at_once != 0) out += ", " + std::to_string(a.at_once) + " by connection string";
    if (a.idle != 0) out += ", " + std::to_string(a.idle) + " not connected";
    if (!a.note.empty()) out += " (" + printable(a.note) + ")";
    out += "\n";
  }
  for (const auto& d : what.from.dps)
    out += "  dps " + d.section + ": " + plural(d.registrations, "registration") + " at " +
           figure(d.per_minute) + " a minute\n";
  for (const auto& h : what.from.hubs) {
    out += "  hub " + printable(h.name) + ": " + plural(h.devices, "device") + " at " +
           figure(h.connects_per_second) + " connects a second";
    if (!h.tier.empty()) out += " (" + h.tier + ")";
    if (h.twins != 0)
      out += "; " + plural(h.twins, "twin") + " read at " + figure(h.twin_reads_per_second) +
             " a second, in about " + format_seconds(seconds_of_twins(h)) + ", for which no uplink waits";
    out += "\n";
  }
  if (what.connecting == 0) return out + "Nothing to connect.\n";
  out += "All online after about " + format_seconds(what.seconds);
  if (!what.limited_by.empty())
    out += ", as the quota of " + printable(what.limited_by) + " allows";
  else if (what.by_dps != 0 && what.seconds_if_slow == 0)
    out += ", most of it because DPS asks new devices to wait";
  if (what.seconds_if_slow != 0)
    out += "; about " + format_seconds(what.seconds_if_slow) +
           " where DPS has no hub for them yet at first_poll";
  out += ".\n";
  for (const auto& [tier, seconds] : what.by_tier)
    out += "  on " + tier + ": about " + format_seconds(seconds) + "\n";
  return out;
}

} // namespace causeway::watch
