// SPDX-License-Identifier: Apache-2.0
#include "emulator/state/json_text.h"

#include <charconv>

namespace causeway::emulator {
namespace {

namespace json = boost::json;

void append(std::string& out, const json::value& value);

void append_number(std::string& out, double number) {
  char text[32];
  const auto end = std::to_chars(std::begin(text), std::end(text), number).ptr;
  const std::string_view written{text, static_cast<std::size_t>(end - text)};
  out += written;
  if (written.find_first_of(".e") == std::string_view::npos) out += ".0";
}

void append_object(std::string& out, const json::object& object) {
  out += '{';
  for (bool first = true; const auto& [key, value] : object) {
    if (!std::exchange(first, false)) out += ',';
    out += json::serialize(json::string_view{key});
    out += ':';
    append(out, value);
  }
  out += '}';
}

void append_array(std::string& out, const json::array& array) {
  out += '[';
  for (bool first = true; const auto& value : array) {
    if (!std::exchange(first, false)) out += ',';
    append(out, value);
  }
  out += ']';
}

// NOLINTNEXTLINE(misc-no-recursion): read_json limits the depth, and so do a twin's rules
void append(std::string& out, const json::value& value) {
  if (const auto* object = value.if_object())
    append_object(out, *object);
  else if (const auto* array = value.if_array())
    append_array(out, *array);
  else if (const auto* number = value.if_double())
    append_number(out, *number);
  else
    out += json::serialize(value);
}

} // namespace

std::string json_text(const json::value& value) {
  std::string out;
  append(out, value);
  return out;
}

std::optional<json::value> read_json(std::string_view text) {
  boost::system::error_code fault;
  auto read = json::parse(json::string_view{text.data(), text.size()}, fault);
  if (fault) return std::nullopt;
  return read;
}

} // namespace causeway::emulator
