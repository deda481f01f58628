// SPDX-License-Identifier: Apache-2.0
#include "formats/location.h"

#include "formats/fields.h"

#include <algorithm>
#include <array>

namespace causeway::formats {
namespace {

struct coordinate {
  std::string_view name, short_name;
  std::string_view value{}; // empty: not there, or no number
  bool taken = false;       // the object has a member short_name
};
using coordinates = std::array<coordinate, 3>;

coordinates read_coordinates(std::string_view object) {
  coordinates found{{{"latitude", "lat"}, {"longitude", "lon"}, {"altitude", "alt"}}};
  for (field_cursor member{object}; member.next();) {
    const auto name = member->name();
    for (auto& one : found) {
      if (name == one.name) one.value = member->is_number() ? member->value : std::string_view{};
      one.taken = one.taken || name == one.short_name;
    }
  }
  return found;
}

bool is_position(const coordinates& found) {
  return !found[0].value.empty() && !found[1].value.empty();
}

void append_member(std::string& out, std::string_view key, std::string_view value) {
  if (out.back() != '{') out += ',';
  out.append("\"").append(key).append("\":").append(value);
}

void append_object(std::string& out, std::string_view object, bool outermost) {
  out += '{';
  for (field_cursor member{object}; member.next();) {
    if (!member->is_object()) {
      append_member(out, member->key, member->value);
    } else {
      append_member(out, member->key, {});
      append_object(out, member->value, false);
    }
  }
  const auto found = read_coordinates(object);
  if (is_position(found) && !outermost) {
    for (const auto& one : found)
      if (!one.value.empty() && !one.taken) append_member(out, one.short_name, one.value);
  } else if (is_position(found) && !has_field(object, "location")) {
    append_member(out, "location", "{");
    for (const auto& one : found)
      if (!one.value.empty()) append_member(out, one.short_name, one.value);
    out += '}';
  }
  out += '}';
}

bool is_whole(std::string_view object) {
  field_cursor member{object};
  bool whole = true;
  while (member.next())
    whole = whole && (!member->is_object() || is_whole(member->value));
  return whole && member.whole();
}

} // namespace

std::string add_location(std::string_view decoded) {
  // Nearly every payload: no position where neither the letters nor an escape occurs.
  if (decoded.find("latitude") == std::string_view::npos && decoded.find('\\') == std::string_view::npos)
    return std::string{decoded};
  if (!is_whole(decoded)) return std::string{decoded};
  std::string out;
  out.reserve(decoded.size() + 128);
  append_object(out, decoded, true);
  return out;
}

} // namespace causeway::formats
