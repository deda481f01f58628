// SPDX-License-Identifier: Apache-2.0
#include "config/toml_json.h"

#include "base/encoding.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <vector>

namespace causeway::config {
namespace {

// The shortest that reads back as the same number; one that is whole stays a number with a fraction.
std::string shortest(double number) {
  std::array<char, 32> digits{};
  const auto [end, fault] = std::to_chars(digits.data(), digits.data() + digits.size(), number);
  std::string text{digits.data(), end};
  if (text.find_first_of(".e") == std::string::npos) text += ".0";
  return text;
}

class json_writer {
public:
  void write(const node& value) {
    switch (value.is) {
    case node::kind::text:
      out_.text += json_quoted(value.text);
      return;
    case node::kind::integer:
      out_.text += std::to_string(value.integer);
      return;
    case node::kind::boolean:
      out_.text += value.boolean ? "true" : "false";
      return;
    case node::kind::real:
      if (!std::isfinite(value.real)) return refuse(value);
      out_.text += shortest(value.real);
      return;
    case node::kind::list:
      return write_list(value);
    case node::kind::table:
      return write_table(value);
    case node::kind::date:
      return refuse(value);
    }
  }
  json_reading take() { return std::move(out_); }

private:
  void refuse(const node& value) {
    if (out_.fault == nullptr) out_.fault = &value;
  }
  void write_list(const node& list) {
    out_.text += '[';
    for (const auto& item : list.items) {
      if (&item != &list.items.front()) out_.text += ',';
      write(item);
    }
    out_.text += ']';
  }
  void write_table(const node& table) {
    std::vector<const member*> members;
    for (const auto& one : table.members)
      members.push_back(&one);
    std::ranges::stable_sort(members, {}, &member::at);
    out_.text += '{';
    for (const auto* one : members) {
      if (one != members.front()) out_.text += ',';
      out_.text += json_quoted(one->name) + ":";
      write(one->value);
    }
    out_.text += '}';
  }

  json_reading out_;
};

} // namespace

json_reading to_json(const node& value) {
  json_writer writer;
  writer.write(value);
  return writer.take();
}

} // namespace causeway::config
