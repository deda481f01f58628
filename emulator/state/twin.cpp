// SPDX-License-Identifier: Apache-2.0
#include "emulator/state/twin.h"

#include "base/encoding.h"
#include "emulator/state/json_text.h"

namespace causeway::emulator {
namespace {

namespace json = boost::json;

json::object with_version(json::object values, std::uint64_t version) {
  values["$version"] = version;
  return values;
}

json::object for_services(const twin_section& section) {
  auto shown = section.values;
  shown["$metadata"] = section.metadata;
  return with_version(std::move(shown), section.version);
}

twin_refusal too_large(const char* what, std::size_t most) {
  return {413, 413001, std::string{what} + " would be larger than " + std::to_string(most) + " bytes"};
}

std::optional<twin_refusal> find_fault(const json::object& patch) {
  auto fault = find_twin_fault(patch);
  if (fault.empty()) return std::nullopt;
  return twin_refusal{400, 400004, std::move(fault)};
}

// The section as it will be; nothing when that is too large.
std::optional<json::object> merged(const json::object& section, const json::object& patch, bool replace,
                                   std::size_t most) {
  auto after = replace ? json::object{} : section;
  merge_twin(after, patch); // a replacement has its nulls removed as well
  if (json_text(after).size() > most) return std::nullopt;
  return after;
}

const json::object* member_object(const json::object& of, json::string_view name, bool& is_sound) {
  const auto* found = of.if_contains(name);
  if (found == nullptr) return nullptr;
  is_sound = is_sound && found->is_object();
  return found->if_object();
}

} // namespace

std::string make_etag(std::uint64_t counter) {
  std::string bytes(8, '\0');
  for (std::size_t i = 0; i < bytes.size(); ++i)
    bytes[i] = static_cast<char>(static_cast<std::uint8_t>(counter >> (8 * (7 - i))));
  return base64_encode(bytes);
}

std::optional<twin_change> read_twin_change(const json::value& body, bool replace) {
  const auto* object = body.if_object();
  if (object == nullptr) return std::nullopt;
  twin_change read;
  read.replace = replace;
  bool is_sound = true;
  if (const auto* tags = member_object(*object, "tags", is_sound)) read.tags = *tags;
  if (const auto* properties = member_object(*object, "properties", is_sound))
    if (const auto* desired = member_object(*properties, "desired", is_sound)) read.desired = *desired;
  if (!is_sound) return std::nullopt;
  if (read.desired) {
    read.desired->erase("$version");
    read.desired->erase("$metadata");
  }
  return read;
}

twin::twin(wall_time made) {
  merge_twin_metadata(desired_.metadata, {}, {made, std::nullopt});
  merge_twin_metadata(reported_.metadata, {}, {made, std::nullopt});
}

void twin::note_read(wall_time now) {
  if (readings_.size() == most_reads) readings_.pop_front();
  readings_.push_back({desired_.version, now});
}

std::string twin::device_view() const {
  return json_text(json::object{{"desired", with_version(desired_.values, desired_.version)},
                                {"reported", with_version(reported_.values, reported_.version)}});
}

json::object twin::properties() const {
  return {{"desired", for_services(desired_)}, {"reported", for_services(reported_)}};
}

std::optional<twin_refusal> twin::report(const json::object& patch, wall_time now) {
  if (auto fault = find_fault(patch)) return fault;
  auto after = merged(reported_.values, patch, false, most_property_bytes);
  if (!after) return too_large("reported", most_property_bytes);
  reported_.values = std::move(*after);
  ++reported_.version;
  ++version_;
  merge_twin_metadata(reported_.metadata, patch, {now, std::nullopt});
  return std::nullopt;
}

std::optional<twin_refusal> twin::change(const twin_change& asked, wall_time now,
                                         std::optional<desired_change>& told) {
  std::optional<json::object> tags, desired;
  if (asked.tags) {
    if (auto fault = find_fault(*asked.tags)) return fault;
    tags = merged(tags_, *asked.tags, asked.replace, most_tag_bytes);
    if (!tags) return too_large("tags", most_tag_bytes);
  }
  if (asked.desired) {
    if (auto fault = find_fault(*asked.desired)) return fault;
    desired = merged(desired_.values, *asked.desired, asked.replace, most_property_bytes);
    if (!desired) return too_large("desired", most_property_bytes);
  }
  ++version_;
  ++etag_;
  if (tags) tags_ = std::move(*tags);
  if (!desired) return std::nullopt;
  const auto patch = asked.replace ? replacement_patch(desired_.values, *desired) : *asked.desired;
  desired_.values = std::move(*desired);
  ++desired_.version;
  merge_twin_metadata(desired_.metadata, patch, {now, desired_.version});
  told = desired_change{json_text(with_version(patch, desired_.version)), desired_.version};
  return std::nullopt;
}

} // namespace causeway::emulator
