// SPDX-License-Identifier: Apache-2.0
#include "formats/location.h"

#include "formats/fields.h"

#include <array>
#include <charconv>
#include <cmath>
#include <limits>
#include <optional>
#include <utility>
#include <vector>

namespace causeway::formats {
namespace {

// The names by which the stack itself knows a position in decoded fields, in its order of preference
// (things-stack-wire.md, "locations"; its CayenneLPP's gps_N are objects with the fourth).
struct spelling {
  std::string_view latitude, longitude, altitude, other_altitude{};
};
constexpr std::array spellings{spelling{"lat", "lon", "alt"},
                               spelling{"lat", "lng", "alt"},
                               spelling{"lat", "long", "alt"},
                               spelling{"latitude", "longitude", "altitude"},
                               spelling{"Latitude", "Longitude", "Altitude"},
                               spelling{"latitudeDeg", "longitudeDeg", "altitude", "height"},
                               spelling{"gps_lat", "gps_lng", "gps_alt", "gpsalt"}};

struct position {
  std::string_view latitude, longitude, altitude; // JSON numbers; altitude may be empty
};

// Members by their names with escapes resolved; only numbers have a value.
using members = std::vector<std::pair<std::string, std::string_view>>;

std::optional<std::string_view> find(const members& in, std::string_view name) {
  for (const auto& [known, value] : in)
    if (known == name) return value;
  return std::nullopt;
}

std::string_view number(const members& in, std::string_view name) {
  return find(in, name).value_or(std::string_view{});
}

double value_of(std::string_view number) {
  double value = std::numeric_limits<double>::infinity(); // what no double can hold is no coordinate
  std::from_chars(number.data(), number.data() + number.size(), value);
  return value;
}

// Zero and zero is what a tracker without a fix sends.
bool is_on_earth(std::string_view latitude, std::string_view longitude) {
  const auto lat = value_of(latitude), lon = value_of(longitude);
  return std::abs(lat) <= 90 && std::abs(lon) <= 180 && (lat != 0 || lon != 0);
}

std::optional<position> find_position(const members& in) {
  for (const auto& one : spellings) {
    const auto latitude = number(in, one.latitude), longitude = number(in, one.longitude);
    if (latitude.empty() || longitude.empty() || !is_on_earth(latitude, longitude)) continue;
    const auto altitude = number(in, one.altitude);
    return position{latitude, longitude, altitude.empty() ? number(in, one.other_altitude) : altitude};
  }
  return std::nullopt;
}

members read_members(std::string_view object) {
  members found;
  for (field_cursor member{object}; member.next();)
    found.emplace_back(member->name(), member->is_number() ? member->value : std::string_view{});
  return found;
}

void append_member(std::string& out, std::string_view key, std::string_view value) {
  if (out.back() != '{') out += ',';
  out.append("\"").append(key).append("\":").append(value);
}

// What is there already under one of the names stays. Another latitude or longitude than the position's own
// under them: nothing is added, for half of it would be a third place.
void append_form(std::string& out, const members& named,
                 const std::array<std::pair<std::string_view, std::string_view>, 3>& form) {
  for (const auto& [name, value] : form) {
    const auto there = find(named, name);
    if (name != "alt" && there && *there != value) return;
  }
  for (const auto& [name, value] : form)
    if (!value.empty() && !find(named, name)) append_member(out, name, value);
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
  const auto named = read_members(object);
  if (const auto found = find_position(named)) {
    const std::array<std::pair<std::string_view, std::string_view>, 3> form{
        {{"lat", found->latitude}, {"lon", found->longitude}, {"alt", found->altitude}}};
    if (!outermost) {
      append_form(out, named, form);
    } else if (!find(named, "location")) {
      append_member(out, "location", "{");
      append_form(out, {}, form);
      out += '}';
    }
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
  const auto has = [&](auto what) { return decoded.find(what) != std::string_view::npos; };
  if (!has("lat") && !has("Lat") && !has('\\')) return std::string{decoded};
  if (!is_whole(decoded)) return std::string{decoded};
  std::string out;
  out.reserve(decoded.size() + 128);
  append_object(out, decoded, true);
  return out;
}

} // namespace causeway::formats
