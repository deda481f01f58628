// SPDX-License-Identifier: Apache-2.0
// The configuration as people may see it: every key of a section with its value, or its default, and of a
// secret only by which way it is given. What looks like a secret elsewhere is masked. Pure; any thread.
#pragma once

#include "config/document.h"

#include <string>

namespace causeway::config {

// JSON without white space: {"sections": [{"section": "[webhook]", "keys": [...]}, ...], "left_out": N}. A
// key: "key", "value" (null: neither given nor a default), "given" (it is in the file); a secret instead of
// the value "secret": true, "by" ("file", "environment", "inline"; null: not given) and "where" (the file,
// the variable). Of devices with credentials of their own the first 1,000; the others are left out.
// Precondition: root is the table of a configuration without faults; of any other, what is not as it should
// be is passed over.
std::string show_configuration(const node& root);

} // namespace causeway::config
