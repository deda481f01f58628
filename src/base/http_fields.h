// SPDX-License-Identifier: Apache-2.0
// Fields of HTTP answers that several services give in one form. Pure functions, any thread.
#pragma once

#include "base/clock.h"

#include <optional>
#include <string_view>

namespace causeway {

// Date, as RFC 9110 5.6.7 has it to be written: "Wed, 21 Oct 2026 07:28:00 GMT". Nothing for any other form.
std::optional<wall_time> parse_http_date(std::string_view text);

// Retry-After in whole seconds (RFC 9110 10.2.3); nothing for its other form, or none.
std::optional<seconds> parse_retry_after(std::string_view text);

// A field value without the optional white space around it (RFC 9110 5.6.3: spaces and tabs).
std::string_view without_ows(std::string_view text);

} // namespace causeway
