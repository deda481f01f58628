// SPDX-License-Identifier: Apache-2.0
// One and the same answer of DPS to every request of a registration: it must come to its end in time,
// whatever DPS says. First byte of the input: the status. Then up to a line feed: Retry-After. Then the body.
#include "dps/answer.h"
#include "dps/registration.h"
#include "target.h"

#include <array>

namespace {

using namespace causeway;

constexpr std::array statuses{200, 202, 204, 301, 400, 401, 404, 409, 412, 429, 500, 503};

moment start() {
  return {mono_time{std::chrono::hours{1}}, wall_time{seconds{1'767'225'600}}};
}

void check_answer(int status, std::string_view retry_after, std::string_view body) {
  dps::registration subject{"0ne00000000", registration_id{"dev-1"},
                            azure::signing_key{secret{"0123456789abcdef"}}, ""};
  const dps::header_list headers{{"Retry-After", std::string{retry_after}}};
  const auto begin = start();
  auto now = begin;
  while (!subject.outcome()) {
    const auto asked = subject.next_request(now);
    if (!asked) {
      if (subject.outcome()) break;
      // Time moves only forward, and never beyond the limit.
      CAUSEWAY_CHECK(subject.due() > now.mono);
      CAUSEWAY_CHECK(subject.due() - begin.mono <= dps::time_limit);
      now.wall += std::chrono::duration_cast<wall_time::duration>(subject.due() - now.mono);
      now.mono = subject.due();
      continue;
    }
    static_cast<void>(subject.on_response(status, headers, body, now, 0.5));
  }
  CAUSEWAY_CHECK(!subject.next_request(now));
  const auto& end = *subject.outcome();
  if (end) CAUSEWAY_CHECK((status == 200 || status == 202) && !end->hub.empty() && !end->device.empty());
}

} // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  auto input = fuzz::text_of(bytes, size);
  const int status = statuses.at(fuzz::take_choice(input) % statuses.size());
  const auto line = input.substr(0, input.find('\n'));
  input.remove_prefix(std::min(line.size() + 1, input.size()));
  check_answer(status, line, input);
  static_cast<void>(dps::parse_error_answer(input));
  return 0;
}
