// SPDX-License-Identifier: Apache-2.0
// GUIDs as an emulated hub hands them out: lock tokens of its messages, correlation ids of its method calls
// (azure-iot-wire.md B.6, B.7). Pure.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace causeway::emulator {

struct guid {
  std::array<std::uint8_t, 16> bytes{}; // in the order of the text

  auto operator<=>(const guid&) const = default;
  // "00112233-4455-4677-8899-aabbccddeeff"
  std::string text() const;
  // In the order of .NET's Guid: the first three groups turned round. A delivery tag.
  std::string dotnet_bytes() const;
  // Errors: nothing for what is not 16 bytes, or not the usual form of a text.
  static std::optional<guid> from_dotnet_bytes(std::string_view bytes);
  static std::optional<guid> from_text(std::string_view text);
};

// The same seed gives the same GUIDs in the same order.
class guid_maker {
public:
  explicit guid_maker(std::string seed) : seed_{std::move(seed)} {}
  guid next();

private:
  std::string seed_;
  std::uint64_t made_ = 0;
};

} // namespace causeway::emulator
