// SPDX-License-Identifier: Apache-2.0
#include "tts/stack_error.h"

#include "base/excerpt.h"

namespace causeway::tts {
namespace {

constexpr std::size_t longest_text = 200;

// Text without its quotation marks; anything else as it is written.
std::string words_of(const json_span& value) {
  return value.string().value_or(std::string{value.text()});
}

// "{result}" becomes what the attribute of that name says.
std::string filled(const std::string& format, const json_span& attributes) {
  std::string text = format;
  for (json_cursor at{attributes}; at.next();) {
    const auto place = "{" + std::string{at.key()} + "}";
    const auto words = words_of(at.value());
    for (auto found = text.find(place); found != std::string::npos;
         found = text.find(place, found + words.size()))
      text.replace(found, place.size(), words);
  }
  return text;
}

} // namespace

stack_error read_stack_error(const json_span& details) {
  json_span space, name, format, attributes;
  read_members(
      details,
      {{"namespace", &space}, {"name", &name}, {"message_format", &format}, {"attributes", &attributes}});
  stack_error made;
  if (const auto words = name.string(); words && !words->empty())
    made.name = space.string().value_or("") + ":" + *words;
  made.text = filled(format.string().value_or(""), attributes);
  if (made.text.size() > longest_text) made.text = std::string{excerpt(made.text, longest_text)} + "…";
  return made;
}

} // namespace causeway::tts
