// SPDX-License-Identifier: Apache-2.0
// The one file that instantiates asio::ssl::stream: it is dear to compile.
#include "net/stream_impl.h"
#include "net/tls_native.h"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/ssl/error.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>

#include <openssl/x509v3.h>

namespace causeway::net {

using asio::ip::tcp;
using boost::system::error_code;

namespace {

using tls_socket = asio::ssl::stream<tcp::socket>;

error tls_error(const error_code& ec) {
  if (ec == asio::ssl::error::stream_truncated) return error{errc::peer_closed};
  return transport_error(ec);
}

struct tls_impl final : stream::impl {
  tls_impl(tcp::socket s, asio::ssl::context& context) : socket{std::move(s), context} {
    error_code ignored;
    if (const auto endpoint = socket.next_layer().remote_endpoint(ignored); !ignored)
      name = format_endpoint(endpoint);
  }

  task<result<std::size_t>> read_some([[maybe_unused]] std::shared_ptr<impl> self,
                                      std::span<char> into) override {
    const auto [ec, size] = co_await socket.async_read_some(asio::buffer(into.data(), into.size()),
                                                            asio::as_tuple(asio::use_awaitable));
    if (ec) co_return tls_error(ec);
    co_return size;
  }

  task<result<void>> write([[maybe_unused]] std::shared_ptr<impl> self, std::string_view bytes) override {
    writing = true;
    const auto [ec, size] =
        co_await asio::async_write(socket, asio::buffer(bytes), asio::as_tuple(asio::use_awaitable));
    writing = false;
    if (ec) co_return tls_error(ec);
    co_return result<void>{};
  }

  void close() override {
    auto& transport = socket.next_layer();
    if (!transport.is_open()) return;
    error_code ignored;
    if (established && !writing) {
      // Without blocking this sends close_notify if the kernel has room, and does not wait for the peer's.
      transport.non_blocking(true, ignored);
      socket.shutdown(ignored);
    }
    transport.close(ignored);
  }
  void cancel() override {
    error_code ignored;
    socket.next_layer().cancel(ignored);
  }
  void end_output() override {}
  bool is_open() const override { return socket.next_layer().is_open(); }
  std::string peer() const override { return name; }

  tls_socket socket;
  std::string name;
  bool established = false;
  bool writing = false;
};

// A share of the context in the shape that asio wants; it frees only its own share.
asio::ssl::context borrow(ssl_ctx_st* context) {
  SSL_CTX_up_ref(context);
  return asio::ssl::context{context};
}

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

error handshake_error(tls_impl& s, const error_code& ec, bool late, const std::string& whom) {
  if (late) return error{errc::connection_timed_out, whom + ": no end of the TLS handshake"};
  if (ec == asio::error::operation_aborted) return error{errc::stopped};
  const auto verdict = SSL_get_verify_result(s.socket.native_handle());
  if (verdict != X509_V_OK)
    return error{errc::tls_untrusted, whom + ": " + X509_verify_cert_error_string(verdict)};
  if (ec == asio::ssl::error::stream_truncated || ec == asio::error::eof)
    return error{errc::tls_handshake, whom + ": the peer closed the connection"};
  return error{errc::tls_handshake, whom + ": " + ec.message()};
}

task<result<stream>> shake_hands(std::shared_ptr<tls_impl> s, asio::ssl::stream_base::handshake_type role,
                                 std::string whom, mono_time deadline) {
  const time_limit limit{s->socket.get_executor(), deadline, [s] { s->cancel(); }};
  const auto [ec] = co_await s->socket.async_handshake(role, asio::as_tuple(asio::use_awaitable));
  if (ec) co_return handshake_error(*s, ec, limit.expired(), whom);
  s->established = true;
  co_return stream{s};
}

} // namespace

task<result<stream>> shake_hands_as_client(tcp::socket socket,
                                           std::shared_ptr<tls_client_context::native> context,
                                           std::string host, mono_time deadline) {
  auto shared = borrow(context->context.get());
  const auto s = std::make_shared<tls_impl>(std::move(socket), shared);
  expect_host(s->socket.native_handle(), host);
  return shake_hands(s, asio::ssl::stream_base::client, std::move(host), deadline);
}

task<result<stream>> shake_hands_as_server(tcp::socket socket,
                                           std::shared_ptr<tls_server_context::native> context,
                                           mono_time deadline) {
  auto shared = borrow(context->context.get());
  const auto s = std::make_shared<tls_impl>(std::move(socket), shared);
  return shake_hands(s, asio::ssl::stream_base::server, s->peer(), deadline);
}

} // namespace causeway::net
