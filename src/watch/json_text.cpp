// SPDX-License-Identifier: Apache-2.0
#include "watch/json_text.h"

#include "base/encoding.h"

#include <array>
#include <charconv>
#include <cmath>

namespace causeway::watch {
namespace {

namespace json = boost::json;

void append_number(std::string& out, double value) {
  if (!std::isfinite(value)) {
    out += "null";
    return;
  }
  std::array<char, 64> text{};
  // Plain digits for what people read; the exponent form only where it would be pages of zeros.
  const bool plain = std::abs(value) < 1e15 && (value == 0 || std::abs(value) > 1e-6);
  const auto end =
      plain ? std::to_chars(text.data(), text.data() + text.size(), value, std::chars_format::fixed)
            : std::to_chars(text.data(), text.data() + text.size(), value);
  out.append(text.data(), end.ptr);
}

class writer {
public:
  explicit writer(bool indented) : indented_{indented} {}
  std::string text;

  void value(const json::value& what) {
    switch (what.kind()) {
    case json::kind::object:
      object(what.get_object());
      break;
    case json::kind::array:
      array(what.get_array());
      break;
    case json::kind::string:
      string(what.get_string());
      break;
    case json::kind::double_:
      append_number(text, what.get_double());
      break;
    case json::kind::int64:
      text += std::to_string(what.get_int64());
      break;
    case json::kind::uint64:
      text += std::to_string(what.get_uint64());
      break;
    case json::kind::bool_:
      text += what.get_bool() ? "true" : "false";
      break;
    case json::kind::null:
      text += "null";
      break;
    }
  }

private:
  void string(std::string_view what) {
    text += '"';
    append_json_escaped(text, what);
    text += '"';
  }
  void line() {
    if (!indented_) return;
    text += '\n';
    text.append(2 * depth_, ' ');
  }
  template <class Container, class Each>
  void list(const Container& all, char open, char close, const Each& each) {
    text += open;
    ++depth_;
    bool first = true;
    for (const auto& one : all) {
      if (!first) text += ',';
      first = false;
      line();
      each(one);
    }
    --depth_;
    if (!first) line();
    text += close;
  }
  void object(const json::object& what) {
    list(what, '{', '}', [this](const json::key_value_pair& member) {
      string(member.key());
      text += indented_ ? ": " : ":";
      value(member.value());
    });
  }
  void array(const json::array& what) {
    list(what, '[', ']', [this](const json::value& one) { value(one); });
  }

  bool indented_;
  std::size_t depth_ = 0;
};

} // namespace

std::string to_text(const json::value& what, bool indented) {
  writer out{indented};
  out.value(what);
  return std::move(out.text);
}

} // namespace causeway::watch
