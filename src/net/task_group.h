// SPDX-License-Identifier: Apache-2.0
// Nothing runs unsupervised: every coroutine of Causeway is started here, has a name and a restart policy,
// and is joined by stop(). A cancelled task sees it in the operation that it waits for (`stopped`, or false);
// should it go on and await something else, that throws, which ends it and is not logged. An exception that
// leaves a coroutine is logged with the name; then the policy decides. Loop's thread only.
#pragma once

#include "base/backoff.h"
#include "net/loop.h"

#include <functional>
#include <memory>
#include <string>

namespace causeway::net {

enum class restart_policy : std::uint8_t {
  never,    // runs once
  on_fault, // again, after a growing pause, when it ends by an exception
};

class task_group {
public:
  explicit task_group(loop& on);
  // Precondition: stop() has finished, or nothing was spawned.
  ~task_group();

  // make is called for each (re)start, on the loop. The coroutine must take what it needs as parameters, by
  // value: make may capture, the coroutine may not be a capturing lambda.
  void spawn(std::string name, restart_policy policy, std::function<task<>()> make);
  // Cancels all tasks and waits until each has ended, even when the caller is cancelled meanwhile. From the
  // first call on spawn() does nothing. Never called from a task of this group.
  task<> stop();
  std::size_t running() const;

private:
  struct state;
  std::shared_ptr<state> state_;
};

} // namespace causeway::net
