// SPDX-License-Identifier: Apache-2.0
#include "watch/dashboard.h"

#include <algorithm>
#include <string>

namespace causeway::watch {
namespace {

constexpr std::string_view absent =
    "This program was built without its dashboard. To have it: install Node 18 or newer and npm, run\n"
    "script/bootstrap, and build again (docs/dashboard.md).\n\n"
    "What it would show is at /api/status, /api/devices and so on, and by `causeway status`; figures for\n"
    "Prometheus are at /metrics.\n";

const dashboard_file* find_file(std::string_view path) {
  const auto all = dashboard_files();
  const auto found = std::ranges::find(all, path, &dashboard_file::path);
  return found == all.end() ? nullptr : &*found;
}

bool has_header(const net::http_response& of, std::string_view name) {
  return std::ranges::any_of(of.headers, [&](const auto& one) { return one.first == name; });
}

} // namespace

bool is_of_dashboard(std::string_view path) {
  return path == "/" || find_file(path) != nullptr;
}

net::http_response show_dashboard(std::string_view path) {
  net::http_response out;
  const auto* file = find_file(path);
  out.content_type = file != nullptr ? file->content_type : "text/plain; charset=utf-8";
  out.body = file != nullptr ? file->content : absent;
  // Their names have a digest of what is in them.
  const bool lasting = path.starts_with("/assets/");
  out.headers.emplace_back("Cache-Control", lasting ? "public, max-age=31536000, immutable" : "no-cache");
  return out;
}

void add_safeguards(net::http_response& to) {
  // A picture of the API has its colours in itself.
  const bool picture = to.content_type.starts_with("image/svg") && !has_header(to, "Cache-Control");
  to.headers.emplace_back(
      "Content-Security-Policy",
      picture ? "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; sandbox"
              : "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
                "connect-src 'self'; base-uri 'none'; form-action 'none'; "
                "frame-ancestors 'none'");
  to.headers.emplace_back("X-Content-Type-Options", "nosniff");
  to.headers.emplace_back("X-Frame-Options", "DENY");
  to.headers.emplace_back("Referrer-Policy", "no-referrer");
  to.headers.emplace_back("Cross-Origin-Resource-Policy", "same-origin");
  if (!has_header(to, "Cache-Control")) to.headers.emplace_back("Cache-Control", "no-store");
}

} // namespace causeway::watch
