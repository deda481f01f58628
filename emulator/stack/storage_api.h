// SPDX-License-Identifier: Apache-2.0
// The Storage Integration's HTTP interface (things-stack-wire.md G): records of an application or of a
// device, framed as on an event stream. A pure function from request to response: time is a parameter, no
// sockets. One thread.
//
// Inferred, for the documents do not say it: without `order` the oldest come first; at most 10,000 records an
// answer; neither `after` nor `before` is included; the continuation token is the header
// X-Continuation-Token, which only an answer has that is not the last.
#pragma once

#include "emulator/stack/stack_registry.h"
#include "emulator/stack/storage_log.h"

#include <map>

namespace causeway::emulator {

struct storage_totals {
  std::uint64_t requests = 0;
  std::uint64_t records = 0; // in answers
  std::map<int, std::uint64_t> answers;
};

class storage_api {
public:
  static constexpr std::size_t most_records = 10'000;

  // Both must live longer; access is by the registry's API keys.
  storage_api(storage_log& log, stack_registry& registry) : log_{log}, registry_{registry} {}

  // Whether a path is for this API: "/api/v3/as/applications/…/packages/storage/…".
  static bool is_for(std::string_view path);
  registry_response handle(const registry_request& request, moment now);

  storage_log& log() { return log_; }
  const storage_log& log() const { return log_; }
  const storage_totals& totals() const { return totals_; }
  void reset_counters() { totals_ = {}; }

private:
  registry_response route(const registry_request& request, moment now);

  storage_log& log_;
  stack_registry& registry_;
  storage_totals totals_;
};

// A stored message as the storage shows it: {"result":{…}} without what it does not keep; with a mask, what
// that names. paths: of ApplicationUp, "up.uplink_message.frm_payload".
std::string make_storage_record(const stored_message& message, const std::vector<std::string>& paths);

} // namespace causeway::emulator
