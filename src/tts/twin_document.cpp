// SPDX-License-Identifier: Apache-2.0
#include "tts/twin_document.h"

#include "base/encoding.h"
#include "tts/downlink_request.h"
#include "tts/json_span.h"
#include "tts/twin_state.h"
#include "tts/writable_property.h"

#include <string>
#include <utility>

namespace causeway::tts {
namespace {

std::string text_of(const json_span& value) {
  return value.string().value_or(std::string{});
}

std::optional<model::twin_answer> read_told(std::string_view text) {
  const auto document = parse_json(text);
  if (!document || !document->is_object()) return std::nullopt;
  const auto& told = *document;
  model::twin_answer made;
  made.version = parse_integer<std::int64_t>(member_of(told, "version").text()).value_or(0);
  made.state = text_of(member_of(told, "state"));
  made.command = text_of(member_of(told, "command"));
  const auto error = member_of(told, "error");
  made.error_name = text_of(member_of(error, "name"));
  made.error_text = text_of(member_of(error, "text"));
  return made;
}

std::string format_answer(const model::twin_answer& what) {
  const auto or_null = [](const std::string& text) { return text.empty() ? "null" : json_quoted(text); };
  auto made = R"({"version":)" + std::to_string(what.version) + R"(,"state":)" + json_quoted(what.state) +
              R"(,"command":)" + or_null(what.command) + R"(,"error":)";
  made += what.error_name.empty()
              ? "null"
              : R"({"name":)" + json_quoted(what.error_name) + R"(,"text":)" + or_null(what.error_text) + "}";
  return made + "}";
}

} // namespace

result<model::twin_reading> read_twin(std::string_view document, named_downlinks properties) {
  const auto twin = parse_json_object(document, errc::json_malformed);
  if (!twin) return twin.fault();
  const auto desired = member_of(*twin, "desired"), reported = member_of(*twin, "reported");
  auto downlink = read_desired(desired.text());
  if (!downlink) return std::move(downlink).fault();
  if (const auto told = member_of(member_of(reported, "lorawan"), "downlink"); told.is_object())
    downlink->told = told.text();
  model::twin_reading made;
  made.state = told_twin_state(reported.text());
  made.desired = read_properties(desired, reported, downlink->version, properties);
  made.desired.insert(made.desired.begin(), *std::move(downlink));
  return made;
}

result<model::desired_change> read_desired_change(std::string_view patch, named_downlinks properties) {
  const auto change = parse_json_object(patch, errc::json_malformed);
  if (!change) return change.fault();
  model::desired_change made;
  for (json_cursor at{*change}; at.next();) {
    const auto key = at.key();
    // Of `lorawan` null takes away all that is in it, and an object may name the downlink or not.
    const bool all_of_it = key == "decodedPayload" || key == "rawDownlink" ||
                           (key == "lorawan" && !at.value().is_object()) || has_property(properties, key);
    made.names_downlink = made.names_downlink || all_of_it;
    if (key == "lorawan")
      for (json_cursor in{at.value()}; in.next();)
        made.names_downlink = made.names_downlink || in.key() == "downlink";
    if (key == "$version") made.version = parse_integer<std::int64_t>(at.value().text()).value_or(0);
  }
  return made;
}

model::twin_report write_twin_answer(std::string_view property, std::string_view told,
                                     const std::optional<model::twin_answer>& what) {
  if (!property.empty()) return write_acknowledgement(property, told, what);
  model::twin_report made;
  if (what) made.told = format_answer(*what);
  if (read_told(told) == read_told(made.told)) return made;
  made.patch = R"({"lorawan":{"downlink":)" + (what ? made.told : "null") + "}}";
  return made;
}

} // namespace causeway::tts
