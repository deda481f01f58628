// SPDX-License-Identifier: Apache-2.0
#include "tts/twin_state.h"

#include "base/encoding.h"
#include "tts/json_span.h"

#include <algorithm>
#include <cstdint>

namespace causeway::tts {
namespace {

// Deeper than that a twin takes nothing (azure-iot-wire.md B.8); `decodedPayload` is one level itself.
constexpr std::size_t deepest = 9;
// The rest of what it refuses: strings above 4 KB, greater integers, and more than 32 KB in all.
constexpr std::size_t longest_text = 4000, longest_payload = 24'000;
constexpr std::int64_t greatest_integer = 4'503'599'627'370'495;

void append_member(std::string& to, std::string_view name, std::string_view value) {
  if (value.empty()) return;
  if (!to.empty()) to += ',';
  to.append(json_quoted(name)).append(":").append(value);
}

void append_text(std::string& to, std::string_view name, std::string_view text) {
  if (!text.empty()) append_member(to, name, json_quoted(text));
}

std::string braced(const std::string& members) {
  return members.empty() ? std::string{} : "{" + members + "}";
}

bool is_twin_name(std::string_view name) {
  return !name.empty() && name.size() <= 1024 && std::none_of(name.begin(), name.end(), [](char c) {
    return c == '.' || c == '$' || c == ' ' || static_cast<unsigned char>(c) < 0x20 || c == 0x7f;
  });
}

// What a twin takes of a value; empty: nothing. Elsewhere a number, a name or a text that it refuses would
// cost the whole patch.
std::string taken_of(const json_span& value, std::size_t depth);

std::string taken_members(const json_span& value, std::size_t depth) {
  std::string members;
  for (json_cursor at{value}; at.next();)
    if (is_twin_name(at.key())) append_member(members, at.key(), taken_of(at.value(), depth));
  return braced(members);
}

std::string taken_elements(const json_span& value, std::size_t depth) {
  std::string elements;
  for (json_cursor at{value}; at.next();) {
    const auto one = taken_of(at.value(), depth);
    if (one.empty()) return {}; // an array with a gap would be another one
    elements.append(elements.empty() ? "" : ",").append(one);
  }
  return "[" + elements + "]";
}

bool is_twin_number(std::string_view number) {
  if (number.find_first_of(".eE") != std::string_view::npos) return true;
  const auto whole = parse_integer<std::int64_t>(number);
  return whole && *whole <= greatest_integer && *whole >= -greatest_integer;
}

std::string taken_of(const json_span& value, std::size_t depth) {
  if (!value.present()) return {};
  if (value.is_object()) return depth == 0 ? std::string{} : taken_members(value, depth - 1);
  if (value.is_array()) return depth == 0 ? std::string{} : taken_elements(value, depth - 1);
  if (value.is_number() && !is_twin_number(value.text())) return {};
  if (value.is_string() && value.text().size() > longest_text) return {};
  return std::string{value.text()};
}

// The first position that has both of its figures.
std::string location_of(const json_span& locations) {
  for (json_cursor at{locations}; at.next();) {
    json_span latitude, longitude, altitude;
    read_members(at.value(), {{"latitude", &latitude}, {"longitude", &longitude}, {"altitude", &altitude}});
    if (!latitude.is_number() || !longitude.is_number()) continue;
    std::string members;
    append_member(members, "latitude", latitude.text());
    append_member(members, "longitude", longitude.text());
    if (altitude.is_number()) append_member(members, "altitude", altitude.text());
    return braced(members);
  }
  return {};
}

std::string versions_of(const json_span& ids) {
  json_span brand, model, hardware, firmware, band;
  read_members(ids, {{"brand_id", &brand},
                     {"model_id", &model},
                     {"hardware_version", &hardware},
                     {"firmware_version", &firmware},
                     {"band_id", &band}});
  std::string members;
  const auto add = [&](std::string_view name, const json_span& value) {
    append_text(members, name, value.string().value_or(std::string{}));
  };
  add("brandId", brand);
  add("modelId", model);
  add("hardwareVersion", hardware);
  add("firmwareVersion", firmware);
  add("bandId", band);
  return braced(members);
}

// What the event's own reading leaves out.
void append_rest(std::string& to, std::string_view raw) {
  const auto document = parse_json(raw);
  if (!document) return;
  json_span content, uplink, battery, value, errors, locations, versions;
  read_members(*document, {{"uplink_message", &uplink}, {"data", &content}, {"result", &content}});
  if (content.present()) read_members(content, {{"uplink_message", &uplink}});
  read_members(uplink, {{"last_battery_percentage", &battery},
                        {"packet_error_rate", &errors},
                        {"locations", &locations},
                        {"version_ids", &versions}});
  read_members(battery, {{"value", &value}});
  if (value.is_number()) append_member(to, "battery", value.text());
  if (errors.is_number()) append_member(to, "packetErrorRate", errors.text());
  append_member(to, "location", location_of(locations));
  append_member(to, "versions", versions_of(versions));
}

void append_changes(std::string& to, const json_span& before, const json_span& after);

void append_change(std::string& to, std::string_view name, const json_span& before, const json_span& after) {
  if (before.is_object() && after.is_object()) {
    std::string members;
    append_changes(members, before, after);
    append_member(to, name, braced(members));
  } else if (before.canonical() != after.canonical()) {
    append_member(to, name, after.compact());
  }
}

void append_changes(std::string& to, const json_span& before, const json_span& after) {
  for (json_cursor at{after}; at.next();)
    append_change(to, at.key(), member_of(before, at.key()), at.value());
  for (json_cursor at{before}; at.next();)
    if (!member_of(after, at.key()).present()) append_member(to, at.key(), "null");
}

} // namespace

std::string read_twin_state(const model::event& from, bool with_decoded) {
  const auto* const uplink = model::uplink_of(from);
  if (uplink == nullptr || from.kind != model::event_kind::uplink) return {};
  std::string lorawan, all;
  append_text(lorawan, "lastSeen", from.received_at);
  if (uplink->f_cnt) append_member(lorawan, "fCnt", std::to_string(*uplink->f_cnt));
  append_text(lorawan, "dataRate", uplink->data_rate);
  append_member(lorawan, "rssi", uplink->rssi);
  append_member(lorawan, "snr", uplink->snr);
  if (uplink->gateways) append_member(lorawan, "gateways", std::to_string(*uplink->gateways));
  append_rest(lorawan, from.raw);
  append_member(all, "lorawan", braced(lorawan));
  if (with_decoded && !uplink->decoded_payload.empty())
    if (const auto decoded = parse_json(uplink->decoded_payload))
      if (const auto taken = taken_of(*decoded, deepest); taken.size() <= longest_payload)
        append_member(all, "decodedPayload", taken);
  return braced(all);
}

std::string told_twin_state(std::string_view reported) {
  const auto document = parse_json(reported.empty() ? "{}" : reported);
  if (!document) return {};
  std::string lorawan, all;
  for (json_cursor at{member_of(*document, "lorawan")}; at.next();)
    if (at.key() != "downlink") append_member(lorawan, at.key(), at.value().text());
  append_member(all, "lorawan", braced(lorawan));
  append_member(all, "decodedPayload", member_of(*document, "decodedPayload").text());
  return braced(all);
}

std::string merge_patch(std::string_view before, std::string_view after) {
  const auto old = parse_json(before.empty() ? "{}" : before),
             fresh = parse_json(after.empty() ? "{}" : after);
  if (!old || !fresh) return {};
  std::string members;
  append_changes(members, *old, *fresh);
  return braced(members);
}

} // namespace causeway::tts
