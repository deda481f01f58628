// SPDX-License-Identifier: Apache-2.0
// The admin listeners' pages: /healthz, /readyz and /metrics for everyone who reaches the listener, and the
// API (api.h, command_api.h, dead_letter_api.h, forget_api.h) for those whom api_access lets. Only over the
// Unix socket anything can be changed. Loop's thread only.
#pragma once

#include "watch/api.h"
#include "watch/command_api.h"
#include "watch/dead_letter_api.h"
#include "watch/forget_api.h"

namespace causeway::watch {

// Who may use the API on a listener: it names every device and has no token of its own yet.
enum class api_access : std::uint8_t {
  open,     // the Unix socket: who may open the file
  loopback, // this machine only; a page in a browser that calls itself otherwise is refused, too
  refused,  // an address that others can reach
};

class pages {
public:
  // All must live as long.
  pages(const fleet_view& of, const class api& api, const command_api& commands, dead_letter_api& letters,
        const forget_api& forget, api_access access)
      : fleet_{of}, api_{api}, commands_{commands}, letters_{letters}, forget_{forget}, access_{access} {}
  net::task<net::http_response> handle(net::http_request request);

private:
  const fleet_view& fleet_;
  const class api& api_;
  const command_api& commands_;
  dead_letter_api& letters_;
  const forget_api& forget_;
  api_access access_;
};

} // namespace causeway::watch
