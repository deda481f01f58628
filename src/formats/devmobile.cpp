// SPDX-License-Identifier: Apache-2.0
#include "formats/devmobile.h"

#include "base/encoding.h"
#include "formats/fields.h"

#include <algorithm>
#include <array>
#include <set>
#include <string_view>

namespace causeway::formats {
namespace {

constexpr std::array<std::string_view, 7> base_keys{"ApplicationID", "DeviceEUI",     "DeviceID",  "Port",
                                                    "Simulated",     "ReceivedAtUtc", "PayloadRaw"};

bool is_base_key(std::string_view name) {
  return std::find(base_keys.begin(), base_keys.end(), name) != base_keys.end();
}

void append_key(std::string& out, std::string_view key) {
  if (out.back() != '{') out += ',';
  out.append("\"").append(key).append("\":");
}

void append_member(std::string& out, std::string_view key, std::string_view json) {
  append_key(out, key);
  out += json;
}

void append_text_member(std::string& out, std::string_view key, std::string_view text) {
  append_key(out, key);
  out += '"';
  append_json_escaped(out, text);
  out += '"';
}

// Empty for what is no coordinate.
std::string_view short_name_of(std::string_view name) {
  if (equals_ignoring_case(name, "latitude")) return "lat";
  if (equals_ignoring_case(name, "longitude")) return "lon";
  if (equals_ignoring_case(name, "altitude")) return "alt";
  return {};
}

// Of lat, lon and alt those that the object has itself.
std::set<std::string_view> own_short_names(std::string_view object) {
  std::set<std::string_view> own;
  for (field_cursor member{object}; member.next();)
    for (const std::string_view short_name : {"lat", "lon", "alt"})
      if (member->name() == short_name) own.insert(short_name);
  return own;
}

bool append_position(std::string& out, std::string_view object) {
  const auto own = own_short_names(object);
  out += '{';
  field_cursor member{object};
  while (member.next()) {
    if (member->is_object()) {
      append_key(out, member->key);
      if (!append_position(out, member->value)) return false;
      continue;
    }
    const auto short_name = short_name_of(member->name());
    if (!short_name.empty() && !member->is_array() && !own.contains(short_name))
      append_member(out, short_name, member->value);
    append_member(out, member->key, member->value);
  }
  out += '}';
  return member.whole();
}

bool is_position_name(std::string_view name) {
  return name.size() >= 4 && equals_ignoring_case(name.substr(0, 4), "gps_");
}

// Makes the names of decoded fields free.
class underscores {
public:
  explicit underscores(std::string_view decoded) : decoded_{decoded} {}

  // What is to be put behind this name.
  std::string behind(std::string name) {
    std::string added;
    while (is_base_key(name) || (!added.empty() && names().contains(name))) {
      name += '_';
      added += '_';
    }
    return added;
  }

private:
  const std::set<std::string>& names() {
    if (names_.empty())
      for (field_cursor member{decoded_}; member.next();)
        names_.insert(member->name());
    return names_;
  }

  std::string_view decoded_;
  std::set<std::string> names_; // once there is a clash
};

bool append_decoded(std::string& out, std::string_view decoded) {
  underscores clashes{decoded};
  field_cursor member{decoded};
  while (member.next()) {
    const auto name = member->name();
    append_key(out, std::string{member->key} + clashes.behind(name));
    if (!member->is_object() || !is_position_name(name))
      out += member->value;
    else if (!append_position(out, member->value))
      return false;
  }
  return member.whole();
}

} // namespace

result<std::vector<model::message>> format_devmobile(const model::event& event,
                                                     const format_context& context) {
  if (letter_of(event.kind) == '\0')
    return error{errc::format_refused, "a kind that this version does not know"};
  const auto* const frame = uplink_of(event);
  const bool has_port = frame != nullptr && frame->f_port != 0;
  const std::string_view payload = frame == nullptr ? std::string_view{} : frame->frm_payload;
  const auto fields = fields_of(event);
  const auto received_at = format_received_at(event, context).substr(0, 19);
  const auto& application = event.from.application.str();
  const auto& device = event.from.device.str();

  model::message made;
  made.id = format_message_id(event, context);
  auto& body = made.body;
  body.reserve(fields.size() + payload.size() + 320);
  body += '{';
  append_text_member(body, "ApplicationID", application);
  if (!event.dev_eui.empty()) append_text_member(body, "DeviceEUI", event.dev_eui.str());
  append_text_member(body, "DeviceID", device);
  if (has_port) append_member(body, "Port", std::to_string(frame->f_port));
  append_member(body, "Simulated", event.simulated.value_or(false) ? "true" : "false");
  append_text_member(body, "ReceivedAtUtc", received_at);
  if (!payload.empty()) append_text_member(body, "PayloadRaw", payload);
  if (!fields.empty() && !append_decoded(body, fields))
    return error{errc::format_refused, "decoded_payload is not a JSON object"};
  body += '}';

  auto& properties = made.properties;
  properties.reserve(7);
  properties.emplace_back("iothub-creation-time-utc", received_at);
  properties.emplace_back("ApplicationId", application);
  if (!event.dev_eui.empty()) properties.emplace_back("DeviceEUI", event.dev_eui.str());
  properties.emplace_back("DeviceId", device);
  if (has_port) properties.emplace_back("port", std::to_string(frame->f_port));
  properties.emplace_back("Simulated", event.simulated.value_or(false) ? "True" : "False");
  if (event.kind != model::event_kind::uplink) properties.emplace_back("event", to_string(event.kind));
  return one_message(std::move(made));
}

} // namespace causeway::formats
