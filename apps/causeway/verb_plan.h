// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

namespace causeway {

// What a start with this configuration will do and how long it takes. A running gateway is asked; else the
// state is read and the registry is asked; nothing is changed. 0: shown. 1: it cannot be told. 2: the
// configuration cannot be used.
int verb_plan(const std::string& configuration, bool json);

} // namespace causeway
