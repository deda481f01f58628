// SPDX-License-Identifier: Apache-2.0
// JSON for people: numbers as they are usually written (Boost.JSON itself writes 27.2 as 2.72E1), members in
// their order, two spaces a level when asked for.
#pragma once

#include <boost/json.hpp>

#include <string>

namespace causeway::watch {

std::string to_text(const boost::json::value& what, bool indented = false);

} // namespace causeway::watch
