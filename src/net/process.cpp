// SPDX-License-Identifier: Apache-2.0
#include "net/process.h"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <optional>
#include <system_error>
#include <utility>

namespace causeway::net {
namespace {

using asio::posix::stream_descriptor;

int status_of(int told) {
  return WIFSIGNALED(told) ? 128 + WTERMSIG(told) : WEXITSTATUS(told);
}

// What the child gets: -1 = /dev/null for input, ours for output.
struct child_ends {
  int input = -1, output = -1;
  bool quiet_stdout = false;
  char* const* environment = environ;
};

// In the child, between fork and exec: async-signal-safe calls only. Returns errno.
int become(char* const* arguments, const child_ends& ends, pid_t parent) {
  if (::prctl(PR_SET_PDEATHSIG, SIGTERM) != 0) return errno;
  // A group of its own: Ctrl-C on the terminal is this process's to hand on.
  if (::setpgid(0, 0) != 0) return errno;
  // The parent may have gone before the line above.
  if (::getppid() != parent) ::_exit(127);
  const int input = ends.input >= 0 ? ends.input : ::open("/dev/null", O_RDONLY | O_CLOEXEC);
  if (input < 0 || ::dup2(input, STDIN_FILENO) < 0) return errno;
  if (ends.output >= 0 && ::dup2(ends.output, STDOUT_FILENO) < 0) return errno;
  if (ends.quiet_stdout && ::dup2(STDERR_FILENO, STDOUT_FILENO) < 0) return errno;
  // Asio's sockets are not close-on-exec.
  if (::syscall(SYS_close_range, 3U, ~0U, 4U /* CLOSE_RANGE_CLOEXEC */) != 0) {
    for (int fd = 3; fd < 65536; ++fd)
      ::fcntl(fd, F_SETFD, FD_CLOEXEC);
  }
  for (const int signal : {SIGPIPE, SIGXFSZ, SIGINT, SIGTERM, SIGHUP})
    ::signal(signal, SIG_DFL);
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  ::execve(arguments[0], arguments, ends.environment);
  return errno;
}

} // namespace

// Both pipes, until they are the child's and the state's.
struct process::pipes {
  int to_child[2] = {-1, -1}, from_child[2] = {-1, -1};
  bool open() { return ::pipe2(to_child, O_CLOEXEC) == 0 && ::pipe2(from_child, O_CLOEXEC) == 0; }
  ~pipes() {
    for (const int fd : {to_child[0], to_child[1], from_child[0], from_child[1]})
      if (fd >= 0) ::close(fd);
  }
};

struct process::state {
  state(loop& on, pid_t p) : pid{p}, exit{on.executor()}, input{on.executor()}, output{on.executor()} {}
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
  stream_descriptor exit;          // the pidfd: readable when the child has ended
  stream_descriptor input, output; // the child's stdin and stdout, where they are pipes
  std::optional<int> ended;
};

result<process> process::start(loop& on, const std::vector<std::string>& arguments, bool quiet_stdout) {
  return start(on, arguments, quiet_stdout, nullptr);
}

result<process> process::start_with_pipes(loop& on, const std::vector<std::string>& arguments) {
  pipes through;
  if (!through.open())
    return error{errc::process_exited, arguments.front() + ": " + std::generic_category().message(errno)};
  return start(on, arguments, false, &through);
}

result<process> process::start(loop& on, const std::vector<std::string>& arguments, bool quiet_stdout,
                               pipes* through) {
  CAUSEWAY_CHECK(!arguments.empty());
  const auto fault = [&arguments](int code) {
    return error{errc::process_exited, arguments.front() + ": " + std::generic_category().message(code)};
  };
  std::vector<char*> argv;
  for (const auto& one : arguments)
    argv.push_back(const_cast<char*>(one.c_str()));
  argv.push_back(nullptr);

  char* const nothing[] = {nullptr};
  child_ends ends;
  ends.quiet_stdout = quiet_stdout;
  if (through != nullptr) ends = {through->to_child[0], through->from_child[1], false, nothing};

  // Closed by a successful exec, or tells why there was none.
  int report[2];
  if (::pipe2(report, O_CLOEXEC) != 0) return fault(errno);
  const pid_t parent = ::getpid();
  const pid_t pid = ::fork();
  if (pid == 0) {
    const int code = become(argv.data(), ends, parent);
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
  if (through != nullptr) {
    s->input.assign(std::exchange(through->to_child[1], -1));
    s->output.assign(std::exchange(through->from_child[0], -1));
  }
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

void process::kill() {
  send_signal(SIGKILL);
}

task<int> process::wait() {
  while (!state_->reap(WNOHANG)) {
    const auto [ec] =
        co_await state_->exit.async_wait(stream_descriptor::wait_read, asio::as_tuple(asio::use_awaitable));
    if (ec) co_return -1;
  }
  co_return *state_->ended;
}

task<std::string> process::read() {
  std::string bytes(64 * 1024, '\0');
  const auto [ec, size] =
      co_await state_->output.async_read_some(asio::buffer(bytes), asio::as_tuple(asio::use_awaitable));
  bytes.resize(ec ? 0 : size);
  co_return bytes;
}

task<bool> process::write(std::string bytes) {
  const auto [ec, size] =
      co_await asio::async_write(state_->input, asio::buffer(bytes), asio::as_tuple(asio::use_awaitable));
  co_return !ec && size == bytes.size();
}

} // namespace causeway::net
