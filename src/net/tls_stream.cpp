// SPDX-License-Identifier: Apache-2.0
// TLS on OpenSSL's own socket BIO: asio::ssl::stream would hold 68 KiB of buffers for each connection, idle
// or not, and its handshake could not leave the loop's thread.
#include "net/handshake_pool.h"
#include "net/stream_impl.h"
#include "net/tls_native.h"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <cerrno>

namespace causeway::net {

using asio::ip::tcp;
using boost::system::error_code;

namespace {

// A peer that sends without pause does not keep the loop from its other work.
constexpr unsigned reads_in_a_row = 16;

enum class next_step : std::uint8_t { done, wait_for_input, wait_for_room, closed, broken };

struct outcome {
  next_step next = next_step::broken;
  std::string reason{}; // of broken
};

// What an OpenSSL call on this connection wants, right after it.
outcome outcome_of(SSL* ssl, int returned) {
  const int system = errno;
  switch (SSL_get_error(ssl, returned)) {
  case SSL_ERROR_NONE:
    return {next_step::done};
  case SSL_ERROR_WANT_READ:
    return {next_step::wait_for_input};
  case SSL_ERROR_WANT_WRITE:
    return {next_step::wait_for_room};
  case SSL_ERROR_ZERO_RETURN:
    return {next_step::closed};
  default:
    break;
  }
  const auto code = ERR_get_error();
  ERR_clear_error();
  if (code == 0) {
    if (system == 0) return {next_step::closed};
    return {next_step::broken, std::generic_category().message(system)};
  }
  if (ERR_SYSTEM_ERROR(code))
    return {next_step::broken, std::generic_category().message(ERR_GET_REASON(code))};
  // Gone without close_notify, as many do.
  if (ERR_GET_REASON(code) == SSL_R_UNEXPECTED_EOF_WHILE_READING) return {next_step::closed};
  const char* reason = ERR_reason_error_string(code);
  return {next_step::broken, reason != nullptr ? reason : "OpenSSL error " + std::to_string(code)};
}

struct ssl_freed {
  void operator()(SSL* p) const { SSL_free(p); }
};

struct tls_impl final : stream::impl {
  // keeper: of the context and what its callbacks read.
  tls_impl(tcp::socket s, ssl_ctx_st* context, std::shared_ptr<const void> keeper)
      : socket{std::move(s)}, kept{std::move(keeper)}, ssl{SSL_new(context)} {
    CAUSEWAY_CHECK(ssl);
    error_code ignored;
    socket.non_blocking(true, ignored);
    if (const auto endpoint = socket.remote_endpoint(ignored); !ignored) name = format_endpoint(endpoint);
    CAUSEWAY_CHECK(SSL_set_fd(ssl.get(), socket.native_handle()) == 1);
    SSL_set_mode(ssl.get(), SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  }

  task<result<std::size_t>> read_some([[maybe_unused]] std::shared_ptr<impl> self,
                                      std::span<char> into) override {
    if (++reads % reads_in_a_row == 0) co_await asio::post(socket.get_executor(), asio::use_awaitable);
    for (;;) {
      if (!socket.is_open()) co_return error{errc::connection_lost, "the stream is closed"};
      if (std::exchange(is_drained, false)) {
        reads = 0;
        const auto [ec] =
            co_await socket.async_wait(tcp::socket::wait_read, asio::as_tuple(asio::use_awaitable));
        if (ec) co_return transport_error(ec);
        continue;
      }
      ERR_clear_error();
      errno = 0;
      std::size_t size = 0;
      const int returned = SSL_read_ex(ssl.get(), into.data(), into.size(), &size);
      if (returned == 1) {
        // To ask the kernel at once would seldom find anything.
        is_drained = size < into.size() && SSL_has_pending(ssl.get()) == 0;
        co_return size;
      }
      const auto how = outcome_of(ssl.get(), returned);
      if (how.next == next_step::closed) {
        co_return error{errc::peer_closed};
      } else if (how.next == next_step::broken) {
        broken = true;
        co_return error{errc::connection_lost, how.reason};
      }
      reads = 0;
      const auto [ec] =
          co_await socket.async_wait(what_to_wait_for(how.next), asio::as_tuple(asio::use_awaitable));
      if (ec) co_return transport_error(ec);
    }
  }

  task<result<void>> write([[maybe_unused]] std::shared_ptr<impl> self, std::string_view bytes) override {
    while (!bytes.empty()) {
      if (!socket.is_open()) co_return error{errc::connection_lost, "the stream is closed"};
      ERR_clear_error();
      errno = 0;
      std::size_t size = 0;
      const int returned = SSL_write_ex(ssl.get(), bytes.data(), bytes.size(), &size);
      half_written = returned != 1;
      if (returned == 1) {
        bytes.remove_prefix(size);
        continue;
      }
      const auto how = outcome_of(ssl.get(), returned);
      if (how.next == next_step::closed || how.next == next_step::broken) {
        broken = true;
        co_return error{errc::connection_lost, how.reason};
      }
      const auto [ec] =
          co_await socket.async_wait(what_to_wait_for(how.next), asio::as_tuple(asio::use_awaitable));
      if (ec) co_return transport_error(ec);
    }
    co_return result<void>{};
  }

  void close() override {
    if (!socket.is_open()) return;
    say_goodbye();
    error_code ignored;
    socket.close(ignored);
  }
  // Sends close_notify if the kernel has room, and does not wait for the peer's. False: it cannot be said.
  bool say_goodbye() {
    if (!established || broken || half_written) return false;
    if ((SSL_get_shutdown(ssl.get()) & SSL_SENT_SHUTDOWN) != 0) return true;
    ERR_clear_error();
    SSL_shutdown(ssl.get());
    ERR_clear_error();
    return true;
  }
  void cancel() override {
    error_code ignored;
    socket.cancel(ignored);
  }
  void end_output() override {
    if (!socket.is_open() || !say_goodbye()) return;
    error_code ignored;
    socket.shutdown(tcp::socket::shutdown_send, ignored);
  }
  bool is_open() const override { return socket.is_open(); }
  bool has_peer_left() override { return !socket.is_open() || has_socket_peer_left(socket.native_handle()); }
  std::string peer() const override { return name; }
  std::string protocol() const override {
    const unsigned char* chosen = nullptr;
    unsigned size = 0;
    SSL_get0_alpn_selected(ssl.get(), &chosen, &size);
    return {reinterpret_cast<const char*>(chosen), size};
  }

  static tcp::socket::wait_type what_to_wait_for(next_step next) {
    return next == next_step::wait_for_input ? tcp::socket::wait_read : tcp::socket::wait_write;
  }

  tcp::socket socket;
  std::shared_ptr<const void> kept;
  std::unique_ptr<SSL, ssl_freed> ssl;
  std::string name;
  unsigned reads = 0;
  bool established = false;
  bool is_drained = false; // the last read has taken all that had come
  bool broken = false;
  bool half_written = false;
};

// The certificate must be for this host, and the server learns which one is meant.
void expect_host(SSL* ssl, const std::string& host) {
  error_code not_an_address;
  asio::ip::make_address(host, not_an_address);
  auto* rules = SSL_get0_param(ssl);
  X509_VERIFY_PARAM_set_hostflags(rules, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
  if (!not_an_address) {
    X509_VERIFY_PARAM_set1_ip_asc(rules, host.c_str());
    return;
  }
  X509_VERIFY_PARAM_set1_host(rules, host.c_str(), host.size());
  // SNI, for names only (RFC 6066 section 3); spelt out because OpenSSL's macro has a C cast.
  auto name = host;
  SSL_ctrl(ssl, SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name, name.data());
}

// Any thread, but only one at a time.
outcome step_on(SSL* ssl) {
  ERR_clear_error();
  errno = 0;
  const int returned = SSL_do_handshake(ssl);
  return outcome_of(ssl, returned);
}

// A step on a thread of the pool. Whatever becomes of the task that waits for it, it keeps the connection
// until it is done.
struct step_elsewhere {
  step_elsewhere(std::shared_ptr<tls_impl> s, const asio::any_io_executor& executor)
      : of{std::move(s)}, bell{executor, mono_time::max()} {}
  std::shared_ptr<tls_impl> of;
  outcome how;
  bool done = false;
  asio::steady_timer bell;
};

task<outcome> take_step(std::shared_ptr<tls_impl> s, handshake_pool* pool) {
  if (pool == nullptr) co_return step_on(s->ssl.get());
  const auto step = std::make_shared<step_elsewhere>(s, s->socket.get_executor());
  pool->run([step] { step->how = step_on(step->of->ssl.get()); },
            [step] {
              step->done = true;
              step->bell.cancel();
            });
  while (!step->done)
    co_await step->bell.async_wait(asio::as_tuple(asio::use_awaitable));
  co_return step->how;
}

error handshake_error(const tls_impl& s, const outcome& how, const std::string& whom) {
  const auto verdict = SSL_get_verify_result(s.ssl.get());
  if (verdict != X509_V_OK)
    return error{errc::tls_untrusted, whom + ": " + X509_verify_cert_error_string(verdict)};
  if (how.next == next_step::closed)
    return error{errc::tls_handshake, whom + ": the peer closed the connection"};
  return error{errc::tls_handshake, whom + ": " + how.reason};
}

task<result<stream>> shake_hands(std::shared_ptr<tls_impl> s, handshake_pool* pool, std::string whom,
                                 mono_time deadline, std::shared_ptr<handshake_lever> lever) {
  if (lever) {
    lever->end = [weak = std::weak_ptr{s}] {
      if (const auto live = weak.lock()) live->cancel();
    };
  }
  const time_limit limit{s->socket.get_executor(), deadline, [s] { s->cancel(); }};
  // A server has nothing to do before the client's first bytes.
  outcome how{next_step::wait_for_input};
  if (pool == nullptr) how = step_on(s->ssl.get());
  while (how.next != next_step::done) {
    if (how.next == next_step::closed || how.next == next_step::broken)
      co_return handshake_error(*s, how, whom);
    if (lever) lever->waiting_since = std::chrono::steady_clock::now();
    const auto [ec] = co_await s->socket.async_wait(tls_impl::what_to_wait_for(how.next),
                                                    asio::as_tuple(asio::use_awaitable));
    if (lever) lever->waiting_since.reset();
    if (limit.expired()) co_return error{errc::connection_timed_out, whom + ": no end of the TLS handshake"};
    if (ec) co_return transport_error(ec);
    how = co_await take_step(s, pool);
    if (limit.expired() && how.next != next_step::done)
      co_return error{errc::connection_timed_out, whom + ": no end of the TLS handshake"};
  }
  s->established = true;
  // A record by one call instead of two. Not before: what follows the handshake would be taken with it.
  SSL_set_read_ahead(s->ssl.get(), 1);
  co_return stream{s};
}

} // namespace

task<result<stream>> shake_hands_as_client(tcp::socket socket,
                                           std::shared_ptr<tls_client_context::native> context,
                                           std::string host, mono_time deadline) {
  const auto s = std::make_shared<tls_impl>(std::move(socket), context->context.get(), context);
  expect_host(s->ssl.get(), host);
  SSL_set_connect_state(s->ssl.get());
  return shake_hands(s, nullptr, std::move(host), deadline, nullptr);
}

task<result<stream>> shake_hands_as_server(tcp::socket socket,
                                           std::shared_ptr<tls_server_context::native> context,
                                           handshake_pool* pool, mono_time deadline,
                                           std::shared_ptr<handshake_lever> lever) {
  const auto s = std::make_shared<tls_impl>(std::move(socket), context->context.get(), context);
  SSL_set_accept_state(s->ssl.get());
  return shake_hands(s, pool, s->peer(), deadline, std::move(lever));
}

} // namespace causeway::net
