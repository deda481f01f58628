// SPDX-License-Identifier: Apache-2.0
// What `causeway-bench connect` was asked and what it measured, and how both become one JSON object. Pure,
// any thread.
#pragma once

#include "causeway_bench/machine.h"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace causeway::bench {

enum class azure_way : std::uint8_t { connection_string, dps, central };
enum class start_kind : std::uint8_t { cold, warm };
enum class strategy_kind : std::uint8_t { causeway, sequential };
std::string_view name_of(azure_way way);      // "connection-string", "dps", "central"
std::string_view name_of(start_kind kind);    // "cold", "warm"
std::string_view name_of(strategy_kind kind); // "causeway", "sequential"

struct connect_options {
  std::uint32_t devices = 1'000;
  // Devices from the hub with links for messages, methods and twins, the others through DPS with telemetry's
  // alone; absent: all as `azure` says, with what the configuration has by default.
  std::optional<std::uint32_t> linked;
  azure_way azure = azure_way::dps;
  start_kind start = start_kind::cold;
  strategy_kind strategy = strategy_kind::causeway;
  std::uint32_t retry_after = 3;          // seconds
  std::optional<double> assign_after;     // seconds; absent: as retry_after
  std::string first_poll = "retry-after"; // as the configuration has it
  std::string latency = "azure";          // or "none"
  // Quotas; absent: off.
  std::optional<std::uint32_t> dps_quota, dps_enforced; // registrations a minute
  std::string tier;                                     // empty: none
  std::uint32_t units = 1;
  std::uint32_t hold = 0; // seconds online, to measure what idleness costs
  std::uint32_t runs = 1;
  std::string directory = "/var/tmp";
  bool json = false;
};

// One run. Counts and times of events are the emulator's.
struct connect_figures {
  std::uint64_t online = 0; // devices in the end
  std::uint64_t c2d_links = 0, twin_reads = 0, put_tokens = 0, connections = 0;
  std::uint64_t connects_in_busiest_second = 0, throttled_connects = 0;
  std::uint64_t registrations = 0, polls = 0, dps_requests = 0, accepted_registrations = 0, dps_throttled = 0;
  std::vector<std::uint64_t> accepted_by_minute;
  double seconds_to_all_online = 0; // from just before exec to the last attach
  double registration_seconds = 0;  // from the first accepted registration to the last
  double attach_seconds = 0;        // from the first attach to the last
  double cpu_seconds = 0;           // the client's, until all were seen online
  double idle_cpu_percent = 0;      // the client's, over `hold`; of one core
  std::uint64_t rss_bytes = 0;      // the client's with all online
  std::uint64_t rss_bytes_base = 0; // the same program's on the same emulator without a device
  std::string state_fs;
  std::map<std::string, double> phases; // mean seconds of a device, by phase; where the client says so
};

// Between the middle two of an even number. Precondition: at least one value.
double median(std::vector<double> values);
double devices_per_second(const connect_figures& run);
// Accepted registrations ÷ (quota × time from the first to the last); absent where there is no such quota or
// no such time.
std::optional<double> dps_quota_used_percent(std::optional<std::uint32_t> per_minute,
                                             const connect_figures& run);
// Devices online ÷ (the hub's connects a second × time from the first attach to the last); absent likewise.
std::optional<double> connect_quota_used_percent(const connect_options& options, const connect_figures& run);

// One line of JSON: the options, the median of each figure over the runs, and the runs themselves.
// Precondition: at least one run.
std::string to_json(const connect_options& options, const std::vector<connect_figures>& runs,
                    const machine_facts& machine);
// For a person.
std::string to_text(const connect_options& options, const std::vector<connect_figures>& runs);

} // namespace causeway::bench
