// SPDX-License-Identifier: Apache-2.0
// The gateway's figures at one moment, gathered by app from the modules that own them. Plain values.
#pragma once

#include "core/bridge.h"

#include <map>
#include <string>

namespace causeway::admin {

struct hub_figures {
  std::uint64_t connections_open = 0, connections_made = 0, connections_lost = 0;
  std::uint64_t tokens_put = 0;
};

struct dps_figures {
  std::uint64_t requests = 0, assigned = 0, refused = 0, in_progress = 0;
};

struct store_figures {
  std::uint64_t commits = 0, commit_faults = 0, appended = 0, done = 0, dead_letters = 0;
  std::uint64_t fsyncs = 0;
  std::uint64_t messages = 0, bytes = 0, queued = 0;
  double last_commit_seconds = 0;
};

struct snapshot {
  core::bridge_totals bridge;
  std::map<std::string, hub_figures> hubs; // by host
  dps_figures dps;
  store_figures store;
  std::map<int, std::uint64_t> webhook_by_status;
  std::map<std::string, std::uint64_t> webhook_refused; // by error name
  double loop_lag_seconds = 0; // the longest that work waited on the loop in the last second
  double start_seconds = 0;    // Unix time of the start
  bool ready = false;          // can accept and spool safely
  std::string not_ready_because;
};

} // namespace causeway::admin
