// SPDX-License-Identifier: Apache-2.0
// The JSON bodies that the control API takes. Errors: field_invalid, whose detail says what is wrong.
#pragma once

#include "emulator/hub/faults.h"
#include "emulator/hub/identity_registry.h"
#include "emulator/hub/link_claim.h"
#include "emulator/stack/simulation.h"
#include "emulator/stack/stack_registry.h"
#include "emulator/stack/storage_log.h"
#include "emulator/state/message_queue.h"

namespace causeway::emulator {

struct identity_change {
  std::optional<key_pair> keys;
  std::optional<bool> enabled;
};
// {} or {"primary_key":BASE64,"secondary_key":BASE64,"status":"enabled"|"disabled"}
result<identity_change> parse_identity_change(std::string_view body);

struct enrolment_change {
  identity_change identity;
  std::optional<std::string> device_id;
};
// {} or {"primary_key":…,"secondary_key":…,"status":…,"device_id":…}
result<enrolment_change> parse_enrolment_change(std::string_view body);

struct reassignment {
  std::string pattern;
  std::size_t hub = 0;
};
// {"pattern":…,"hub":N}
result<reassignment> parse_reassignment(std::string_view body);

// {} or {"name":…,"dev_eui":…,"attributes":{…}}
result<registered_device_change> parse_registered_device(std::string_view body);

// What happens once and leaves no rule.
enum class immediate_fault : std::uint8_t {
  cut_connections,
  close_connections, // with CLOSE, rule.condition and rule.description, as a hub does at maintenance
  half_open,
  detach_device, // the one that rule.pattern names, with rule.condition and rule.description
  expire_tokens, // of the devices that rule.pattern names
  expire_locks,  // of the messages that these have in hand
};

struct fault_request {
  fault rule;
  std::optional<std::chrono::milliseconds> lasts; // then the rule is removed
  std::optional<immediate_fault> at_once;
  std::optional<link_kind> role; // detach_device: of the device's links; absent: all
};
// {"kind":…,"pattern":…,"status":…,"retry_after":…,"count":…,"condition":…,"description":…,"device":…,
//  "role":…,"hub":…,"seconds":…,"delay_ms":…,"for_seconds":…}
result<fault_request> parse_fault(std::string_view body);

struct c2d_request {
  identity device;
  hub_message message;
};
// {"device":…,"body":TEXT,"message_id":…,"correlation_id":…,"content_type":…,"content_encoding":…,
//  "ack":"none"|"positive"|"negative"|"full","expires_in":SECONDS,"properties":{…}}, all but device optional
result<c2d_request> parse_c2d(std::string_view body, wall_time now);

struct quota_change {
  bool has_limit = false;
  std::optional<std::uint64_t> limit; // absent, with has_limit: none
  std::optional<std::uint64_t> used;
};
// {"limit":N|null,"used":N}, at least one of them
result<quota_change> parse_quota_change(std::string_view body);

// {"kept":N,"delay":SECONDS,"retention":SECONDS}, what is absent stays as in `now`
result<storage_options> parse_storage_change(std::string_view body, storage_options now);

// One event that the stack is to send.
struct event_request {
  std::string application, device, kind; // kind: of the topic, "up"
  std::string topic;                     // instead of the one that follows from these
  bool by_webhook = false, by_mqtt = false;
  std::string body;
};
// {"application":…,"device":…,"kind":…,"topic":…,"by":"webhook"|"mqtt"|"both","event":{…}} or "body":TEXT
result<event_request> parse_event(std::string_view body);

struct simulation_request {
  simulation_plan plan;
  bool has_retries = false; // it says whether there are any
  std::string ca_file;
};
// {"uplinks":…,"seconds":…,"rate":…,"burst":…,"duplicate_every":…,"swap_every":…,"rejoin_every":…,
//  "by":"webhook"|"mqtt","mqtt_share":…,"concurrency":…,"connections":"kept"|"new","webhook":…,"username":…,
//  "password":…,"ca_file":…,"path":…,"headers":{…},"downlink_api_key":…,"field_mask":[…],"varied":…,
//  "parallel":…,"webhook_retries":…,"unhealthy_threshold":…,"unhealthy_retry_interval":…,
//  "applications":[{"id":…,"devices":N|[names],"prefix":…,"identity_prefix":…,"webhook":…,"username":…,
//                   "password":…,"by":…,"mqtt_share":…,"path":…,"headers":{…},"downlink_api_key":…,"field_mask":[…]}]}
// defaults: the applications of the printed configuration; an application of the same id takes from there
// what it lacks.
result<simulation_request> parse_simulation(std::string_view body,
                                            std::vector<simulated_application> defaults);

} // namespace causeway::emulator
