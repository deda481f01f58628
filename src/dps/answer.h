// SPDX-License-Identifier: Apache-2.0
// The JSON that DPS answers with (azure-iot-wire.md E.1), reduced to what a registration needs. Value types,
// any thread.
#pragma once

#include "base/clock.h"
#include "base/result.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace causeway::dps {

// The body of a 200 or 202. Members that are absent are empty.
struct operation_answer {
  std::string operation_id;
  std::string status;       // "assigning", "assigned", "failed", "disabled", "unassigned"
  std::string assigned_hub; // registrationState.…
  std::string device_id;
  std::string substatus;
  std::string connection_profile; // what the hub speaks; from api-version 2026-11-02-preview on
  std::int64_t error_code = 0;
  std::string error_message;
};
// Errors: dps_protocol for what is no JSON object with a status.
result<operation_answer> parse_operation_answer(std::string_view body);

// The body of any other answer. Anything that is not DPS's own form yields an empty one.
struct error_answer {
  std::int64_t code = 0;
  std::string message;
  std::string tracking_id;
  std::optional<wall_time> timestamp; // timestampUtc: DPS's clock
};
error_answer parse_error_answer(std::string_view body);

} // namespace causeway::dps
