// SPDX-License-Identifier: Apache-2.0
// Counts the frames of an HTTP/2 client that ask for nothing: PRIORITY, WINDOW_UPDATE, PING, SETTINGS, DATA
// of no bytes that ends nothing, and kinds that nobody knows. Each costs its sender next to nothing and us a
// little: who sends them without end is to be ended. Clients of today send two or three for an answer. One
// thread.
#pragma once

#include "base/clock.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace causeway::net {

class http2_chatter {
public:
  // At once; so many more in a second, and for each answer.
  static constexpr double most = 4'000, more_a_second = 200, more_an_answer = 8;

  // All that the client has sent, from its preface on, in the order it came. False: too many.
  bool take(std::string_view bytes, mono_time now);
  void on_answer();

private:
  static constexpr std::size_t preface = 24, head_size = 9; // RFC 9113 sections 3.4 and 4.1

  bool is_chatter() const;

  std::size_t rest_ = preface; // of what is passed over
  std::array<std::uint8_t, head_size> head_{};
  std::size_t have_ = 0; // of the head
  double said_ = 0;
  mono_time seen_{};
};

} // namespace causeway::net
