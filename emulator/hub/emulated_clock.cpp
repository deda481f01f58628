// SPDX-License-Identifier: Apache-2.0
#include "emulator/hub/emulated_clock.h"

#include <array>
#include <ctime>

namespace causeway::emulator {

std::string format_http_date(wall_time time) {
  const auto seconds = std::chrono::system_clock::to_time_t(time);
  std::tm utc{};
  ::gmtime_r(&seconds, &utc);
  std::array<char, 40> text{};
  const auto size = std::strftime(text.data(), text.size(), "%a, %d %b %Y %H:%M:%S GMT", &utc);
  return {text.data(), size};
}

} // namespace causeway::emulator
