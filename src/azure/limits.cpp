// SPDX-License-Identifier: Apache-2.0
#include "azure/limits.h"

#include "base/encoding.h"

#include <algorithm>
#include <array>
#include <limits>

namespace causeway::azure {
namespace {

constexpr std::array<std::pair<tier, std::string_view>, 7> tier_names{{{tier::f1, "F1"},
                                                                       {tier::b1, "B1"},
                                                                       {tier::b2, "B2"},
                                                                       {tier::b3, "B3"},
                                                                       {tier::s1, "S1"},
                                                                       {tier::s2, "S2"},
                                                                       {tier::s3, "S3"}}};
constexpr double a_minute = 60.0;

bool is_basic(tier which) {
  return which == tier::b1 || which == tier::b2 || which == tier::b3;
}

// 1, 2 or 3: the column of the quota table.
int column(tier which) {
  switch (which) {
  case tier::b2:
  case tier::s2:
    return 2;
  case tier::b3:
  case tier::s3:
    return 3;
  case tier::f1:
  case tier::b1:
  case tier::s1:
    break;
  }
  return 1;
}

} // namespace

std::string_view to_string(tier which) {
  for (const auto& [known, name] : tier_names)
    if (known == which) return name;
  return "";
}

result<tier> parse_tier(std::string_view text) {
  for (const auto& [known, name] : tier_names)
    if (equals_ignoring_case(text, name)) return known;
  return error{errc::config_invalid_value,
               json_quoted(text) + " is not a tier of IoT Hub: F1, B1, B2, B3, S1, S2 or S3"};
}

std::uint32_t max_units(tier which) {
  if (which == tier::f1) return 1;
  return column(which) == 3 ? 10 : 200;
}

result<hub_limits> hub_limits_of(tier which, std::uint32_t units) {
  if (units < 1 || units > max_units(which))
    return error{errc::config_invalid_value, std::to_string(units) + " units: tier " +
                                                 std::string{to_string(which)} + " has 1 to " +
                                                 std::to_string(max_units(which))};
  const double n = units;
  hub_limits limits{};
  switch (column(which)) {
  case 1:
    limits.connects = limits.sends = std::max(100.0, 12.0 * n);
    limits.c2d_sends = limits.registry_operations = 100.0 * n / a_minute;
    limits.method_bytes = 160.0 * 1024 * n;
    limits.twin_reads = 100.0;
    limits.twin_updates = 50.0;
    limits.messages_per_day = which == tier::f1 ? 8'000u : 400'000u * std::uint64_t{units};
    break;
  case 2:
    limits.connects = limits.sends = 120.0 * n;
    limits.c2d_sends = limits.registry_operations = 100.0 * n / a_minute;
    limits.method_bytes = 480.0 * 1024 * n;
    limits.twin_reads = std::max(100.0, 10.0 * n);
    limits.twin_updates = std::max(50.0, 5.0 * n);
    limits.messages_per_day = 6'000'000u * std::uint64_t{units};
    break;
  default:
    limits.connects = limits.sends = 6'000.0 * n;
    limits.c2d_sends = limits.registry_operations = 5'000.0 * n / a_minute;
    limits.method_bytes = 24.0 * 1024 * 1024 * n;
    limits.twin_reads = 500.0 * n;
    limits.twin_updates = 250.0 * n;
    limits.messages_per_day = 300'000'000u * std::uint64_t{units};
    break;
  }
  limits.meter_bytes = which == tier::f1 ? 512 : 4096;
  if (is_basic(which)) limits.c2d_sends = limits.method_bytes = limits.twin_reads = limits.twin_updates = 0;
  return limits;
}

hub_limits central_limits() {
  hub_limits limits{};
  // Central publishes no figure for connects; they cannot usefully exceed what it takes in messages.
  limits.connects = 200.0;
  limits.sends = 200.0;
  limits.c2d_sends = 20.0;
  limits.method_bytes = 20.0 * static_cast<double>(max_method_bytes);
  limits.twin_reads = 100.0;
  limits.twin_updates = 100.0;
  limits.registry_operations = 0;                                      // by its own API only
  limits.messages_per_day = std::numeric_limits<std::uint64_t>::max(); // billed by device, not capped
  limits.meter_bytes = 4096;
  return limits;
}

dps_limits dps_limits_of_service() {
  return {.registrations = 1'000.0 / a_minute, .operations = 1'000.0 / a_minute, .polls_per_device = 0.5};
}

dps_limits dps_limits_of_central() {
  return {.registrations = 200.0 / a_minute, .operations = 1'000.0 / a_minute, .polls_per_device = 0.5};
}

} // namespace causeway::azure
