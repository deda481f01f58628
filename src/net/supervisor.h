// SPDX-License-Identifier: Apache-2.0
// Tells who started this process how it is: sd_notify(3), a datagram to the socket that NOTIFY_SOCKET names.
// systemd's Type=notify waits for READY=1; where WATCHDOG_USEC is set (WatchdogSec=), it ends a process that
// has not said WATCHDOG=1 for so long. Loop's thread only.
#pragma once

#include "net/loop.h"

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace causeway::net {

class supervisor {
public:
  supervisor() = default; // none: what is told goes nowhere
  // What the environment names, which names it no more then, so that no child speaks for this process. Once,
  // while there is one thread. What cannot be used is logged and left.
  static supervisor take_from_environment();
  supervisor(supervisor&& other) noexcept;
  supervisor& operator=(supervisor&&) = delete;
  ~supervisor();

  // The status is a short line for people; one that the socket does not take is lost.
  void ready(std::string_view status);
  void stopping(std::string_view status);
  // How often feed is due: half of what the watchdog allows, or every 10 s, for the status alone. Nothing:
  // nobody listens.
  std::optional<std::chrono::nanoseconds> interval() const;
  void feed(std::string_view status);

private:
  void tell(std::string text, std::string_view status) const;

  int socket_ = -1; // connected
  std::optional<std::chrono::microseconds> watchdog_;
};

// Feeds until it is cancelled, from the loop's own turns: a loop that hangs feeds no more.
task<> keep_fed(supervisor& one, std::function<std::string()> status);

} // namespace causeway::net
