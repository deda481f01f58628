// SPDX-License-Identifier: Apache-2.0
// The admin listener's pages: /healthz, /readyz, /metrics. Read-only. Loop's thread only.
#pragma once

#include "admin/snapshot.h"
#include "net/http_server.h"

#include <functional>

namespace causeway::admin {

class pages {
public:
  explicit pages(std::function<snapshot()> gather) : gather_{std::move(gather)} {}
  net::task<net::http_response> handle(net::http_request request);

private:
  std::function<snapshot()> gather_;
};

} // namespace causeway::admin
