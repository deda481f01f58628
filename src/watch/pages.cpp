// SPDX-License-Identifier: Apache-2.0
#include "watch/pages.h"

#include "base/encoding.h"
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

// Whether the request calls this machine by a name of its own: another name that resolves to it is how a
// page from elsewhere would read the API through somebody's browser.
bool names_this_machine(std::string_view host) {
  if (host.empty()) return false;
  const auto bare = host.substr(host.rfind(']') == std::string_view::npos ? 0 : host.rfind(']'));
  const bool has_port = bare.find(':') != std::string_view::npos;
  const auto address = net::listen_address::parse(std::string{host} + (has_port ? "" : ":80"));
  return address && address->path.empty() && address->is_local();
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
  const bool is_letters = dead_letter_api::owns(request.path());
  const bool forgets = forget_api::owns(request);
  const bool is_commands = command_api::owns(request.path());
  if (request.method != "GET" && request.method != "HEAD" && !is_letters && !forgets && !is_commands) {
    auto response = text(405, "only GET\n");
    response.headers.emplace_back("Allow", "GET, HEAD");
    co_return response;
  }
  const auto path = request.path();
  if (api::owns(path)) {
    if (access_ == api_access::refused)
      co_return text(403,
                     "the API is served on the admin socket, and on admin.listen when that is a loopback "
                     "address; on this address it would need a token, which does not exist yet\n");
    if (access_ == api_access::loopback && !names_this_machine(request.header("Host")))
      co_return text(403, "the API answers here to localhost, 127.0.0.1 and [::1] only\n");
    if (is_letters) {
      auto response = co_await letters_.handle(std::move(request), access_ == api_access::open);
      co_return response;
    }
    if (forgets) co_return forget_.handle(request, access_ == api_access::open);
    if (is_commands) {
      auto response = co_await commands_.handle(std::move(request), access_ == api_access::open);
      co_return response;
    }
    co_return api_.handle(request);
  }
  // That this answers at all shows that the loop turns.
  if (path == "/healthz") co_return text(200, "ok\n");
  if (path == "/readyz") {
    const auto why_not = fleet_.why_not_ready();
    co_return why_not ? text(503, "not ready: " + *why_not + "\n") : text(200, "ready\n");
  }
  // For scrapers on other hosts, so under any name, as the health of the process above; it has figures and
  // the names of hubs, sections and applications, and no devices.
  if (path == "/metrics") co_return answer_scraper(fleet_.figures(), request);
  co_return text(404, "there is /healthz, /readyz, /metrics and /api/status\n");
}

} // namespace causeway::watch
