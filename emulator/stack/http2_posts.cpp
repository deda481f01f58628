// SPDX-License-Identifier: Apache-2.0
#include "emulator/stack/http2_posts.h"

#include "base/encoding.h"
#include "net/wake_up.h"

#include <nghttp2/nghttp2.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>
#include <utility>
#include <vector>

namespace causeway::emulator {
namespace {

constexpr int tries = 3;

std::uint8_t* bytes_of(std::string& text) {
  return reinterpret_cast<std::uint8_t*>(text.data());
}

// "POST /x HTTP/1.1\r\nHost: h\r\nName: value\r\n\r\nbody" as HTTP/2 says it (RFC 9113 section 8.3.1).
struct http2_request {
  std::vector<std::pair<std::string, std::string>> fields;
  std::string body;

  explicit http2_request(std::string_view text) {
    const auto end = text.find("\r\n\r\n");
    body = text.substr(end + 4);
    auto head = text.substr(0, end);
    const auto line = head.substr(0, head.find("\r\n"));
    const auto space = line.find(' ');
    fields = {{":method", std::string{line.substr(0, space)}},
              {":scheme", "https"},
              {":authority", ""},
              {":path", std::string{line.substr(space + 1, line.rfind(' ') - space - 1)}}};
    for (head.remove_prefix(line.size()); !head.empty();) {
      head.remove_prefix(2);
      const auto field = head.substr(0, head.find("\r\n"));
      head.remove_prefix(field.size());
      const auto colon = field.find(':');
      auto name = to_lower(field.substr(0, colon));
      std::string value{field.substr(std::min(colon + 2, field.size()))};
      if (name == "host")
        fields[2].second = std::move(value);
      else
        fields.emplace_back(std::move(name), std::move(value));
    }
  }
};

} // namespace

// One post under way. Its coroutine keeps it; the line knows it by its stream.
struct http2_posts::exchange {
  exchange(net::loop& on, std::string_view text) : request{text}, bell{on} {}
  http2_request request;
  std::size_t sent = 0;
  int status = 0;
  bool done = false, untouched = false; // untouched: the server has not begun with it
  net::wake_up bell;

  void finish(bool was_untouched) {
    done = true;
    untouched = was_untouched;
    bell.notify();
  }
};

// One connection.
struct http2_posts::line {
  line() = default;
  ~line() { nghttp2_session_del(session); }
  line(const line&) = delete;

  net::stream bytes;
  nghttp2_session* session = nullptr;
  std::map<std::int32_t, std::shared_ptr<exchange>> under_way;
  enum class phase : std::uint8_t { opening, open, http1, ended } at = phase::opening;
  bool writing = false;
  std::vector<std::shared_ptr<net::wake_up>> waiting; // while it opens

  static line& of(void* user) { return *static_cast<line*>(user); }
  void begin();
  void end() {
    at = phase::ended;
    bytes.close();
    for (const auto& [id, one] : std::exchange(under_way, {}))
      one->finish(false);
  }
  void leave_opening(phase next) {
    at = next;
    for (const auto& one : std::exchange(waiting, {}))
      one->notify();
  }
  static int on_field(nghttp2_session*, const nghttp2_frame* frame, const std::uint8_t* name,
                      std::size_t name_size, const std::uint8_t* value, std::size_t value_size, std::uint8_t,
                      void* user);
  static int on_close(nghttp2_session*, std::int32_t id, std::uint32_t code, void* user);
  static int on_not_sent(nghttp2_session*, const nghttp2_frame* frame, int, void* user);
  static ssize_t read_body(nghttp2_session*, std::int32_t, std::uint8_t* into, std::size_t room,
                           std::uint32_t* flags, nghttp2_data_source* from, void*);
};

int http2_posts::line::on_field(nghttp2_session*, const nghttp2_frame* frame, const std::uint8_t* name,
                                std::size_t name_size, const std::uint8_t* value, std::size_t value_size,
                                std::uint8_t, void* user) {
  const auto found = of(user).under_way.find(frame->hd.stream_id);
  const std::string_view key{reinterpret_cast<const char*>(name), name_size};
  if (found == of(user).under_way.end() || key != ":status") return 0;
  const auto* const text = reinterpret_cast<const char*>(value);
  std::from_chars(text, text + value_size, found->second->status);
  return 0;
}

int http2_posts::line::on_close(nghttp2_session*, std::int32_t id, std::uint32_t code, void* user) {
  auto& under_way = of(user).under_way;
  const auto found = under_way.find(id);
  if (found == under_way.end()) return 0;
  const auto one = std::move(found->second);
  under_way.erase(found);
  one->finish(code == NGHTTP2_REFUSED_STREAM);
  return 0;
}

int http2_posts::line::on_not_sent(nghttp2_session* session, const nghttp2_frame* frame, int, void* user) {
  if (frame->hd.type != NGHTTP2_HEADERS) return 0;
  return on_close(session, frame->hd.stream_id, NGHTTP2_REFUSED_STREAM, user);
}

ssize_t http2_posts::line::read_body(nghttp2_session*, std::int32_t, std::uint8_t* into, std::size_t room,
                                     std::uint32_t* flags, nghttp2_data_source* from, void*) {
  auto& one = *static_cast<exchange*>(from->ptr);
  const auto size = std::min(room, one.request.body.size() - one.sent);
  std::memcpy(into, one.request.body.data() + one.sent, size);
  one.sent += size;
  if (one.sent == one.request.body.size()) *flags |= NGHTTP2_DATA_FLAG_EOF;
  return static_cast<ssize_t>(size);
}

void http2_posts::line::begin() {
  nghttp2_session_callbacks* callbacks = nullptr;
  nghttp2_session_callbacks_new(&callbacks);
  nghttp2_session_callbacks_set_on_header_callback(callbacks, &line::on_field);
  nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, &line::on_close);
  nghttp2_session_callbacks_set_on_frame_not_send_callback(callbacks, &line::on_not_sent);
  nghttp2_session_client_new(&session, callbacks, this);
  nghttp2_session_callbacks_del(callbacks);
  // As Go: no server push, 4 MiB of answers a stream, 1 GiB a connection.
  const std::array settings{nghttp2_settings_entry{NGHTTP2_SETTINGS_ENABLE_PUSH, 0},
                            nghttp2_settings_entry{NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, 4U << 20U}};
  nghttp2_submit_settings(session, NGHTTP2_FLAG_NONE, settings.data(), settings.size());
  nghttp2_session_set_local_window_size(session, NGHTTP2_FLAG_NONE, 0, 1 << 30);
}

struct http2_posts::state {
  net::loop& on;
  net::task_group& tasks;
  net::tls_client_context tls;
  std::map<std::string, std::shared_ptr<line>> lines{}; // by host and port
  std::uint64_t opened = 0;
};

result<http2_posts> http2_posts::make(net::loop& on, net::task_group& tasks, const std::string& ca_file) {
  auto tls = net::tls_client_context::make(ca_file, {"h2", "http/1.1"});
  if (!tls) return std::move(tls).fault();
  return http2_posts{std::make_shared<state>(state{on, tasks, std::move(*tls)})};
}

http2_posts::http2_posts(std::shared_ptr<state> s) : state_{std::move(s)} {}
http2_posts::http2_posts(http2_posts&&) noexcept = default;

http2_posts::~http2_posts() {
  if (!state_) return;
  for (const auto& [key, one] : state_->lines)
    one->end();
}

std::uint64_t http2_posts::connections_opened() const {
  return state_->opened;
}

net::task<> http2_posts::read(std::shared_ptr<line> on) {
  std::vector<char> room(16 * 1024);
  while (on->at == line::phase::open) {
    const auto size = co_await on->bytes.read_some(room);
    if (!size) break;
    const auto taken =
        nghttp2_session_mem_recv(on->session, reinterpret_cast<const std::uint8_t*>(room.data()), *size);
    co_await flush(on);
    const bool alive =
        nghttp2_session_want_read(on->session) != 0 || nghttp2_session_want_write(on->session) != 0;
    if (taken < 0 || !alive) break;
  }
  on->end();
}

// Whoever comes first writes for all.
net::task<> http2_posts::flush(std::shared_ptr<line> on) {
  if (on->writing) co_return;
  on->writing = true;
  while (on->at == line::phase::open) {
    const std::uint8_t* bytes = nullptr;
    const auto size = nghttp2_session_mem_send(on->session, &bytes);
    if (size <= 0) break;
    const auto written =
        co_await on->bytes.write({reinterpret_cast<const char*>(bytes), static_cast<std::size_t>(size)});
    if (!written) on->end();
  }
  on->writing = false;
}

net::task<bool> http2_posts::open(std::shared_ptr<state> s, std::shared_ptr<line> one, std::string host,
                                  std::uint16_t port, mono_time deadline) {
  ++s->opened;
  net::connect_options options;
  options.host = std::move(host);
  options.port = port;
  options.tls = s->tls;
  options.time_out = std::chrono::duration_cast<std::chrono::milliseconds>(deadline - s->on.now().mono);
  auto connected = co_await net::connect(std::move(options));
  if (!connected) {
    one->leave_opening(line::phase::ended);
    co_return false;
  }
  if (connected->bytes.protocol() != "h2") {
    one->leave_opening(line::phase::http1);
    co_return true;
  }
  one->bytes = std::move(connected->bytes);
  one->begin();
  one->leave_opening(line::phase::open);
  s->tasks.spawn("http2_line", net::restart_policy::never, [one] { return read(one); });
  co_return true;
}

net::task<http2_post_result> http2_posts::post(std::string host, std::uint16_t port, std::string request,
                                               mono_time deadline) {
  return post_by(state_, std::move(host), port, std::move(request), deadline);
}

net::task<http2_post_result> http2_posts::post_by(std::shared_ptr<state> s, std::string host,
                                                  std::uint16_t port, std::string request,
                                                  mono_time deadline) {
  using phase = line::phase;
  const auto key = host + ":" + std::to_string(port);
  for (int i = 0; i < tries; ++i) {
    auto& known = s->lines[key];
    const bool usable =
        known && known->at != phase::ended &&
        (known->at != phase::open || nghttp2_session_check_request_allowed(known->session) != 0);
    if (!usable) {
      known = std::make_shared<line>();
      const auto fresh = known;
      const bool connected = co_await open(s, fresh, host, port, deadline);
      if (!connected) co_return http2_post_result{true, 0, "connection"};
    }
    const auto one = s->lines[key];
    if (one->at == phase::opening) {
      const auto bell = std::make_shared<net::wake_up>(s->on);
      one->waiting.push_back(bell);
      const bool rung = co_await bell->wait_until(deadline);
      if (!rung) co_return http2_post_result{true, 0, "time_out"};
    }
    if (one->at == phase::http1) co_return http2_post_result{false};
    if (one->at == phase::ended) co_return http2_post_result{true, 0, "connection"};

    const auto mine = std::make_shared<exchange>(s->on, request);
    std::vector<nghttp2_nv> fields;
    for (auto& [name, value] : mine->request.fields)
      fields.push_back({bytes_of(name), bytes_of(value), name.size(), value.size(), NGHTTP2_NV_FLAG_NONE});
    nghttp2_data_provider provider{};
    provider.source.ptr = mine.get();
    provider.read_callback = &line::read_body;
    const auto id =
        nghttp2_submit_request(one->session, nullptr, fields.data(), fields.size(), &provider, nullptr);
    if (id < 0) continue;
    one->under_way.emplace(id, mine);
    co_await flush(one);
    while (!mine->done) {
      const bool rung = co_await mine->bell.wait_until(deadline);
      if (rung) continue;
      if (one->at == phase::open) {
        nghttp2_submit_rst_stream(one->session, NGHTTP2_FLAG_NONE, id, NGHTTP2_CANCEL);
        co_await flush(one);
      }
      co_return http2_post_result{true, 0, "time_out"};
    }
    if (mine->status != 0) co_return http2_post_result{true, mine->status};
    if (!mine->untouched) co_return http2_post_result{true, 0, "connection"};
  }
  co_return http2_post_result{true, 0, "connection"};
}

} // namespace causeway::emulator
