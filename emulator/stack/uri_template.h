// SPDX-License-Identifier: Apache-2.0
// URI templates (RFC 6570) with string values: what The Things Stack takes in a webhook's URL and paths
// (things-stack-wire.md B.2). Pure.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace causeway::emulator {

using template_values = std::vector<std::pair<std::string_view, std::string>>;

// All operators, the modifiers ":n" and "*"; a variable without a value, or with an unknown name, is left
// out. What is no expression stays as it is, a brace without its partner too.
std::string expand_uri_template(std::string_view text, const template_values& values);

} // namespace causeway::emulator
