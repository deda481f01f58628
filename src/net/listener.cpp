// SPDX-License-Identifier: Apache-2.0
#include "net/listener.h"

#include "base/log.h"
#include "net/stream_impl.h"
#include "net/wake_up.h"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/ip/v6_only.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <charconv>

namespace causeway::net {

using asio::ip::tcp;
using boost::system::error_code;

namespace {

constexpr int backlog = 4096;
constexpr std::size_t handshakes_at_a_time = 256;
constexpr std::chrono::seconds handshake_time_out{10};
constexpr std::chrono::milliseconds accept_pause{100};

} // namespace

struct listener::state {
  state(loop& on, const listen_address& a) : address{a}, acceptor{on.executor()}, room{on} {}

  listen_address address;
  tcp::acceptor acceptor;
  task_group* tasks = nullptr; // outlives what runs in it
  std::optional<tls_server_context> tls;
  std::size_t max_connections = 0;
  std::function<task<>(stream)> handler;
  std::size_t connections = 0;
  std::size_t handshakes = 0;
  std::uint64_t refused = 0;
  bool closed = false;
  wake_up room; // a handshake has ended

  static task<> accept(std::shared_ptr<state> s);
  static task<> run(std::shared_ptr<state> s, std::shared_ptr<tcp::socket> socket);
  static task<std::optional<stream>> secure(std::shared_ptr<state> s, tcp::socket socket);
  void take(std::shared_ptr<state> self, tcp::socket socket);
};

void listener::state::take(std::shared_ptr<state> self, tcp::socket socket) {
  if (connections >= max_connections) {
    ++refused;
    return;
  }
  set_tcp_options(socket);
  ++connections;
  // Goes with the task, whether it ever ran or not.
  const std::shared_ptr<void> place{nullptr, [self](void*) { --self->connections; }};
  const auto shared = std::make_shared<tcp::socket>(std::move(socket));
  tasks->spawn("connection to " + address.str(), restart_policy::never,
               [self, shared, place] { return run(self, shared); });
}

task<> listener::state::accept(std::shared_ptr<state> s) {
  bool starved = false;
  while (!s->closed) {
    if (s->handshakes >= handshakes_at_a_time) {
      co_await s->room.wait();
      continue;
    }
    auto [ec, socket] = co_await s->acceptor.async_accept(asio::as_tuple(asio::use_awaitable));
    if (!ec) {
      starved = false;
      s->take(s, std::move(socket));
      continue;
    }
    if (s->closed || ec == asio::error::operation_aborted) co_return;
    if (ec == asio::error::connection_aborted) continue; // the peer went before it was accepted
    // Out of descriptors, most likely: trying at once would spin.
    if (!starved) log::error("accept_paused", {{"address", s->address.str()}, {"reason", ec.message()}});
    starved = true;
    co_await sleep_for(accept_pause);
  }
}

task<std::optional<stream>> listener::state::secure(std::shared_ptr<state> s, tcp::socket socket) {
  if (!s->tls) co_return make_tcp_stream(std::move(socket));
  ++s->handshakes;
  const auto deadline = std::chrono::steady_clock::now() + handshake_time_out;
  auto secured = co_await shake_hands_as_server(std::move(socket), s->tls->get(), deadline);
  --s->handshakes;
  s->room.notify();
  if (secured) co_return std::move(*secured);
  log::debug("handshake_refused", {{"address", s->address.str()}, {"reason", secured.fault().message()}});
  co_return std::nullopt;
}

task<> listener::state::run(std::shared_ptr<state> s, std::shared_ptr<tcp::socket> socket) {
  auto bytes = co_await secure(s, std::move(*socket));
  if (!bytes) co_return;
  auto served = s->handler(std::move(*bytes));
  co_await std::move(served);
}

result<listen_address> listen_address::parse(std::string_view text) {
  const auto fault = [text] {
    return error{errc::config_invalid_value,
                 "\"" + std::string{text} + "\" is not an address such as 127.0.0.1:8080"};
  };
  const auto colon = text.rfind(':');
  if (colon == std::string_view::npos || colon == 0) return fault();
  auto host = text.substr(0, colon);
  const auto digits = text.substr(colon + 1);
  if (host.front() == '[') {
    if (host.size() < 3 || host.back() != ']') return fault();
    host = host.substr(1, host.size() - 2);
  } else if (host.find(':') != std::string_view::npos) {
    return fault();
  }
  listen_address address{std::string{host}, 0};
  const auto [end, ec] = std::from_chars(digits.data(), digits.data() + digits.size(), address.port);
  if (ec != std::errc{} || end != digits.data() + digits.size()) return fault();
  return address;
}

std::string listen_address::str() const {
  const bool bare_v6 = host.find(':') != std::string::npos && host.front() != '[';
  return (bare_v6 ? "[" + host + "]" : host) + ":" + std::to_string(port);
}

result<listener> listener::bind(loop& on, const listen_address& address) {
  auto s = std::make_shared<state>(on, address);
  const auto fault = [&address](const error_code& ec) {
    const auto code = ec == asio::error::address_in_use ? errc::address_in_use : errc::address_unavailable;
    return error{code, address.str() + ": " + ec.message()};
  };
  const bool bracketed = address.host.size() > 2 && address.host.front() == '[';
  const auto host = bracketed ? address.host.substr(1, address.host.size() - 2) : address.host;

  error_code ec;
  tcp::resolver resolver{on.executor()};
  const auto found = resolver.resolve(host, std::to_string(address.port), tcp::resolver::passive, ec);
  if (ec || found.empty()) return fault(ec);
  const tcp::endpoint endpoint = found.begin()->endpoint();

  s->acceptor.open(endpoint.protocol(), ec);
  if (ec) return fault(ec);
  s->acceptor.set_option(tcp::acceptor::reuse_address{true}, ec);
  // "[::]" takes IPv4 as well, whatever the machine's default.
  if (endpoint.protocol() == tcp::v6()) s->acceptor.set_option(asio::ip::v6_only{false}, ec);
  s->acceptor.bind(endpoint, ec);
  if (ec) return fault(ec);
  s->acceptor.listen(backlog, ec);
  if (ec) return fault(ec);
  s->address.port = s->acceptor.local_endpoint(ec).port();
  return listener{std::move(s)};
}

listener::listener(std::shared_ptr<state> s) : state_{std::move(s)} {}
listener::listener(listener&&) noexcept = default;

listener& listener::operator=(listener&& other) noexcept {
  if (this == &other) return *this;
  if (state_) close();
  state_ = std::move(other.state_);
  return *this;
}

listener::~listener() {
  if (state_) close();
}

std::uint16_t listener::port() const {
  return state_->address.port;
}

void listener::serve(task_group& tasks, std::optional<tls_server_context> tls, std::size_t max_connections,
                     std::function<task<>(stream)> handler) {
  CAUSEWAY_CHECK(!state_->handler);
  state_->tasks = &tasks;
  state_->tls = std::move(tls);
  state_->max_connections = max_connections;
  state_->handler = std::move(handler);
  tasks.spawn("listener " + state_->address.str(), restart_policy::on_fault,
              [s = state_] { return state::accept(s); });
}

void listener::close() {
  state_->closed = true;
  error_code ignored;
  state_->acceptor.close(ignored);
  state_->room.notify();
}

std::size_t listener::connections() const {
  return state_->connections;
}

std::uint64_t listener::refused() const {
  return state_->refused;
}

} // namespace causeway::net
