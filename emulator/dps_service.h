// SPDX-License-Identifier: Apache-2.0
// The Device Provisioning Service over HTTPS: register, poll, look up (azure-iot-wire.md A.5, E.1). A pure
// function from request to response: time is a parameter, no sockets. One thread.
#pragma once

#include "base/clock.h"
#include "emulator/faults.h"
#include "emulator/identity_registry.h"

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

struct dps_options {
  std::string id_scope;
  key_pair group_keys;                 // of the one symmetric-key enrolment group
  std::string assigned_hub;            // "localhost:15671"
  std::chrono::seconds retry_after{3}; // 0: the first answer is the last
};

// An enrolment of one device with keys of its own.
struct individual_enrolment {
  key_pair keys;
  std::string device_id; // the identity it gets; empty: the registration id
  bool enabled = true;
};

struct dps_totals {
  std::uint64_t registrations = 0;
  std::uint64_t polls = 0;
  std::uint64_t lookups = 0;
  std::map<int, std::uint64_t> answers; // by HTTP status
};

struct dps_counts {
  std::uint64_t registrations = 0, polls = 0, lookups = 0;
};

class dps_service {
public:
  // What both refer to must live longer. seed: makes this service's operation ids its own.
  dps_service(identity_registry& hub, fault_table& faults, dps_options options, std::string seed);

  dps_response handle(const dps_request& request, moment now);

  void enrol(const std::string& registration, individual_enrolment enrolment);
  // Called when an assignment has given an identity its keys.
  void on_assigned(std::function<void(const identity&)> listener) { assigned_ = std::move(listener); }

  const key_pair& group_keys() const { return options_.group_keys; }
  const dps_totals& totals() const { return totals_; }
  // Zeros for a registration id that was never seen.
  dps_counts counts_of(const std::string& registration) const;
  std::size_t records() const { return records_.size(); }
  // Sets the counters to zero; the registration records stay.
  void reset_counters();

private:
  enum class outcome : std::uint8_t { assigning, assigned, disabled };
  struct record {
    outcome state = outcome::assigning;
    std::string operation_id;
    std::string registration; // as the client wrote it
    std::string device_id;
    std::string payload; // JSON object that the client sent, or empty
    wall_time created, updated;
    mono_time ready_at;
    std::uint64_t version = 0;
    dps_counts counts;
  };
  struct target; // what a path names

  dps_response route(const dps_request& request, moment now);
  std::optional<dps_response> refuse_for_fault(const std::string& registration, moment now);
  std::optional<dps_response> authorize(const target& at, const std::string& authorization, moment now);
  dps_response start_registration(const target& at, const std::string& body, moment now);
  dps_response poll(const target& at, moment now);
  dps_response look_up(const target& at, moment now);
  void settle(const std::string& registration, record& r, moment now);
  dps_response progress(const record& r) const;
  std::string state_json(const record& r) const;
  dps_response fail(int status, int code, std::string_view message, moment now) const;
  key_pair keys_of(const std::string& registration) const;

  identity_registry& hub_;
  fault_table& faults_;
  dps_options options_;
  std::string seed_;
  std::uint64_t operations_ = 0;
  std::unordered_map<std::string, record> records_; // by registration id in lower case
  std::unordered_map<std::string, individual_enrolment> individual_;
  std::function<void(const identity&)> assigned_;
  dps_totals totals_;
};

} // namespace causeway::emulator
