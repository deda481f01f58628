// SPDX-License-Identifier: Apache-2.0
// Who may use the admin API, by the listener that he came by, the token that he shows, and what a browser
// says of the page that asks. Any thread.
#pragma once

#include "base/secret.h"
#include "net/http_message.h"

#include <cstdint>
#include <optional>
#include <string_view>

namespace causeway::watch {

enum class api_access : std::uint8_t {
  open,      // the Unix socket: who may open the file may do all
  loopback,  // this machine only: all may look, changes need the token
  elsewhere, // an address that others can reach: nothing without the token
};

// Why a request is turned away.
struct api_refusal {
  int status = 403;
  std::string_view why;
};

class api_guard {
public:
  explicit api_guard(api_access access, std::optional<secret> token = {})
      : access_{access}, token_{std::move(token)} {}

  // Of a request to the API. Nothing: it may look. Three are turned away: a token that is not the right one,
  // by any listener but the socket; nobody's token where one is needed; and a browser that asks for another
  // page than the dashboard, or by a name that is none of this machine (so DNS was bent to get here).
  std::optional<api_refusal> refuses(const net::http_request& request) const;
  // Of a request that is not refused.
  bool may_change(const net::http_request& request) const;
  // Whether there is one at all; the socket needs none.
  bool has_token() const { return token_.has_value(); }
  // Whether the page that asks for the token may be shown; it holds nothing.
  bool shows_pages() const { return access_ != api_access::elsewhere || has_token(); }

private:
  bool shows_token(const net::http_request& request) const;

  api_access access_;
  std::optional<secret> token_;
};

} // namespace causeway::watch
