// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

namespace causeway {

// Registers the whole fleet at DPS and caches the assignments, while no gateway runs. Progress goes to
// stderr, the result to stdout. 0: every device has its hub. 1: some were refused, it was stopped, or it
// could not start. 2: the configuration cannot be used.
int verb_provision(const std::string& configuration, bool json);

} // namespace causeway
