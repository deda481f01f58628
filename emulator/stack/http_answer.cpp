// SPDX-License-Identifier: Apache-2.0
#include "emulator/stack/http_answer.h"

#include "base/encoding.h"
#include "base/http_fields.h"

#include <charconv>

namespace causeway::emulator {
namespace {

constexpr std::size_t max_head = 16 * 1024;
constexpr std::size_t max_body = 1024 * 1024;

} // namespace

std::optional<http_answer_summary> http_answer_reader::next() {
  constexpr http_answer_summary unreadable{0, true};
  while (true) {
    const auto end = in_.find("\r\n\r\n");
    if (end == std::string::npos) {
      if (in_.size() > max_head) return unreadable;
      return std::nullopt;
    }
    std::string_view head{in_.data(), end};
    if (head.size() < 12 || !head.starts_with("HTTP/1.")) return unreadable;
    http_answer_summary answer;
    if (std::from_chars(head.data() + 9, head.data() + 12, answer.status).ptr != head.data() + 12)
      return unreadable;
    answer.last = head[7] == '0';

    std::optional<std::size_t> length;
    bool chunked = false;
    for (auto line_end = head.find("\r\n"); line_end != std::string_view::npos;) {
      head.remove_prefix(line_end + 2);
      line_end = head.find("\r\n");
      const auto line = head.substr(0, line_end);
      const auto colon = line.find(':');
      if (colon == std::string_view::npos) continue;
      const auto name = line.substr(0, colon);
      const auto value = without_ows(line.substr(colon + 1));
      if (equals_ignoring_case(name, "content-length")) {
        std::size_t number = 0;
        const auto read = std::from_chars(value.data(), value.data() + value.size(), number);
        if (read.ec != std::errc{} || read.ptr != value.data() + value.size() || number > max_body)
          return unreadable;
        length = number;
      } else if (equals_ignoring_case(name, "connection")) {
        answer.last = answer.last || equals_ignoring_case(value, "close");
      } else if (equals_ignoring_case(name, "transfer-encoding")) {
        chunked = true;
      }
    }
    if (answer.status >= 100 && answer.status < 200) { // interim: the answer proper follows
      in_.erase(0, end + 4);
      continue;
    }
    const bool bodiless = answer.status == 204 || answer.status == 304;
    if (chunked || (!length && !bodiless)) {
      answer.last = true;
      in_.clear();
      return answer;
    }
    const std::size_t whole = end + 4 + (bodiless ? 0 : *length);
    if (in_.size() < whole) return std::nullopt;
    in_.erase(0, whole);
    return answer;
  }
}

} // namespace causeway::emulator
