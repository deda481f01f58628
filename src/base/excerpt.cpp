// SPDX-License-Identifier: Apache-2.0
#include "base/excerpt.h"

namespace causeway {

std::string_view excerpt(std::string_view text, std::size_t most) {
  if (text.size() <= most) return text;
  constexpr std::size_t longest_tail = 3; // a longer run of continuation bytes is no UTF-8
  auto end = most;
  const auto inside = [&] { return (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80U; };
  while (end > 0 && most - end < longest_tail && inside())
    --end;
  return text.substr(0, inside() ? most : end);
}

} // namespace causeway
