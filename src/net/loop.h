// SPDX-License-Identifier: Apache-2.0
// The one event loop. SIGPIPE and SIGXFSZ are ignored from its creation on. Everything in stack, cloud,
// admin and app runs on the thread that calls run().
#pragma once

#include "base/clock.h"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include <functional>
#include <memory>
#include <optional>

namespace causeway::net {

namespace asio = boost::asio;
template <class T = void>
using task = asio::awaitable<T, asio::any_io_executor>;

class loop final : public clock {
public:
  loop();
  // By hand, for tests: the time is this clock's, and sleep_for and wake_up end as that goes on. step() in
  // place of run(); one thread.
  explicit loop(const manual_clock& by);
  ~loop() override;
  loop(const loop&) = delete;
  loop& operator=(const loop&) = delete;

  asio::any_io_executor executor();
  moment now() const override;

  // Runs until stop(), with or without work. Calls nothing after it returns; what is still pending then is
  // destroyed with the loop (end tasks with task_group::stop before). May be called again.
  void run();
  // By hand: runs what can be run now, and what follows from it. False: there was nothing.
  bool step();
  // By hand: when step() has something to do by time alone; nothing: only an event can bring anything about.
  std::optional<mono_time> deadline() const;
  // What was posted before still runs. Any thread.
  void stop();
  // Runs work on the loop's thread, in the order posted. Any thread.
  void post(std::function<void()> work);

  // Calls handler on the loop's thread for each SIGINT, SIGTERM (stop) and SIGHUP (reload, or the terminal
  // is gone: the handler's matter). At most once a loop.
  void on_signal(std::function<void(int signal)> handler);

private:
  struct state;
  std::unique_ptr<state> state_;
};

// Whether this process was started so that it outlives its terminal (nohup). Asked before on_signal.
bool ignores_hang_up();

// Waits; returns early (false) when the surrounding task is cancelled. Loop's thread.
task<bool> sleep_for(std::chrono::nanoseconds duration);

} // namespace causeway::net
