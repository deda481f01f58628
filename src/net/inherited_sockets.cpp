// SPDX-License-Identifier: Apache-2.0
#include "net/inherited_sockets.h"

#include "base/log.h"

#include <boost/asio/ip/address.hpp>

#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <cstring>
#include <utility>

namespace causeway::net {
namespace {

constexpr int first_descriptor = 3; // SD_LISTEN_FDS_START
constexpr int most_descriptors = 256;

std::optional<int> number_in(const char* variable) {
  const char* const text = std::getenv(variable);
  if (text == nullptr) return std::nullopt;
  int number = 0;
  const auto* const end = text + std::strlen(text);
  const auto [at, ec] = std::from_chars(text, end, number);
  if (ec != std::errc{} || at != end) return std::nullopt;
  return number;
}

std::vector<std::string> names_in(const char* variable) {
  std::vector<std::string> names;
  const char* const text = std::getenv(variable);
  std::string_view rest = text == nullptr ? std::string_view{} : std::string_view{text};
  while (!rest.empty()) {
    const auto colon = rest.find(':');
    names.emplace_back(rest.substr(0, colon));
    rest.remove_prefix(colon == std::string_view::npos ? rest.size() : colon + 1);
  }
  return names;
}

bool has_option(int descriptor, int option, int value) {
  int found = 0;
  ::socklen_t size = sizeof found;
  return ::getsockopt(descriptor, SOL_SOCKET, option, &found, &size) == 0 && found == value;
}

// Of a stream socket that listens.
std::optional<listen_address> address_of(int descriptor) {
  if (!has_option(descriptor, SO_TYPE, SOCK_STREAM) || !has_option(descriptor, SO_ACCEPTCONN, 1))
    return std::nullopt;
  ::sockaddr_storage bound{};
  ::socklen_t size = sizeof bound;
  // NOLINTNEXTLINE(cppcoreguidelines-pro-type-reinterpret-cast): how the system gives addresses
  if (::getsockname(descriptor, reinterpret_cast<::sockaddr*>(&bound), &size) != 0) return std::nullopt;
  if (bound.ss_family == AF_INET) {
    ::sockaddr_in v4{};
    std::memcpy(&v4, &bound, sizeof v4);
    return listen_address{asio::ip::address_v4{ntohl(v4.sin_addr.s_addr)}.to_string(), ntohs(v4.sin_port)};
  }
  if (bound.ss_family == AF_INET6) {
    ::sockaddr_in6 v6{};
    std::memcpy(&v6, &bound, sizeof v6);
    asio::ip::address_v6::bytes_type bytes{};
    std::memcpy(bytes.data(), &v6.sin6_addr, bytes.size());
    return listen_address{asio::ip::address_v6{bytes}.to_string(), ntohs(v6.sin6_port)};
  }
  if (bound.ss_family != AF_UNIX) return std::nullopt;
  ::sockaddr_un local{};
  std::memcpy(&local, &bound, sizeof local);
  local.sun_path[sizeof local.sun_path - 1] = '\0';
  return listen_address::unix_socket(static_cast<const char*>(local.sun_path));
}

// As systemd writes ListenStream=8443, [::]:8443, what others write 0.0.0.0:8443.
bool is_same(const listen_address& inherited, const listen_address& wanted) {
  if (!inherited.path.empty() || !wanted.path.empty()) return inherited.path == wanted.path;
  if (inherited.port != wanted.port) return false;
  auto host = wanted.host == "localhost" ? "127.0.0.1" : wanted.host;
  if (host.size() > 2 && host.front() == '[') host = host.substr(1, host.size() - 2);
  boost::system::error_code ec;
  const auto left = asio::ip::make_address(inherited.host, ec);
  if (ec) return false;
  const auto right = asio::ip::make_address(host, ec);
  if (ec) return false;
  return left == right || (left.is_unspecified() && right.is_unspecified());
}

} // namespace

inherited_sockets inherited_sockets::take_from_environment() {
  inherited_sockets made;
  const bool is_mine = number_in("LISTEN_PID") == static_cast<int>(::getpid());
  const auto count = std::clamp(is_mine ? number_in("LISTEN_FDS").value_or(0) : 0, 0, most_descriptors);
  const auto names = names_in("LISTEN_FDNAMES");
  for (const auto* const variable : {"LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES"})
    ::unsetenv(variable);
  for (int i = 0; i < count; ++i) {
    const int descriptor = first_descriptor + i;
    const auto place = static_cast<std::size_t>(i);
    const auto name = place < names.size() ? names[place] : std::string{"unknown"};
    if (::fcntl(descriptor, F_SETFD, FD_CLOEXEC) != 0) continue; // there is none
    if (auto address = address_of(descriptor)) {
      made.all_.push_back({descriptor, name, std::move(*address)});
    } else {
      log::warning(
          "socket_unusable",
          {{"descriptor", descriptor}, {"name", name}, {"detail", "it is no stream socket that listens"}});
      ::close(descriptor);
    }
  }
  return made;
}

inherited_sockets::inherited_sockets(inherited_sockets&& other) noexcept
    : all_{std::exchange(other.all_, {})} {}

inherited_sockets::~inherited_sockets() {
  for (const auto& unused : all_) {
    log::warning("socket_unused", {{"name", unused.name},
                                   {"address", unused.address.str()},
                                   {"detail", "nothing of the configuration listens there"}});
    ::close(unused.descriptor);
  }
}

std::optional<listener> inherited_sockets::take(loop& on, std::string_view name,
                                                const listen_address& address) {
  auto found = std::find_if(all_.begin(), all_.end(), [&](const auto& it) { return it.name == name; });
  if (found == all_.end())
    found =
        std::find_if(all_.begin(), all_.end(), [&](const auto& it) { return is_same(it.address, address); });
  if (found == all_.end()) return std::nullopt;
  const auto taken = std::move(*found);
  all_.erase(found);
  log::info("socket_inherited", {{"name", taken.name}, {"address", taken.address.str()}});
  return listener::adopt(on, taken.descriptor, taken.address);
}

} // namespace causeway::net
