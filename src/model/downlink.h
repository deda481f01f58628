// SPDX-License-Identifier: Apache-2.0
// What The Things Stack is asked to send to a device: one item of its queue (things-stack-wire.md D.1). Plain
// values; any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace causeway::model {

// In the order of the stack's numbers, 0 to 6.
enum class downlink_priority : std::uint8_t {
  lowest,
  low,
  below_normal,
  normal,
  above_normal,
  high,
  highest
};
inline constexpr std::size_t downlink_priorities = 7;
// The stack's own names: "LOWEST", "BELOW_NORMAL", …
std::string_view to_string(downlink_priority priority);

// Behind what the device's queue has, or in place of all of it.
enum class queue_operation : std::uint8_t { push, replace };
std::string_view to_string(queue_operation operation); // "push", "replace"

struct downlink {
  std::optional<std::uint8_t> f_port; // nothing: the device's downlink formatter gives it
  // One of the two at least is there. With both the stack sends frm_payload.
  std::string frm_payload;     // bytes
  std::string decoded_payload; // a JSON object or array without white space between tokens
  bool confirmed = false;
  downlink_priority priority = downlink_priority::normal;
  queue_operation queue = queue_operation::push;
  std::string class_b_c;                    // a JSON object in the same way; empty when absent
  std::optional<std::uint8_t> max_attempts; // of a confirmed one; nothing: the stack's own

  friend bool operator==(const downlink&, const downlink&) = default;
};

inline constexpr std::uint8_t most_attempts = 32; // more are refused (real-stack-facts.md 1.3)
// What no data rate of a region that the stack knows carries; what the slowest one of most of them carries
// (things-stack-wire.md D.1).
inline constexpr std::size_t most_payload_bytes = 242, surest_payload_bytes = 51;

} // namespace causeway::model
