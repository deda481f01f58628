// SPDX-License-Identifier: Apache-2.0
// Where requests wait for the core's answer. Bounded by the connections that may wait. Loop's thread only.
#pragma once

#include "core/ports.h"
#include "net/loop.h"

#include <boost/asio/steady_timer.hpp>

#include <functional>
#include <memory>
#include <unordered_map>

namespace causeway::stack {

class answer_desk final : public core::answers {
public:
  explicit answer_desk(net::loop& on) : loop_{on} {}

  core::ticket open();
  // For who does not wait: called once, on the loop, possibly from inside bridge.on_uplink.
  core::ticket open(std::function<void(core::answer)> then);
  // One waiter a ticket; closes the ticket. `unavailable` after patience (the event may still be stored: its
  // repetition is then a duplicate) and when the waiting task is cancelled.
  net::task<core::answer> wait(core::ticket which, std::chrono::milliseconds patience);
  void on_answer(core::ticket which, core::answer what) override;
  std::size_t waiting() const { return open_.size(); }

private:
  struct entry {
    std::optional<core::answer> answer;
    std::unique_ptr<boost::asio::steady_timer> waiter;
    std::function<void(core::answer)> then;
  };
  net::loop& loop_;
  std::uint64_t last_ = 0;
  std::unordered_map<core::ticket, entry> open_;
};

} // namespace causeway::stack
