// SPDX-License-Identifier: Apache-2.0
#include "tts/registry_event.h"

#include "base/encoding.h"
#include "base/excerpt.h"
#include "tts/json_span.h"

namespace causeway::tts {
namespace {

constexpr std::size_t longest_fault = 200;
// Codes of gRPC: 7 permission denied, 16 unauthenticated.
constexpr std::string_view denied = "7", unauthenticated = "16";

error refusal_of(const json_span& refusal) {
  json_span text, code;
  read_members(refusal, {{"message", &text}, {"code", &code}});
  const bool unauthorized = code.text() == denied || code.text() == unauthenticated;
  return error{unauthorized ? errc::registry_unauthorized : errc::registry_unavailable,
               std::string{excerpt(text.string().value_or("the event stream broke off"), longest_fault)}};
}

// Of {"device_id":…,"application_ids":{…}}.
void add_device(const json_span& ids, const application_id& application, std::vector<device_id>& to) {
  json_span device, of, name;
  read_members(ids, {{"device_id", &device}, {"application_ids", &of}});
  read_members(of, {{"application_id", &name}});
  auto id = device.string();
  if (!id || !is_valid_tts_id(*id) || name.string() != application.str()) return;
  to.emplace_back(std::move(*id));
}

// An update says which fields were written. Positions and names, which trackers write all the time, are not
// read; one that says nothing may be about anything.
bool concerns_us(const json_span& data) {
  const auto paths = member_of(data, "value");
  if (!paths.is_array()) return true;
  bool any = false;
  for (json_cursor at{paths}; at.next();) {
    const auto path = at.value().string().value_or("");
    const auto top = path.substr(0, path.find('.'));
    if (top == "attributes" || top == "ids") return true;
    any = true;
  }
  return !any;
}

} // namespace

result<registry_event> parse_registry_event(std::string_view record, const application_id& application) {
  auto document = parse_json_object(record, errc::registry_protocol);
  if (!document) return std::move(document).fault();
  json_span content, refusal, name, time, identifiers, data;
  read_members(*document, {{"result", &content}, {"error", &refusal}});
  if (refusal.present()) return refusal_of(refusal);
  if (!content.is_object()) return error{errc::registry_protocol, "a record without a result"};
  read_members(content, {{"name", &name}, {"time", &time}, {"identifiers", &identifiers}, {"data", &data}});

  registry_event made;
  if (const auto text = time.string()) {
    if (const auto at = parse_rfc3339(*text)) made.at = *at;
  }
  const auto what = name.string().value_or("");
  if (what == "end_device.create" || what == "end_device.update") {
    if (what == "end_device.create" || concerns_us(data)) made.what = registry_event::kind::changed;
  } else if (what == "end_device.delete" || what == "end_device.batch.delete") {
    made.what = registry_event::kind::deleted;
  }
  if (made.what == registry_event::kind::other) return made;
  for (json_cursor at{identifiers}; at.next();) {
    json_span ids;
    read_members(at.value(), {{"device_ids", &ids}});
    add_device(ids, application, made.devices);
  }
  json_span batch;
  read_members(data, {{"end_device_ids", &batch}});
  for (json_cursor at{batch}; at.next();)
    add_device(at.value(), application, made.devices);
  return made;
}

std::string format_event_request(const application_id& application, std::optional<wall_time> after) {
  std::string out = R"({"identifiers":[{"application_ids":{"application_id":)";
  out += json_quoted(application.str());
  out += R"(}}],"names":[)";
  for (const auto name : registry_event_names) {
    if (name != registry_event_names.front()) out += ',';
    out += json_quoted(name);
  }
  out += ']';
  if (after) out.append(R"(,"after":")").append(format_rfc3339(*after)).append("\"");
  return out + "}";
}

bool record_cutter::add(std::string_view bytes, const std::function<bool(std::string_view record)>& take) {
  while (!bytes.empty()) {
    const auto end = bytes.find('\n');
    begun_.append(bytes.substr(0, end));
    if (begun_.size() > most_) return false;
    if (end == std::string_view::npos) return true;
    bytes.remove_prefix(end + 1);
    const auto record = std::exchange(begun_, {});
    if (!trimmed(record).empty() && !take(record)) return false;
  }
  return true;
}

} // namespace causeway::tts
