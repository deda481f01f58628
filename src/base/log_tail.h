// SPDX-License-Identifier: Apache-2.0
// The last lines that log.h has written, kept in memory for who reports a fault. Any thread.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace causeway::log {

inline constexpr std::size_t tail_lines = 1'000;

// At most `most` of the last tail_lines since start(), the oldest first, without line breaks; those that are
// still queued for writing are not among them.
std::vector<std::string> tail(std::size_t most);

} // namespace causeway::log
