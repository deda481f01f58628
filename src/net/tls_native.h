// SPDX-License-Identifier: Apache-2.0
// What is behind the TLS contexts; for net's own .cpp files. OpenSSL's headers stay out.
#pragma once

#include "net/tls.h"

struct ssl_ctx_st;

namespace causeway::net {

struct tls_client_context::native {
  std::shared_ptr<ssl_ctx_st> context;
};

struct tls_server_context::native {
  std::shared_ptr<ssl_ctx_st> context;
  std::string protocols{}; // as ALPN writes them; the context's callback reads it
};

} // namespace causeway::net
