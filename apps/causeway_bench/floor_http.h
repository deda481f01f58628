// SPDX-License-Identifier: Apache-2.0
// Requests of HTTP/1.1 read by hand, as far as the load generator's go: a body comes with its Content-Length.
// Pure.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace causeway::bench {

// Views into the reader's bytes, until it is asked for anything again.
struct floor_request {
  std::string_view method, target, authorization, body;
  bool last = false; // the sender closes the connection behind the answer
};

class floor_request_reader {
public:
  enum class step { more, whole, broken };

  // Where what has come is to be appended.
  std::string& input();
  // The next request, once it is whole.
  step next(floor_request& into);

private:
  std::string in_;
  std::size_t taken_ = 0; // of in_, by requests that are done with
};

// An answer with a JSON body.
std::string make_answer(int status, std::string_view body);

} // namespace causeway::bench
