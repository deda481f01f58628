// SPDX-License-Identifier: Apache-2.0
#include "net/http_server.h"

#include "base/encoding.h"
#include "base/log.h"
#include "net/http2_connection.h"
#include "net/http_reader.h"

#include <boost/asio/error.hpp>
#include <boost/system/system_error.hpp>

#include <algorithm>
#include <array>
#include <ctime>
#include <list>
#include <vector>

namespace causeway::net {
namespace {

constexpr std::chrono::seconds report_period{10};
// All connections are looked at then, 1 or 2 ms if they are ten thousand.
constexpr std::chrono::milliseconds room_period{10};
constexpr std::string_view continue_line = "HTTP/1.1 100 Continue\r\n\r\n";

enum class phase : std::uint8_t { idle, header, body, handling, writing, draining };

struct reason {
  int status;
  std::string_view text;
};
constexpr std::array reasons{reason{200, "OK"},
                             reason{201, "Created"},
                             reason{202, "Accepted"},
                             reason{204, "No Content"},
                             reason{301, "Moved Permanently"},
                             reason{302, "Found"},
                             reason{304, "Not Modified"},
                             reason{307, "Temporary Redirect"},
                             reason{400, "Bad Request"},
                             reason{401, "Unauthorized"},
                             reason{403, "Forbidden"},
                             reason{404, "Not Found"},
                             reason{405, "Method Not Allowed"},
                             reason{408, "Request Timeout"},
                             reason{409, "Conflict"},
                             reason{412, "Precondition Failed"},
                             reason{413, "Content Too Large"},
                             reason{415, "Unsupported Media Type"},
                             reason{422, "Unprocessable Content"},
                             reason{429, "Too Many Requests"},
                             reason{431, "Request Header Fields Too Large"},
                             reason{500, "Internal Server Error"},
                             reason{501, "Not Implemented"},
                             reason{502, "Bad Gateway"},
                             reason{503, "Service Unavailable"},
                             reason{504, "Gateway Timeout"}};

std::string_view reason_of(int status) {
  const auto found =
      std::find_if(reasons.begin(), reasons.end(), [=](const reason& r) { return r.status == status; });
  return found == reasons.end() ? std::string_view{"Status"} : found->text;
}

http_response json_fault(int status, std::string_view name, std::string_view message) {
  http_response answer;
  answer.status = status;
  answer.body = "{\"error\":" + json_quoted(name) + ",\"message\":" + json_quoted(message) + "}";
  return answer;
}

http_response default_refusal(int status) {
  switch (status) {
  case 408:
    return json_fault(status, "connection_timed_out", "the request did not arrive in time");
  case 413:
    return json_fault(status, "body_too_large", "the body is larger than allowed");
  case 431:
    return json_fault(status, "http_protocol", "the header is larger than allowed");
  default:
    return json_fault(status, "http_protocol",
                      "this is not an HTTP/1.1 request; HTTP/2 is spoken over TLS only");
  }
}

// IMF-fixdate (RFC 9110 section 5.6.7), made once a second.
std::string_view http_date() {
  static std::time_t made = 0;
  static std::array<char, 40> text{};
  static std::size_t size = 0;
  if (const auto now = std::time(nullptr); now != made) {
    std::tm utc{};
    ::gmtime_r(&now, &utc);
    size = std::strftime(text.data(), text.size(), "%a, %d %b %Y %H:%M:%S GMT", &utc);
    made = now;
  }
  return {text.data(), size};
}

bool is_one_line(std::string_view text) {
  return std::none_of(text.begin(), text.end(), [](char c) { return c == '\r' || c == '\n' || c == '\0'; });
}

void add_header(std::string& out, std::string_view name, std::string_view value) {
  // What a handler copies from a request must not begin a header of its own.
  if (!is_one_line(name) || !is_one_line(value)) return;
  out.append(name).append(": ").append(value).append("\r\n");
}

bool is_dated(const http_response& answer) {
  return std::any_of(answer.headers.begin(), answer.headers.end(),
                     [](const auto& header) { return equals_ignoring_case(header.first, "Date"); });
}

void add_date(http_response& answer) {
  if (!is_dated(answer)) answer.headers.emplace_back("date", http_date());
}

void write_answer(std::string& out, const http_response& answer, bool head, bool close) {
  out.clear();
  out.append("HTTP/1.1 ").append(std::to_string(answer.status)).append(" ").append(reason_of(answer.status));
  out.append("\r\n");
  if (!is_dated(answer)) out.append("Date: ").append(http_date()).append("\r\n");
  const bool bodiless = answer.is_bodiless();
  if (!bodiless) {
    if (!answer.body.empty()) add_header(out, "Content-Type", answer.content_type);
    out.append("Content-Length: ").append(std::to_string(answer.body.size())).append("\r\n");
  }
  for (const auto& [name, value] : answer.headers)
    add_header(out, name, value);
  if (close) out.append("Connection: close\r\n");
  out.append("\r\n");
  if (!head && !bodiless) out.append(answer.body);
}

std::string_view without_port(std::string_view peer) {
  peer = peer.substr(0, peer.rfind(':'));
  if (peer.size() > 1 && peer.front() == '[') peer = peer.substr(1, peer.size() - 2);
  return peer;
}

struct connection;
using connection_list = std::list<connection*>;

// Those whose peer has to send something: between requests and within one. The one that has waited longest
// since its last request was whole is the first.
struct connection_table {
  connection_list waiting, busy;
};

struct connection {
  connection(stream b, const http_limits& limits, connection_table& all)
      : bytes{std::move(b)},
        peer{without_port(bytes.peer())},
        reader{limits.max_header, limits.max_body},
        among{all},
        place{all.busy.insert(all.busy.end(), this)} {}
  ~connection() { (is_waiting ? among.waiting : among.busy).erase(place); }
  connection(const connection&) = delete;

  stream bytes;
  std::string peer;
  http_reader reader;
  std::string out;
  phase at = phase::idle;
  mono_time deadline = mono_time::max(); // looked at by the watch
  mono_time waiting_since{};
  bool late = false;
  bool is_waiting = false;
  http2_connection* http2 = nullptr; // when it speaks that
  connection_table& among;
  connection_list::iterator place;

  void enter(phase next, mono_time until) {
    at = next;
    deadline = until;
    const bool waits = next == phase::idle || next == phase::header || next == phase::body;
    if (waits == is_waiting) return;
    is_waiting = waits;
    if (waits) {
      among.waiting.splice(among.waiting.end(), among.busy, place);
      waiting_since = std::chrono::steady_clock::now();
    } else {
      among.busy.splice(among.busy.end(), among.waiting, place);
    }
  }
};

} // namespace

struct http_server::state {
  state(loop& o, task_group& t, std::string n, listener l, http_limits m, http_handler h, http_refusal r)
      : on{o},
        tasks{t},
        name{std::move(n)},
        door{std::move(l)},
        limits{m},
        handler{std::move(h)},
        refusal{std::move(r)} {
    budget->most = limits.max_http2_bytes;
  }

  loop& on;
  task_group& tasks;
  std::string name; // for the log
  listener door;
  http_limits limits;
  http_handler handler;
  http_refusal refusal;
  connection_table open;
  std::shared_ptr<http2_budget> budget = std::make_shared<http2_budget>();
  http2_counts reported;
  mono_time next_report{}, next_room{};
  std::uint64_t closed_for_room = 0;
  bool closing = false;

  bool has_open() const { return !open.waiting.empty() || !open.busy.empty(); }

  // Often enough that a limit is overstepped by a quarter at most.
  std::chrono::milliseconds watch_period() const {
    const auto shortest = std::min({limits.header_time_out, limits.body_time_out, limits.idle_time_out});
    return std::clamp<std::chrono::milliseconds>(shortest / 4, std::chrono::milliseconds{5},
                                                 std::chrono::milliseconds{500});
  }
  void end_late(mono_time now);
  void close_idle();
  bool make_room();
  void make_http2_room();
  void report(mono_time now);
  http_response refuse_with(int status) const;

  static task<> watch(std::weak_ptr<state> weak, std::chrono::milliseconds period);
  static task<> serve(std::shared_ptr<state> s, stream bytes);
  static task<> serve_http2(std::shared_ptr<state> s, connection* c);
  static task<std::optional<http_response>> handle_dated(std::shared_ptr<state> s, http_request request);
  static task<bool> read_more(std::shared_ptr<state> s, connection* c);
  static task<bool> answer(std::shared_ptr<state> s, connection* c);
  static task<> refuse(std::shared_ptr<state> s, connection* c, int status);
  static task<std::optional<http_response>> handle(std::shared_ptr<state> s, http_request request);
};

// One timer for all connections: a timer for each would be re-armed with every request.
task<> http_server::state::watch(std::weak_ptr<state> weak, std::chrono::milliseconds period) {
  for (;;) {
    const bool goes_on = co_await sleep_for(period);
    const auto s = weak.lock();
    if (!s) co_return;
    const auto now = std::chrono::steady_clock::now();
    if (!goes_on || (s->closing && !s->has_open())) {
      s->next_report = now; // the last one
      s->report(now);
      co_return;
    }
    s->end_late(now);
    s->make_http2_room();
    s->report(now);
  }
}

void http_server::state::end_late(mono_time now) {
  for (auto* list : {&open.waiting, &open.busy}) {
    for (auto at = list->begin(); at != list->end();) {
      auto* c = *at++; // which may go over to the other list
      if (c->http2 != nullptr) c->http2->end_late(now);
      if (c->deadline > now) continue;
      c->deadline = mono_time::max();
      if (c->http2 != nullptr && !c->late) { // so that nothing the client sends meanwhile is lost
        c->late = true;
        c->deadline = now + drain_time_out;
        c->http2->shut_down();
      } else if (c->at == phase::header || c->at == phase::body) {
        c->late = true;
        c->bytes.cancel(); // its own coroutine answers 408
      } else {
        c->bytes.close();
      }
    }
  }
}

// The coroutine of the one that is closed ends in the loop's next turn.
bool http_server::state::make_room() {
  const auto now = std::chrono::steady_clock::now();
  for (auto* c : open.waiting) {
    if (now - c->waiting_since < limits.room_after) return false;
    if (!c->bytes.is_open()) continue;
    c->bytes.close();
    ++closed_for_room;
    return true;
  }
  return false;
}

// First come those whom no handler has answered well, then those who have let us hold most for longest: bytes
// alone would choose an honest burst among many who let little hang, time alone one slow request. Their
// requests that are not whole are refused, so that they may be repeated; who has none and holds all the same
// is cut off.
void http_server::state::make_http2_room() {
  const auto now = std::chrono::steady_clock::now();
  if (now < next_room || !budget->is_scarce() || !budget->is_held_by_peers()) return;
  next_room = now + room_period;
  struct holder {
    bool welcome;
    double burden;
    http2_connection* http2;
  };
  std::vector<holder> holders;
  for (const auto* list : {&open.waiting, &open.busy})
    for (const auto* c : *list)
      if (const auto burden = c->http2 == nullptr ? 0 : c->http2->burden(now); burden > 0)
        holders.push_back({c->http2->is_welcome(), burden, c->http2});
  std::sort(holders.begin(), holders.end(), [](const holder& a, const holder& b) {
    return a.welcome != b.welcome ? b.welcome : a.burden > b.burden;
  });
  for (const auto& one : holders) {
    if (budget->has_room() || !budget->is_held_by_peers()) return;
    if (one.http2->shed(now)) continue;
    one.http2->cut_off();
    ++budget->counts.ended_by_budget;
  }
}

// Nobody else sees what HTTP/2 refuses before a handler is asked; whoever floods must not fill the log.
void http_server::state::report(mono_time now) {
  const auto& counts = budget->counts;
  if (counts.total() == reported.total() || now < next_report) return;
  next_report = now + report_period;
  log::warning("http2_refused", {{"listen", name},
                                 {"streams", counts.streams_refused - reported.streams_refused},
                                 {"protocol", counts.ended_by_protocol - reported.ended_by_protocol},
                                 {"flood", counts.ended_by_flood - reported.ended_by_flood},
                                 {"budget", counts.ended_by_budget - reported.ended_by_budget},
                                 {"held_bytes", budget->held},
                                 {"with_handlers", budget->worked_on}});
  reported = counts;
}

void http_server::state::close_idle() {
  for (auto* list : {&open.waiting, &open.busy}) {
    for (auto* c : *list) {
      if (c->http2 != nullptr)
        c->http2->shut_down();
      else if (list == &open.waiting && c->at == phase::idle)
        c->bytes.close();
    }
  }
}

http_response http_server::state::refuse_with(int status) const {
  return refusal ? refusal(status) : default_refusal(status);
}

task<> http_server::state::serve(std::shared_ptr<state> s, stream bytes) {
  if (!s) co_return; // the server went during the handshake
  const bool http2 = bytes.protocol() == "h2";
  connection c{std::move(bytes), s->limits, s->open};
  if (http2) {
    co_await serve_http2(s, &c);
    co_return;
  }
  for (;;) {
    bool goes_on = true;
    switch (c.reader.step()) {
    case http_reader::progress::need_more:
      goes_on = co_await read_more(s, &c);
      break;
    case http_reader::progress::wants_continue: {
      const auto written = co_await c.bytes.write(continue_line);
      goes_on = written.has_value();
      break;
    }
    case http_reader::progress::complete:
      goes_on = co_await answer(s, &c);
      break;
    case http_reader::progress::refused:
      co_await refuse(s, &c, c.reader.refusal());
      goes_on = false;
      break;
    }
    if (!goes_on) co_return;
  }
}

task<std::optional<http_response>> http_server::state::handle_dated(std::shared_ptr<state> s,
                                                                    http_request request) {
  auto response = co_await handle(s, std::move(request));
  if (response) add_date(*response);
  co_return response;
}

task<> http_server::state::serve_http2(std::shared_ptr<state> s, connection* c) {
  http2_service service;
  service.limits = s->limits;
  service.budget = s->budget;
  service.peer = c->peer;
  service.make_room = [s] { s->make_http2_room(); };
  service.handle = [s](http_request request) { return handle_dated(s, std::move(request)); };
  service.refuse = [s](int status) {
    auto response = s->refuse_with(status);
    add_date(response);
    return response;
  };
  service.on_change = [c, idle = s->limits.idle_time_out](bool busy) {
    if (busy)
      c->enter(phase::handling, mono_time::max());
    else
      c->enter(phase::idle, std::chrono::steady_clock::now() + idle);
  };
  service.on_change(false);
  struct serving {
    connection* of;
    serving(connection* c, http2_connection* by) : of{c} { of->http2 = by; }
    ~serving() { of->http2 = nullptr; }
    serving(const serving&) = delete;
  };
  http2_connection http2{s->on, s->tasks, c->bytes, std::move(service)};
  const serving here{c, &http2};
  if (s->closing) http2.shut_down();
  co_await http2.serve();
}

task<bool> http_server::state::read_more(std::shared_ptr<state> s, connection* c) {
  const auto now = std::chrono::steady_clock::now();
  // A limit runs from the moment the phase began, however many pieces come.
  if (c->reader.in_body() && c->at != phase::body) c->enter(phase::body, now + s->limits.body_time_out);
  if (!c->reader.in_body() && c->reader.started() && c->at != phase::header)
    c->enter(phase::header, now + s->limits.header_time_out);
  if (!c->reader.started()) c->enter(phase::idle, now + s->limits.idle_time_out);
  if (c->at == phase::idle && s->closing) co_return false;

  const auto room = c->reader.prepare();
  const auto size = co_await c->bytes.read_some(room);
  if (size) {
    c->reader.commit(*size);
    co_return true;
  }
  if (c->late) co_await refuse(s, c, 408);
  co_return false;
}

task<std::optional<http_response>> http_server::state::handle(std::shared_ptr<state> s,
                                                              http_request request) {
  const auto what = request.method + " " + std::string{request.path()};
  try {
    auto work = s->handler(std::move(request));
    auto response = co_await std::move(work);
    co_return std::move(response);
  } catch (const boost::system::system_error& x) {
    if (x.code() == asio::error::operation_aborted) co_return std::nullopt; // the task was cancelled
    log::error("handler_fault", {{"request", what}, {"reason", x.what()}});
  } catch (const std::exception& x) {
    log::error("handler_fault", {{"request", what}, {"reason", x.what()}});
  }
  co_return json_fault(500, "internal", "a fault in Causeway itself; its log has more");
}

task<bool> http_server::state::answer(std::shared_ptr<state> s, connection* c) {
  const bool head = c->reader.is_head();
  const bool keep = c->reader.keep_alive();
  auto request = c->reader.take();
  request.peer = c->peer;
  c->enter(phase::handling, mono_time::max());
  const auto response = co_await handle(s, std::move(request));
  if (!response) co_return false;
  const bool close = !keep || response->close || s->closing;
  write_answer(c->out, *response, head, close);
  // A peer that does not read holds the connection no longer than an idle one.
  c->enter(phase::writing, std::chrono::steady_clock::now() + s->limits.idle_time_out);
  const auto written = co_await c->bytes.write(c->out);
  co_return written && !close;
}

task<> http_server::state::refuse(std::shared_ptr<state> s, connection* c, int status) {
  write_answer(c->out, s->refuse_with(status), false, true);
  c->enter(phase::draining, std::chrono::steady_clock::now() + drain_time_out);
  const auto written = co_await c->bytes.write(c->out);
  if (!written) co_return;
  c->bytes.end_output();
  co_await drain(c->bytes, most_drained);
}

result<http_server> http_server::start(loop& on, task_group& tasks, const listen_address& address,
                                       std::optional<tls_server_context> tls, http_limits limits,
                                       http_handler handler, http_refusal refusal) {
  auto door = listener::bind(on, address);
  if (!door) return std::move(door).fault();
  auto s = std::make_shared<state>(on, tasks, address.str(), std::move(*door), limits, std::move(handler),
                                   std::move(refusal));
  const std::weak_ptr<state> weak = s;
  const auto serve = [weak](stream bytes) { return state::serve(weak.lock(), std::move(bytes)); };
  const auto make_room = [weak] {
    const auto live = weak.lock();
    return live && live->make_room();
  };
  s->door.serve(tasks, std::move(tls), limits.max_connections, serve, make_room);
  tasks.spawn("http watch " + address.str(), restart_policy::on_fault,
              [weak, period = s->watch_period()] { return state::watch(weak, period); });
  return http_server{std::move(s)};
}

http_server::http_server(std::shared_ptr<state> s) : state_{std::move(s)} {}
http_server::http_server(http_server&&) noexcept = default;

http_server& http_server::operator=(http_server&& other) noexcept {
  if (this == &other) return *this;
  if (state_) stop_accepting();
  state_ = std::move(other.state_);
  return *this;
}

http_server::~http_server() {
  if (state_) stop_accepting();
}

std::uint16_t http_server::port() const {
  return state_->door.port();
}

std::size_t http_server::connections() const {
  return state_->open.waiting.size() + state_->open.busy.size();
}

std::size_t http_server::http2_connections() const {
  const auto among = [](const connection_list& list) {
    return std::count_if(list.begin(), list.end(), [](const auto* c) { return c->http2 != nullptr; });
  };
  return static_cast<std::size_t>(among(state_->open.waiting) + among(state_->open.busy));
}

std::size_t http_server::http2_bytes() const {
  return state_->budget->held;
}

const http2_counts& http_server::http2_refused() const {
  return state_->budget->counts;
}

std::uint64_t http_server::refused() const {
  return state_->door.refused() + state_->closed_for_room;
}

void http_server::stop_accepting() {
  state_->closing = true;
  state_->door.close();
  state_->close_idle();
}

} // namespace causeway::net
