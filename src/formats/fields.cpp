// SPDX-License-Identifier: Apache-2.0
#include "formats/fields.h"

#include <boost/json.hpp>

namespace causeway::formats {
namespace {

constexpr auto nowhere = std::string_view::npos;

// at: the opening quotation mark. The place behind the closing one.
std::size_t string_end(std::string_view text, std::size_t at) {
  for (++at; at < text.size(); ++at) {
    if (text[at] == '"') return at + 1;
    if (text[at] == '\\') ++at;
  }
  return nowhere;
}

// at: the first character of a value. The place behind its last one.
std::size_t value_end(std::string_view text, std::size_t at) {
  const auto begin = at;
  std::size_t depth = 0;
  while (at < text.size()) {
    switch (text[at]) {
    case '"':
      at = string_end(text, at);
      if (at == nowhere || depth == 0) return at;
      continue;
    case '{':
    case '[':
      ++depth;
      break;
    case '}':
    case ']':
      if (depth == 0) return at == begin ? nowhere : at;
      if (--depth == 0) return at + 1;
      break;
    case ',':
      if (depth == 0) return at == begin ? nowhere : at;
      break;
    default:
      break;
    }
    ++at;
  }
  return nowhere;
}

std::string resolved(std::string_view written) {
  if (written.find('\\') == nowhere) return std::string{written};
  boost::system::error_code ec;
  const auto text = boost::json::parse(std::string{"\""}.append(written).append("\""), ec);
  if (ec || !text.is_string()) return std::string{written};
  return {text.get_string().data(), text.get_string().size()};
}

} // namespace

std::string field::name() const {
  return resolved(key);
}

std::string field::text() const {
  if (value.size() < 2 || value.front() != '"') return std::string{value};
  return resolved(value.substr(1, value.size() - 2));
}

field_cursor::field_cursor(std::string_view object) {
  if (object.size() >= 2 && object.front() == '{' && object.back() == '}') rest_ = object.substr(1);
}

bool field_cursor::end(bool whole) {
  rest_ = {};
  whole_ = whole;
  return false;
}

bool field_cursor::next() {
  if (rest_.empty()) return false;
  if (rest_ == "}") return end(true);
  if (!first_) {
    if (rest_.front() != ',') return end(false);
    rest_.remove_prefix(1);
  }
  first_ = false;
  if (rest_.empty() || rest_.front() != '"') return end(false);
  const auto key_end = string_end(rest_, 0);
  if (key_end == nowhere || key_end >= rest_.size() || rest_[key_end] != ':') return end(false);
  const auto after = value_end(rest_, key_end + 1);
  if (after == nowhere || after >= rest_.size()) return end(false);
  current_ = {rest_.substr(1, key_end - 2), rest_.substr(key_end + 1, after - key_end - 1)};
  rest_.remove_prefix(after);
  return true;
}

bool has_field(std::string_view object, std::string_view name) {
  for (field_cursor member{object}; member.next();)
    if (member->name() == name) return true;
  return false;
}

} // namespace causeway::formats
