// SPDX-License-Identifier: Apache-2.0
#include "admin/pages.h"

#include "admin/metrics_page.h"
#include "base/encoding.h"

namespace causeway::admin {
namespace {

net::http_response text(int status, std::string body, std::string type = "text/plain; charset=utf-8") {
  net::http_response response;
  response.status = status;
  response.content_type = std::move(type);
  response.body = std::move(body);
  return response;
}

} // namespace

net::task<net::http_response> pages::handle(net::http_request request) {
  if (request.method != "GET" && request.method != "HEAD") {
    auto response = text(405, "only GET\n");
    response.headers.emplace_back("Allow", "GET, HEAD");
    co_return response;
  }
  const auto path = request.path();
  // That this answers at all shows that the loop turns.
  if (path == "/healthz") co_return text(200, "ok\n");
  if (path == "/readyz") {
    const auto now = gather_();
    co_return now.ready ? text(200, "ready\n") : text(503, "not ready: " + now.not_ready_because + "\n");
  }
  if (path == "/metrics")
    co_return text(200, render_metrics(gather_()), "text/plain; version=0.0.4; charset=utf-8");
  co_return text(404, "there is /healthz, /readyz and /metrics\n");
}

} // namespace causeway::admin
