// SPDX-License-Identifier: Apache-2.0
// A few threads for work that would hold up the loop: the costly steps of TLS handshakes, about 0.3 ms each
// with a P-256 key and 1 ms with RSA-2048. For net's own .cpp files. Loop's thread only.
#pragma once

#include "net/loop.h"

#include <functional>
#include <memory>

namespace causeway::net {

class handshake_pool {
public:
  // One thread for each core but the loop's, four at most; they are nicer than the others (nice 5), so that
  // requests on open connections come before new connections where cores are few.
  explicit handshake_pool(asio::any_io_executor loop);
  // What has not begun is dropped on this thread; waits for what has.
  ~handshake_pool();
  handshake_pool(const handshake_pool&) = delete;
  handshake_pool& operator=(const handshake_pool&) = delete;

  // Calls work on a thread of the pool, then done on the loop's; both are destroyed on the loop's. The queue
  // is bounded by the caller: one at a time for each connection.
  void run(std::function<void()> work, std::function<void()> done);
  std::size_t waiting() const;

private:
  struct state;
  std::unique_ptr<state> state_;
};

} // namespace causeway::net
