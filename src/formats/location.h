// SPDX-License-Identifier: Apache-2.0
// Positions in the form in which IoT Central shows them on a map: lat, lon and alt (product.md section 3).
// Pure; any thread.
#pragma once

#include <string>
#include <string_view>

namespace causeway::formats {

// The decoded object with, behind the members of each object in it that has a latitude and a longitude (both
// numbers), lat, lon and, where there is an altitude, alt; for the outermost object they stand in a member
// `location` of their own. What is there already under one of these names stays, and arrays stay as they are.
// decoded: as core::uplink::decoded_payload.
std::string add_location(std::string_view decoded);

} // namespace causeway::formats
