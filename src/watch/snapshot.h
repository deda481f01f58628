// SPDX-License-Identifier: Apache-2.0
// The gateway's figures at one moment, gathered by app from the modules that own them. Plain values.
#pragma once

#include "model/totals.h"

#include <map>
#include <optional>
#include <string>
#include <vector>

namespace causeway::watch {

// What may be asked of a service: base/budget.h.
struct budget_figures {
  double limit = 0;           // in a window, now
  double ceiling = 0;         // the quota
  std::uint64_t refusals = 0; // by the service, for the pace
  double held_seconds = 0;    // the service has asked for a pause that lasts so much longer
};

struct hub_figures {
  std::uint64_t connections_open = 0, connections_made = 0, connections_lost = 0, connections_rotated = 0;
  std::uint64_t tokens_put = 0;
  std::uint64_t devices = 0;  // that belong here
  std::uint64_t attached = 0; // of these, online
  std::uint64_t queued = 0;   // of these, waiting for the budget of connects
  std::uint64_t connects = 0; // let through by the budget
  std::uint64_t sends_waiting = 0;
  budget_figures connect_budget, send_budget; // a second
  bool quota_used_up = false;                 // of the day's messages
  std::string last_fault;                     // of the connection: its name; empty while it is up
  std::string last_fault_detail;
};

struct dps_figures {
  std::uint64_t requests = 0, assigned = 0, refused = 0;
  std::uint64_t in_progress = 0;     // waiting or under way
  std::uint64_t waiting = 0;         // of these, for the budget
  budget_figures registrations;      // a minute
  std::uint64_t early_polls = 0;     // that did not wait for Retry-After
  double no_early_polls_seconds = 0; // DPS has refused one: none for so much longer
  std::string last_fault;            // why nobody gets through, now: its name; empty when somebody does
};

// Of one application.
struct registry_figures {
  bool whole = false;        // a listing has come to its end
  std::uint64_t devices = 0; // in the last listing, or the one under way
  std::uint64_t requests = 0;
  std::uint64_t throttled = 0; // answers that asked to slow down
  std::string last_fault;      // its name; empty when the last answer was well
  std::string last_fault_detail;
};

// Of one application that is filled up from the storage.
struct backfill_figures {
  bool whole = false;        // nothing is missing that is known of
  double cursor_seconds = 0; // Unix time: nothing from before it is missing
  std::uint64_t requests = 0, records = 0;
  std::uint64_t stored = 0; // of the records, what had been missing
  std::string last_fault;
  std::string last_fault_detail;
};

// Of one application's connection to the MQTT server.
struct mqtt_figures {
  bool connected = false;
  double since_seconds = 0; // connected, or away, for so long
  std::uint64_t connects = 0, losses = 0, refusals = 0;
  double away_seconds = 0;    // since the start, in all
  std::optional<int> connack; // with which it was refused last, while away
  std::string last_fault;     // why it is away: its name; empty while it is connected
  std::string last_fault_detail;
  std::uint64_t messages = 0;                    // that arrived
  std::uint64_t waiting = 0;                     // now, for the core's answer
  std::map<std::string, std::uint64_t> answered; // by answer
  std::map<std::string, std::uint64_t> refused;  // by error name
  std::map<std::string, std::uint64_t> lost;     // by reason
};

struct store_figures {
  std::uint64_t commits = 0, commit_faults = 0, appended = 0, done = 0, dead_letters = 0;
  std::uint64_t fsyncs = 0;
  std::uint64_t dead_letters_kept = 0; // there now
  std::uint64_t messages = 0, bytes = 0, queued = 0;
  std::uint64_t file_bytes = 0, free_bytes = 0; // of the spool's file
  double last_commit_seconds = 0;
  std::uint64_t missing = 0, unreadable = 0; // taken by damage: not there; there, and not what was stored
  bool missing_unknown = false;              // more may be: nobody can tell
};

// Of one application's transform.
struct transform_figures {
  std::uint64_t events = 0;   // answered
  std::uint64_t messages = 0; // that came out
  std::uint64_t refused = 0;  // of the events
  std::uint64_t ends = 0;     // of its process
  std::uint64_t waiting = 0;
  bool running = false; // its process takes events
};

// What waits in the spool, as the bridge counts it.
struct spool_figures {
  std::vector<model::spool_use> applications;
  std::optional<double> oldest_seconds; // how long the oldest that is not with a hub has waited
};

// Of messages, a second, over the last minute.
struct rate_figures {
  double stored = 0, sent = 0;
};

struct timeline_figures {
  std::uint64_t noted = 0, kept = 0;
};

// Where spans are sent to.
struct exporter_figures {
  std::uint64_t exported = 0; // spans that were taken
  std::uint64_t lost = 0;     // overwritten in the ring before they could be sent
  std::uint64_t dropped = 0;  // refused for good
  std::uint64_t requests = 0, faults = 0;
  std::string last_fault; // its name; empty when the last request was well
  std::string last_fault_detail;
};

struct snapshot {
  model::shard_totals bridge;
  std::map<std::string, hub_figures> hubs;   // by hub
  std::map<std::string, double> clock_skews; // by service: seconds that this machine's clock is ahead of its
  std::map<std::string, dps_figures> dps;    // by section
  std::map<std::string, registry_figures> registry;    // by application
  std::map<std::string, backfill_figures> backfill;    // by application
  std::map<std::string, transform_figures> transforms; // by application
  store_figures store;
  spool_figures spool;
  rate_figures rates;
  timeline_figures timeline;
  std::map<std::string, exporter_figures> exporters;      // by name
  std::map<std::string, mqtt_figures> mqtt;               // by application
  std::map<std::string, std::size_t> webhook_connections; // open, by HTTP's version
  std::size_t webhook_held_bytes = 0;                     // http_limits::max_bytes
  std::uint64_t webhook_connections_refused = 0;
  std::map<std::string, std::uint64_t> webhook_streams_refused;   // by reason, of HTTP/2
  std::map<std::string, std::uint64_t> webhook_connections_ended; // by reason, of HTTP/2
  std::map<int, std::uint64_t> webhook_by_status;
  std::map<std::string, std::uint64_t> webhook_refused; // by error name
  std::uint64_t webhook_needless_paths = 0;             // webhook_totals::needless_paths
  std::map<std::string, double> certificate_ends;       // Unix time, by what it is for
  double loop_lag_seconds = 0; // the longest that work waited on the loop in the last second
  double start_seconds = 0;    // Unix time of the start
  bool ready = false;          // can accept and spool safely
  std::string not_ready_because;
};

} // namespace causeway::watch
