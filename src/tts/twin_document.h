// SPDX-License-Identifier: Apache-2.0
// A device's twin as IoT Hub gives it, and what is written to it (azure-iot-wire.md B.8). Here and not in the
// core, because it is reading JSON. Pure; any thread.
#pragma once

#include "base/result.h"
#include "model/twin.h"

#include <optional>
#include <string>
#include <string_view>

namespace causeway::tts {

// {"desired":{…,"$version":n},"reported":{…}}. A member of what was told that has another type counts as
// absent. Errors: json_malformed.
result<model::twin_reading> read_twin(std::string_view document);
// patch: of the desired properties, null for what is removed. Errors: json_malformed.
result<model::desired_change> read_desired_change(std::string_view patch);
// {"lorawan":{"downlink":{…}}}: a merge patch of the reported properties, with null for what the one before
// may have had.
std::string write_twin_answer(const std::optional<model::twin_answer>& what);

} // namespace causeway::tts
