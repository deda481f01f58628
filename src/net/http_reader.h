// SPDX-License-Identifier: Apache-2.0
// Bytes to HTTP/1.1 requests (RFC 9112), one connection's worth, without I/O. Beast's parser checks the
// header's syntax; where a body ends is decided here, and only where nobody could see it end elsewhere.
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
    head,           // the header is whole: head() has it; said once a request, before its body is looked at
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

  // From head on until take(). A target in absolute form (RFC 9112 section 3.2.2) has become a path, and its
  // authority the Host.
  http_request& head();
  // From head on: what comes of the body is thrown away, whatever its length; complete without it.
  void discard_body();
  // Precondition: complete. Then the next request begins, of which bytes may be there already.
  http_request take();
  // From head on, before take().
  bool keep_alive() const;
  bool is_head() const;
  bool is_1_1() const; // or more; below, its sender knows no chunks

  // 400; 413; 431, also for chunk extensions and trailers beyond max_header; 501, a transfer coding that is
  // not known. Precondition: refused.
  int refusal() const;
  // Bytes allocated for the request that is coming, about, beyond what an idle reader has.
  std::size_t held() const;
  // A byte of the next request has come.
  bool started() const;
  // Its header is complete.
  bool in_body() const;

private:
  struct state;
  std::unique_ptr<state> state_;
};

} // namespace causeway::net
