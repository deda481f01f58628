// SPDX-License-Identifier: Apache-2.0
#include "emulator/state/guid.h"

#include "base/digest.h"
#include "base/encoding.h"

#include <algorithm>

namespace causeway::emulator {
namespace {

// Where each byte of .NET's form stands in the text's.
constexpr std::array<std::size_t, 16> dotnet_order{3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15};
constexpr std::array<std::size_t, 4> dashes{8, 13, 18, 23};

} // namespace

std::string guid::text() const {
  auto text = hex_encode({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
  for (const auto at : dashes)
    text.insert(at, 1, '-');
  return text;
}

std::string guid::dotnet_bytes() const {
  std::string out(bytes.size(), '\0');
  for (std::size_t i = 0; i < bytes.size(); ++i)
    out[i] = static_cast<char>(bytes[dotnet_order[i]]);
  return out;
}

std::optional<guid> guid::from_dotnet_bytes(std::string_view bytes) {
  guid read;
  if (bytes.size() != read.bytes.size()) return std::nullopt;
  for (std::size_t i = 0; i < bytes.size(); ++i)
    read.bytes[dotnet_order[i]] = static_cast<std::uint8_t>(bytes[i]);
  return read;
}

std::optional<guid> guid::from_text(std::string_view text) {
  if (text.size() != 36) return std::nullopt;
  std::string digits{text};
  for (auto at = dashes.rbegin(); at != dashes.rend(); ++at) {
    if (digits[*at] != '-') return std::nullopt;
    digits.erase(*at, 1);
  }
  const auto bytes = hex_decode(digits);
  if (!bytes) return std::nullopt;
  guid read;
  std::copy(bytes->begin(), bytes->end(), read.bytes.begin());
  return read;
}

guid guid_maker::next() {
  const auto digest = sha256(seed_ + "/" + std::to_string(++made_));
  guid made;
  std::copy_n(digest.begin(), made.bytes.size(), made.bytes.begin());
  made.bytes[6] = static_cast<std::uint8_t>((made.bytes[6] & 0x0fU) | 0x40U); // version 4 (RFC 4122)
  made.bytes[8] = static_cast<std::uint8_t>((made.bytes[8] & 0x3fU) | 0x80U);
  return made;
}

} // namespace causeway::emulator
