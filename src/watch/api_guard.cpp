// SPDX-License-Identifier: Apache-2.0
#include "watch/api_guard.h"

#include "base/encoding.h"
#include "net/listener.h"

#include <string>

namespace causeway::watch {
namespace {

// Another name that resolves to this machine is how a page from elsewhere would read the API through
// somebody's browser.
bool names_this_machine(std::string_view host) {
  if (host.empty()) return false;
  const auto bare = host.substr(host.rfind(']') == std::string_view::npos ? 0 : host.rfind(']'));
  const bool has_port = bare.find(':') != std::string_view::npos;
  const auto address = net::listen_address::parse(std::string{host} + (has_port ? "" : ":80"));
  return address && address->path.empty() && address->is_local();
}

// Whether a browser says that another site's page asks. Those that are no browser say nothing. The scheme is
// not compared: a proxy may speak TLS before this.
bool is_of_another_site(const net::http_request& request) {
  const auto site = request.header("Sec-Fetch-Site");
  if (!site.empty() && site != "same-origin" && site != "none") return true;
  auto origin = request.header("Origin");
  if (origin.empty()) return false;
  const auto scheme = origin.find("://");
  if (scheme == std::string_view::npos) return true; // "null"
  origin.remove_prefix(scheme + 3);
  return to_lower(origin) != to_lower(request.header("Host"));
}

} // namespace

std::optional<api_refusal> api_guard::refuses(const net::http_request& request) const {
  if (is_of_another_site(request)) return api_refusal{403, "the API answers no page of another site"};
  if (access_ == api_access::open || shows_token(request)) return std::nullopt;
  if (access_ == api_access::elsewhere && !has_token())
    return api_refusal{403,
                       "the API is served on the admin socket, and on admin.listen when that is a loopback "
                       "address; on this address it needs a token: token_file in [admin]"};
  if (access_ == api_access::elsewhere || !request.header("Authorization").empty())
    return api_refusal{401, "the API needs the token of [admin] here: Authorization: Bearer TOKEN"};
  if (!names_this_machine(request.header("Host")))
    return api_refusal{403, "the API answers here to localhost, 127.0.0.1 and [::1] only"};
  return std::nullopt;
}

bool api_guard::may_change(const net::http_request& request) const {
  return access_ == api_access::open || shows_token(request);
}

bool api_guard::shows_token(const net::http_request& request) const {
  constexpr std::string_view scheme = "bearer ";
  const auto shown = request.header("Authorization");
  if (!token_ || shown.size() <= scheme.size() || to_lower(shown.substr(0, scheme.size())) != scheme)
    return false;
  return token_->equals(shown.substr(scheme.size()));
}

} // namespace causeway::watch
