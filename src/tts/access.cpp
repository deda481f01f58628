// SPDX-License-Identifier: Apache-2.0
#include "tts/access.h"

#include "base/encoding.h"
#include "tts/json_span.h"

#include <algorithm>

namespace causeway::tts {
namespace {

std::vector<std::string> read_texts(json_span list) {
  std::vector<std::string> out;
  for (json_cursor at{list}; at.next();)
    if (auto text = at.value().string()) out.push_back(std::move(*text));
  return out;
}

bool is_kind(std::string_view name) {
  return webhook_fields.substr(webhook_fields.find("uplink_message")).find(name) != std::string_view::npos;
}

stack_webhook read_webhook(json_span from) {
  stack_webhook made;
  json_span ids, id, base_url, format, headers, mask, paused, paths;
  read_members(from, {{"ids", &ids},
                      {"base_url", &base_url},
                      {"format", &format},
                      {"headers", &headers},
                      {"field_mask", &mask},
                      {"paused", &paused}});
  read_members(ids, {{"webhook_id", &id}});
  made.id = id.string().value_or("");
  made.base_url = base_url.string().value_or("");
  made.format = format.string().value_or("");
  made.paused = paused.is_true();
  for (json_cursor at{headers}; at.next();)
    made.headers.emplace_back(std::string{at.key()}, secret{at.value().string().value_or("")});
  // protobuf's JSON writes a mask as text with commas; the stack's own has it as {"paths":[…]}.
  read_members(mask, {{"paths", &paths}});
  made.field_mask = read_texts(paths);
  if (auto text = mask.string(); text && !text->empty()) {
    std::string_view rest{*text};
    while (!rest.empty()) {
      const auto comma = std::min(rest.find(','), rest.size());
      made.field_mask.emplace_back(rest.substr(0, comma));
      rest.remove_prefix(std::min(comma + 1, rest.size()));
    }
  }
  for (json_cursor at{from}; at.next();)
    if (at.value().is_object() && is_kind(at.key())) {
      json_span path;
      read_members(at.value(), {{"path", &path}});
      made.kinds.emplace_back(at.key());
      if (auto text = path.string()) made.paths.push_back(std::move(*text));
    }
  return made;
}

} // namespace

bool key_facts::may(std::string_view right) const {
  return std::any_of(rights.begin(), rights.end(), [&](const auto& one) {
    return one == right || one == "RIGHT_ALL" || one == "RIGHT_APPLICATION_ALL";
  });
}

result<key_facts> parse_auth_info(std::string_view body) {
  const auto document = parse_json_object(body, errc::registry_protocol);
  if (!document) return document.fault();
  json_span outer, key, entity, application, id, rights, expires;
  read_members(*document, {{"api_key", &outer}});
  read_members(outer, {{"api_key", &key}, {"entity_ids", &entity}});
  read_members(key, {{"rights", &rights}, {"expires_at", &expires}});
  read_members(entity, {{"application_ids", &application}});
  read_members(application, {{"application_id", &id}});
  if (!key.is_object()) return error{errc::registry_protocol, "auth_info says nothing of an API key"};
  key_facts made;
  made.application = id.string().value_or("");
  made.rights = read_texts(rights);
  if (const auto text = expires.string())
    if (const auto time = parse_rfc3339(*text)) made.expires_at = *time;
  return made;
}

const secret* stack_webhook::header(std::string_view name) const {
  const auto found = std::find_if(headers.begin(), headers.end(),
                                  [&](const auto& one) { return equals_ignoring_case(one.first, name); });
  return found == headers.end() ? nullptr : &found->second;
}

bool stack_webhook::posts(std::string_view kind) const {
  return std::find(kinds.begin(), kinds.end(), kind) != kinds.end();
}

bool stack_webhook::leaves(std::string_view path) const {
  if (field_mask.empty()) return true;
  return std::any_of(field_mask.begin(), field_mask.end(), [&](std::string_view one) {
    if (one.starts_with("up.")) one.remove_prefix(3);
    // "end_device_ids" has all below it; "end_device_ids.device_id" has a part of "end_device_ids".
    const auto& [outer, inner] = one.size() <= path.size() ? std::pair{one, path} : std::pair{path, one};
    return inner == outer || (inner.starts_with(outer) && inner[outer.size()] == '.');
  });
}

result<std::vector<stack_webhook>> parse_webhooks(std::string_view body) {
  const auto document = parse_json_object(body, errc::registry_protocol);
  if (!document) return document.fault();
  json_span list;
  read_members(*document, {{"webhooks", &list}});
  std::vector<stack_webhook> made;
  for (json_cursor at{list}; at.next();)
    if (at.value().is_object()) made.push_back(read_webhook(at.value()));
  return made;
}

} // namespace causeway::tts
