// SPDX-License-Identifier: Apache-2.0
#include "watch/printable.h"

#include "base/encoding.h"

#include <algorithm>
#include <cstdint>

namespace causeway::watch {
namespace {

// Of the character that begins here, in bytes; 0: these bytes are no UTF-8.
std::size_t length_at(std::string_view text) {
  const auto first = static_cast<unsigned char>(text.front());
  const std::size_t length = first < 0x80 ? 1 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
  return length <= text.size() && is_utf8(text.substr(0, length)) ? length : 0;
}

bool is_control(std::string_view character) {
  const auto first = static_cast<unsigned char>(character.front());
  if (character.size() == 1) return first < 0x20 || first == 0x7f;
  return character.size() == 2 && first == 0xc2 && static_cast<unsigned char>(character[1]) < 0xa0;
}

std::string escaped(std::string_view control) {
  return "\\u00" + hex_encode(control.substr(control.size() - 1));
}

enum class form : std::uint8_t { line, lines, json };

std::string cleaned(std::string_view text, form as) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    const auto length = length_at(text);
    const auto character = text.substr(0, std::max<std::size_t>(length, 1));
    if (length != 0 && (!is_control(character) || (character == "\n" && as != form::line)))
      out += character;
    else if (length != 0 && as == form::json && static_cast<unsigned char>(character.front()) >= 0x7f)
      out += escaped(character);
    else
      out += '?';
    text.remove_prefix(character.size());
  }
  return out;
}

} // namespace

std::string printable(std::string_view text) {
  return cleaned(text, form::line);
}

std::string printable_lines(std::string_view text) {
  return cleaned(text, form::lines);
}

std::string printable_json(std::string_view json) {
  return cleaned(json, form::json);
}

} // namespace causeway::watch
