// SPDX-License-Identifier: Apache-2.0
// Stands between a peer's bytes and Proton, and stops what would end the process: Debian's Proton is built
// with its assertions, and one of them is that the first transfer of a delivery that has more names the
// delivery (AMQP 1.0, 2.7.5: delivery-id "MUST be supplied on the first transfer of a multi-transfer
// delivery"). Pure. One thread.
#pragma once

#include "amqp/value.h"

#include <cstdint>
#include <set>
#include <string>
#include <string_view>
#include <utility>

namespace causeway::amqp {

class frame_guard {
public:
  // most_frame: bytes; Proton refuses a larger frame itself, which passes as it is. 0: no limit.
  explicit frame_guard(std::uint32_t most_frame) : most_frame_{most_frame} {}

  // The next whole frames and protocol headers of these bytes, which follow those of the calls before; what
  // is taken goes off the front. Empty: all is taken, at most one frame that has begun is kept back, or
  // refused(). The view is good until the next call.
  std::string_view next(std::string_view& bytes);
  // The frame that came behind what next() has given must not be read, nor anything after it.
  bool refused() const { return refused_; }
  // What is kept back, when nothing more will come.
  std::string take_rest() { return std::exchange(held_, {}); }

private:
  enum class verdict : std::uint8_t { incomplete, whole, malformed };
  // Of the frame that begins here: how many bytes it has, when that is known.
  verdict measure(std::string_view bytes, std::size_t& size) const;
  bool may_pass(std::string_view frame);
  bool may_transfer(std::uint16_t channel, const value_list& fields);

  std::uint32_t most_frame_;
  std::string held_, whole_;
  bool refused_ = false;
  bool malformed_ = false; // everything passes from here on: Proton says what is wrong
  std::set<std::pair<std::uint16_t, std::uint32_t>>
      unfinished_; // channel and handle of deliveries that go on
};

} // namespace causeway::amqp
