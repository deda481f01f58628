// SPDX-License-Identifier: Apache-2.0
#include "formats/transformed.h"

#include "base/clock.h"
#include "base/encoding.h"
#include "formats/fields.h"

#include <algorithm>
#include <optional>
#include <utility>

namespace causeway::formats {
namespace {

constexpr std::string_view creation_time = "iothub-creation-time-utc";
constexpr std::string_view hubs_own = "iothub-";

error refused(std::string why) {
  return error{errc::transform_refused, std::move(why)};
}

bool is_printable_ascii(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c >= ' ' && c <= '~'; });
}

// What a property shall say; nothing: it is not to be sent.
result<std::optional<std::string>> read_value(const field& property, const std::string& name) {
  if (property.value == "null") return std::optional<std::string>{};
  if (property.is_object() || property.is_array())
    return refused("the property " + json_quoted(name) +
                   " is neither text nor a number, true, false or null");
  auto value = property.text();
  if (name == creation_time) {
    const auto time = parse_rfc3339(value);
    if (!time) return refused("the property " + json_quoted(name) + " is not a time: " + json_quoted(value));
    if (value.back() != 'Z') value = format_rfc3339(*time);
  }
  if (!is_printable_ascii(value))
    return refused("the property " + json_quoted(name) + " has a character outside printable ASCII");
  return std::optional{std::move(value)};
}

result<void> set_property(model::message& into, const field& property) {
  const auto name = property.name();
  if (name.empty() || !is_printable_ascii(name))
    return refused("the name " + json_quoted(name) + " of a property is not printable ASCII");
  if (name.starts_with(hubs_own) && name != creation_time)
    return refused("the property " + json_quoted(name) + " is IoT Hub's own; of these only " +
                   std::string{creation_time} + " can be set");
  auto value = read_value(property, name);
  if (!value) return std::move(value).fault();
  auto& all = into.properties;
  const auto known = std::find_if(all.begin(), all.end(), [&](const auto& one) { return one.first == name; });
  if (!*value) {
    if (known != all.end()) all.erase(known);
  } else if (known != all.end()) {
    known->second = **std::move(value);
  } else {
    all.emplace_back(name, **std::move(value));
  }
  return {};
}

result<void> open_envelope(model::message& into, std::string_view output) {
  constexpr auto shape = "an envelope is {\"properties\":{…},\"body\":…}";
  if (output.front() != '{') return refused(shape);
  std::string_view body;
  field_cursor member{output};
  while (member.next()) {
    const auto name = member->name();
    if (name == "body") {
      body = member->value;
    } else if (name != "properties") {
      return refused(std::string{shape} + ", without " + json_quoted(name));
    } else if (!member->is_object()) {
      return refused(std::string{shape} + ": its properties are no object");
    } else {
      for (field_cursor property{member->value}; property.next();)
        if (auto set = set_property(into, *property); !set) return set;
    }
  }
  if (!member.whole() || body.empty()) return refused(std::string{shape} + ": it has no body");
  if (body == "null") return refused("the body is null; to send nothing, put out nothing: `empty`");
  into.body = body;
  return {};
}

} // namespace

result<std::vector<model::message>> format_transformed(const model::event& event,
                                                       const format_context& context,
                                                       std::vector<std::string> outputs,
                                                       transform_output as) {
  if (letter_of(event.kind) == '\0')
    return error{errc::format_refused, "a kind that this version does not know"};
  std::vector<model::message> messages;
  messages.reserve(outputs.size());
  const auto envelope = make_envelope(event, context);
  for (auto& output : outputs) {
    const auto n = std::to_string(messages.size() + 1);
    // Mostly a path into what this event does not have.
    if (output.empty() || output == "null")
      return refused("output " + n + " is null; to send nothing, put out nothing: `empty`");
    auto made = envelope;
    made.id += "." + n;
    if (as == transform_output::body) {
      made.body = std::move(output);
    } else if (auto opened = open_envelope(made, output); !opened) {
      return std::move(opened).fault().in("output " + n);
    }
    auto checked = one_message(std::move(made));
    if (!checked) return std::move(checked).fault().in("output " + n);
    messages.push_back(std::move(checked->front()));
  }
  return messages;
}

} // namespace causeway::formats
