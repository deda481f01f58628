// SPDX-License-Identifier: Apache-2.0
#include "tts/stored_events.h"

#include "base/excerpt.h"
#include "tts/json_span.h"
#include "tts/messages.h"

namespace causeway::tts {
namespace {

constexpr std::size_t longest_fault = 200;

bool is_space(char c) {
  return c == ' ' || c == '\n' || c == '\r' || c == '\t';
}

// The first object of a text that begins with one, as far as its braces tell; empty when it does not end.
std::string_view first_object(std::string_view text) {
  std::size_t depth = 0;
  bool quoted = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (quoted) {
      if (c == '\\')
        ++i;
      else if (c == '"')
        quoted = false;
    } else if (c == '"') {
      quoted = true;
    } else if (c == '{') {
      ++depth;
    } else if (c == '}' && --depth == 0) {
      return text.substr(0, i + 1);
    }
  }
  return {};
}

error malformed(std::size_t record, const std::string& why) {
  return error{errc::json_malformed, "record " + std::to_string(record) + ": " + why};
}

std::optional<wall_time> time_of(json_span event) {
  json_span time;
  read_members(event, {{"received_at", &time}});
  const auto text = time.string();
  if (!text) return std::nullopt;
  const auto read = parse_rfc3339(*text);
  return read ? std::optional{*read} : std::nullopt;
}

} // namespace

result<std::vector<stored_event>> parse_stored_events(std::string_view body,
                                                      const application_id& application) {
  std::vector<stored_event> found;
  for (std::size_t number = 1;; ++number) {
    while (!body.empty() && is_space(body.front()))
      body.remove_prefix(1);
    if (body.empty()) return found;
    if (body.front() != '{') return malformed(number, "not an object");
    const auto record = first_object(body);
    if (record.empty()) return malformed(number, "cut off");
    body.remove_prefix(record.size());
    const auto document = parse_json(record);
    if (!document) return malformed(number, document.fault().detail());
    json_span content, refusal;
    read_members(*document, {{"result", &content}, {"error", &refusal}});
    if (refusal.present()) {
      json_span text;
      read_members(refusal, {{"message", &text}});
      return error{errc::registry_unavailable,
                   std::string{excerpt(text.string().value_or("the storage broke off"), longest_fault)}};
    }
    if (!content.is_object()) continue;
    auto event = parse_application_up(content.text(), {application.str(), {}}, masking::none);
    found.push_back({std::move(event), time_of(content)});
  }
}

} // namespace causeway::tts
