// SPDX-License-Identifier: Apache-2.0
// A TCP connection that never waits, with or without TLS on it; its owner asks epoll. One thread.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

struct ssl_st;
struct ssl_ctx_st;

namespace causeway::bench {

// These throw std::runtime_error for files that cannot be used.
std::shared_ptr<ssl_ctx_st> make_floor_client(const std::string& ca_file);
std::shared_ptr<ssl_ctx_st> make_floor_server(const std::string& certificate_file,
                                              const std::string& key_file);

class floor_socket {
public:
  // Takes the file over. tls: nothing: plain.
  floor_socket(int file, ssl_ctx_st* tls);
  // A client: connects, and with TLS expects a certificate of this host. Throws std::runtime_error.
  static floor_socket connect(const std::string& host, std::uint16_t port, ssl_ctx_st* tls);
  floor_socket(floor_socket&& other) noexcept;
  floor_socket& operator=(floor_socket&&) = delete;
  ~floor_socket();

  int file() const { return file_; }
  // Appends what has come. False: the connection has ended.
  bool read(std::string& into);
  // What the kernel does not take now is kept for flush(). False: the connection has ended.
  bool write(std::string_view bytes);
  bool flush();
  bool has_output() const { return !out_.empty(); }

private:
  struct tls_end {
    void operator()(ssl_st* session) const;
  };
  bool read_plain(std::string& into) const;
  bool read_tls(std::string& into);
  // Bytes taken, 0 for none now, below 0 at the end.
  std::ptrdiff_t push(std::string_view bytes);

  int file_;
  std::unique_ptr<ssl_st, tls_end> tls_;
  std::string out_;
};

} // namespace causeway::bench
