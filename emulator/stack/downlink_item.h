// SPDX-License-Identifier: Apache-2.0
// One downlink in the stack's queue, as it was asked for and as it is shown (real-stack-facts.md 1.4, 1.5).
// Pure. A value.
#pragma once

#include "base/clock.h"

#include <boost/json.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace causeway::emulator {

struct downlink_retry {
  std::uint32_t attempt = 0;
  std::optional<std::uint32_t> max_attempts; // as asked for
};

struct downlink_item {
  std::uint64_t number = 0; // in the book; 0: never accepted
  std::uint32_t f_port = 0;
  std::uint32_t f_cnt = 0;
  std::string frm_payload;            // base64; empty: none
  std::size_t size = 0;               // of the payload, in bytes
  boost::json::value decoded_payload; // null: none
  bool confirmed = false;
  boost::json::object class_b_c;
  std::optional<wall_time> absolute_time; // of class_b_c
  mono_time not_before{};                 // the network server hesitates until then
  std::string priority;                   // empty: none was asked for
  std::vector<std::string> correlation_ids;
  std::optional<downlink_retry> retry; // confirmed ones only
  std::string session_key_id;          // empty: ABP
};

// What the kinds of events show of an item.
enum class item_view : std::uint8_t {
  asked, // before it has a counter: queued, and failed at the push
  whole, // ack, nack, failed after the last attempt, the queue
  sent,  // sent, and failed by the network server: without confirmed_retry
};

// more: ids that stand in the item's own list beside its own.
boost::json::object format_item(const downlink_item& item, item_view view,
                                const std::vector<std::string>& more = {});
boost::json::object format_retry(const downlink_retry& retry);

// Sorted, each once: how the stack lists correlation ids.
std::vector<std::string> joined_ids(std::vector<std::string> ids, const std::vector<std::string>& more = {});
boost::json::array format_ids(const std::vector<std::string>& ids);

} // namespace causeway::emulator
