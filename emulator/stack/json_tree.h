// SPDX-License-Identifier: Apache-2.0
// JSON taken apart and put together again with every number and string as it was written: what The Things
// Stack does to its bodies (field masks, keys in any order, white space; things-stack-wire.md B.3, C.1) done
// here without touching a value. Pure.
#pragma once

#include "base/result.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace causeway::emulator {

// All views are into the text it was read from.
struct json_tree {
  enum class kind : std::uint8_t { scalar, object, array } is = kind::scalar;
  std::string_view text;                                       // scalar: as written
  std::vector<std::pair<std::string_view, json_tree>> members; // keys as written, without the quotes
  std::vector<json_tree> items;

  json_tree* find(std::string_view key);
  void erase(std::string_view key);
};

// Errors: json_malformed.
result<json_tree> parse_json_tree(std::string_view text);

// Without white space, in the order it has.
std::string write_json(const json_tree& tree);
// Members in an order that follows from seed, with white space here and there: another text with the same
// meaning.
std::string write_varied_json(const json_tree& tree, std::uint64_t seed);

// Keeps what the paths name ("a.b" keeps all below it) and the objects on the way; nothing of an empty list.
void keep_paths(json_tree& tree, const std::vector<std::string>& paths);

} // namespace causeway::emulator
