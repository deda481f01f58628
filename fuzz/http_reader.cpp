// SPDX-License-Identifier: Apache-2.0
// A connection's bytes into the HTTP reader. First byte of the input: how many bytes at a time.
#include "net/http_reader.h"
#include "target.h"

#include <cstring>

namespace {

using namespace causeway;
using progress = net::http_reader::progress;

constexpr std::size_t max_header = 1024, max_body = 2048;

// False when nothing more can be read.
bool read_requests(net::http_reader& reader) {
  while (true) {
    const auto at = reader.step();
    if (at == progress::need_more) return true;
    if (at == progress::refused) {
      const int status = reader.refusal();
      CAUSEWAY_CHECK(status == 400 || status == 413 || status == 431 || status == 501);
      return false;
    }
    CAUSEWAY_CHECK(reader.started() && reader.in_body());
    if (at == progress::head) {
      CAUSEWAY_CHECK(reader.head().target.starts_with('/') || reader.head().target == "*");
      if (reader.head().method == "DISCARD") reader.discard_body();
    }
    if (at == progress::head || at == progress::wants_continue) continue;
    static_cast<void>(reader.keep_alive());
    static_cast<void>(reader.is_head());
    const auto request = reader.take();
    CAUSEWAY_CHECK(!request.method.empty() && request.body.size() <= max_body);
    std::size_t header = request.method.size() + request.target.size();
    for (const auto& [name, value] : request.headers)
      header += name.size() + value.size();
    CAUSEWAY_CHECK(header <= max_header);
    CAUSEWAY_CHECK(request.path().size() + request.query().size() <= request.target.size());
  }
}

} // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  auto input = fuzz::text_of(bytes, size);
  const std::size_t at_once = fuzz::take_choice(input);
  net::http_reader reader{max_header, max_body};
  while (!input.empty()) {
    const auto room = reader.prepare();
    CAUSEWAY_CHECK(room.size() >= 2048);
    // The buffer does not grow with what has come.
    CAUSEWAY_CHECK(room.size() <= 4 * max_body);
    const auto most = at_once == 0 ? room.size() : std::min(at_once, room.size());
    const auto count = std::min(most, input.size());
    std::memcpy(room.data(), input.data(), count);
    reader.commit(count);
    input.remove_prefix(count);
    if (!read_requests(reader)) break;
  }
  return 0;
}
