// SPDX-License-Identifier: Apache-2.0
#include "emulator/stack/downlink_switches.h"

#include <algorithm>

namespace causeway::emulator {

namespace {

template <class Rule, class Concerns>
std::optional<Rule> use_first(std::vector<Rule>& rules, const std::string& device, mono_time now,
                              Concerns concerns) {
  std::erase_if(rules, [now](const Rule& rule) { return rule.until && *rule.until <= now; });
  const auto found = std::find_if(rules.begin(), rules.end(), [&](const Rule& rule) {
    return matches(rule.pattern, device) && concerns(rule);
  });
  if (found == rules.end()) return std::nullopt;
  auto used = *found;
  if (found->remaining && --*found->remaining == 0) rules.erase(found);
  return used;
}

} // namespace

std::optional<push_rule> downlink_switches::use_push(const std::string& device, mono_time now) {
  return use_first(pushes, device, now, [](const push_rule&) { return true; });
}

std::optional<read_rule> downlink_switches::use_read(const std::string& device, bool of_queue,
                                                     mono_time now) {
  return use_first(reads, device, now,
                   [of_queue](const read_rule& rule) { return of_queue ? rule.of_queue : rule.of_record; });
}

stack_fault fault_of_status(int status) {
  switch (status) {
  case 409:
    return {409, 10, "pkg/redis", "transaction_failed", "transaction failed", {}};
  case 429:
    return {429,
            8,
            "pkg/ratelimit",
            "rate_limit_exceeded",
            "rate limit of `{rate}` accesses per minute exceeded for resource `{key}`",
            {{"key", "grpc:method:/ttn.lorawan.v3.AppAs/DownlinkQueuePush"}, {"rate", 0}}};
  case 499:
    return {499, 1, "", "", "grpc: the client connection is closing", {}};
  case 500:
    return {500,
            2,
            "pkg/redis",
            "store",
            "store error",
            {},
            {{500, 2, "", "", "redis: connection pool timeout", {}}}};
  case 504:
    return {504, 4, "pkg/errors", "context_deadline_exceeded", "context deadline exceeded", {}};
  default:
    return {status, stack_code_of(status), "pkg/emulator", "injected_fault", "injected fault", {}};
  }
}

} // namespace causeway::emulator
