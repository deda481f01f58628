// SPDX-License-Identifier: Apache-2.0
// Text forms of bytes. Pure functions, any thread. A std::string holds bytes here as well as text.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace causeway {

// Standard alphabet, padded (RFC 4648 section 4).
std::string base64_encode(std::string_view bytes);
// Standard or URL alphabet, padded or not, as The Things Stack's own reader takes it; nothing for anything
// else.
std::optional<std::string> base64_decode(std::string_view text);
// Lower case.
std::string hex_encode(std::string_view bytes);
// In either case; nothing for anything but pairs of hex digits.
std::optional<std::string> hex_decode(std::string_view text);
// RFC 3986: everything but A-Z a-z 0-9 - . _ ~ becomes %XX, upper-case hex.
std::string percent_encode(std::string_view text);
// Tolerant: a % that no two hex digits follow stays as it is; + stays +.
std::string percent_decode(std::string_view text);
// ASCII only; other bytes are kept.
std::string to_lower(std::string_view text);
std::string to_upper(std::string_view text);
bool equals_ignoring_case(std::string_view left, std::string_view right);
// Without the characters of `white` around it: spaces, tabs and ends of lines.
std::string_view trimmed(std::string_view text, std::string_view white = " \t\r\n");
// Well-formed UTF-8 without surrogates or overlong forms (RFC 3629).
bool is_utf8(std::string_view text);
// Appends text as the inside of a JSON string: quotes, backslashes and control characters escaped (RFC 8259
// section 7), DEL and C1 (U+0080 to U+009F) too; what is not UTF-8 becomes U+FFFD.
void append_json_escaped(std::string& out, std::string_view text);
// The same with the quotation marks around it.
std::string json_quoted(std::string_view text);

} // namespace causeway
