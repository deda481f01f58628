// SPDX-License-Identifier: Apache-2.0
// For tests: runs the loop until one coroutine has ended and gives its value. Other tasks go on meanwhile.
#pragma once

#include "net/task_group.h"

#include <optional>

namespace causeway::net {

template <class T>
task<> keep_value(loop* on, std::shared_ptr<task<T>> work, std::shared_ptr<std::optional<T>> into) {
  auto value = co_await std::move(*work);
  into->emplace(std::move(value));
  on->stop();
}

inline task<> then_stop(loop* on, std::shared_ptr<task<>> work) {
  co_await std::move(*work);
  on->stop();
}

// An exception in work leaves the loop running: a test that expects one must catch it in its coroutine.
template <class T>
T run_task(loop& on, task<T> work) {
  task_group tasks{on};
  const auto shared = std::make_shared<task<T>>(std::move(work));
  const auto value = std::make_shared<std::optional<T>>();
  tasks.spawn("run_task", restart_policy::never,
              [&on, shared, value] { return keep_value<T>(&on, shared, value); });
  on.run();
  return std::move(value->value());
}

inline void run_task(loop& on, task<> work) {
  task_group tasks{on};
  const auto shared = std::make_shared<task<>>(std::move(work));
  tasks.spawn("run_task", restart_policy::never, [&on, shared] { return then_stop(&on, shared); });
  on.run();
}

} // namespace causeway::net
