// SPDX-License-Identifier: Apache-2.0
// Wakes one waiting coroutine; a notify before the wait is remembered once. Loop's thread only.
#pragma once

#include "net/loop.h"

#include <memory>

namespace causeway::net {

class wake_up {
public:
  explicit wake_up(loop& on);
  ~wake_up();
  void notify();
  // True when notified, false at the time-out or when cancelled. At most one coroutine waits.
  task<bool> wait_until(mono_time deadline);
  task<bool> wait();

private:
  struct state;
  std::shared_ptr<state> state_;
};

} // namespace causeway::net
