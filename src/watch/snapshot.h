// SPDX-License-Identifier: Apache-2.0
// The gateway's figures at one moment: the totals of the modules as they are, gathered by app. Plain values.
#pragma once

#include "model/cloud_totals.h"
#include "model/command_totals.h"
#include "model/stack_totals.h"
#include "model/store_totals.h"
#include "model/totals.h"
#include "model/transform_totals.h"
#include "net/http_budget.h"
#include "watch/exporter_totals.h"

#include <map>
#include <optional>
#include <string>
#include <vector>

namespace causeway::watch {

struct snapshot {
  model::shard_totals shard;
  model::command_totals commands;
  std::vector<model::spool_use> spool;                       // by application
  std::map<std::string, model::hub_totals> hubs;             // by hub
  std::map<std::string, model::dps_totals> dps;              // by section
  std::map<std::string, model::registry_totals> registry;    // by application
  std::map<std::string, model::backfill_totals> backfill;    // by application
  std::map<std::string, model::mqtt_totals> mqtt;            // by application
  std::map<std::string, model::transform_totals> transforms; // by application
  model::store_counters store;
  model::webhook_totals webhook;
  net::http_totals webhook_server;
  std::map<std::string, exporter_totals> exporters; // by name

  std::map<std::string, double> clock_skews; // by service: seconds that this machine's clock is ahead of its
  std::optional<std::chrono::nanoseconds> oldest;    // the oldest that is not with a hub has waited so long
  double stored_a_second = 0, sent_a_second = 0;     // messages, over the last minute
  std::uint64_t spans_noted = 0, spans_kept = 0;     // in the timeline
  std::map<std::string, wall_time> certificate_ends; // by what it is for
  std::chrono::nanoseconds loop_lag{0}; // the longest that work waited on the loop in the last second
  wall_time started{};
  bool ready = false; // can accept and spool safely
  std::string not_ready_because;
};

} // namespace causeway::watch
