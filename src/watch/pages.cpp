// SPDX-License-Identifier: Apache-2.0
#include "watch/pages.h"

#include "base/encoding.h"
#include "watch/api_call.h"
#include "watch/dashboard.h"
#include "watch/gzip.h"
#include "watch/metrics_page.h"

namespace causeway::watch {
namespace {

net::http_response text(int status, std::string body, std::string type = "text/plain; charset=utf-8") {
  net::http_response response;
  response.status = status;
  response.content_type = std::move(type);
  response.body = std::move(body);
  return response;
}

net::http_response turn_away(const api_refusal& how) {
  auto out = refuse(how.status, error{errc::unauthorized, std::string{how.why}});
  if (how.status == 401) out.headers.emplace_back("WWW-Authenticate", "Bearer");
  return out;
}

// In the form, and the coding, that the scraper asks for.
net::http_response answer_scraper(const snapshot& now, const net::http_request& request) {
  const auto format = choose_format(request.header("Accept"));
  auto response = text(200, render_metrics(now, format), std::string{content_type_of(format)});
  response.headers.emplace_back("Vary", "Accept, Accept-Encoding");
  if (!accepts_gzip(request.header("Accept-Encoding"))) return response;
  if (auto packed = pack_gzip(response.body)) {
    response.body = std::move(*packed);
    response.headers.emplace_back("Content-Encoding", "gzip");
  }
  return response;
}

} // namespace

net::task<net::http_response> pages::handle(net::http_request request) {
  auto response = co_await answer(std::move(request));
  add_safeguards(response);
  co_return response;
}

net::task<net::http_response> pages::answer(net::http_request request) {
  if (api::owns(request.path())) {
    if (const auto refused = guard_.refuses(request)) co_return turn_away(*refused);
    auto response = co_await ask_api(std::move(request));
    co_return response;
  }
  if (request.method != "GET" && request.method != "HEAD") {
    auto response = text(405, "only GET\n");
    response.headers.emplace_back("Allow", "GET, HEAD");
    co_return response;
  }
  co_return look(request);
}

net::task<net::http_response> pages::ask_api(net::http_request request) {
  const bool may_change = guard_.may_change(request);
  const auto path = request.path();
  if (dead_letter_api::owns(path)) {
    auto response = co_await letters_.handle(std::move(request), may_change);
    co_return response;
  }
  if (forget_api::owns(request)) co_return forget_.handle(request, may_change);
  if (command_api::owns(path)) {
    auto response = co_await commands_.handle(std::move(request), may_change);
    co_return response;
  }
  if (request.method == "GET" && path == "/api/live") co_return live_.listen();
  const bool looks = request.method == "GET" || request.method == "HEAD";
  if (looks && path == "/api/history") {
    net::http_response response;
    response.body = live_.history() + "\n";
    co_return response;
  }
  if (looks && path == "/api/access") co_return access(request);
  co_return api_.handle(request);
}

net::http_response pages::access(const net::http_request& request) const {
  return answer_json({{"may_change", guard_.may_change(request)}, {"has_token", guard_.has_token()}});
}

net::http_response pages::look(const net::http_request& request) const {
  const auto path = request.path();
  // That this answers at all shows that the loop turns.
  if (path == "/healthz") return text(200, "ok\n");
  if (path == "/readyz") {
    const auto why_not = fleet_.why_not_ready();
    return why_not ? text(503, "not ready: " + *why_not + "\n") : text(200, "ready\n");
  }
  // For scrapers on other hosts, so under any name, as the health of the process above; it has figures and
  // the names of hubs, sections and applications, and no devices.
  if (path == "/metrics") return answer_scraper(fleet_.figures(), request);
  if (is_of_dashboard(path))
    return guard_.shows_pages()
               ? show_dashboard(path)
               : text(403,
                      "the dashboard is on admin.listen when that is a loopback address; on this address "
                      "it needs a token: token_file in [admin]\n");
  return text(404, "there is /, /healthz, /readyz, /metrics and /api/status\n");
}

} // namespace causeway::watch
