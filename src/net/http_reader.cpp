// SPDX-License-Identifier: Apache-2.0
#include "net/http_reader.h"

#include "base/encoding.h"
#include "net/http_chunks.h"

#include <boost/beast/http/basic_parser.hpp>
#include <boost/beast/http/error.hpp>

#include <algorithm>
#include <charconv>
#include <cstring>
#include <optional>

namespace causeway::net {

namespace http = boost::beast::http;
using boost::beast::string_view;
using boost::system::error_code;

namespace {

constexpr std::size_t least_room = 2048;
constexpr std::size_t first_buffer = 4096;
// A larger body grows as it comes: a Content-Length alone takes no memory.
constexpr std::size_t most_reserved = 64 * 1024;

// Beast's own request_parser would keep the fields in a container of its own; this one fills http_request at
// once. It is asked no more when the header is whole.
class header_parser final : public http::basic_parser<true> {
public:
  explicit header_parser(std::size_t max_header) : header_left_{max_header} {
    header_limit(static_cast<std::uint32_t>(max_header));
    body_limit(boost::none);
  }

  http_request request;
  bool expects_continue = false;
  bool header_done = false;
  bool is_1_1 = false;
  std::size_t held = 0; // by the fields

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
    if (!count(text.size() + value.size() + field_frame, ec)) return;
    request.headers.emplace_back(std::string{text.data(), text.size()},
                                 std::string{value.data(), value.size()});
    held += text.size() + value.size() + field_cost;
    if (name == http::field::expect)
      expects_continue = equals_ignoring_case({value.data(), value.size()}, "100-continue");
  }
  void on_header_impl(error_code&) override { header_done = true; }
  void on_body_init_impl(const boost::optional<std::uint64_t>&, error_code&) override {}
  std::size_t on_body_impl(string_view, error_code&) override { return 0; }
  void on_chunk_header_impl(std::uint64_t, string_view, error_code&) override {}
  std::size_t on_chunk_body_impl(std::uint64_t, string_view, error_code&) override { return 0; }
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

  static constexpr std::size_t field_cost = 96; // a pair of strings, in a vector that grows
  static constexpr std::size_t field_frame = 4; // colon, space, end of line
  std::size_t header_left_;
};

int status_of(const error_code& ec) {
  return ec == http::error::header_limit || ec == http::error::buffer_overflow ? 431 : 400;
}

// RFC 9110 section 7.2 and RFC 3986 section 3.2.2, as far as a character goes.
bool is_authority(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) {
    const bool alphanumeric = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
    return alphanumeric ||
           (c != '\0' && std::string_view{"-._~%!$&'()*+,;=:[]"}.find(c) != std::string_view::npos);
  });
}

// RFC 9112 section 3.2.2: to the path, the authority becomes the Host. False: none of the forms.
bool take_absolute_form(http_request& request) {
  std::string_view target = request.target;
  const auto scheme = target.find("://");
  if (scheme == std::string_view::npos) return false;
  const auto name = target.substr(0, scheme);
  if (!equals_ignoring_case(name, "http") && !equals_ignoring_case(name, "https")) return false;
  target.remove_prefix(scheme + 3);
  const auto path = std::min(target.find_first_of("/?"), target.size());
  const auto authority = target.substr(0, path);
  if (authority.empty() || !is_authority(authority)) return false;
  const std::string host{authority};
  auto rest = std::string{target.substr(path)};
  if (rest.empty() || rest.front() == '?') rest.insert(rest.begin(), '/');
  for (auto& [key, value] : request.headers)
    if (equals_ignoring_case(key, "Host")) value = host;
  request.target = std::move(rest);
  return true;
}

struct framing {
  int refusal = 0;
  bool chunked = false;
  std::uint64_t length = 0; // unless chunked
};

// RFC 9112 sections 3.2, 3.3 and 6. Whoever is before us must not see this request end elsewhere than we do.
framing frame(http_request& request, bool is_1_1) {
  constexpr framing bad{.refusal = 400};
  std::size_t hosts = 0, lengths = 0, codings = 0;
  framing made;
  for (const auto& [key, value] : request.headers) {
    if (equals_ignoring_case(key, "Host")) {
      if (++hosts > 1 || !is_authority(value)) return bad;
    } else if (equals_ignoring_case(key, "Content-Length")) {
      const auto* const end = value.data() + value.size();
      const auto [at, ec] = std::from_chars(value.data(), end, made.length);
      if (++lengths > 1 || ec != std::errc{} || at != end) return bad;
    } else if (equals_ignoring_case(key, "Transfer-Encoding")) {
      ++codings;
      made.chunked = equals_ignoring_case(value, "chunked");
      const auto last = std::string_view{value}.substr(value.find_last_of(", \t") + 1);
      const bool unknown = !made.chunked && equals_ignoring_case(last, "chunked");
      made.refusal = made.chunked ? 0 : unknown ? 501 : 400;
    }
  }
  if (is_1_1 && hosts == 0) return bad;
  if (codings > 0 && (codings > 1 || lengths > 0 || !is_1_1)) return bad;
  if (made.refusal != 0) return made;
  const bool of_server = request.target == "*" && request.method == "OPTIONS";
  if (!request.target.starts_with('/') && !of_server && !take_absolute_form(request)) return bad;
  return made;
}

} // namespace

struct http_reader::state {
  enum class place : std::uint8_t { header, head, body };

  std::size_t max_header;
  std::size_t max_body;
  std::vector<char> buffer = std::vector<char>(first_buffer);
  std::size_t begin = 0;
  std::size_t end = 0;
  std::optional<header_parser> parser{};
  place at = place::header;
  std::uint64_t length = 0, come = 0; // of the body
  std::optional<chunk_reader> chunks{};
  bool discarding = false;
  int refusal = 0;

  progress refuse(int status) {
    refusal = status;
    return progress::refused;
  }
  void begin_request() {
    // Between requests clients may send an empty line (RFC 9112 section 2.2).
    while (begin < end && (buffer[begin] == '\r' || buffer[begin] == '\n'))
      ++begin;
    if (begin == end) return;
    parser.emplace(max_header);
    at = place::header;
    length = come = 0;
    chunks.reset();
    discarding = false;
  }
  std::string_view unread() const { return {buffer.data() + begin, end - begin}; }
  progress read_header();
  progress read_body();
  progress read_chunks();
  void append(std::string_view part);
};

http_reader::progress http_reader::state::read_header() {
  while (begin < end && !parser->header_done) {
    error_code ec;
    const auto used = parser->put(boost::asio::const_buffer{buffer.data() + begin, end - begin}, ec);
    begin += used;
    if (ec && ec != http::error::need_more) return refuse(status_of(ec));
    if (ec || used == 0) break;
  }
  if (!parser->header_done) return end - begin > max_header ? refuse(431) : progress::need_more;
  const auto framed = frame(parser->request, parser->is_1_1);
  if (framed.refusal != 0) return refuse(framed.refusal);
  length = framed.length;
  if (framed.chunked) chunks.emplace(max_body, max_header);
  at = place::head;
  return progress::head;
}

void http_reader::state::append(std::string_view part) {
  come += part.size();
  if (discarding) return;
  auto& body = parser->request.body;
  const auto size = body.size() + part.size();
  // Doubled, but no further than to its end.
  if (size > body.capacity() && !chunks)
    body.reserve(std::min<std::size_t>(length, std::max({2 * body.capacity(), size, most_reserved})));
  body.append(part);
}

http_reader::progress http_reader::state::read_body() {
  if (chunks) return read_chunks();
  const auto part = unread().substr(0, std::min<std::uint64_t>(length - come, end - begin));
  begin += part.size();
  append(part);
  return come == length ? progress::complete : progress::need_more;
}

http_reader::progress http_reader::state::read_chunks() {
  auto input = unread();
  for (;;) {
    std::string_view data;
    const auto outcome = chunks->step(input, data);
    begin = end - input.size();
    switch (outcome) {
    case chunk_reader::progress::data:
      append(data);
      break;
    case chunk_reader::progress::need_more:
      return progress::need_more;
    case chunk_reader::progress::done:
      return progress::complete;
    case chunk_reader::progress::malformed:
      return refuse(400);
    case chunk_reader::progress::body_too_large:
      return refuse(413);
    case chunk_reader::progress::lines_too_long:
      return refuse(431);
    }
  }
}

http_reader::http_reader(std::size_t max_header, std::size_t max_body)
    : state_{std::make_unique<state>(state{.max_header = max_header, .max_body = max_body})} {}

http_reader::~http_reader() = default;

std::span<char> http_reader::prepare() {
  auto& s = *state_;
  if (s.begin == s.end) s.begin = s.end = 0;
  // A long header is over.
  if (s.end == 0 && s.buffer.size() > first_buffer) s.buffer = std::vector<char>(first_buffer);
  if (s.buffer.size() - s.end < least_room && s.begin > 0) {
    std::memmove(s.buffer.data(), s.buffer.data() + s.begin, s.end - s.begin);
    s.end -= s.begin;
    s.begin = 0;
  }
  // Bounded: bodies are taken as they come, and step() refuses when more than max_header is left over.
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
  if (s.at == state::place::header) return s.read_header();
  if (s.at == state::place::head) {
    s.at = state::place::body;
    if (s.length > s.max_body && !s.discarding) return s.refuse(413);
    const bool waits = s.parser->expects_continue && !s.discarding && (s.chunks || s.length > 0);
    if (waits && s.begin == s.end) return progress::wants_continue;
  }
  return s.read_body();
}

http_request& http_reader::head() {
  return state_->parser->request;
}

void http_reader::discard_body() {
  state_->discarding = true;
  if (state_->parser) state_->parser->request.body = std::string{};
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

bool http_reader::is_1_1() const {
  return state_->parser->is_1_1;
}

bool http_reader::is_head() const {
  return state_->parser->request.method == "HEAD";
}

int http_reader::refusal() const {
  return state_->refusal;
}

std::size_t http_reader::held() const {
  const auto& s = *state_;
  const auto buffered = s.buffer.size() - first_buffer;
  return s.parser ? buffered + s.parser->held + s.parser->request.body.capacity() : buffered;
}

bool http_reader::started() const {
  return state_->parser.has_value() || state_->begin < state_->end;
}

bool http_reader::in_body() const {
  return state_->parser && state_->parser->header_done;
}

} // namespace causeway::net
