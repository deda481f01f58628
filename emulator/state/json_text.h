// SPDX-License-Identifier: Apache-2.0
// JSON as a hub writes it: numbers in their shortest plain form, which Boost.JSON's own writer does not use.
// Pure.
#pragma once

#include <boost/json.hpp>

#include <optional>
#include <string>
#include <string_view>

namespace causeway::emulator {

// Without white space.
std::string json_text(const boost::json::value& value);
// Nothing for what is no JSON, or deeper than 32 levels.
std::optional<boost::json::value> read_json(std::string_view text);

} // namespace causeway::emulator
