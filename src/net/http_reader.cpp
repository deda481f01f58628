// SPDX-License-Identifier: Apache-2.0
#include "net/http_reader.h"

#include "base/encoding.h"

#include <boost/beast/http/basic_parser.hpp>
#include <boost/beast/http/error.hpp>

#include <algorithm>
#include <cstring>
#include <optional>

namespace causeway::net {

namespace http = boost::beast::http;
using boost::beast::string_view;
using boost::system::error_code;

namespace {

constexpr std::size_t least_room = 2048;
constexpr std::size_t least_end_of_chunks = 5; // "0\r\n\r\n"
constexpr std::size_t first_buffer = 4096;
// A larger body grows as it comes: a Content-Length alone takes no memory.
constexpr std::size_t most_reserved = 64 * 1024;

// Beast's own request_parser would keep the fields in a container of its own; this one fills http_request at
// once.
class request_parser final : public http::basic_parser<true> {
public:
  request_parser(std::size_t max_header, std::size_t max_body) : header_left_{max_header} {
    header_limit(static_cast<std::uint32_t>(max_header));
    body_limit(max_body);
    eager(true);
  }

  http_request request;
  bool expects_continue = false;
  bool header_done = false;
  bool is_1_1 = false;

private:
  void on_request_impl(http::verb, string_view method, string_view target, int version,
                       error_code& ec) override {
    if (!count(method.size() + target.size(), ec)) return;
    is_1_1 = version == 11;
    request.method.assign(method.data(), method.size());
    request.target.assign(target.data(), target.size());
    request.headers.reserve(12);
  }
  void on_response_impl(int, string_view, int, error_code&) override {}
  void on_field_impl(http::field name, string_view text, string_view value, error_code& ec) override {
    if (header_done) return; // trailers are not headers (RFC 9110 section 6.5.1)
    if (!count(text.size() + value.size() + field_frame, ec)) return;
    request.headers.emplace_back(std::string{text.data(), text.size()},
                                 std::string{value.data(), value.size()});
    if (name == http::field::expect)
      expects_continue = equals_ignoring_case({value.data(), value.size()}, "100-continue");
  }
  void on_header_impl(error_code&) override { header_done = true; }
  void on_body_init_impl(const boost::optional<std::uint64_t>& length, error_code&) override {
    if (length) request.body.reserve(std::min<std::size_t>(*length, most_reserved));
  }
  std::size_t on_body_impl(string_view part, error_code&) override {
    request.body.append(part.data(), part.size());
    return part.size();
  }
  void on_chunk_header_impl(std::uint64_t, string_view, error_code&) override {}
  std::size_t on_chunk_body_impl(std::uint64_t, string_view part, error_code&) override {
    request.body.append(part.data(), part.size());
    return part.size();
  }
  void on_finish_impl(error_code&) override {}

  // Beast's own limit is for what it has not parsed yet: a header that comes in pieces could be three times
  // as long.
  bool count(std::size_t size, error_code& ec) {
    if (size > header_left_) {
      ec = http::error::header_limit;
      return false;
    }
    header_left_ -= size;
    return true;
  }

  static constexpr std::size_t field_frame = 4; // colon, space, end of line
  std::size_t header_left_;
};

int status_of(const error_code& ec) {
  if (ec == http::error::body_limit) return 413;
  if (ec == http::error::header_limit || ec == http::error::buffer_overflow) return 431;
  return 400;
}

} // namespace

struct http_reader::state {
  std::size_t max_header;
  std::size_t max_body;
  std::vector<char> buffer = std::vector<char>(first_buffer);
  std::size_t begin = 0;
  std::size_t end = 0;
  std::optional<request_parser> parser{};
  int refusal = 0;

  void begin_request() {
    // Between requests clients may send an empty line (RFC 9112 section 2.2).
    while (begin < end && (buffer[begin] == '\r' || buffer[begin] == '\n'))
      ++begin;
    if (begin < end) parser.emplace(max_header, max_body);
  }
};

http_reader::http_reader(std::size_t max_header, std::size_t max_body)
    : state_{std::make_unique<state>(state{.max_header = max_header, .max_body = max_body})} {}

http_reader::~http_reader() = default;

std::span<char> http_reader::prepare() {
  auto& s = *state_;
  if (s.begin == s.end) s.begin = s.end = 0;
  if (s.buffer.size() - s.end < least_room && s.begin > 0) {
    std::memmove(s.buffer.data(), s.buffer.data() + s.begin, s.end - s.begin);
    s.end -= s.begin;
    s.begin = 0;
  }
  // Bounded: the parser takes body bytes as they come, and step() refuses when more than max_header is left
  // over.
  if (s.buffer.size() - s.end < least_room) s.buffer.resize(s.buffer.size() * 2);
  return std::span{s.buffer}.subspan(s.end);
}

void http_reader::commit(std::size_t size) {
  state_->end += size;
}

http_reader::progress http_reader::step() {
  auto& s = *state_;
  if (s.refusal != 0) return progress::refused;
  if (!s.parser) s.begin_request();
  if (!s.parser) return progress::need_more;
  while (s.begin < s.end && !s.parser->is_done()) {
    // Beast asserts that an unfinished last chunk has at least so many bytes when it sees it again; nothing
    // ends with less.
    if (s.parser->header_done && s.parser->chunked() && s.end - s.begin < least_end_of_chunks) break;
    error_code ec;
    const auto used =
        s.parser->put(boost::asio::const_buffer{s.buffer.data() + s.begin, s.end - s.begin}, ec);
    s.begin += used;
    if (ec && ec != http::error::need_more) {
      s.refusal = status_of(ec);
      return progress::refused;
    }
    if (ec || used == 0) break;
  }
  // Beast waits without end for the end of a chunk's extension or of the trailers.
  if (!s.parser->is_done() && s.end - s.begin > s.max_header) {
    s.refusal = status_of(http::error::header_limit);
    return progress::refused;
  }
  if (s.parser->is_done()) return progress::complete;
  const bool waits = s.parser->expects_continue && s.parser->header_done && s.parser->request.body.empty();
  if (!waits) return progress::need_more;
  s.parser->expects_continue = false;
  return progress::wants_continue;
}

http_request http_reader::take() {
  auto request = std::move(state_->parser->request);
  state_->parser.reset();
  return request;
}

bool http_reader::keep_alive() const {
  // HTTP/1.0 clients would want the persistence confirmed; they get a connection a request.
  return state_->parser->is_1_1 && state_->parser->keep_alive();
}

bool http_reader::is_head() const {
  return state_->parser->request.method == "HEAD";
}

int http_reader::refusal() const {
  return state_->refusal;
}

bool http_reader::started() const {
  return state_->parser.has_value() || state_->begin < state_->end;
}

bool http_reader::in_body() const {
  return state_->parser && state_->parser->header_done;
}

} // namespace causeway::net
