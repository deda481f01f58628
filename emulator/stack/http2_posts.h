// SPDX-License-Identifier: Apache-2.0
// Posts by HTTP/2 to those webhooks that offer it by ALPN, as Go's net/http does: one connection a host for
// all posts, HEADERS and DATA written each by itself; what the server has not begun (GOAWAY, REFUSED_STREAM)
// is sent again. Unlike Go it waits for a connection that is being opened in place of opening another one.
// nghttp2 does the frames. Loop's thread only.
#pragma once

#include "net/stream.h"
#include "net/task_group.h"

#include <map>
#include <memory>
#include <string>

namespace causeway::emulator {

struct http2_post_result {
  bool is_offered = true; // false: the host speaks HTTP/1.1 only
  int status = 0;         // 0: see reason
  std::string reason{};   // "connection", "time_out"
};

class http2_posts {
public:
  // on and tasks must outlive it. Errors: certificate_unusable.
  static result<http2_posts> make(net::loop& on, net::task_group& tasks, const std::string& ca_file);
  http2_posts(http2_posts&&) noexcept;
  ~http2_posts(); // closes its connections

  // request: as HTTP/1.1 would write it, head and body. With the address of one host.
  net::task<http2_post_result> post(std::string host, std::uint16_t port, std::string request,
                                    mono_time deadline);
  std::uint64_t connections_opened() const;

private:
  struct state;
  struct line;
  struct exchange;
  static net::task<> read(std::shared_ptr<line> on);
  static net::task<> flush(std::shared_ptr<line> on);
  static net::task<bool> open(std::shared_ptr<state> s, std::shared_ptr<line> one, std::string host,
                              std::uint16_t port, mono_time deadline);
  static net::task<http2_post_result> post_by(std::shared_ptr<state> s, std::string host, std::uint16_t port,
                                              std::string request, mono_time deadline);
  explicit http2_posts(std::shared_ptr<state> s);
  std::shared_ptr<state> state_;
};

} // namespace causeway::emulator
