// SPDX-License-Identifier: Apache-2.0
// The downlink side's HTTP interfaces: push, replace and list of the Application Server, by REST and by a
// webhook's route, and the network server's record (real-stack-facts.md 1.2, 1.3, 2.1). Pure: time is a
// parameter, no sockets. One thread.
#pragma once

#include "emulator/hub/gcra_bucket.h"
#include "emulator/stack/downlink_service.h"
#include "emulator/stack/stack_access.h"

namespace causeway::emulator {

// Either a response, given so much later, or a push whose answer will come: downlink_service::take_answer.
struct downlink_outcome {
  std::optional<registry_response> response;
  milliseconds after{0};
  std::uint64_t push = 0;
  std::vector<std::pair<std::string, std::string>> headers; // of that answer, too
};

struct downlink_totals {
  std::uint64_t pushes = 0, replaces = 0, lists = 0, records = 0;
  std::map<int, std::uint64_t> refused; // by status, without those that a push ends with
};

class downlink_api {
public:
  // Both must live longer.
  downlink_api(downlink_service& service, stack_access& access) : service_{service}, access_{access} {}
  downlink_api(const downlink_api&) = delete;
  downlink_api& operator=(const downlink_api&) = delete;

  static bool is_for(std::string_view path);
  downlink_outcome handle(const registry_request& request, moment now);
  const downlink_totals& totals() const { return totals_; }
  downlink_service& service() { return service_; }
  // The connections of the pushes that are under way are closed without a byte: their clients have left.
  void cut() { ++cuts_; }
  std::uint64_t cuts() const { return cuts_; }

private:
  struct target;
  static std::optional<target> read_path(std::string_view path);

  downlink_outcome route(const target& at, const registry_request& request, moment now);
  downlink_outcome push(const target& at, const registry_request& request, moment now);
  downlink_outcome list(const target& at, moment now);
  downlink_outcome record(const target& at, const registry_request& request, moment now);
  // By a rule of the switches, or because the database stands still.
  std::optional<downlink_outcome> disturbed(const target& at, moment now);
  // Adds the headers; a response when the limit is exceeded.
  std::optional<registry_response> limit(const target& at, std::string_view key, moment now,
                                         std::vector<std::pair<std::string, std::string>>& headers);

  downlink_service& service_;
  stack_access& access_;
  std::map<std::string, gcra_bucket> buckets_; // by method, key, and device or application
  std::optional<std::uint32_t> rate_;          // that they are of
  downlink_totals totals_;
  std::uint64_t cuts_ = 0;
};

} // namespace causeway::emulator
