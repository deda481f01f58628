// SPDX-License-Identifier: Apache-2.0
// Bytes to HTTP/1.1 requests (RFC 9112), one connection's worth, without I/O. Beast's parser checks the
// syntax.
#pragma once

#include "net/http_message.h"

#include <cstdint>
#include <memory>
#include <span>

namespace causeway::net {

class http_reader {
public:
  enum class progress : std::uint8_t {
    need_more,      // read into prepare(), then commit()
    wants_continue, // the client waits for "100 Continue" before it sends the body; said once a request
    complete,       // take() has it
    refused,        // refusal() says why; nothing more can be read from this connection
  };

  http_reader(std::size_t max_header, std::size_t max_body);
  ~http_reader();

  // Room for at least 2 KiB. Valid until the next call of anything here.
  std::span<char> prepare();
  void commit(std::size_t size);
  progress step();

  // Precondition: complete. Then the next request begins, of which bytes may be there already.
  http_request take();
  // About the request that is complete, before take().
  bool keep_alive() const;
  bool is_head() const;

  // 400, 413, or 431 (also for chunk extensions and trailers beyond max_header). Precondition: refused.
  int refusal() const;
  // A byte of the next request has come.
  bool started() const;
  // Its header is complete.
  bool in_body() const;

private:
  struct state;
  std::unique_ptr<state> state_;
};

} // namespace causeway::net
