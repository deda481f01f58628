// SPDX-License-Identifier: Apache-2.0
#include "net/stream.h"

#include "net/stream_impl.h"

#include <sys/socket.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <netinet/tcp.h>
#include <poll.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <vector>

namespace causeway::net {

using asio::ip::tcp;
using boost::system::error_code;

namespace {

constexpr std::size_t pipe_capacity = 64 * 1024;

// Over TCP or a Unix socket.
template <class Socket>
struct socket_impl final : stream::impl {
  socket_impl(Socket s, std::string n) : socket{std::move(s)}, name{std::move(n)} {
    error_code ignored;
    socket.non_blocking(true, ignored);
  }

  task<result<std::size_t>> read_some([[maybe_unused]] std::shared_ptr<impl> self,
                                      std::span<char> into) override {
    const auto [ec, size] = co_await socket.async_read_some(asio::buffer(into.data(), into.size()),
                                                            asio::as_tuple(asio::use_awaitable));
    if (ec) co_return transport_error(ec);
    co_return size;
  }

  task<result<void>> write([[maybe_unused]] std::shared_ptr<impl> self, std::string_view bytes) override {
    while (!bytes.empty()) {
      // The kernel nearly always has room; then the write costs no turn of the loop.
      error_code ec;
      bytes.remove_prefix(socket.write_some(asio::buffer(bytes), ec));
      if (ec && ec != asio::error::would_block) co_return transport_error(ec);
      if (bytes.empty()) break;
      const auto [waited] =
          co_await socket.async_wait(Socket::wait_write, asio::as_tuple(asio::use_awaitable));
      if (waited) co_return transport_error(waited);
    }
    co_return result<void>{};
  }

  void close() override {
    error_code ignored;
    socket.close(ignored);
  }
  void cancel() override {
    error_code ignored;
    socket.cancel(ignored);
  }
  void end_output() override {
    error_code ignored;
    socket.shutdown(Socket::shutdown_send, ignored);
  }
  bool is_open() const override { return socket.is_open(); }
  bool has_peer_left() override { return !socket.is_open() || has_socket_peer_left(socket.native_handle()); }
  std::string peer() const override { return name; }

  Socket socket;
  std::string name;
};

// One direction of the in-memory pair.
struct pipe {
  explicit pipe(const asio::any_io_executor& executor)
      : readable{executor, mono_time::max()}, writable{executor, mono_time::max()} {}

  std::string bytes;
  bool closed = false;
  asio::steady_timer readable;
  asio::steady_timer writable;

  void close() {
    closed = true;
    readable.cancel();
    writable.cancel();
  }
};

struct memory_impl final : stream::impl {
  memory_impl(std::shared_ptr<pipe> i, std::shared_ptr<pipe> o) : in{std::move(i)}, out{std::move(o)} {}
  ~memory_impl() override { memory_impl::close(); }

  task<result<std::size_t>> read_some([[maybe_unused]] std::shared_ptr<impl> self,
                                      std::span<char> into) override {
    const auto seen = cancels;
    while (open && in->bytes.empty() && !in->closed) {
      co_await in->readable.async_wait(asio::as_tuple(asio::use_awaitable));
      if (cancels != seen || !open) co_return error{errc::stopped};
      // Nothing came and nobody closed: the task was cancelled.
      if (in->bytes.empty() && !in->closed) co_return error{errc::stopped};
    }
    if (!open) co_return error{errc::connection_lost, "the stream is closed"};
    if (in->bytes.empty()) co_return error{errc::peer_closed};
    const auto size = std::min(into.size(), in->bytes.size());
    std::memcpy(into.data(), in->bytes.data(), size);
    in->bytes.erase(0, size);
    in->writable.cancel();
    co_return size;
  }

  task<result<void>> write([[maybe_unused]] std::shared_ptr<impl> self, std::string_view bytes) override {
    const auto seen = cancels;
    while (!bytes.empty()) {
      if (!open || out->closed) co_return error{errc::connection_lost};
      const auto size = std::min(bytes.size(), pipe_capacity - out->bytes.size());
      if (size > 0) {
        out->bytes.append(bytes.substr(0, size));
        bytes.remove_prefix(size);
        out->readable.cancel();
        continue;
      }
      co_await out->writable.async_wait(asio::as_tuple(asio::use_awaitable));
      if (cancels != seen || !open) co_return error{errc::stopped};
      if (out->bytes.size() == pipe_capacity && !out->closed) co_return error{errc::stopped};
    }
    co_return result<void>{};
  }

  void close() override {
    if (!open) return;
    open = false;
    in->close();
    out->close();
  }
  void cancel() override {
    ++cancels;
    in->readable.cancel();
    out->writable.cancel();
  }
  void end_output() override { out->close(); }
  bool is_open() const override { return open; }
  bool has_peer_left() override { return !open || in->closed; }
  std::string peer() const override { return {}; }

  std::shared_ptr<pipe> in;
  std::shared_ptr<pipe> out;
  bool open = true;
  unsigned cancels = 0;
};

task<result<std::size_t>> nothing_read() {
  co_return error{errc::connection_lost, "the stream is closed"};
}

task<result<void>> nothing_written() {
  co_return error{errc::connection_lost, "the stream is closed"};
}

} // namespace

struct time_limit::state {
  asio::steady_timer timer;
  std::function<void()> on_expiry;
  bool expired = false;
};

time_limit::time_limit(asio::any_io_executor executor, mono_time deadline, std::function<void()> on_expiry)
    : state_{std::make_shared<state>(asio::steady_timer{executor, deadline}, std::move(on_expiry))} {
  state_->timer.async_wait([s = state_](const error_code& ec) {
    // The expiry may be on its way already when the limit goes.
    if (ec || !s->on_expiry) return;
    s->expired = true;
    s->on_expiry();
  });
}

time_limit::~time_limit() {
  state_->on_expiry = nullptr;
  state_->timer.cancel();
}

bool time_limit::expired() const {
  return state_->expired;
}

error transport_error(const error_code& ec) {
  if (ec == asio::error::eof) return error{errc::peer_closed};
  if (ec == asio::error::operation_aborted) return error{errc::stopped};
  return error{errc::connection_lost, ec.message()};
}

bool has_socket_peer_left(int descriptor) {
  pollfd of{descriptor, POLLRDHUP, 0};
  return ::poll(&of, 1, 0) == 1 && (of.revents & (POLLRDHUP | POLLHUP | POLLERR)) != 0;
}

std::string format_endpoint(const tcp::endpoint& endpoint) {
  const auto address = endpoint.address().to_string();
  const auto host = endpoint.address().is_v6() ? "[" + address + "]" : address;
  return host + ":" + std::to_string(endpoint.port());
}

void set_tcp_options(tcp::socket& socket) {
  error_code ignored;
  socket.set_option(tcp::no_delay{true}, ignored);
  const int fd = socket.native_handle();
  const auto set = [fd](int level, int name, int value) {
    ::setsockopt(fd, level, name, &value, sizeof value);
  };
  set(SOL_SOCKET, SO_KEEPALIVE, 1);
  set(IPPROTO_TCP, TCP_KEEPIDLE, 10);
  set(IPPROTO_TCP, TCP_KEEPINTVL, 5);
  set(IPPROTO_TCP, TCP_KEEPCNT, 3);
  set(IPPROTO_TCP, TCP_USER_TIMEOUT, 30'000);
}

stream make_tcp_stream(tcp::socket socket) {
  error_code ec;
  const auto endpoint = socket.remote_endpoint(ec);
  return stream{std::make_shared<socket_impl<tcp::socket>>(std::move(socket),
                                                           ec ? std::string{} : format_endpoint(endpoint))};
}

stream make_local_stream(asio::local::stream_protocol::socket socket) {
  using local_impl = socket_impl<asio::local::stream_protocol::socket>;
  // Who opened it, for the lines that say who changed something.
  std::string name = "unix";
  ucred peer{};
  socklen_t size = sizeof(peer);
  if (::getsockopt(socket.native_handle(), SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0)
    name += ",uid=" + std::to_string(peer.uid);
  return stream{std::make_shared<local_impl>(std::move(socket), std::move(name))};
}

stream::stream(std::shared_ptr<impl> i) : impl_{std::move(i)} {}
stream::stream(stream&&) noexcept = default;

stream& stream::operator=(stream&& other) noexcept {
  if (this == &other) return *this;
  close();
  impl_ = std::move(other.impl_);
  return *this;
}

stream::~stream() {
  close();
}

task<result<std::size_t>> stream::read_some(std::span<char> into) {
  return impl_ ? impl_->read_some(impl_, into) : nothing_read();
}

task<result<void>> stream::write(std::string_view bytes) {
  return impl_ ? impl_->write(impl_, bytes) : nothing_written();
}

void stream::close() {
  if (impl_) impl_->close();
}

void stream::cancel() {
  if (impl_) impl_->cancel();
}

void stream::end_output() {
  if (impl_) impl_->end_output();
}

bool stream::is_open() const {
  return impl_ && impl_->is_open();
}

bool stream::has_peer_left() {
  return !impl_ || impl_->has_peer_left();
}

std::string stream::peer() const {
  return impl_ ? impl_->peer() : std::string{};
}

std::string stream::protocol() const {
  return impl_ ? impl_->protocol() : std::string{};
}

task<> drain(stream& bytes, std::size_t most) {
  // For all who drain: nobody looks at what is in it.
  thread_local std::array<char, 16 * 1024> room{};
  for (std::size_t drained = 0; drained < most;) {
    const auto size = co_await bytes.read_some(room);
    if (!size) co_return;
    drained += *size;
  }
}

std::pair<stream, stream> make_stream_pair(loop& on) {
  const auto there = std::make_shared<pipe>(on.executor());
  const auto back = std::make_shared<pipe>(on.executor());
  return {stream{std::make_shared<memory_impl>(back, there)},
          stream{std::make_shared<memory_impl>(there, back)}};
}

} // namespace causeway::net
