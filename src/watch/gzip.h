// SPDX-License-Identifier: Apache-2.0
// gzip as a content coding (RFC 9110 section 8.4.1.3). Pure; any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace causeway::watch {

// More is not packed: a millisecond of the loop for each 100 KiB.
inline constexpr std::size_t most_packed = 1024 * 1024;

// Whether a client that sends this Accept-Encoding takes gzip.
bool accepts_gzip(std::string_view accept_encoding);
// Nothing above most_packed, or without memory.
std::optional<std::string> pack_gzip(std::string_view text);

} // namespace causeway::watch
