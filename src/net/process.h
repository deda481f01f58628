// SPDX-License-Identifier: Apache-2.0
// A child process. Loop's thread only.
#pragma once

#include "base/result.h"
#include "net/loop.h"

#include <memory>
#include <string>
#include <vector>

namespace causeway::net {

class process {
public:
  // arguments[0] is the program's path. stdin is /dev/null; stdout and stderr go where ours go, or stdout to
  // stderr when quiet_stdout. The child gets SIGTERM when this process dies (PR_SET_PDEATHSIG). Errors:
  // process_exited, naming the program.
  static result<process> start(loop& on, const std::vector<std::string>& arguments, bool quiet_stdout);
  // The same, but stdin and stdout are pipes for write() and read(), and the environment is empty.
  static result<process> start_with_pipes(loop& on, const std::vector<std::string>& arguments);
  process(process&&) noexcept;
  process& operator=(process&&) noexcept;
  ~process(); // SIGKILL if it still runs, and waits

  int pid() const;
  bool running();
  void send_signal(int signal);
  void kill(); // no effect on one that has ended
  // The exit status as waitpid tells it (128 + n for signal n); -1 when the waiting task is cancelled. The
  // process must not move or go meanwhile.
  task<int> wait();

  // Only after start_with_pipes; the process must not move or go meanwhile.
  // What the child has written, up to 64 KiB; empty when there is no more, or the task is cancelled.
  task<std::string> read();
  // False when the child does not take it all, or the task is cancelled. One at a time.
  task<bool> write(std::string bytes);

private:
  struct state;
  struct pipes;
  static result<process> start(loop& on, const std::vector<std::string>& arguments, bool quiet_stdout,
                               pipes* through);
  explicit process(std::unique_ptr<state> s);
  std::unique_ptr<state> state_;
};

} // namespace causeway::net
