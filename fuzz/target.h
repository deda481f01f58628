// SPDX-License-Identifier: Apache-2.0
// What every fuzz target is made of. A target is one file that defines LLVMFuzzerTestOneInput: it feeds
// hostile bytes to a parser and checks with CAUSEWAY_CHECK what the parser's header promises. No target keeps
// anything between two calls.
#pragma once

#include "base/check.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

// The name is libFuzzer's. Always returns 0.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size);

namespace causeway::fuzz {

inline std::string_view text_of(const std::uint8_t* bytes, std::size_t size) {
  return {reinterpret_cast<const char*>(bytes), size};
}

// The first byte of an input where a target has choices to make; 0 for an empty one.
inline std::uint8_t take_choice(std::string_view& input) {
  if (input.empty()) return 0;
  const auto choice = static_cast<std::uint8_t>(input.front());
  input.remove_prefix(1);
  return choice;
}

// In pieces, as a socket hands bytes over. size: 0 = all at once.
template <class F>
void for_each_piece(std::string_view input, std::size_t size, F take) {
  if (size == 0) size = input.size();
  while (!input.empty()) {
    take(input.substr(0, size));
    input.remove_prefix(std::min(size, input.size()));
  }
}

} // namespace causeway::fuzz
