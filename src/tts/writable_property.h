// SPDX-License-Identifier: Apache-2.0
// IoT Central's writable properties, as the conventions of IoT Plug and Play have them: a desired property
// that is named as a configured command is, or `NAME` in {"component":{"__t":"c","NAME":…}} where the
// command is "component*NAME", asks for that command, and is acknowledged in the reported ones
// (azure-iot-wire.md B.8). Pure; any thread.
#pragma once

#include "model/twin.h"
#include "tts/downlink_request.h"
#include "tts/json_span.h"

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace causeway::tts {

// One of each name that can be a property's, in this order; the value is its command's body (read_c2d), and a
// bare one becomes {NAME: value}. Null is absent.
std::vector<model::desired_downlink> read_properties(const json_span& desired, const json_span& reported,
                                                     std::int64_t version, named_downlinks named);

// Whether this member of the desired properties may be one of them, or a component that has some.
bool has_property(named_downlinks named, std::string_view member);

// {"NAME":{"value":…,"ac":200,"av":7,"ad":"queued"}}, in its component with "__t". Whole whenever something
// is new: a change is what IoT Central is told of. told: as it stands there.
model::twin_report write_acknowledgement(std::string_view property, std::string_view told,
                                         const std::optional<model::twin_answer>& what);

} // namespace causeway::tts
