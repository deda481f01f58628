// SPDX-License-Identifier: Apache-2.0
// JSON read in place: validated once as a whole, then walked as spans of the source's own text, so that a
// number is passed on exactly as it was written and nothing is copied that nobody asks for. Where each key
// and value stands is noted while it is validated, so that no walk looks for their ends again. Pure; any
// thread; no allocation but of that index and in string(), compact() and canonical().
#pragma once

#include "base/result.h"

#include <charconv>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

namespace causeway::tts {

// How deep arrays and objects may be nested. The Things Stack's own messages need 7.
inline constexpr std::size_t max_json_depth = 64;

// Where a key or a value stands. Those of an object or an array are followed by those of what is in it.
struct json_place {
  std::uint32_t begin = 0, end = 0; // offsets in the text
  std::uint32_t count = 1;          // of places, up to the one behind it: its own, and of what is in it
};

// One value inside validated text. A view: lives no longer than the text and its json_document. Absent by
// default; JSON's null counts as absent, as protobuf's JSON reader has it.
class json_span {
public:
  json_span() = default;

  bool present() const { return !text_.empty() && text_.front() != 'n'; }
  bool is_object() const { return starts_with('{'); }
  bool is_array() const { return starts_with('['); }
  bool is_string() const { return starts_with('"'); }
  bool is_number() const {
    return starts_with('-') || (!text_.empty() && text_.front() >= '0' && text_.front() <= '9');
  }
  bool is_true() const { return starts_with('t'); }
  bool is_false() const { return starts_with('f'); }

  // The value as written, white space between its tokens included.
  std::string_view text() const { return text_; }
  // A string's characters, escapes resolved; nothing for what is no string.
  std::optional<std::string> string() const;
  // The value as written, without white space between tokens.
  std::string compact() const;
  // Equal for two texts of one value: members sorted by the bytes of their names (of several with one name
  // the last counts), no white space, strings with `"` and `\` escaped and nothing else, numbers and literals
  // as written.
  std::string canonical() const;

private:
  friend class json_cursor;
  friend class json_document;
  // all: where the document's text begins.
  json_span(const char* all, const json_place* at) : text_{all + at->begin, all + at->end}, at_{at} {}
  bool starts_with(char c) const { return !text_.empty() && text_.front() == c; }

  std::string_view text_;
  const json_place* at_ = nullptr;
};

// The one value of a body, with the index by which it and all in it are walked.
class json_document : public json_span {
public:
  json_document(json_document&&) = default;
  json_document& operator=(json_document&&) = default;

private:
  friend result<json_document> parse_json(std::string_view body);
  json_document(std::string_view body, std::vector<json_place> places)
      : json_span{body.data(), places.data()}, places_{std::move(places)} {}

  std::vector<json_place> places_; // stays where it is when the document is moved
};

// Strict RFC 8259, UTF-8 checked.
// Errors: json_malformed, with the offset of the fault in bytes.
result<json_document> parse_json(std::string_view body);

// The same of what has to be an object. Errors: `otherwise`, with what is wrong.
result<json_document> parse_json_object(std::string_view body, errc otherwise);

// Digits only: 1.5, 1e1 and "10" are not what the stack writes for an integer.
template <class Unsigned>
std::optional<Unsigned> parse_integer(std::string_view text) {
  Unsigned value = 0;
  const auto [end, fault] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (fault != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

// Walks the members of an object or the elements of an array, in the order written; over anything else there
// is nothing to walk.
class json_cursor {
public:
  explicit json_cursor(const json_span& container);
  // Moves to the next one; false at the end.
  bool next();
  // Of an object's member: with escapes resolved. Valid until next().
  std::string_view key() const { return key_; }
  json_span value() const { return value_; }

private:
  const char* all_ = nullptr; // where the document's text begins
  const json_place *next_ = nullptr, *end_ = nullptr;
  bool object_ = false;
  std::string_view key_;
  std::string unescaped_key_;
  json_span value_;
};

// The member of exactly this name; of several the last. Absent: there is none, or it is no object.
json_span member_of(const json_span& object, std::string_view name);

// Whether a member's key is the snake_case name or its lowerCamelCase form (protobuf's JSON mapping takes
// both).
bool is_named(std::string_view key, std::string_view snake_case_name);

// Fills each slot with the member of that name (is_named); of several the last. Others are ignored.
void read_members(const json_span& object,
                  std::initializer_list<std::pair<std::string_view, json_span*>> wanted);

} // namespace causeway::tts
