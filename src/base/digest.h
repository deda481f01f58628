// SPDX-License-Identifier: Apache-2.0
// SHA-256 (FIPS 180-4) and HMAC-SHA-256 (RFC 2104). Any thread.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

namespace causeway {

using sha256_digest = std::array<std::uint8_t, 32>;

sha256_digest sha256(std::string_view bytes);
// 32 bytes.
std::string hmac_sha256(std::string_view key, std::string_view bytes);

} // namespace causeway
