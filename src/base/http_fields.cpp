// SPDX-License-Identifier: Apache-2.0
#include "base/http_fields.h"

#include "base/encoding.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <string>

namespace causeway {

std::optional<wall_time> parse_http_date(std::string_view text) {
  static constexpr std::array<std::string_view, 12> months{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                           "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  // "Wed, 21 Oct 2026 07:28:00 GMT": every field at its place, so that what is left is RFC 3339's matter.
  if (text.size() != 29 || text.substr(3, 2) != ", " || text.substr(25) != " GMT") return std::nullopt;
  const auto month = std::find(months.begin(), months.end(), text.substr(8, 3));
  if (month == months.end() || text[7] != ' ' || text[11] != ' ' || text[16] != ' ') return std::nullopt;
  const auto number = std::to_string(month - months.begin() + 1);
  std::string same{text.substr(12, 4)};
  same.append(number.size() < 2 ? "-0" : "-").append(number).append("-").append(text.substr(5, 2));
  same.append("T").append(text.substr(17, 8)).append("Z");
  const auto parsed = parse_rfc3339(same);
  return parsed ? std::optional{*parsed} : std::nullopt;
}

std::optional<seconds> parse_retry_after(std::string_view text) {
  std::uint32_t number = 0;
  const auto [stop, fault] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (fault != std::errc{} || stop != text.data() + text.size()) return std::nullopt;
  return seconds{number};
}

std::string_view without_ows(std::string_view text) {
  return trimmed(text, " \t");
}

} // namespace causeway
