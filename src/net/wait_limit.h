// SPDX-License-Identifier: Apache-2.0
// Until when a coroutine waits for a timer that is cancelled to wake it: by the machine's clock or, in a loop
// that goes by hand, by that loop's. For net's own .cpp files. Loop's thread only.
#pragma once

#include "base/clock.h"

#include <boost/asio/steady_timer.hpp>

#include <map>
#include <optional>

namespace causeway::net {

namespace asio = boost::asio;

class wait_limit {
public:
  using waits = std::multimap<mono_time, wait_limit*>;

  // Sets the timer, which must live as long and is waited for next.
  wait_limit(asio::steady_timer& on, mono_time deadline);
  wait_limit(asio::steady_timer& on, std::chrono::nanoseconds from_now);
  ~wait_limit();
  wait_limit(const wait_limit&) = delete;
  wait_limit& operator=(const wait_limit&) = delete;

  // Its time has come, although the timer was cancelled: of a loop that goes by hand.
  bool is_over() const { return over_; }

  // What waits in a loop that goes by hand. Outlives what runs in that loop.
  class by_hand {
  public:
    explicit by_hand(const manual_clock& time) : time_{time} {}
    const manual_clock& time() const { return time_; }
    // Ends the waits whose time has come.
    void end_some();
    std::optional<mono_time> next() const {
      return waits_.empty() ? std::nullopt : std::optional{waits_.begin()->first};
    }

    // While it is there, who begins to wait waits in this loop.
    class turn {
    public:
      explicit turn(by_hand& of);
      ~turn();
      turn(const turn&) = delete;
      turn& operator=(const turn&) = delete;

    private:
      by_hand* before_;
    };

  private:
    friend class wait_limit;
    const manual_clock& time_;
    waits waits_;
  };

private:
  void begin(mono_time deadline);

  asio::steady_timer& timer_;
  by_hand* hand_; // null: the machine's clock
  std::optional<waits::iterator> place_;
  bool over_ = false;
};

} // namespace causeway::net
