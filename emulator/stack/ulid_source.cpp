// SPDX-License-Identifier: Apache-2.0
#include "emulator/stack/ulid_source.h"

#include "base/digest.h"
#include "base/encoding.h"

#include <algorithm>

namespace causeway::emulator {

std::string ulid_source::make(wall_time at) {
  constexpr std::string_view alphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
  constexpr std::size_t of_time = 10, of_chance = 16;
  auto time = std::chrono::floor<milliseconds>(at.time_since_epoch()).count();
  std::string text(of_time, '0');
  for (auto digit = text.rbegin(); digit != text.rend(); ++digit, time /= 32)
    *digit = alphabet[static_cast<std::size_t>(time % 32)];
  const auto chance = hmac_sha256(seed_, std::to_string(++count_));
  for (std::size_t i = 0; i < of_chance; ++i)
    text += alphabet[static_cast<std::uint8_t>(chance[i]) % alphabet.size()];
  return text;
}

std::string ulid_source::make_error_id() {
  return hex_encode(hmac_sha256(seed_, std::to_string(++count_))).substr(0, 32);
}

std::string ulid_source::make_key_id() {
  return base64_encode(hmac_sha256(seed_, std::to_string(++count_)).substr(0, 16));
}

} // namespace causeway::emulator
