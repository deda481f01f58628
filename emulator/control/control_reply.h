// SPDX-License-Identifier: Apache-2.0
// How the control API reads queries and writes answers.
#pragma once

#include "net/http_server.h"

#include <boost/json.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace causeway::emulator {

net::http_response reply(const boost::json::value& body, int status = 200);
// {"error":what}
net::http_response refuse(int status, std::string_view what);

// Percent-decoded; empty when absent.
std::string query_value(const net::http_request& request, std::string_view name);
// Nothing when absent or no number.
std::optional<std::uint64_t> query_number(const net::http_request& request, std::string_view name);

} // namespace causeway::emulator
