// SPDX-License-Identifier: Apache-2.0
#include "net/stream_impl.h"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace causeway::net {

using asio::ip::tcp;
using boost::system::error_code;

namespace {

// Asio's resolver cannot be interrupted in getaddrinfo; so the wait for its answer is what ends early, and a
// late answer finds only this.
struct lookup {
  explicit lookup(const asio::any_io_executor& executor) : resolver{executor}, wait{executor} {}

  tcp::resolver resolver;
  asio::steady_timer wait;
  bool answered = false;
  error_code ec;
  std::vector<tcp::endpoint> endpoints;
};

// This process's own limit, or the machine's.
bool is_out_of_files(const error_code& ec) {
  return ec == asio::error::no_descriptors || ec == boost::system::errc::too_many_files_open_in_system;
}

error out_of_files(const std::string& whom, const error_code& ec) {
  return error{errc::open_files_limit, whom + ": " + ec.message()};
}

task<result<std::vector<tcp::endpoint>>> resolve(std::string host, std::uint16_t port, mono_time deadline) {
  using found = std::vector<tcp::endpoint>;
  error_code not_an_address;
  const auto address = asio::ip::make_address(host, not_an_address);
  if (!not_an_address) co_return found{tcp::endpoint{address, port}};

  const auto executor = co_await asio::this_coro::executor;
  const auto l = std::make_shared<lookup>(executor);
  l->wait.expires_at(deadline);
  l->resolver.async_resolve(host, std::to_string(port),
                            [l](const error_code& ec, const tcp::resolver::results_type& results) {
                              l->answered = true;
                              l->ec = ec;
                              for (const auto& entry : results)
                                l->endpoints.push_back(entry.endpoint());
                              l->wait.cancel();
                            });
  const auto [ec] = co_await l->wait.async_wait(asio::as_tuple(asio::use_awaitable));
  if (l->answered && is_out_of_files(l->ec)) co_return out_of_files(host, l->ec);
  if (l->answered && l->ec) co_return error{errc::name_unresolved, host + ": " + l->ec.message()};
  if (l->answered) co_return std::move(l->endpoints);
  l->resolver.cancel();
  if (ec) co_return error{errc::stopped};
  co_return error{errc::connection_timed_out, host + ": no answer from the name service"};
}

error connect_error(const error_code& ec, bool late, const std::string& whom) {
  if (late || ec == asio::error::timed_out)
    return error{errc::connection_timed_out, whom + ": no answer to the connection request"};
  if (ec == asio::error::operation_aborted) return error{errc::stopped};
  if (is_out_of_files(ec)) return out_of_files(whom, ec);
  return error{errc::connection_refused, whom + ": " + ec.message()};
}

task<result<tcp::socket>> connect_one(tcp::endpoint endpoint, mono_time deadline) {
  const auto executor = co_await asio::this_coro::executor;
  const auto socket = std::make_shared<tcp::socket>(executor);
  const time_limit limit{executor, deadline, [socket] {
                           error_code ignored;
                           socket->cancel(ignored);
                         }};
  const auto [ec] = co_await socket->async_connect(endpoint, asio::as_tuple(asio::use_awaitable));
  if (ec) co_return connect_error(ec, limit.expired(), format_endpoint(endpoint));
  set_tcp_options(*socket);
  co_return std::move(*socket);
}

task<result<tcp::socket>> connect_any(std::vector<tcp::endpoint> endpoints, mono_time deadline) {
  result<tcp::socket> outcome = error{errc::name_unresolved, "no address"};
  for (const auto& endpoint : endpoints) {
    outcome = co_await connect_one(endpoint, deadline);
    const bool final =
        outcome || outcome.fault().code() == errc::stopped || std::chrono::steady_clock::now() >= deadline;
    if (final) break;
  }
  co_return outcome;
}

} // namespace

task<result<connected_stream>> connect(connect_options options) {
  const auto begin = std::chrono::steady_clock::now();
  const auto deadline = begin + options.time_out;
  connected_stream connected;

  auto endpoints = co_await resolve(options.host, options.port, deadline);
  if (!endpoints) co_return std::move(endpoints).fault();
  const auto resolved = std::chrono::steady_clock::now();
  connected.timing.dns = resolved - begin;

  auto socket = co_await connect_any(std::move(*endpoints), deadline);
  if (!socket && socket.fault().code() == errc::stopped) co_return std::move(socket).fault();
  if (!socket) co_return std::move(socket).fault().in(options.host);
  const auto reached = std::chrono::steady_clock::now();
  connected.timing.tcp = reached - resolved;

  if (!options.tls) {
    connected.bytes = make_tcp_stream(std::move(*socket));
    co_return connected;
  }
  auto secured =
      co_await shake_hands_as_client(std::move(*socket), options.tls->get(), options.host, deadline);
  if (!secured) co_return std::move(secured).fault();
  connected.bytes = std::move(*secured);
  connected.timing.tls = std::chrono::steady_clock::now() - reached;
  co_return connected;
}

} // namespace causeway::net
