// SPDX-License-Identifier: Apache-2.0
// Positions in the form in which IoT Central shows them on a map: lat, lon and alt (product.md section 3).
// Pure; any thread.
#pragma once

#include <string>
#include <string_view>

namespace causeway::formats {

// The decoded object with, behind the members of each object in it that has a position, lat, lon and, where
// there is an altitude, alt; for the outermost object they stand in a member `location` of their own.
// A position: a latitude and a longitude under one of the pairs of names by which the stack itself finds one
// (lat and lon, lng or long; latitude, longitude; Latitude, Longitude; latitudeDeg, longitudeDeg; gps_lat,
// gps_lng), both numbers, within 90 and 180 degrees, not both zero. What is there already under one of the
// new names stays, and arrays stay as they are.
// decoded: as model::fields_of.
std::string add_location(std::string_view decoded);

} // namespace causeway::formats
