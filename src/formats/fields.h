// SPDX-License-Identifier: Apache-2.0
// The members of decoded objects, as spans of the source's own text: what is passed on is passed on exactly
// as it was written. Pure; any thread.
#pragma once

#include <string>
#include <string_view>

namespace causeway::formats {

// A view into the object's text.
struct field {
  std::string_view key; // as written, without its quotation marks
  std::string_view value;

  // With escapes resolved.
  std::string name() const;
  // A string's text with escapes resolved; any other value as it is written.
  std::string text() const;
  bool is_object() const { return value.front() == '{'; }
  bool is_array() const { return value.front() == '['; }
  bool is_number() const { return value.front() == '-' || (value.front() >= '0' && value.front() <= '9'); }
};

// Walks a JSON object that is written without white space between tokens, as model::fields_of
// is. Of other text it may give nonsense, but no byte that is not in it.
class field_cursor {
public:
  explicit field_cursor(std::string_view object);
  // Moves to the next one; false at the end, and where the text is broken.
  bool next();
  const field& operator*() const { return current_; }
  const field* operator->() const { return &current_; }
  // After next() gave false: whether the object was walked to its end.
  bool whole() const { return whole_; }

private:
  bool end(bool whole);

  std::string_view rest_; // from the comma or the closing brace on
  bool first_ = true;
  bool whole_ = false;
  field current_;
};

// Whether the object has a member of this name.
bool has_field(std::string_view object, std::string_view name);

} // namespace causeway::formats
