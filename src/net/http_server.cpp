// SPDX-License-Identifier: Apache-2.0
#include "net/http_server.h"

#include "base/log.h"
#include "net/http1_connection.h"
#include "net/http2_connection.h"
#include "net/http_server_parts.h"

#include <algorithm>
#include <vector>

namespace causeway::net {
namespace {

constexpr std::chrono::seconds report_period{10};
// All connections are looked at then, up to 1 ms if they are four thousand.
constexpr std::chrono::milliseconds room_period{10};
constexpr std::chrono::milliseconds room_period_when_spent{1};

} // namespace

// One timer for all connections: a timer for each would be re-armed with every request.
task<> http_server::state::watch(std::weak_ptr<state> weak, std::chrono::milliseconds period) {
  for (;;) {
    const bool goes_on = co_await sleep_for(period);
    const auto s = weak.lock();
    if (!s) co_return;
    const auto now = std::chrono::steady_clock::now();
    if (!goes_on || (s->service->closing && s->open.size() == 0)) {
      s->next_report = now; // the last one
      s->report(now);
      co_return;
    }
    s->for_each([now](http_connection& c) { c.end_late(now); });
    s->make_room_in_budget();
    s->report(now);
  }
}

// The coroutine of the one that is closed ends in the loop's next turn.
bool http_server::state::make_room() {
  service->lose(nullptr); // who comes finds no place, or takes another's
  const auto now = std::chrono::steady_clock::now();
  const auto close_one = [&](const connection_list& of, std::chrono::milliseconds after,
                             std::optional<std::size_t> sender = {}) {
    for (auto* c : of) {
      if (now - c->waiting_since() < after) return false;
      if (!c->is_open() || (sender && c->sender() != sender)) continue;
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
    return close_one(open.waiting, largest ? at_once : service->limits.room_after, largest);
  };
  if (sender_has_most) return close_a_known_one() || close_one(open.strangers, at_once);
  return close_one(open.strangers, at_once) || close_a_known_one();
}

// First come strangers, then those who have let us hold most for longest: bytes alone would choose an honest
// burst among many who let little hang, time alone one slow request. Their requests that are not whole are
// refused, so that they may be repeated; who has none and holds all the same is cut off.
void http_server::state::make_room_in_budget() {
  const auto now = std::chrono::steady_clock::now();
  const auto budget = service->budget;
  const auto period = budget->is_spent() ? room_period_when_spent : room_period;
  if (now - last_room < period || !budget->is_scarce() || !budget->is_held_by_peers()) return;
  last_room = now;
  struct holder {
    bool welcome;
    double burden;
    http_connection* who;
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
  const auto& budget = *service->budget;
  const auto& counts = budget.counts;
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
                {"held_bytes", budget.held},
                {"with_handlers", budget.worked_on}});
  reported = counts;
}

task<> http_server::state::serve(std::shared_ptr<state> s, stream bytes) {
  if (!s) co_return; // the server went during the handshake
  if (bytes.protocol() != "h2") {
    http1_connection c{std::move(bytes), s->service, s->open};
    co_await c.serve();
    co_return;
  }
  http2_connection c{std::move(bytes), s->service, s->open};
  // One that speaks HTTP/2 takes the memory of two.
  if (s->open.size() + s->http2_open + 1 > s->service->limits.max_connections && !s->make_room()) {
    ++s->closed_for_room;
    co_return;
  }
  struct counted {
    std::size_t& in;
    explicit counted(std::size_t& of) : in{of} { ++in; }
    ~counted() { --in; }
    counted(const counted&) = delete;
  } const here{s->http2_open};
  co_await c.serve();
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
  auto service = std::make_shared<http_service>(
      http_service{on, tasks, limits, std::move(handler), std::move(refusal), std::move(admission)});
  auto s = std::make_shared<state>(std::move(service), name, std::move(door));
  const std::weak_ptr<state> weak = s;
  s->service->make_room = [weak] {
    if (const auto live = weak.lock()) live->make_room_in_budget();
  };
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
  return state_->open.size();
}

std::size_t http_server::http2_connections() const {
  return state_->http2_open;
}

std::size_t http_server::held_bytes() const {
  return state_->service->budget->held;
}

const http_counts& http_server::counts() const {
  return state_->service->budget->counts;
}

std::uint64_t http_server::refused() const {
  return state_->door.refused() + state_->closed_for_room;
}

http_totals http_server::totals() const {
  return {connections(), http2_connections(), held_bytes(), refused(), counts()};
}

void http_server::tell(http_lost whom) {
  state_->service->budget->lost = std::move(whom);
}

} // namespace causeway::net
