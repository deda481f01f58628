// SPDX-License-Identifier: Apache-2.0
#include "causeway_bench/floor_socket.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <fcntl.h>
#include <stdexcept>
#include <utility>

namespace causeway::bench {
namespace {

constexpr std::size_t read_bytes = 64UL * 1024;

std::shared_ptr<ssl_ctx_st> make_context(const SSL_METHOD* method) {
  std::shared_ptr<ssl_ctx_st> context{SSL_CTX_new(method), SSL_CTX_free};
  if (!context) throw std::runtime_error{"no TLS context"};
  SSL_CTX_set_min_proto_version(context.get(), TLS1_2_VERSION);
  SSL_CTX_set_mode(context.get(), SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  SSL_CTX_set_read_ahead(context.get(), 1); // a record by one call of the kernel instead of two
  return context;
}

} // namespace

std::shared_ptr<ssl_ctx_st> make_floor_client(const std::string& ca_file) {
  auto context = make_context(TLS_client_method());
  if (SSL_CTX_load_verify_file(context.get(), ca_file.c_str()) != 1) throw std::runtime_error{ca_file};
  SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER, nullptr);
  return context;
}

std::shared_ptr<ssl_ctx_st> make_floor_server(const std::string& certificate_file,
                                              const std::string& key_file) {
  auto context = make_context(TLS_server_method());
  if (SSL_CTX_use_certificate_chain_file(context.get(), certificate_file.c_str()) != 1 ||
      SSL_CTX_use_PrivateKey_file(context.get(), key_file.c_str(), SSL_FILETYPE_PEM) != 1)
    throw std::runtime_error{certificate_file};
  return context;
}

void floor_socket::tls_end::operator()(ssl_st* session) const {
  SSL_free(session);
}

floor_socket::floor_socket(int file, ssl_ctx_st* tls) : file_{file} {
  ::fcntl(file_, F_SETFL, ::fcntl(file_, F_GETFL) | O_NONBLOCK);
  const int on = 1;
  ::setsockopt(file_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  if (tls == nullptr) return;
  tls_.reset(SSL_new(tls));
  SSL_set_fd(tls_.get(), file_);
  SSL_set_accept_state(tls_.get());
}

floor_socket::floor_socket(floor_socket&& other) noexcept
    : file_{std::exchange(other.file_, -1)}, tls_{std::move(other.tls_)}, out_{std::move(other.out_)} {}

floor_socket::~floor_socket() {
  if (file_ >= 0) ::close(file_);
}

floor_socket floor_socket::connect(const std::string& host, std::uint16_t port, ssl_ctx_st* tls) {
  addrinfo wanted{}, *found = nullptr;
  wanted.ai_socktype = SOCK_STREAM;
  if (::getaddrinfo(host.c_str(), std::to_string(port).c_str(), &wanted, &found) != 0)
    throw std::runtime_error{host + " is not known"};
  const std::unique_ptr<addrinfo, void (*)(addrinfo*)> all{found, ::freeaddrinfo};
  int file = -1;
  for (const auto* one = found; one != nullptr; one = one->ai_next) {
    file = ::socket(one->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (file >= 0 && ::connect(file, one->ai_addr, one->ai_addrlen) == 0) break;
    if (file >= 0) ::close(file);
    file = -1;
  }
  if (file < 0) throw std::runtime_error{host + " does not answer"};
  floor_socket made{file, tls};
  SSL_set_connect_state(made.tls_.get());
  SSL_set1_host(made.tls_.get(), host.c_str());
  auto name = host;
  SSL_ctrl(made.tls_.get(), SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name, name.data());
  return made;
}

bool floor_socket::read(std::string& into) {
  return tls_ ? read_tls(into) : read_plain(into);
}

// Once: to ask again at once would seldom find anything, and epoll tells of what is left.
bool floor_socket::read_plain(std::string& into) const {
  thread_local std::array<char, read_bytes> buffer;
  const auto got = ::recv(file_, buffer.data(), buffer.size(), 0);
  if (got > 0) into.append(buffer.data(), static_cast<std::size_t>(got));
  return got > 0 || (got < 0 && (errno == EAGAIN || errno == EINTR));
}

bool floor_socket::read_tls(std::string& into) {
  thread_local std::array<char, read_bytes> buffer;
  while (true) {
    std::size_t got = 0;
    ERR_clear_error();
    const int returned = SSL_read_ex(tls_.get(), buffer.data(), buffer.size(), &got);
    if (returned != 1) {
      const int why = SSL_get_error(tls_.get(), returned);
      return why == SSL_ERROR_WANT_READ || why == SSL_ERROR_WANT_WRITE;
    }
    into.append(buffer.data(), got);
    if (SSL_has_pending(tls_.get()) == 0) return true; // likewise
  }
}

std::ptrdiff_t floor_socket::push(std::string_view bytes) {
  if (!tls_) {
    const auto sent = ::send(file_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    return sent >= 0 ? sent : (errno == EAGAIN || errno == EINTR ? 0 : -1);
  }
  std::size_t sent = 0;
  ERR_clear_error();
  const int returned = SSL_write_ex(tls_.get(), bytes.data(), bytes.size(), &sent);
  if (returned == 1) return static_cast<std::ptrdiff_t>(sent);
  const int why = SSL_get_error(tls_.get(), returned);
  return why == SSL_ERROR_WANT_READ || why == SSL_ERROR_WANT_WRITE ? 0 : -1;
}

bool floor_socket::write(std::string_view bytes) {
  if (!out_.empty()) {
    out_ += bytes;
    return true;
  }
  while (!bytes.empty()) {
    const auto sent = push(bytes);
    if (sent < 0) return false;
    if (sent == 0) {
      out_ = bytes;
      return true;
    }
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
  return true;
}

bool floor_socket::flush() {
  const auto bytes = std::exchange(out_, {});
  return write(bytes);
}

} // namespace causeway::bench
