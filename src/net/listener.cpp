// SPDX-License-Identifier: Apache-2.0
#include "net/listener.h"

#include "base/log.h"
#include "net/handshake_pool.h"
#include "net/stream_impl.h"
#include "net/wake_up.h"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/ip/v6_only.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <list>
#include <type_traits>

namespace causeway::net {

using asio::ip::tcp;
using boost::system::error_code;
using local = asio::local::stream_protocol;

namespace {

constexpr int backlog = 4096;
constexpr std::size_t handshakes_at_a_time = 1024;
// One at each turn of a busy loop is slower than a crowd comes; the listen queue runs over, and whom it drops
// tries again a second later (RFC 6298, 2.1).
constexpr int accepts_a_turn = 32;
// A client that is there answers within a round trip; its turn in the pool, a second for 1,024 RSA keys, is
// not its own time. More than that for so long is no burst.
constexpr std::chrono::milliseconds round_trip{250}, longest_burst{1'000};
constexpr std::chrono::milliseconds next_look{20};
// Connections that make_room has told to close and that have not ended yet.
constexpr std::size_t closing_at_a_time = 256;
constexpr std::chrono::seconds handshake_time_out{10};
constexpr std::chrono::milliseconds accept_pause{100};
constexpr std::string_view unix_prefix = "unix:";

// Which file it is, whatever name it has by now.
struct file_identity {
  dev_t device = 0;
  ino_t number = 0;
  friend bool operator==(const file_identity&, const file_identity&) = default;
};

std::optional<file_identity> socket_file(const std::string& path) {
  struct stat found {};
  if (::lstat(path.c_str(), &found) != 0 || !S_ISSOCK(found.st_mode)) return std::nullopt;
  return file_identity{found.st_dev, found.st_ino};
}

// Whether the way is free: errors as bind.
result<void> clear_way(const listen_address& address) {
  const auto fault = [&address](errc code, std::string_view what) {
    return error{code, address.str() + ": " + std::string{what}};
  };
  ::sockaddr_un where{};
  if (address.path.size() >= sizeof where.sun_path)
    return fault(errc::address_unavailable, "the path is longer than the system takes (" +
                                                std::to_string(sizeof where.sun_path - 1) + " bytes)");
  struct stat found {};
  if (::lstat(address.path.c_str(), &found) != 0) return {};
  if (!S_ISSOCK(found.st_mode)) return fault(errc::address_unavailable, "there is a file that is no socket");
  where.sun_family = AF_UNIX;
  std::copy(address.path.begin(), address.path.end(), std::begin(where.sun_path));
  const int probe = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (probe < 0) return fault(errc::address_unavailable, std::strerror(errno));
  // NOLINTNEXTLINE(cppcoreguidelines-pro-type-reinterpret-cast): how the system takes addresses
  const int connected = ::connect(probe, reinterpret_cast<const ::sockaddr*>(&where), sizeof where);
  const int reason = errno;
  ::close(probe);
  if (connected == 0 || reason != ECONNREFUSED) return fault(errc::address_in_use, "somebody answers there");
  if (::unlink(address.path.c_str()) != 0) return fault(errc::address_unavailable, std::strerror(errno));
  return {};
}

} // namespace

struct listener::state {
  state(loop& on, const listen_address& a)
      : address{a}, acceptor{on.executor()}, local_acceptor{on.executor()}, room{on} {}

  listen_address address;
  tcp::acceptor acceptor; // either this one
  local::acceptor local_acceptor;
  std::optional<file_identity> file; // of the Unix socket
  bool adopted = false;
  task_group* tasks = nullptr; // outlives what runs in it
  std::optional<tls_server_context> tls;
  std::size_t max_connections = 0;
  std::function<task<>(stream)> handler;
  std::function<bool()> make_room;
  std::size_t connections = 0;
  std::unique_ptr<handshake_pool> pool; // with TLS
  struct handshake {
    std::shared_ptr<handshake_lever> lever;
    bool ended = false; // it goes in a moment
  };
  std::list<handshake> handshakes;
  std::size_t ending = 0;              // of these
  std::optional<mono_time> full_since; // more come than there is room for
  std::uint64_t refused = 0;
  bool closed = false;
  wake_up room; // a handshake has ended

  template <class Acceptor>
  static task<> accept(std::shared_ptr<state> s, Acceptor* from);
  template <class Socket>
  static task<> run(std::shared_ptr<state> s, std::shared_ptr<Socket> socket);
  static task<std::optional<stream>> secure(std::shared_ptr<state> s, tcp::socket socket);
  static task<std::optional<stream>> secure(std::shared_ptr<state> s, local::socket socket);
  template <class Socket>
  void take(std::shared_ptr<state> self, Socket socket);
  template <class Acceptor>
  static void take_waiting(std::shared_ptr<state> s, Acceptor& from, int most);
  template <class Acceptor>
  void close(Acceptor& door);
  bool end_a_silent_handshake();
};

template <class Socket>
void listener::state::take(std::shared_ptr<state> self, Socket socket) {
  if (connections >= max_connections) {
    const bool room_comes = connections < max_connections + closing_at_a_time && make_room && make_room();
    if (!room_comes) {
      ++refused;
      return;
    }
  }
  if constexpr (std::is_same_v<Socket, tcp::socket>) set_tcp_options(socket);
  ++connections;
  // Goes with the task, whether it ever ran or not.
  const std::shared_ptr<void> place{nullptr, [self](void*) { --self->connections; }};
  const auto shared = std::make_shared<Socket>(std::move(socket));
  tasks->spawn("connection to " + address.str(), restart_policy::never,
               [self, shared, place] { return run(self, shared); });
}

// Of those whose peer is waited for the one that has let us wait longest: who says something at once is
// served however many come and say nothing. In a burst all have the time of a round trip. False: none may be
// ended.
bool listener::state::end_a_silent_handshake() {
  const auto now = std::chrono::steady_clock::now();
  if (!full_since) full_since = now;
  if (ending >= closing_at_a_time) return false;
  const bool is_burst = now - *full_since < longest_burst;
  handshake* longest = nullptr;
  for (auto& one : handshakes) {
    if (one.ended || !one.lever->waiting_since || !one.lever->end) continue;
    if (longest == nullptr || *one.lever->waiting_since < *longest->lever->waiting_since) longest = &one;
  }
  if (longest == nullptr || (is_burst && now - *longest->lever->waiting_since < round_trip)) return false;
  ++refused;
  ++ending;
  longest->ended = true;
  longest->lever->end();
  return true;
}

template <class Acceptor>
task<> listener::state::accept(std::shared_ptr<state> s, Acceptor* from) {
  bool starved = false;
  while (!s->closed) {
    const auto most = std::clamp<std::size_t>(s->max_connections / 2, 1, handshakes_at_a_time);
    const auto under_way = [&s] { return s->handshakes.size() - s->ending; };
    if (under_way() <= most / 2) s->full_since.reset();
    if (under_way() >= most) // nobody goes before there is somebody to make room for
      static_cast<void>(
          co_await from->async_wait(asio::socket_base::wait_read, asio::as_tuple(asio::use_awaitable)));
    if (s->closed) co_return;
    if (under_way() >= most && !s->end_a_silent_handshake()) {
      co_await s->room.wait_until(std::chrono::steady_clock::now() + next_look);
      continue;
    }
    auto [ec, socket] = co_await from->async_accept(asio::as_tuple(asio::use_awaitable));
    if (!ec) {
      starved = false;
      s->take(s, std::move(socket));
      if (under_way() < most) take_waiting(s, *from, accepts_a_turn);
      continue;
    }
    if (s->closed || ec == asio::error::operation_aborted) co_return;
    if (ec == asio::error::connection_aborted) continue; // the peer went before it was accepted
    // Out of descriptors, most likely: trying at once would spin. One that is closed is one to accept with.
    if (s->make_room) static_cast<void>(s->make_room());
    if (!starved) log::error("accept_paused", {{"address", s->address.str()}, {"reason", ec.message()}});
    starved = true;
    co_await sleep_for(accept_pause);
  }
}

template <class Acceptor>
void listener::state::take_waiting(std::shared_ptr<state> s, Acceptor& from, int most) {
  if (!from.is_open()) return;
  error_code ec;
  from.non_blocking(true, ec);
  for (int i = 0; i < most && !ec; ++i) {
    auto socket = from.accept(ec);
    if (!ec) s->take(s, std::move(socket));
  }
}

template <class Acceptor>
void listener::state::close(Acceptor& door) {
  error_code ignored;
  if (!adopted) {
    door.close(ignored);
    return;
  }
  // Elsewhere it stays open, so that epoll would not forget it by itself, as Asio supposes.
  if (door.is_open()) ::close(door.release(ignored));
}

task<std::optional<stream>> listener::state::secure(std::shared_ptr<state> s, tcp::socket socket) {
  if (!s->tls) co_return make_tcp_stream(std::move(socket));
  struct place { // given back however the task ends
    std::shared_ptr<state> of;
    std::list<handshake>::iterator at;
    explicit place(std::shared_ptr<state> s) : of{std::move(s)} {
      at = of->handshakes.insert(of->handshakes.end(), {std::make_shared<handshake_lever>()});
    }
    ~place() {
      if (at->ended) --of->ending;
      of->handshakes.erase(at);
      of->room.notify();
    }
    place(const place&) = delete;
  };
  const auto now = std::chrono::steady_clock::now();
  const place mine{s};
  auto secured = co_await shake_hands_as_server(std::move(socket), s->tls->get(), s->pool.get(),
                                                now + handshake_time_out, mine.at->lever);
  if (secured) co_return std::move(*secured);
  log::debug("handshake_refused", {{"address", s->address.str()}, {"reason", secured.fault().message()}});
  co_return std::nullopt;
}

// Who may open the file is let in.
task<std::optional<stream>> listener::state::secure([[maybe_unused]] std::shared_ptr<state> s,
                                                    local::socket socket) {
  co_return make_local_stream(std::move(socket));
}

template <class Socket>
task<> listener::state::run(std::shared_ptr<state> s, std::shared_ptr<Socket> socket) {
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
  if (text.starts_with(unix_prefix)) {
    const auto path = text.substr(unix_prefix.size());
    if (path.empty() || path.find('\0') != std::string_view::npos) return fault();
    return unix_socket(std::string{path});
  }
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
  listen_address address{std::string{host}};
  const auto [end, ec] = std::from_chars(digits.data(), digits.data() + digits.size(), address.port);
  if (ec != std::errc{} || end != digits.data() + digits.size()) return fault();
  return address;
}

bool listen_address::is_local() const {
  if (!path.empty() || host == "localhost") return true;
  const bool bracketed = host.size() > 2 && host.front() == '[';
  error_code ec;
  const auto address = asio::ip::make_address(bracketed ? host.substr(1, host.size() - 2) : host, ec);
  return !ec && address.is_loopback();
}

std::string listen_address::str() const {
  if (!path.empty()) return std::string{unix_prefix} + path;
  const bool bare_v6 = host.find(':') != std::string::npos && host.front() != '[';
  return (bare_v6 ? "[" + host + "]" : host) + ":" + std::to_string(port);
}

result<listener> listener::bind_unix(loop& on, const listen_address& address) {
  if (auto cleared = clear_way(address); !cleared) return std::move(cleared).fault();
  auto s = std::make_shared<state>(on, address);
  const auto fault = [&address](const error_code& ec) {
    const auto code = ec == asio::error::address_in_use ? errc::address_in_use : errc::address_unavailable;
    return error{code, address.str() + ": " + ec.message()};
  };
  error_code ec;
  auto& door = s->local_acceptor;
  door.open(local{}, ec);
  if (ec) return fault(ec);
  door.bind(local::endpoint{address.path}, ec);
  if (ec) return fault(ec);
  s->file = socket_file(address.path);
  listener bound{std::move(s)}; // removes the file from here on
  // Before listen nobody can connect, whatever the umask was.
  if (::chmod(address.path.c_str(), S_IRUSR | S_IWUSR) != 0)
    return fault(error_code{errno, boost::system::system_category()});
  door.listen(backlog, ec);
  if (ec) return fault(ec);
  return bound;
}

result<listener> listener::bind(loop& on, const listen_address& address) {
  if (!address.path.empty()) return bind_unix(on, address);
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

listener listener::adopt(loop& on, int descriptor, const listen_address& address) {
  auto s = std::make_shared<state>(on, address);
  s->adopted = true;
  error_code ec;
  if (address.path.empty()) {
    const bool v6 = address.host.find(':') != std::string::npos;
    s->acceptor.assign(v6 ? tcp::v6() : tcp::v4(), descriptor, ec);
  } else {
    s->local_acceptor.assign(local{}, descriptor, ec);
  }
  CAUSEWAY_CHECK(!ec);
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

const listen_address& listener::address() const {
  return state_->address;
}

void listener::take_waiting() {
  if (state_->closed || state_->adopted || !state_->handler) return;
  // Who comes without pause does not keep it open.
  if (state_->address.path.empty())
    state::take_waiting(state_, state_->acceptor, backlog);
  else
    state::take_waiting(state_, state_->local_acceptor, backlog);
}

void listener::serve(task_group& tasks, std::optional<tls_server_context> tls, std::size_t max_connections,
                     std::function<task<>(stream)> handler, std::function<bool()> make_room) {
  CAUSEWAY_CHECK(!state_->handler);
  state_->tasks = &tasks;
  state_->tls = std::move(tls);
  state_->max_connections = max_connections;
  state_->make_room = std::move(make_room);
  if (state_->tls) state_->pool = std::make_unique<handshake_pool>(state_->acceptor.get_executor());
  state_->handler = std::move(handler);
  const auto name = "listener " + state_->address.str();
  if (state_->address.path.empty())
    tasks.spawn(name, restart_policy::on_fault, [s = state_] { return state::accept(s, &s->acceptor); });
  else
    tasks.spawn(name, restart_policy::on_fault,
                [s = state_] { return state::accept(s, &s->local_acceptor); });
}

void listener::close() {
  state_->closed = true;
  state_->close(state_->acceptor);
  state_->close(state_->local_acceptor);
  // Another process may have its own there by now.
  if (state_->file && socket_file(state_->address.path) == state_->file)
    ::unlink(state_->address.path.c_str());
  state_->file.reset();
  state_->room.notify();
}

std::size_t listener::connections() const {
  return state_->connections;
}

std::uint64_t listener::refused() const {
  return state_->refused;
}

} // namespace causeway::net
