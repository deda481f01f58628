// SPDX-License-Identifier: Apache-2.0
// When which token is renewed. A hashed timing wheel: scheduling, cancelling and each turn cost O(1) (a turn
// also what falls due in it), for any number of tokens. Pure; one thread.
#pragma once

#include "base/clock.h"
#include "base/ids.h"

#include <array>
#include <cstdint>
#include <optional>
#include <vector>

namespace causeway::hub {

class token_wheel {
public:
  // Keys are small numbers that the owner uses again (places in its table): memory is 12 bytes for each up to
  // the largest, and 16 KiB for the wheel, made with the first key.
  explicit token_wheel(mono_time start) : start_{start} {}

  // Replaces what the key had. Falls due up to one second late, never early.
  void schedule(std::uint32_t key, mono_time due);
  void cancel(std::uint32_t key);
  // Appends the keys that are due by now and forgets them.
  void take_due(mono_time now, std::vector<std::uint32_t>& out);
  // When take_due() is worth calling next; nothing while the wheel is empty. Never later than the first due
  // time + 1 s.
  std::optional<mono_time> next_due() const;
  std::size_t size() const { return size_; }

private:
  static constexpr std::uint32_t bucket_count = 4096; // one a second: longer than a token of an hour lives
  static constexpr std::uint32_t none = 0xffffffff;
  struct entry {
    std::uint32_t tick = none; // none: not scheduled
    std::uint32_t previous = none, next = none;
  };

  std::uint32_t tick_of(mono_time time, bool up) const;
  void unlink(std::uint32_t key);

  mono_time start_;
  std::uint32_t current_ = 0; // all ticks up to this one have been taken
  std::vector<entry> entries_;
  std::vector<std::uint32_t> heads_;
  std::array<std::uint64_t, bucket_count / 64> used_{};
  std::size_t size_ = 0;
};

// A number in [0, 1) that is always the same for a device and a round, and looks random over both.
double spread_of(device_ref device, std::uint64_t round = 0);
// After which part of its life a device's token is renewed: 60 to 80 %, drawn anew from the device and the
// second that the token was sent in, so that devices attached together do not renew together, and drift
// further apart with every round.
milliseconds renewal_age(device_ref device, mono_time sent, seconds life);
// The pause before the next try of a renewal that did not succeed: 5 s, doubling to 60 s, spread by a
// quarter.
milliseconds renewal_pause(device_ref device, std::uint32_t failures);

} // namespace causeway::hub
