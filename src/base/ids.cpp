// SPDX-License-Identifier: Apache-2.0
#include "base/ids.h"

#include <algorithm>

namespace causeway {

bool is_valid_tts_id(std::string_view text) {
  const auto is_alnum = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); };
  if (text.size() < 3 || text.size() > 36) return false;
  if (!is_alnum(text.front()) || !is_alnum(text.back())) return false;
  char previous = 'a';
  std::size_t alnum = 0;
  for (const char c : text) {
    if (c == '-' && previous == '-') return false;
    if (c != '-' && !is_alnum(c)) return false;
    alnum += is_alnum(c) ? 1 : 0;
    previous = c;
  }
  return alnum >= 3;
}

bool is_valid_eui(std::string_view text) {
  return text.size() == 16 && std::all_of(text.begin(), text.end(), [](char c) {
           return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
         });
}

} // namespace causeway
