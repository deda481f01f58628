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
// All connections are looked at then, up to 1 ms if they are four thousand.
constexpr std::chrono::milliseconds room_period{10};
constexpr std::chrono::milliseconds room_period_when_spent{1};

std::string_view without_port(std::string_view peer) {
  peer = peer.substr(0, peer.rfind(':'));
  if (peer.size() > 1 && peer.front() == '[') peer = peer.substr(1, peer.size() - 2);
  return peer;
}

} // namespace

connection::connection(stream b, const http_limits& limits, connection_table& all, http_budget& shared)
    : bytes{std::move(b)},
      peer{without_port(bytes.peer())},
      reader{limits.max_header, limits.max_body},
      among{all},
      budget{shared},
      in{&all.busy},
      place{all.busy.insert(all.busy.end(), this)} {}

double connection::burden(mono_time now) const {
  if (http2 != nullptr) return http2->burden(now);
  // A moment for all, so that of those who came in the same one the largest is worst.
  const std::chrono::duration<double> waited = now - waiting_since + std::chrono::milliseconds{1};
  return static_cast<double>(held - worked_on) * waited.count();
}

bool connection::shed(mono_time now) {
  if (http2 != nullptr) return http2->shed(now);
  if (overruled) return true;
  if (at != phase::header && at != phase::body) return false;
  overruled = true;
  reader.discard_body();
  hold(0);
  bytes.cancel(); // its own coroutine answers 503
  return true;
}

void connection::cut_off() {
  if (http2 != nullptr) {
    http2->cut_off();
    return;
  }
  hold(worked_on);
  close();
}

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
    s->make_room_in_budget();
    s->report(now);
  }
}

void http_server::state::end_late(mono_time now) {
  for (auto* list : open.all()) {
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
  lose(nullptr); // who comes finds no place, or takes another's
  const auto now = std::chrono::steady_clock::now();
  const auto close_one = [&](const connection_list& of, std::chrono::milliseconds after,
                             std::optional<std::size_t> sender = {}) {
    for (auto* c : of) {
      if (now - c->waiting_since < after) return false;
      if (!c->bytes.is_open() || (sender && c->sender != sender)) continue;
      c->close();
      ++closed_for_room;
      return true;
    }
    return false;
  };
  constexpr std::chrono::milliseconds at_once{0};
  // One of whoever has most, however busy they are kept; strangers together count as one. So neither they nor
  // a sender shut the others out, nor push out who has just come and not yet said who it is.
  const auto largest = open.largest_sender();
  const bool sender_has_most = largest && open.senders.at(*largest) > open.strangers.size();
  const auto close_a_known_one = [&] {
    return close_one(open.waiting, largest ? at_once : limits.room_after, largest);
  };
  if (sender_has_most) return close_a_known_one() || close_one(open.strangers, at_once);
  return close_one(open.strangers, at_once) || close_a_known_one();
}

// First come strangers, then those who have let us hold most for longest: bytes alone would choose an honest
// burst among many who let little hang, time alone one slow request. Their requests that are not whole are
// refused, so that they may be repeated; who has none and holds all the same is cut off.
void http_server::state::make_room_in_budget() {
  const auto now = std::chrono::steady_clock::now();
  const auto period = budget->is_spent() ? room_period_when_spent : room_period;
  if (now - last_room < period || !budget->is_scarce() || !budget->is_held_by_peers()) return;
  last_room = now;
  struct holder {
    bool welcome;
    double burden;
    connection* who;
  };
  std::vector<holder> holders;
  for (const auto* list : open.all())
    for (auto* c : *list)
      if (const auto burden = c->burden(now); burden > 0) holders.push_back({c->is_welcome(), burden, c});
  std::sort(holders.begin(), holders.end(), [](const holder& a, const holder& b) {
    return a.welcome != b.welcome ? b.welcome : a.burden > b.burden;
  });
  for (const auto& one : holders) {
    if (budget->has_room() || !budget->is_held_by_peers()) return;
    if (one.who->shed(now)) continue;
    one.who->cut_off();
    ++budget->counts.ended_by_budget;
  }
}

// Nobody else sees what is refused before a handler is asked; whoever floods must not fill the log.
void http_server::state::report(mono_time now) {
  const auto& counts = budget->counts;
  if (counts.total() == reported.total() || now < next_report) return;
  next_report = now + report_period;
  log::warning("http_refused",
               {{"listen", name},
                {"requests", counts.requests_over_budget - reported.requests_over_budget},
                {"streams", counts.streams_over_budget - reported.streams_over_budget},
                {"streams_over_limit", counts.streams_over_limit - reported.streams_over_limit},
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
  connection c{std::move(bytes), s->limits, s->open, *s->budget};
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
  // One that speaks HTTP/2 takes the memory of two.
  if (s->open_connections() + s->http2_open + 1 > s->limits.max_connections && !s->make_room()) {
    ++s->closed_for_room;
    co_return;
  }
  http2_service service;
  service.limits = s->limits;
  service.budget = s->budget;
  service.peer = c->peer;
  if (s->admission) {
    service.admit = [s, c](http_request& head) {
      head.peer = c->peer;
      auto away = s->admission(head);
      if (away)
        add_date(away->answer);
      else
        c->let_in(head.admitted);
      return away;
    };
  }
  service.make_room = [s] { s->make_room_in_budget(); };
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
    state& by;
    connection* of;
    serving(state& s, connection* c, http2_connection* version) : by{s}, of{c} {
      of->http2 = version;
      ++by.http2_open;
    }
    ~serving() {
      of->http2 = nullptr;
      --by.http2_open;
    }
    serving(const serving&) = delete;
  };
  http2_connection http2{s->on, s->tasks, c->bytes, std::move(service)};
  const serving here{*s, c, &http2};
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
    return live && live->make_room();
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
  return state_->open_connections();
}

std::size_t http_server::http2_connections() const {
  return state_->http2_open;
}

std::size_t http_server::held_bytes() const {
  return state_->budget->held;
}

const http_counts& http_server::counts() const {
  return state_->budget->counts;
}

std::uint64_t http_server::refused() const {
  return state_->door.refused() + state_->closed_for_room;
}

http_totals http_server::totals() const {
  return {connections(), http2_connections(), held_bytes(), refused(), counts()};
}

void http_server::tell(http_lost whom) {
  state_->budget->lost = std::move(whom);
}

} // namespace causeway::net
