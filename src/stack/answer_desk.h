// SPDX-License-Identifier: Apache-2.0
// Where requests wait for the core's answer. Bounded by the connections that may wait. Loop's thread only.
#pragma once

#include "model/door.h"
#include "net/loop.h"

#include <boost/asio/steady_timer.hpp>

#include <functional>
#include <memory>
#include <unordered_map>

namespace causeway::stack {

class answer_desk final : public model::answers {
public:
  explicit answer_desk(net::loop& on) : loop_{on} {}

  model::ticket open();
  // For who does not wait: called once, on the loop, possibly from inside door.on_event.
  model::ticket open(std::function<void(model::answer)> then);
  // One waiter a ticket; closes the ticket. `unavailable` after patience (the event may still be stored: its
  // repetition is then a duplicate) and when the waiting task is cancelled.
  net::task<model::answer> wait(model::ticket which, std::chrono::milliseconds patience);
  void on_answer(model::ticket which, model::answer what) override;
  std::size_t waiting() const { return open_.size(); }

private:
  struct entry {
    std::optional<model::answer> answer;
    std::unique_ptr<boost::asio::steady_timer> waiter;
    std::function<void(model::answer)> then;
  };
  net::loop& loop_;
  std::uint64_t last_ = 0;
  std::unordered_map<model::ticket, entry> open_;
};

} // namespace causeway::stack
