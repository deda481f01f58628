// SPDX-License-Identifier: Apache-2.0
// Shortens what others say. Pure, any thread.
#pragma once

#include <cstddef>
#include <string_view>

namespace causeway {

// The beginning of a UTF-8 text, at most so many bytes of it, and no part of a character at its end.
std::string_view excerpt(std::string_view text, std::size_t most);

} // namespace causeway
