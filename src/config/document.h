// SPDX-License-Identifier: Apache-2.0
// A TOML file as a tree with places. Keeps the TOML library in one .cpp file. Value types, any thread.
#pragma once

#include "base/error.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace causeway::config {

// Both from 1.
struct place {
  std::uint32_t line = 1;
  std::uint32_t column = 1;
  friend auto operator<=>(const place&, const place&) = default;
};

struct member;

struct node {
  enum class kind : std::uint8_t { text, integer, real, boolean, list, table, date };
  kind is = kind::date; // or a time
  place at;
  std::string text;
  std::int64_t integer = 0;
  double real = 0;
  bool boolean = false;
  std::vector<node> items;     // of a list
  std::vector<member> members; // of a table

  // Null when the table has no such member.
  const member* find(std::string_view name) const;
};

struct member {
  std::string name;
  place at; // of the name
  node value;
};

struct document {
  std::optional<node> root; // absent: `fault` says why
  place fault_at;
  std::string fault;
};

document parse_toml(std::string_view text);
// "a table", "an integer", …
std::string_view describe(node::kind kind);

} // namespace causeway::config
