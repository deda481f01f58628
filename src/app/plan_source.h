// SPDX-License-Identifier: Apache-2.0
// What watch::make_plan needs, counted from a device table: that of a running gateway, or of an outlook.
// Loop's thread only.
#pragma once

#include "cloud/azure_section.h"
#include "config/configuration.h"
#include "core/device_table.h"
#include "watch/plan.h"

#include <string>
#include <vector>

namespace causeway::app {

// How an application's devices are brought to a hub, and what the quotas of that are.
struct planned_section {
  azure_name name;
  bool through_dps = false;
  std::string host; // of a hub by connection string; empty where each device has its own, or DPS says
  double registrations_per_minute = 0;
  double connects_per_second = 0;
  std::string tier; // "S1, 2 units"; empty: none, or its quota is set by hand
  std::vector<std::pair<std::string, double>> tiers; // connects a second on others, in as many units
  double first_poll_seconds = 0;                     // 0: as Retry-After says
  double polls_per_minute = 0;
  double twin_reads_per_second = 0;
};

struct planned_application {
  application_id id; // in the order of the rules
  std::size_t section = 0;
  std::string source, note; // as watch::plan_application
  bool has_twins = false;   // each is read once it is connected
};

struct plan_frame {
  std::vector<planned_section> sections;
  std::vector<planned_application> applications;
};

// sections: made from the same configuration.
plan_frame make_plan_frame(const config::configuration& from,
                           const std::vector<cloud::azure_section>& sections);
watch::plan_input count_plan(const core::device_table& table, const plan_frame& frame);

} // namespace causeway::app
