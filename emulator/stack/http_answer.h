// SPDX-License-Identifier: Apache-2.0
// Reads HTTP/1.1 answers one after the other off a kept-alive connection, keeping only what the poster needs:
// the status and whether the connection can be used again. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace causeway::emulator {

struct http_answer_summary {
  int status = 0;
  // The connection ends with this answer: the peer says so, or its body's end cannot be told (chunked, no
  // length).
  bool last = false;
};

class http_answer_reader {
public:
  // Takes bytes; what follows a whole answer is kept for the next.
  void feed(std::string_view bytes) { in_ += bytes; }
  // The next answer once it is whole. An answer that is not HTTP/1.x, or has a head above 16 KiB or a body
  // above 1 MiB, comes as status 0, last.
  std::optional<http_answer_summary> next();
  // Forgets a half-read answer: for a new connection.
  void reset() { in_.clear(); }

private:
  std::string in_;
};

} // namespace causeway::emulator
