// SPDX-License-Identifier: Apache-2.0
#include "base/mask.h"

#include "base/encoding.h"

#include <algorithm>
#include <array>

namespace causeway {
namespace {

constexpr std::string_view mask = "\u2026";
constexpr std::string_view api_key = "NNSXS.";
constexpr std::size_t shortest_run = 20;
constexpr std::size_t hexadecimal_run = 32; // 16 digits are an EUI

// In lower case. What follows each, up to the end of its value, is secret.
constexpr std::array<std::string_view, 8> secret_names{"sharedaccesskey", "accountkey", "instrumentationkey",
                                                       "accesskey",       "primarykey", "secondarykey",
                                                       "password",        "signature"};

enum class kind : std::uint8_t { upper, lower, digit, other };

kind kind_of(char c) {
  if (c >= 'A' && c <= 'Z') return kind::upper;
  if (c >= 'a' && c <= 'z') return kind::lower;
  return c >= '0' && c <= '9' ? kind::digit : kind::other;
}

bool starts_with_word(std::string_view text, std::string_view lower_case) {
  return text.size() >= lower_case.size() &&
         equals_ignoring_case(text.substr(0, lower_case.size()), lower_case);
}

// Random digits of base64 change their kind at more than every second place; words, paths and names seldom
// do.
bool looks_random(std::string_view run) {
  if (run.size() >= hexadecimal_run &&
      run.find_first_not_of("0123456789abcdefABCDEF") == std::string_view::npos)
    return true;
  std::size_t changes = 0;
  std::array<bool, 4> seen{};
  for (std::size_t i = 0; i < run.size(); ++i) {
    const auto here = kind_of(run[i]);
    seen[static_cast<std::size_t>(here)] = true;
    if (i == 0 || here == kind::other) continue;
    const auto before = kind_of(run[i - 1]);
    changes += before == here || before == kind::other ? 0 : 1;
  }
  return seen[0] && seen[1] && changes * 10 >= run.size() * 3;
}

// Each of the following: how many characters at the start of text are to be hidden; 0 for none.

std::size_t random_run(std::string_view text) {
  // A path's words before a key that was pasted behind them stay.
  const auto word = std::find_if(text.begin(), text.end(), [](char c) { return kind_of(c) != kind::lower; });
  if (word != text.end() && *word == '/') return 0;
  std::size_t size = 0;
  while (size < text.size() && (kind_of(text[size]) != kind::other || text[size] == '+' || text[size] == '/'))
    ++size;
  if (size < shortest_run || !looks_random(text.substr(0, size))) return 0;
  while (size < text.size() && text[size] == '=')
    ++size;
  return size;
}

// A value ends where its connection string or its quotes do, or our own words begin. A blank in it is no end.
std::size_t value(std::string_view text) {
  if (text.starts_with('"') || text.starts_with('\'')) {
    const auto close = text.find(text.front(), 1);
    return close == std::string_view::npos ? text.size() : close + 1;
  }
  const auto end = std::min(text.find_first_of(";\"'\n\r"), text.find(": "));
  return std::min(end, text.size());
}

std::size_t token(std::string_view text) {
  return std::min(text.find_first_of(";\"' \n\r\t"), text.size());
}

// "user:password@" behind "://".
std::size_t user_info(std::string_view text) {
  const auto quote = text.find_first_of("\"\n\r<>");
  // A blank may belong to the password only where quotes say what the URL's end is.
  const bool quoted = quote != std::string_view::npos && text[quote] == '"';
  const auto at = text.substr(0, quoted ? quote : std::min(quote, text.find(' '))).rfind('@');
  return at == std::string_view::npos ? 0 : at;
}

std::size_t private_key(std::string_view text) {
  constexpr std::string_view begin = "-----BEGIN ", key = "PRIVATE KEY-----", end = "-----END ";
  if (!text.starts_with(begin)) return 0;
  const auto head = text.find(key);
  if (head == std::string_view::npos || head > 40) return 0;
  const auto last = text.find(end, head);
  if (last == std::string_view::npos) return text.size();
  const auto close = text.find("-----", last + end.size());
  return close == std::string_view::npos ? text.size() : close + 5;
}

struct found {
  std::size_t shown = 0, hidden = 0;
};

// What starts at the start of text; at_word: no word goes on there.
found find_secret(std::string_view text, bool at_word) {
  if (const auto size = private_key(text)) return {0, size};
  if (text.starts_with("://"))
    if (const auto size = user_info(text.substr(3))) return {3, size};
  if (text.starts_with(api_key)) return {api_key.size(), token(text.substr(api_key.size()))};
  if (!at_word) return {};
  for (const std::string_view word : {"sharedaccesssignature ", "bearer ", "sig="})
    if (starts_with_word(text, word)) return {word.size(), token(text.substr(word.size()))};
  for (const auto name : secret_names) {
    if (!starts_with_word(text, name)) continue;
    const auto equals = text.find_first_not_of(' ', name.size());
    if (equals == std::string_view::npos || text[equals] != '=') continue;
    const auto from = std::min(text.find_first_not_of(' ', equals + 1), text.size());
    return {from, value(text.substr(from))};
  }
  return {0, random_run(text)};
}

} // namespace

std::string mask_secrets(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  bool at_word = true;
  while (!text.empty()) {
    const auto [shown, hidden] = find_secret(text, at_word);
    const auto kept = hidden == 0 ? 1 : shown;
    out.append(text.substr(0, kept));
    if (hidden != 0) out.append(mask);
    at_word = kind_of(text[std::max(kept + hidden, std::size_t{1}) - 1]) == kind::other;
    text.remove_prefix(kept + hidden);
  }
  return out;
}

std::string_view kind_of_secret(std::string_view text) {
  const auto lower = to_lower(text);
  const auto has = [&](std::string_view part) { return lower.find(part) != std::string::npos; };
  if (has("private key-----")) return "a private key";
  if (has("sharedaccesssignature ")) return "a shared access signature";
  const bool several = has(";");
  if (has("sharedaccesskey=") || has("accountkey=") || has("instrumentationkey=") ||
      (several && (has("hostname=") || has("endpoint="))))
    return "a connection string";
  if (text.find(api_key) != std::string_view::npos) return "an API key of The Things Stack";
  if (const auto scheme = text.find("://"); scheme != std::string_view::npos)
    if (user_info(text.substr(scheme + 3)) != 0) return "a URL with a password in it";
  return random_run(text) == text.size() && !text.empty() ? "a key" : std::string_view{};
}

} // namespace causeway
