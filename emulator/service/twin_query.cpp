// SPDX-License-Identifier: Apache-2.0
#include "emulator/service/twin_query.h"

#include "base/encoding.h"
#include "emulator/state/json_text.h"

#include <algorithm>

namespace causeway::emulator {
namespace {

namespace json = boost::json;

// Words, texts in their quotes, and the signs * and =.
std::vector<std::string> words_of(std::string_view text) {
  std::vector<std::string> words;
  while (!(text = trimmed(text)).empty()) {
    std::size_t length = 1;
    if (text.front() == '\'') {
      const auto end = text.find('\'', 1);
      length = end == std::string_view::npos ? text.size() : end + 1;
    } else if (text.front() != '=' && text.front() != '*') {
      length = std::min(text.find_first_of(" \t\r\n=*'"), text.size());
    }
    words.emplace_back(text.substr(0, length));
    text.remove_prefix(length);
  }
  return words;
}

bool is_word(const std::vector<std::string>& words, std::size_t at, std::string_view word) {
  return at < words.size() && equals_ignoring_case(words[at], word);
}

std::vector<std::string> path_of(std::string_view text) {
  std::vector<std::string> path;
  while (true) {
    const auto dot = text.find('.');
    path.emplace_back(text.substr(0, dot));
    if (dot == std::string_view::npos) return path;
    text.remove_prefix(dot + 1);
  }
}

std::optional<json::value> literal_of(std::string_view text) {
  if (!text.starts_with('\'')) {
    const auto read = read_json(text);
    if (!read || read->is_structured() || read->is_string()) return std::nullopt;
    return *read;
  }
  if (text.size() < 2 || !text.ends_with('\'')) return std::nullopt;
  return json::value(text.substr(1, text.size() - 2));
}

bool is_equal(const json::value& one, const json::value& other) {
  if (one.is_number() && other.is_number()) return one.to_number<double>() == other.to_number<double>();
  return one == other;
}

} // namespace

std::optional<twin_query> twin_query::parse(std::string_view text) {
  const auto words = words_of(text);
  constexpr std::size_t head = 4;
  if (!is_word(words, 0, "select") || !is_word(words, 1, "*") || !is_word(words, 2, "from") ||
      !is_word(words, 3, "devices"))
    return std::nullopt;
  twin_query query;
  for (auto at = head; at < words.size(); at += 4) {
    if (!is_word(words, at, at == head ? "where" : "and") || !is_word(words, at + 2, "=") ||
        at + 3 >= words.size())
      return std::nullopt;
    auto literal = literal_of(words[at + 3]);
    if (!literal) return std::nullopt;
    query.conditions_.push_back({path_of(words[at + 1]), std::move(*literal)});
  }
  return query;
}

bool twin_query::takes(const json::object& twin) const {
  return std::all_of(conditions_.begin(), conditions_.end(), [&](const condition& wanted) {
    const auto* in = &twin;
    for (std::size_t i = 0; i < wanted.path.size(); ++i) {
      const auto* found = in->if_contains(wanted.path[i]);
      if (found == nullptr) return false;
      if (i + 1 == wanted.path.size()) return is_equal(*found, wanted.literal);
      in = found->if_object();
      if (in == nullptr) return false;
    }
    return false;
  });
}

} // namespace causeway::emulator
