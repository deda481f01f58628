// SPDX-License-Identifier: Apache-2.0
#include "base/clock.h"

#include <fmt/format.h>

#include <array>
#include <charconv>

namespace causeway {
namespace {

// Reads exactly `digits` decimal digits at `at`; -1 when there are none.
int digits_at(std::string_view text, std::size_t at, std::size_t digits) {
  if (at + digits > text.size()) return -1;
  int value = 0;
  for (std::size_t i = at; i < at + digits; ++i) {
    if (text[i] < '0' || text[i] > '9') return -1;
    value = value * 10 + (text[i] - '0');
  }
  return value;
}

} // namespace

manual_clock::manual_clock()
    : now_{mono_time{std::chrono::hours{1}}, wall_time{std::chrono::seconds{1767225600}}} {}

void manual_clock::advance(std::chrono::nanoseconds by) {
  now_.mono += std::chrono::duration_cast<mono_time::duration>(by);
  now_.wall += std::chrono::duration_cast<wall_time::duration>(by);
}

std::string format_rfc3339(wall_time time) {
  const auto day = std::chrono::floor<std::chrono::days>(time);
  const std::chrono::year_month_day date{day};
  const std::chrono::hh_mm_ss clock{std::chrono::floor<milliseconds>(time - day)};
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z", int{date.year()},
                     static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                     clock.hours().count(), clock.minutes().count(), clock.seconds().count(),
                     clock.subseconds().count());
}

result<wall_time> parse_rfc3339(std::string_view text) {
  const auto invalid = [&] {
    return error{errc::field_invalid, fmt::format("time \"{}\"", text.substr(0, 40))};
  };
  const int year = digits_at(text, 0, 4), month = digits_at(text, 5, 2), day = digits_at(text, 8, 2);
  const int hour = digits_at(text, 11, 2), minute = digits_at(text, 14, 2), second = digits_at(text, 17, 2);
  // The clock counts nanoseconds in 64 bits: 1678 to 2261.
  if (year < 1678 || year > 2261 || month < 1 || day < 1 || hour < 0 || minute < 0 || second < 0)
    return invalid();
  if (text[4] != '-' || text[7] != '-' || (text[10] != 'T' && text[10] != 't') || text[13] != ':' ||
      text[16] != ':' || hour > 23 || minute > 59 || second > 60)
    return invalid();
  const std::chrono::year_month_day date{std::chrono::year{year},
                                         std::chrono::month{static_cast<unsigned>(month)},
                                         std::chrono::day{static_cast<unsigned>(day)}};
  if (!date.ok()) return invalid();

  std::size_t at = 19;
  std::int64_t nanos = 0;
  if (at < text.size() && text[at] == '.') {
    std::int64_t weight = 100'000'000;
    const std::size_t first = ++at;
    for (; at < text.size() && text[at] >= '0' && text[at] <= '9'; ++at, weight /= 10)
      nanos += weight * (text[at] - '0');
    if (at == first || at > first + 9) return invalid();
  }
  if (at >= text.size()) return invalid();
  std::chrono::minutes offset{0};
  if (text[at] == 'Z' || text[at] == 'z') {
    ++at;
  } else {
    const int hours = digits_at(text, at + 1, 2), minutes = digits_at(text, at + 4, 2);
    if ((text[at] != '+' && text[at] != '-') || hours < 0 || minutes < 0 || text[at + 3] != ':')
      return invalid();
    offset = std::chrono::minutes{(hours * 60 + minutes) * (text[at] == '-' ? -1 : 1)};
    at += 6;
  }
  if (at != text.size()) return invalid();
  const auto whole = std::chrono::sys_days{date} + std::chrono::hours{hour} + std::chrono::minutes{minute} +
                     seconds{second} - offset;
  return wall_time{whole} + std::chrono::duration_cast<wall_time::duration>(std::chrono::nanoseconds{nanos});
}

std::int64_t unix_seconds(wall_time time) {
  return std::chrono::floor<seconds>(time.time_since_epoch()).count();
}

} // namespace causeway
