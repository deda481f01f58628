// SPDX-License-Identifier: Apache-2.0
// What goes wrong on demand: rules that the control API sets and the services ask. Pure. One thread.
#pragma once

#include "base/ids.h"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace causeway::emulator {

// Names "sensor-00001", any name that begins so ("sensor-*"), or all ("*").
bool matches(std::string_view pattern, std::string_view name);

enum class fault_kind : std::uint8_t {
  dps_status,             // DPS answers requests with `status`
  dps_poll_status,        // likewise polls of an operation, no other request
  dps_disabled,           // the enrolment is disabled: registrations end with status "disabled"
  put_token_status,       // the hub answers put-token of these devices with `status`
  reject_messages,        // the hub rejects these devices' messages with `condition`
  release_messages,       // the hub answers these devices' messages with released
  modify_messages,        // likewise with modified
  slow_accepts,           // the hub takes these devices' messages and answers `delay` later
  withhold_credit,        // telemetry links of these devices get no credit
  dead_lock_detaches,     // these devices' settlements with a dead lock cost the link; else they are ignored
  c2d_delay,              // messages for these devices may be delivered `delay` after they came
  twin_status,            // the hub answers these devices' twin requests with `status`
  hub_refuse_connections, // the hub closes new connections at once
  hub_hang,               // the hub takes messages and answers none
  hub_gone,               // nobody listens at the hub's port, and its connections have ended
  hub_not_found,          // the hub answers OPEN with CLOSE and `condition`; its connections have ended
  throttle_attaches,      // telemetry attaches of these devices are refused as beyond the quota
  token_expired,          // put-token of these devices is answered 401: expired
  registry_status,        // the registry answers requests with `status`; the pattern names applications
  storage_status,         // the Storage Integration answers requests with `status`; likewise
  registry_endless_pages, // every page of a list is full of the same devices again
  registry_duplicates,    // each page begins with the last device of the former
  registry_no_changes,    // the stack is older than 3.32: it cannot be asked what has changed
  registry_no_events,     // its event stream says nothing
  registry_long_attributes, // attribute values of 10,000 characters
  clock_skew,               // clocks are off by `skew`; the pattern names services: hub, dps, registry
};

std::string_view to_string(fault_kind kind);
std::optional<fault_kind> find_fault_kind(std::string_view name);
// "dps_status, dps_disabled, …"
std::string fault_kind_names();

struct fault {
  std::uint64_t id = 0;
  fault_kind kind{};
  std::string pattern = "*";              // registration ids or devices
  int status = 0;                         // those with _status in their name
  std::optional<int> retry_after;         // seconds; the same but put_token_status
  std::chrono::seconds skew{0};           // clock_skew; negative: behind
  std::chrono::milliseconds delay{0};     // slow_accepts, c2d_delay
  std::optional<std::size_t> hub;         // only this hub; absent = all
  std::string condition, description;     // reject_messages, hub_not_found
  std::optional<std::uint64_t> remaining; // how many more times; absent = until deleted
};

class fault_table {
public:
  // At most 1,000 at a time; 0 when the table is full. Returns the rule's id: its own when it has one.
  std::uint64_t add(fault rule);
  bool remove(std::uint64_t id);
  void clear() { rules_.clear(); }
  const std::vector<fault>& rules() const { return rules_; }

  // The first rule of this kind that matches; counts it as used once and drops it when it is used up.
  std::optional<fault> use(fault_kind kind, std::string_view name);
  // The same without using it; null when there is none.
  const fault* find(fault_kind kind, std::string_view name) const;
  // Whether there is one, without using it.
  bool active(fault_kind kind) const;
  bool empty() const { return rules_.empty(); }

private:
  std::vector<fault> rules_;
  std::uint64_t last_id_ = 0;
};

// The tables of one emulator: one that DPS and the registry ask, and one a hub. A rule with a count that is
// for several hubs counts in each of them.
class fault_tables {
public:
  explicit fault_tables(std::size_t hubs) : hubs_(hubs) {}

  fault_table& services() { return services_; }
  fault_table& hub(std::size_t index) { return hubs_[index]; }
  const fault_table& hub(std::size_t index) const { return hubs_[index]; }
  std::size_t hubs() const { return hubs_.size(); }

  // Into the tables that its kind and its hub concern. 0 when one of them is full.
  std::uint64_t add(fault rule);
  bool remove(std::uint64_t id);
  void clear();
  // Each rule once, in the order of their ids; of one in several tables the one most often left to use.
  std::vector<fault> rules() const;

private:
  template <class Visit>
  void each(Visit visit);
  fault_table services_;
  std::vector<fault_table> hubs_;
  std::uint64_t last_id_ = 0;
};

} // namespace causeway::emulator
