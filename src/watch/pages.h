// SPDX-License-Identifier: Apache-2.0
// The admin listeners' pages: /healthz, /readyz and /metrics for everyone who reaches the listener, the
// dashboard's files, and the API (api.h, live_feed.h, command_api.h, dead_letter_api.h, forget_api.h) for
// those whom the guard lets. Loop's thread only.
#pragma once

#include "watch/api.h"
#include "watch/api_guard.h"
#include "watch/command_api.h"
#include "watch/dead_letter_api.h"
#include "watch/forget_api.h"
#include "watch/live_feed.h"

namespace causeway::watch {

class pages {
public:
  // All must live as long.
  pages(const fleet_view& of, const class api& api, live_feed& live, const command_api& commands,
        dead_letter_api& letters, const forget_api& forget, api_guard guard)
      : fleet_{of},
        api_{api},
        live_{live},
        commands_{commands},
        letters_{letters},
        forget_{forget},
        guard_{std::move(guard)} {}
  net::task<net::http_response> handle(net::http_request request);

private:
  net::task<net::http_response> answer(net::http_request request);
  net::task<net::http_response> ask_api(net::http_request request);
  net::http_response access(const net::http_request& request) const;
  net::http_response look(const net::http_request& request) const;

  const fleet_view& fleet_;
  const class api& api_;
  live_feed& live_;
  const command_api& commands_;
  dead_letter_api& letters_;
  const forget_api& forget_;
  api_guard guard_;
};

} // namespace causeway::watch
