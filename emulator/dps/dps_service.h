// SPDX-License-Identifier: Apache-2.0
// The Device Provisioning Service over HTTPS: register, poll, look up (azure-iot-wire.md A.5, E.1). One
// symmetric-key enrolment group that takes any id, and individual enrolments; several hubs by hashed
// allocation. A pure function from request to response: time is a parameter, no sockets. One thread.
#pragma once

#include "base/clock.h"
#include "emulator/hub/faults.h"
#include "emulator/hub/identity_registry.h"
#include "emulator/hub/sliding_window.h"

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

namespace causeway::emulator {

struct dps_request {
  std::string method;
  std::string path; // without the query, not decoded
  std::string authorization;
  std::string body;
};

struct dps_response {
  int status = 200;
  std::string body;
  std::vector<std::pair<std::string, std::string>> headers;
};

struct linked_hub {
  identity_registry* registry = nullptr;
  std::string host; // "localhost:15671"
};

struct dps_options {
  std::string id_scope;
  key_pair group_keys;                 // of the one symmetric-key enrolment group
  std::chrono::seconds retry_after{3}; // 0: the first answer is the last, unless assign_after is there
  // When an assignment is done, after its registration, whatever Retry-After says; absent: when that is over.
  std::optional<std::chrono::milliseconds> assign_after = std::nullopt;
  // Accepted registrations in any 60 s; with it 5 polls in any 10 s of a device (E.8). Absent: no quotas.
  std::optional<std::uint32_t> registrations_per_minute = std::nullopt;
};

// An enrolment of one device with keys of its own.
struct individual_enrolment {
  key_pair keys;
  std::string device_id; // the identity it gets; empty: the registration id
  bool enabled = true;
};

struct dps_totals {
  std::uint64_t registrations = 0; // requests
  std::uint64_t polls = 0;
  std::uint64_t lookups = 0;
  std::map<int, std::uint64_t> answers; // by HTTP status
  std::uint64_t throttled = 0;          // answered with 429: by quota or by a fault

  std::uint64_t accepted_registrations = 0; // answered with 2xx
  moment first_accepted{}, last_accepted{}; // meaningful when there is one
  // Minutes counted from the first accepted one; what comes after a week is in the last.
  std::vector<std::uint64_t> accepted_by_minute;
};

struct dps_counts {
  std::uint64_t registrations = 0, polls = 0, lookups = 0;
};

// A request for one registration id, and how it was answered.
struct dps_step {
  enum class kind : std::uint8_t { registration, poll, lookup };
  kind what{};
  std::uint16_t status = 0; // HTTP
  moment at{};
};

// What the service knows of one registration id.
struct dps_view {
  dps_counts counts;
  std::vector<dps_step> steps; // the last of them, 32 at most, the oldest first
  std::string status;          // "assigning", "assigned", "disabled"; empty: there is no record
  std::string hub;             // host of the assigned one
  std::string device;          // likewise
  std::string model_id;        // as the last registration named it; empty: it named none
};

class dps_service {
public:
  // What they refer to must live longer; at least one hub. seed: makes this service's operation ids its own.
  dps_service(std::vector<linked_hub> hubs, fault_table& faults, dps_options options, std::string seed);

  dps_response handle(const dps_request& request, moment now);

  // An individual enrolment wins over the group.
  void enrol(const std::string& registration, individual_enrolment enrolment);
  // Null when there is none.
  const individual_enrolment* find_enrolment(const std::string& registration) const;
  // With its registration record; the identity stays in its hub. False when there was none.
  bool remove_enrolment(const std::string& registration);
  std::size_t enrolments() const { return individual_.size(); }
  // Of a disabled group registrations end with status "disabled".
  void set_group_enabled(bool enabled) { group_enabled_ = enabled; }
  bool group_enabled() const { return group_enabled_; }
  // Moves the records whose registration ids match: the identities are gone from their hubs at once and come
  // to the new hub with the device's next registration or look-up, with substatus deviceDataMigrated.
  // Returns how many.
  std::size_t reassign(std::string_view pattern, std::size_t hub);

  // Called when an identity has got its keys in a hub, or is gone from it.
  void on_changed(std::function<void(std::size_t hub, const identity&)> listener) {
    changed_ = std::move(listener);
  }

  const key_pair& group_keys() const { return options_.group_keys; }
  const dps_totals& totals() const { return totals_; }
  // Empty for a registration id that was never seen.
  dps_view view_of(const std::string& registration) const;
  // Records that are assigned to each hub, and those whose registration named no model: what IoT Central
  // leaves without a device template.
  std::vector<std::size_t> assigned_by_hub() const;
  std::size_t records_without_model() const;
  std::size_t records() const { return records_.size(); }
  // Sets the counters to zero; the registration records stay.
  void reset_counters();

private:
  enum class outcome : std::uint8_t { assigning, assigned, disabled };
  struct record {
    outcome state = outcome::assigning;
    bool migrated = false; // the substatus
    bool moving = false;   // reassigned; its identity is in no hub yet
    std::optional<std::uint16_t> hub;
    std::string operation_id;
    std::string registration; // as the client wrote it
    std::string device_id;
    std::string payload; // JSON object that the client sent, or empty
    std::string model_id;
    wall_time created, updated;
    mono_time ready_at;
    std::uint64_t version = 0;
    dps_counts counts;
    std::vector<dps_step> steps;
    std::optional<sliding_window> polls;
  };
  struct target; // what a path names

  dps_response route(const dps_request& request, moment now);
  std::optional<dps_response> refuse_for_fault(const target& at, moment now);
  dps_response perform(const target& at, const dps_request& request, moment now);
  void note(const target& at, int status, moment now);
  std::optional<dps_response> authorize(const target& at, const std::string& authorization, moment now);
  dps_response throttle(std::chrono::nanoseconds wait, moment now) const;
  void count_accepted(moment now);
  dps_response start_registration(const target& at, const std::string& body, moment now);
  dps_response poll(const target& at, moment now);
  dps_response look_up(const target& at, moment now);
  void settle(const std::string& registration, record& r, moment now);
  void put_identity(record& r);
  dps_response progress(const record& r) const;
  std::string state_json(const record& r) const;
  dps_response fail(int status, int code, std::string_view message, moment now) const;
  key_pair keys_of(const std::string& registration) const;

  std::vector<linked_hub> hubs_;
  fault_table& faults_;
  dps_options options_;
  std::string seed_;
  std::uint64_t operations_ = 0;
  std::unordered_map<std::string, record> records_; // by registration id in lower case
  std::unordered_map<std::string, individual_enrolment> individual_;
  bool group_enabled_ = true;
  std::optional<sliding_window> quota_;
  std::function<void(std::size_t, const identity&)> changed_;
  dps_totals totals_;
};

} // namespace causeway::emulator
