// SPDX-License-Identifier: Apache-2.0
// What an http_server is made of. For its own .cpp files. Loop's thread only.
#pragma once

#include "net/http2_connection.h"
#include "net/http_reader.h"
#include "net/http_server.h"
#include "net/wake_up.h"

#include <list>
#include <optional>

namespace causeway::net {

enum class phase : std::uint8_t { idle, header, body, handling, writing, held, draining };

struct connection;
using connection_list = std::list<connection*>;

// Those whose peer has to send something: between requests and within one. The one that has waited longest
// since its last request was whole is the first.
struct connection_table {
  connection_list waiting, busy;
};

struct connection {
  connection(stream b, const http_limits& limits, connection_table& all);
  ~connection() { (is_waiting ? among.waiting : among.busy).erase(place); }
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
  bool is_waiting = false;
  std::unique_ptr<wake_up> bell;     // of an answer that is held
  http2_connection* http2 = nullptr; // when it speaks that
  connection_table& among;
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
    budget->most = limits.max_http2_bytes;
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
  std::shared_ptr<http2_budget> budget = std::make_shared<http2_budget>();
  http2_counts reported;
  mono_time next_report{}, next_room{};
  std::uint64_t closed_for_room = 0;
  bool closing = false;
  std::optional<mono_time> sent_away;
  bool half_closing = false;

  bool has_open() const { return !open.waiting.empty() || !open.busy.empty(); }

  // Often enough that a limit is overstepped by a quarter at most.
  std::chrono::milliseconds watch_period() const {
    const auto shortest = std::min({limits.header_time_out, limits.body_time_out, limits.idle_time_out});
    return std::clamp<std::chrono::milliseconds>(shortest / 4, std::chrono::milliseconds{5},
                                                 std::chrono::milliseconds{500});
  }
  void end_late(mono_time now);
  bool make_room();
  void make_http2_room();
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
  static task<> refuse(std::shared_ptr<state> s, connection* c, int status);
};

} // namespace causeway::net
