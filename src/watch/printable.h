// SPDX-License-Identifier: Apache-2.0
// Text of others (a hub's, DPS', the registry's words; names in a configuration) for an operator's terminal:
// it must not move the cursor, change colours or answer in his name. Pure; any thread.
#pragma once

#include <string>
#include <string_view>

namespace causeway::watch {

// For a line: C0 controls with the line break, DEL, C1 controls (U+0080 to U+009F) and bytes that are no
// UTF-8 become '?', one for each.
std::string printable(std::string_view text);
// The same, but line breaks stay.
std::string printable_lines(std::string_view text);
// For JSON that goes to a terminal as it is: DEL and C1, which JSON allows in its strings, are written
// \u007f to \u009f, so that it still says the same; other controls as in printable_lines.
std::string printable_json(std::string_view json);

} // namespace causeway::watch
