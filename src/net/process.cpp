// SPDX-License-Identifier: Apache-2.0
#include "net/process.h"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <optional>
#include <system_error>

namespace causeway::net {
namespace {

int status_of(int told) {
  return WIFSIGNALED(told) ? 128 + WTERMSIG(told) : WEXITSTATUS(told);
}

// In the child, between fork and exec: async-signal-safe calls only. Returns errno.
int become(char* const* arguments, bool quiet_stdout, pid_t parent) {
  if (::prctl(PR_SET_PDEATHSIG, SIGTERM) != 0) return errno;
  // A group of its own: Ctrl-C on the terminal is this process's to hand on.
  if (::setpgid(0, 0) != 0) return errno;
  // The parent may have gone before the line above.
  if (::getppid() != parent) ::_exit(127);
  const int null = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
  if (null < 0 || ::dup2(null, STDIN_FILENO) < 0) return errno;
  if (quiet_stdout && ::dup2(STDERR_FILENO, STDOUT_FILENO) < 0) return errno;
  // Asio's sockets are not close-on-exec.
  if (::syscall(SYS_close_range, 3U, ~0U, 4U /* CLOSE_RANGE_CLOEXEC */) != 0) {
    for (int fd = 3; fd < 65536; ++fd)
      ::fcntl(fd, F_SETFD, FD_CLOEXEC);
  }
  for (const int signal : {SIGPIPE, SIGINT, SIGTERM, SIGHUP})
    ::signal(signal, SIG_DFL);
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  ::execv(arguments[0], arguments);
  return errno;
}

} // namespace

struct process::state {
  state(loop& on, pid_t p) : pid{p}, exit{on.executor()} {}
  ~state() {
    if (reap(WNOHANG)) return;
    ::kill(pid, SIGKILL);
    reap(0);
  }

  // True when the child has ended; then `ended` holds its status.
  bool reap(int flags) {
    if (ended) return true;
    int told = 0;
    pid_t got = 0;
    do
      got = ::waitpid(pid, &told, flags);
    while (got < 0 && errno == EINTR);
    if (got == pid) ended = status_of(told);
    // Somebody else has reaped it: it has ended, and nobody knows how.
    if (got < 0) ended = 127;
    return ended.has_value();
  }

  pid_t pid;
  asio::posix::stream_descriptor exit; // the pidfd: readable when the child has ended
  std::optional<int> ended;
};

result<process> process::start(loop& on, const std::vector<std::string>& command, bool quiet_stdout) {
  CAUSEWAY_CHECK(!command.empty());
  const auto fault = [&command](int code) {
    return error{errc::process_exited, command.front() + ": " + std::generic_category().message(code)};
  };
  std::vector<char*> arguments;
  for (const auto& word : command)
    arguments.push_back(const_cast<char*>(word.c_str()));
  arguments.push_back(nullptr);

  // Closed by a successful exec, or tells why there was none.
  int report[2];
  if (::pipe2(report, O_CLOEXEC) != 0) return fault(errno);
  const pid_t parent = ::getpid();
  const pid_t pid = ::fork();
  if (pid == 0) {
    const int code = become(arguments.data(), quiet_stdout, parent);
    [[maybe_unused]] const auto told = ::write(report[1], &code, sizeof code);
    ::_exit(127);
  }
  const int fork_code = errno;
  ::close(report[1]);
  int code = 0;
  ssize_t size = 0;
  if (pid > 0) {
    do
      size = ::read(report[0], &code, sizeof code);
    while (size < 0 && errno == EINTR);
  }
  ::close(report[0]);
  if (pid < 0) return fault(fork_code);

  auto s = std::make_unique<state>(on, pid);
  if (size > 0) return fault(code);
  const auto pidfd = static_cast<int>(::syscall(SYS_pidfd_open, pid, 0U));
  if (pidfd < 0) return fault(errno);
  s->exit.assign(pidfd);
  return process{std::move(s)};
}

process::process(std::unique_ptr<state> s) : state_{std::move(s)} {}
process::process(process&&) noexcept = default;
process& process::operator=(process&&) noexcept = default;
process::~process() = default;

int process::pid() const {
  return state_->pid;
}

bool process::running() {
  return !state_->reap(WNOHANG);
}

void process::send_signal(int signal) {
  // After the reaping the number may be somebody else's.
  if (running()) ::kill(state_->pid, signal);
}

task<int> process::wait() {
  while (!state_->reap(WNOHANG)) {
    const auto [ec] = co_await state_->exit.async_wait(asio::posix::stream_descriptor::wait_read,
                                                       asio::as_tuple(asio::use_awaitable));
    if (ec) co_return -1;
  }
  co_return *state_->ended;
}

} // namespace causeway::net
