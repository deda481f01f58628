// SPDX-License-Identifier: Apache-2.0
// The schemas, as the steps that led to them. A step is never changed once released: a new one is appended.
#pragma once

#include "store/database.h"

#include <cstdint>
#include <span>
#include <string_view>

namespace causeway::store {

// Errors: state_newer, when there are fewer steps than it has versions.
result<void> check_version(std::int64_t version, std::span<const char* const> steps);

// steps[n] takes a file of version n (PRAGMA user_version) to n + 1; an empty file has version 0. Each step
// is one transaction together with its new version, so a crash leaves a file that the next start takes on
// from. Errors: those of check_version; store_unavailable.
result<void> migrate(database& file, std::span<const char* const> steps);

// Whose file it is: SQLite's header field.
inline constexpr std::uint32_t spool_application_id = 0x43575350;      // "CWSP"
inline constexpr std::uint32_t assignment_application_id = 0x43574153; // "CWAS"

std::span<const char* const> spool_steps();
std::span<const char* const> assignment_steps();

} // namespace causeway::store
