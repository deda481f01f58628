// SPDX-License-Identifier: Apache-2.0
// A configuration as it may be shown to others: what the key table calls a secret is not in it. Pure; any
// thread.
#pragma once

#include "config/document.h"

#include <functional>
#include <string>
#include <string_view>

namespace causeway::config {

// Section by section, a key a line, without the comments of the file. In the place of a secret it says that
// one is set, and of an environment variable's name as well, which may be a secret in the wrong place; the
// name of a secret's file stays where is_file says that there is one. The value of an unknown key is left
// out, and what looks like a secret anywhere else is "…" (base/mask.h).
std::string show_masked(const node& root, const std::function<bool(std::string_view)>& is_file);

} // namespace causeway::config
