// SPDX-License-Identifier: Apache-2.0
// A device's twin as IoT Hub gives it, and what is written to it (azure-iot-wire.md B.8). Here and not in the
// core, because it is reading JSON. Pure; any thread.
#pragma once

#include "base/result.h"
#include "model/twin.h"
#include "tts/downlink_request.h"

#include <optional>
#include <string_view>

namespace causeway::tts {

// {"desired":{…,"$version":n},"reported":{…}}. properties: what writable ones there may be.
// Errors: json_malformed.
result<model::twin_reading> read_twin(std::string_view document, named_downlinks properties);
// patch: of the desired properties, null for what is removed. Errors: json_malformed.
result<model::desired_change> read_desired_change(std::string_view patch, named_downlinks properties);
// {"lorawan":{"downlink":{…}}}, with null for what the one before may have had; of a property as
// write_acknowledgement. told: as it stands there; a member of it that has another type counts as absent.
model::twin_report write_twin_answer(std::string_view property, std::string_view told,
                                     const std::optional<model::twin_answer>& what);

} // namespace causeway::tts
