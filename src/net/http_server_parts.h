// SPDX-License-Identifier: Apache-2.0
// What an http_server is made of. For its own .cpp files. Loop's thread only.
#pragma once

#include "net/http2_connection.h"
#include "net/http_reader.h"
#include "net/http_server.h"
#include "net/wake_up.h"

#include <algorithm>
#include <array>
#include <list>
#include <map>
#include <optional>
#include <utility>

namespace causeway::net {

enum class phase : std::uint8_t { idle, header, body, handling, writing, held, draining };

struct connection;
using connection_list = std::list<connection*>;

// Those whose peer has to send something, between requests and within one, strangers apart; the one that has
// waited longest since its last request was whole is the first.
struct connection_table {
  connection_list strangers, waiting, busy;
  std::map<std::size_t, std::size_t>
      senders; // whom the admission has let in, and how many connections each has

  // Who has most; nothing where the admission knows nobody.
  std::optional<std::size_t> largest_sender() const {
    const auto most =
        std::max_element(senders.begin(), senders.end(),
                         [](const auto& left, const auto& right) { return left.second < right.second; });
    return most == senders.end() ? std::nullopt : std::optional{most->first};
  }

  std::array<connection_list*, 3> all() { return {&strangers, &waiting, &busy}; }
};

struct connection {
  connection(stream b, const http_limits& limits, connection_table& all, http_budget& budget);
  ~connection() {
    end_work();
    hold(0);
    forget_sender();
    in->erase(place);
  }
  connection(const connection&) = delete;

  stream bytes;
  std::string peer;
  http_reader reader;
  std::string out;
  phase at = phase::idle;
  mono_time deadline = mono_time::max(); // looked at by the watch
  mono_time waiting_since{};
  mono_time opened = std::chrono::steady_clock::now(), begun{}; // the connection, and its request
  std::uint8_t looks = 0;                                       // of those who let it go
  bool answered = false;
  bool half_closed = false; // there is no answer any more
  bool late = false;
  bool welcome = false;                // no stranger
  std::optional<std::size_t> sender;   // as the admission knows it
  bool overruled = false;              // others need what its request holds
  std::size_t held = 0, worked_on = 0; // of the budget, by HTTP/1.1
  std::unique_ptr<wake_up> bell;       // of an answer that is held
  http2_connection* http2 = nullptr;   // when it speaks that
  connection_table& among;
  http_budget& budget;
  connection_list* in; // one of those
  connection_list::iterator place;

  void close() {
    bytes.close();
    if (bell) bell->notify();
  }
  void enter(phase next, mono_time until) {
    if ((at == phase::idle || at == phase::writing) && next != phase::idle)
      begun = std::chrono::steady_clock::now();
    at = next;
    deadline = until;
    const bool waits = next != phase::handling && next != phase::writing;
    if (waits == (in != &among.busy)) return;
    if (waits) waiting_since = std::chrono::steady_clock::now();
    move_to(waits ? (is_welcome() ? among.waiting : among.strangers) : among.busy);
  }
  bool is_welcome() const { return welcome || (http2 != nullptr && http2->is_welcome()); }
  // whom: as the admission knows its sender. The last one counts.
  void let_in(std::optional<std::size_t> whom = {}) {
    welcome = true;
    if (whom && whom != sender) {
      forget_sender();
      sender = whom;
      ++among.senders[*whom];
    }
    if (in == &among.strangers) move_to(among.waiting);
  }
  void forget_sender() {
    if (!sender) return;
    const auto known = among.senders.find(*sender);
    if (--known->second == 0) among.senders.erase(known);
    sender.reset();
  }
  void move_to(connection_list& to) {
    to.splice(to.end(), *in, place);
    in = &to;
  }

  void hold(std::size_t size) {
    budget.held = budget.held - held + size;
    held = size;
  }
  void begin_work() {
    worked_on = held;
    budget.worked_on += held;
  }
  void end_work() { budget.worked_on -= std::exchange(worked_on, 0); }
  // What its peer lets it hold of the budget, and how long: bytes times seconds.
  double burden(mono_time now) const;
  // Gives that back, if a client may repeat its request. False: nothing came of it.
  bool shed(mono_time now);
  void cut_off();
};

struct http_server::state {
  state(loop& o, task_group& t, std::string n, listener l, http_limits m, http_handler h, http_refusal r,
        http_admission a)
      : on{o},
        tasks{t},
        name{std::move(n)},
        door{std::move(l)},
        limits{m},
        handler{std::move(h)},
        refusal{std::move(r)},
        admission{std::move(a)} {
    budget->most = limits.max_bytes;
  }

  loop& on;
  task_group& tasks;
  std::string name; // for the log
  listener door;
  http_limits limits;
  http_handler handler;
  http_refusal refusal;
  http_admission admission;
  connection_table open;
  std::shared_ptr<http_budget> budget = std::make_shared<http_budget>();
  http_counts reported;
  mono_time next_report{}, last_room{};
  std::uint64_t closed_for_room = 0;
  std::size_t http2_open = 0;
  bool closing = false;
  std::optional<mono_time> sent_away;
  bool half_closing = false;

  std::size_t open_connections() const {
    return open.strangers.size() + open.waiting.size() + open.busy.size();
  }
  bool has_open() const { return open_connections() != 0; }

  // Often enough that a limit is overstepped by a quarter at most.
  std::chrono::milliseconds watch_period() const {
    const auto shortest = std::min({limits.header_time_out, limits.body_time_out, limits.idle_time_out});
    return std::clamp<std::chrono::milliseconds>(shortest / 4, std::chrono::milliseconds{5},
                                                 std::chrono::milliseconds{500});
  }
  void end_late(mono_time now);
  bool make_room();
  void make_room_in_budget();
  // After room was made.
  bool is_spent() {
    if (budget->is_scarce()) make_room_in_budget();
    return budget->is_spent();
  }
  void lose(const http_request* head) const {
    if (budget->lost) budget->lost(head);
  }
  void report(mono_time now);
  http_response refuse_with(int status) const;

  static task<> watch(std::weak_ptr<state> weak, std::chrono::milliseconds period);
  static task<> serve(std::shared_ptr<state> s, stream bytes);
  static task<> serve_http2(std::shared_ptr<state> s, connection* c);
  static task<std::optional<http_response>> handle(std::shared_ptr<state> s, http_request request);
  static task<std::optional<http_response>> handle_dated(std::shared_ptr<state> s, http_request request);

  // http_draining.cpp
  static task<> let_go(std::weak_ptr<state> weak);
  void let_go(mono_time now);
  void let_go_idle(connection& c, mono_time now);
  void close_idle();

  // http1_serving.cpp
  static task<> serve_http1(std::shared_ptr<state> s, connection* c);
  static task<bool> look_at_head(std::shared_ptr<state> s, connection* c);
  static task<bool> turn_away(std::shared_ptr<state> s, connection* c, http_turned_away away);
  static task<bool> read_more(std::shared_ptr<state> s, connection* c);
  static task<bool> answer(std::shared_ptr<state> s, connection* c);
  // Writes the last answer, and sees that it is not lost over what the peer sends on.
  static task<> part(connection* c, std::size_t most);
  static task<> refuse_for_room(std::shared_ptr<state> s, connection* c);
  static task<> refuse(std::shared_ptr<state> s, connection* c, int status);
};

} // namespace causeway::net
