// SPDX-License-Identifier: Apache-2.0
// What may stand in a section of a device twin, how a patch changes it, and the hub's own notes on when each
// member changed last (azure-iot-wire.md B.8). Pure functions, any thread.
#pragma once

#include "base/clock.h"

#include <boost/json.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

namespace causeway::emulator {

inline constexpr std::size_t most_property_bytes = 32 * 1024; // of desired, and of reported
inline constexpr std::size_t most_tag_bytes = 8 * 1024;
inline constexpr std::size_t longest_twin_string = 4 * 1024; // bytes
inline constexpr std::size_t longest_twin_key = 1024;
inline constexpr std::size_t deepest_twin = 10;
inline constexpr std::int64_t largest_twin_number = 4'503'599'627'370'496; // 2^52, and its negative

// Why this cannot stand in a section; empty when it can.
std::string find_twin_fault(const boost::json::object& patch);
// RFC 7386: objects are merged, null removes, everything else replaces.
void merge_twin(boost::json::object& into, const boost::json::object& patch);

struct twin_stamp {
  wall_time at{};
  std::optional<std::uint64_t> version; // desired alone has it
};
// Notes the time of what the patch names, at every level, and forgets what it removes.
void merge_twin_metadata(boost::json::object& into, const boost::json::object& patch,
                         const twin_stamp& stamp);
// What makes one document of another by a merge: the new one, and null for what it leaves out, at every
// level.
boost::json::object replacement_patch(const boost::json::object& from, const boost::json::object& to);

} // namespace causeway::emulator
