// SPDX-License-Identifier: Apache-2.0
#include "emulator/stack/downlink_switches.h"

#include <algorithm>

namespace causeway::emulator {

std::optional<push_rule> downlink_switches::use(const std::string& device, mono_time now) {
  std::erase_if(pushes, [now](const auto& rule) { return rule.until && *rule.until <= now; });
  const auto found = std::find_if(pushes.begin(), pushes.end(),
                                  [&](const auto& rule) { return matches(rule.pattern, device); });
  if (found == pushes.end()) return std::nullopt;
  auto used = *found;
  if (found->remaining && --*found->remaining == 0) pushes.erase(found);
  return used;
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
    return {500, 2, "pkg/redis", "store", "store error", {}, {{500, 2, "", "", "redis: connection pool timeout", {}}}};
  case 504:
    return {504, 4, "pkg/errors", "context_deadline_exceeded", "context deadline exceeded", {}};
  default:
    return {status, stack_code_of(status), "pkg/emulator", "injected_fault", "injected fault", {}};
  }
}

} // namespace causeway::emulator
