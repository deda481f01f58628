// SPDX-License-Identifier: Apache-2.0
// What a start will do and how long it will take, worked out from the quotas. Pure: plain numbers in, plain
// numbers out; any thread.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace causeway::watch {

struct plan_application {
  std::string id;
  std::uint64_t devices = 0;  // known
  std::uint64_t idle = 0;     // of these, not connected: switched off, not in the registry, nothing to send
  std::uint64_t assigned = 0; // of these, with a cached assignment that fits
  std::uint64_t by_dps = 0;   // of these, to be registered
  std::uint64_t at_once = 0;  // of these, whose hub a connection string names
  std::string source;         // where the list is from: "registry", "cache"
  std::string note;           // why not from the registry; may be empty
};

struct plan_dps {
  std::string section;
  std::uint64_t registrations = 0; // to be made
  double per_minute = 0;           // the quota
  double first_poll_seconds = 0;   // asked so long after the registration; 0: when Retry-After says
};

struct plan_hub {
  std::string name; // host, or "a hub of <section>" while DPS has yet to say which
  std::string section;
  std::uint64_t devices = 0;
  double connects_per_second = 0;                      // the quota
  std::string tier;                                    // as configured; empty: none
  std::vector<std::pair<std::string, double>> tiers{}; // others: their name and connects a second
  double twin_reads_per_second = 0;                    // the quota
  std::uint64_t twins = 0;                             // of the devices, whose twin is read
};

struct plan_input {
  std::vector<plan_application> applications;
  std::vector<plan_dps> dps;
  std::vector<plan_hub> hubs;
};

// One limit on the way and how long it takes on its own.
struct plan_step {
  std::string what; // "dps field", "hub contoso.azure-devices.net"
  std::uint64_t devices = 0;
  double seconds = 0;
  double quota_seconds = 0; // of these, for the quota
};

struct plan {
  plan_input from;
  std::uint64_t devices = 0, connecting = 0, assigned = 0, by_dps = 0, at_once = 0, idle = 0;
  std::vector<plan_step> steps;
  double seconds = 0;         // until all are online
  double seconds_if_slow = 0; // the same where DPS has not assigned at a section's first poll; 0: no matter
  std::string limited_by;     // the step whose quota decides; empty: quotas take no longer than a moment
  std::vector<std::pair<std::string, double>> by_tier{}; // the same start on other tiers; when a tier decides
};

// What DPS asks a device to wait between register and poll, usually (azure-iot-wire.md E.1).
inline constexpr double dps_pause_seconds = 3;
// Register, poll, TLS and attach, beside the quotas.
inline constexpr double way_seconds = 0.5;

plan make_plan(plan_input from);
// How long the reading of its devices' twins takes by its quota: beside all else, no uplink waits for it.
double seconds_of_twins(const plan_hub& hub);
// For a person; several lines.
std::string format_plan(const plan& what);
// For a script: one object; as /api/plan.
std::string format_plan_json(const plan& what);
// "850 ms", "12 s", "3 min 20 s", "2 h 5 min".
std::string format_seconds(double seconds);

} // namespace causeway::watch
