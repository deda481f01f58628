// SPDX-License-Identifier: Apache-2.0
// A call of The Things Stack's HTTP API (things-stack-wire.md E.1): what is sent, not the sending. Any
// thread.
#pragma once

#include "base/ids.h"
#include "base/secret.h"
#include "net/http_client.h"

#include <string>
#include <string_view>

namespace causeway::stack {

// An application, and the key with which it is asked for.
struct stack_application {
  application_id id;
  secret api_key;
};

// GET, until the caller says otherwise. base_url: "https://host[:port]"; path: behind /api/v3, with its
// query.
net::http_call make_stack_call(const std::string& base_url, const secret& api_key, const std::string& path,
                               std::string_view accept = "application/json");

} // namespace causeway::stack
