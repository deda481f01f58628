// SPDX-License-Identifier: Apache-2.0
#include "base/log_limiter.h"

#include <utility>

namespace causeway {

std::optional<std::uint64_t> log_limiter::admit(errc code, mono_time now) {
  auto& of = accounts_[code];
  if (of.written == 0 || now - of.began >= seconds{1}) {
    of.began = now;
    of.written = 0;
  }
  if (of.written >= a_second_) {
    ++of.left_out;
    return std::nullopt;
  }
  ++of.written;
  return std::exchange(of.left_out, 0);
}

} // namespace causeway
