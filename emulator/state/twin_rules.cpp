// SPDX-License-Identifier: Apache-2.0
#include "emulator/state/twin_rules.h"

#include <algorithm>
#include <cmath>

namespace causeway::emulator {
namespace {

namespace json = boost::json;

bool is_key(std::string_view key) {
  return !key.empty() && key.size() <= longest_twin_key && std::none_of(key.begin(), key.end(), [](char c) {
    const auto byte = static_cast<std::uint8_t>(c);
    return byte <= 0x20 || byte == 0x7f || c == '.' || c == '$';
  });
}

// NOLINTNEXTLINE(misc-no-recursion): ends at deepest_twin
std::string find_fault(const json::value& value, std::size_t depth) {
  if (const auto* text = value.if_string(); text != nullptr && text->size() > longest_twin_string)
    return "a string is longer than 4096 bytes";
  const auto* integer = value.if_int64();
  if (value.is_uint64() ||
      (integer != nullptr && (*integer > largest_twin_number || *integer < -largest_twin_number)))
    return "an integer is beyond 4503599627370496";
  if (const auto* number = value.if_double(); number != nullptr && !std::isfinite(*number))
    return "a number is not finite";
  if (const auto* array = value.if_array()) {
    if (depth > deepest_twin) return "it is deeper than 10 levels";
    for (const auto& item : *array)
      if (auto fault = find_fault(item, depth + 1); !fault.empty()) return fault;
  }
  const auto* object = value.if_object();
  if (object == nullptr) return {};
  if (depth > deepest_twin) return "it is deeper than 10 levels";
  for (const auto& [key, member] : *object) {
    if (!is_key(std::string_view{key.data(), key.size()})) return "a key is not allowed";
    if (auto fault = find_fault(member, depth + 1); !fault.empty()) return fault;
  }
  return {};
}

void write_stamp(json::object& into, const twin_stamp& stamp) {
  into["$lastUpdated"] = format_rfc3339(stamp.at);
  if (stamp.version) into["$lastUpdatedVersion"] = *stamp.version;
}

json::object& object_at(json::object& in, json::string_view key) {
  auto& member = in[key];
  return member.is_object() ? member.as_object() : member.emplace_object();
}

} // namespace

std::string find_twin_fault(const json::object& patch) {
  return find_fault(patch, 0);
}

// NOLINTNEXTLINE(misc-no-recursion): as deep as the patch
void merge_twin(json::object& into, const json::object& patch) {
  for (const auto& [key, value] : patch) {
    if (value.is_null())
      into.erase(key);
    else if (const auto* object = value.if_object())
      merge_twin(object_at(into, key), *object);
    else
      into[key] = value;
  }
}

// NOLINTNEXTLINE(misc-no-recursion): as deep as the patch
void merge_twin_metadata(json::object& into, const json::object& patch, const twin_stamp& stamp) {
  write_stamp(into, stamp);
  for (const auto& [key, value] : patch) {
    if (value.is_null()) {
      into.erase(key);
      continue;
    }
    if (const auto* object = value.if_object()) {
      merge_twin_metadata(object_at(into, key), *object, stamp);
      continue;
    }
    write_stamp(into[key].emplace_object(), stamp);
  }
}

// NOLINTNEXTLINE(misc-no-recursion): as deep as the document
json::object replacement_patch(const json::object& from, const json::object& to) {
  auto patch = to;
  for (const auto& [key, value] : from) {
    const auto* kept = to.if_contains(key);
    if (kept == nullptr)
      patch[key] = nullptr;
    else if (value.is_object() && kept->is_object())
      patch[key] = replacement_patch(value.get_object(), kept->get_object());
  }
  return patch;
}

} // namespace causeway::emulator
