// SPDX-License-Identifier: Apache-2.0
#include "net/http_server.h"

#include "base/log.h"
#include "net/http_answer.h"
#include "net/http_server_parts.h"

#include <boost/asio/error.hpp>
#include <boost/system/system_error.hpp>

#include <algorithm>
#include <vector>

namespace causeway::net {
namespace {

constexpr std::chrono::seconds report_period{10};
// All connections are looked at then, 1 or 2 ms if they are ten thousand.
constexpr std::chrono::milliseconds room_period{10};

std::string_view without_port(std::string_view peer) {
  peer = peer.substr(0, peer.rfind(':'));
  if (peer.size() > 1 && peer.front() == '[') peer = peer.substr(1, peer.size() - 2);
  return peer;
}

} // namespace

connection::connection(stream b, const http_limits& limits, connection_table& all)
    : bytes{std::move(b)},
      peer{without_port(bytes.peer())},
      reader{limits.max_header, limits.max_body},
      among{all},
      place{all.busy.insert(all.busy.end(), this)} {}

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
        c->close();
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
    c->close();
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
  co_await serve_http1(s, &c);
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
  if (s->admission) {
    service.admit = [s, c](http_request& head) {
      head.peer = c->peer;
      auto away = s->admission(head);
      if (away) add_date(away->answer);
      return away;
    };
  }
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
  if (s->closing && !s->sent_away) http2.shut_down();
  co_await http2.serve();
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
  co_return http_fault(500, "internal", "a fault in Causeway itself; its log has more");
}

result<http_server> http_server::start(loop& on, task_group& tasks, const listen_address& address,
                                       std::optional<tls_server_context> tls, http_limits limits,
                                       http_handler handler, http_refusal refusal, http_admission admission) {
  auto door = listener::bind(on, address);
  if (!door) return std::move(door).fault();
  return start(on, tasks, std::move(*door), std::move(tls), limits, std::move(handler), std::move(refusal),
               std::move(admission));
}

http_server http_server::start(loop& on, task_group& tasks, listener door,
                               std::optional<tls_server_context> tls, http_limits limits,
                               http_handler handler, http_refusal refusal, http_admission admission) {
  const auto name = door.address().str();
  auto s = std::make_shared<state>(on, tasks, name, std::move(door), limits, std::move(handler),
                                   std::move(refusal), std::move(admission));
  const std::weak_ptr<state> weak = s;
  const auto serve = [weak](stream bytes) { return state::serve(weak.lock(), std::move(bytes)); };
  const auto make_room = [weak] {
    const auto live = weak.lock();
    if (!live) return false;
    live->lose(nullptr); // who comes finds no place, or takes another's
    return live->make_room();
  };
  s->door.serve(tasks, std::move(tls), limits.max_connections, serve, make_room);
  tasks.spawn("http watch " + name, restart_policy::on_fault,
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

void http_server::tell(http_lost whom) {
  state_->budget->lost = std::move(whom);
}

} // namespace causeway::net
