// SPDX-License-Identifier: Apache-2.0
// What goes wrong on demand: rules that the control API sets and the services ask. Pure. One thread.
#pragma once

#include "base/ids.h"

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
  dps_disabled,           // the enrolment is disabled: registrations end with status "disabled"
  put_token_status,       // the hub answers put-token of these devices with `status`
  reject_messages,        // the hub rejects these devices' messages with `condition`
  hub_refuse_connections, // the hub closes new connections at once
  hub_hang,               // the hub takes messages and answers none
};

std::string_view to_string(fault_kind kind);
std::optional<fault_kind> find_fault_kind(std::string_view name);

struct fault {
  std::uint64_t id = 0;
  fault_kind kind{};
  std::string pattern = "*";              // registration ids or devices
  int status = 0;                         // dps_status, put_token_status
  std::optional<int> retry_after;         // seconds; dps_status
  std::string condition, description;     // reject_messages
  std::optional<std::uint64_t> remaining; // how many more times; absent = until deleted
};

class fault_table {
public:
  // At most 1,000 at a time; 0 when the table is full. Returns the rule's id.
  std::uint64_t add(fault rule);
  bool remove(std::uint64_t id);
  void clear() { rules_.clear(); }
  const std::vector<fault>& rules() const { return rules_; }

  // The first rule of this kind that matches; counts it as used once and drops it when it is used up.
  std::optional<fault> use(fault_kind kind, std::string_view name);
  // Whether there is one, without using it.
  bool active(fault_kind kind) const;
  bool empty() const { return rules_.empty(); }

private:
  std::vector<fault> rules_;
  std::uint64_t last_id_ = 0;
};

} // namespace causeway::emulator
