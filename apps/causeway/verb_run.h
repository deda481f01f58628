// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

namespace causeway {

// Runs until SIGINT or SIGTERM; a second one ends it at once. 0: ended as asked. 1: could not start or go on.
// 2: the configuration cannot be used.
int verb_run(const std::string& file);

} // namespace causeway
