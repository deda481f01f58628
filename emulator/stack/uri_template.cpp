// SPDX-License-Identifier: Apache-2.0
#include "emulator/stack/uri_template.h"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <optional>

namespace causeway::emulator {
namespace {

// How an operator writes its variables (RFC 6570, appendix A).
struct rule {
  char sign;
  std::string_view first, separator;
  bool named;
  std::string_view if_empty; // behind the name of an empty value
  bool allows_reserved;
};

constexpr rule rules[] = {
    {'+', "", ",", false, "", true},   {'#', "#", ",", false, "", true}, {'.', ".", ".", false, "", false},
    {'/', "/", "/", false, "", false}, {';', ";", ";", true, "", false}, {'?', "?", "&", true, "=", false},
    {'&', "&", "&", true, "=", false},
};
constexpr rule plain{'\0', "", ",", false, "", false};

bool is_unreserved(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '.' ||
         c == '_' || c == '~';
}

std::string escape(std::string_view value, bool allows_reserved) {
  constexpr std::string_view reserved = ":/?#[]@!$&'()*+,;=";
  constexpr std::string_view digits = "0123456789ABCDEF";
  std::string out;
  for (const char c : value) {
    const auto byte = static_cast<std::uint8_t>(c);
    if (is_unreserved(c) || (allows_reserved && reserved.find(c) != std::string_view::npos))
      out += c;
    else
      out.append("%").append(1, digits[byte >> 4U]).append(1, digits[byte & 15U]);
  }
  return out;
}

std::optional<std::string> value_of(std::string_view name, const template_values& values) {
  const auto found =
      std::find_if(values.begin(), values.end(), [&](const auto& value) { return value.first == name; });
  if (found == values.end()) return std::nullopt;
  return found->second;
}

void expand_expression(std::string& out, std::string_view expression, const template_values& values) {
  const auto* by = &plain;
  for (const auto& one : rules)
    if (expression.starts_with(one.sign)) by = &one;
  if (by != &plain) expression.remove_prefix(1);
  bool first = true;
  while (!expression.empty()) {
    const auto comma = expression.find(',');
    auto name = expression.substr(0, comma);
    expression = comma == std::string_view::npos ? std::string_view{} : expression.substr(comma + 1);
    if (name.ends_with('*')) name.remove_suffix(1);
    std::size_t most = std::string::npos;
    if (const auto colon = name.find(':'); colon != std::string_view::npos) {
      std::from_chars(name.data() + colon + 1, name.data() + name.size(), most);
      name = name.substr(0, colon);
    }
    const auto value = value_of(name, values);
    if (!value) continue;
    out += first ? by->first : by->separator;
    first = false;
    if (by->named) {
      out += name;
      out += value->empty() ? by->if_empty : "=";
    }
    out += escape(std::string_view{*value}.substr(0, most), by->allows_reserved);
  }
}

} // namespace

std::string expand_uri_template(std::string_view text, const template_values& values) {
  std::string out;
  while (!text.empty()) {
    const auto open = text.find('{');
    const auto close = open == std::string_view::npos ? open : text.find('}', open);
    if (close == std::string_view::npos) break;
    out += text.substr(0, open);
    expand_expression(out, text.substr(open + 1, close - open - 1), values);
    text.remove_prefix(close + 1);
  }
  return out + std::string{text};
}

} // namespace causeway::emulator
