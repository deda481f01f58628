// SPDX-License-Identifier: Apache-2.0
#include "net/supervisor.h"

#include "base/log.h"

#include <sys/socket.h>
#include <sys/un.h>

#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <utility>

namespace causeway::net {
namespace {

constexpr std::chrono::seconds status_interval{10};

std::string taken(const char* variable) {
  const char* const value = std::getenv(variable);
  std::string text{value == nullptr ? "" : value};
  ::unsetenv(variable);
  return text;
}

std::optional<std::uint64_t> number_of(const std::string& text) {
  std::uint64_t number = 0;
  const auto* const end = text.data() + text.size();
  const auto [at, ec] = std::from_chars(text.data(), end, number);
  if (ec != std::errc{} || at != end) return std::nullopt;
  return number;
}

// A path, or behind an @ a name of Linux' abstract kind. -1, and errno says why.
int connected_to(const std::string& name) {
  ::sockaddr_un to{};
  to.sun_family = AF_UNIX;
  if (name.size() < 2 || name.size() >= sizeof to.sun_path || (name[0] != '/' && name[0] != '@')) {
    errno = EINVAL;
    return -1;
  }
  std::memcpy(to.sun_path, name.data(), name.size());
  if (name[0] == '@') to.sun_path[0] = '\0';
  const int made = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (made < 0) return -1;
  const auto size = static_cast<::socklen_t>(offsetof(::sockaddr_un, sun_path) + name.size());
  // NOLINTNEXTLINE(cppcoreguidelines-pro-type-reinterpret-cast): how the system takes addresses
  if (::connect(made, reinterpret_cast<const ::sockaddr*>(&to), size) == 0) return made;
  const int why = errno;
  ::close(made);
  errno = why;
  return -1;
}

} // namespace

supervisor supervisor::take_from_environment() {
  supervisor made;
  const auto name = taken("NOTIFY_SOCKET"), allowed = taken("WATCHDOG_USEC"), whose = taken("WATCHDOG_PID");
  if (name.empty()) return made;
  made.socket_ = connected_to(name);
  if (made.socket_ < 0) {
    log::warning("supervisor_unreachable",
                 {{"socket", name}, {"detail", "NOTIFY_SOCKET: " + std::string{std::strerror(errno)}}});
    return made;
  }
  const bool is_mine = whose.empty() || number_of(whose) == static_cast<std::uint64_t>(::getpid());
  constexpr std::uint64_t longest = 1'000'000ULL * 60 * 60 * 24 * 365;
  const auto limit = number_of(allowed).value_or(0);
  if (is_mine && limit >= 2 && limit <= longest) made.watchdog_.emplace(static_cast<std::int64_t>(limit));
  return made;
}

supervisor::supervisor(supervisor&& other) noexcept
    : socket_{std::exchange(other.socket_, -1)}, watchdog_{other.watchdog_} {}

supervisor::~supervisor() {
  if (socket_ >= 0) ::close(socket_);
}

void supervisor::ready(std::string_view status) {
  tell("READY=1", status);
}

void supervisor::stopping(std::string_view status) {
  tell("STOPPING=1", status);
}

std::optional<std::chrono::nanoseconds> supervisor::interval() const {
  if (socket_ < 0) return std::nullopt;
  return watchdog_ ? std::chrono::nanoseconds{*watchdog_} / 2 : status_interval;
}

void supervisor::feed(std::string_view status) {
  tell(watchdog_ ? "WATCHDOG=1" : "", status);
}

void supervisor::tell(std::string text, std::string_view status) const {
  if (socket_ < 0) return;
  if (!text.empty()) text += '\n';
  text.append("STATUS=").append(status);
  while (::send(socket_, text.data(), text.size(), MSG_NOSIGNAL) < 0 && errno == EINTR) {
  }
}

task<> keep_fed(supervisor& one, std::function<std::string()> status) {
  const auto interval = one.interval();
  if (!interval) co_return;
  while (true) {
    const bool going_on = co_await sleep_for(*interval);
    if (!going_on) co_return;
    one.feed(status());
  }
}

} // namespace causeway::net
