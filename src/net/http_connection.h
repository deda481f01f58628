// SPDX-License-Identifier: Apache-2.0
// One connection of an http_server, whatever version of HTTP it speaks, and what the server gives it. The
// server accepts, limits, makes room and says when to go; a connection reads requests and answers them. For
// http_server's own files. Loop's thread only.
#pragma once

#include "net/http_budget.h"
#include "net/http_server.h"
#include "net/task_group.h"

#include <array>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <optional>
#include <string>

namespace causeway::net {

// Of a server, for all of its connections; a request that is with its handler keeps it.
struct http_service {
  loop& on;
  task_group& tasks;
  http_limits limits;
  http_handler handler;
  http_refusal refusal{};            // may be empty
  http_admission admission{};        // may be empty
  std::function<void()> make_room{}; // the budget is scarce
  std::shared_ptr<http_budget> budget = std::make_shared<http_budget>();
  // http_server::send_away, half_close_idle, stop_accepting.
  std::optional<mono_time> sent_away{};
  bool half_closing = false, closing = false;

  // After room was made.
  bool is_spent() const {
    if (budget->is_scarce() && make_room) make_room();
    return budget->is_spent();
  }
  void lose(const http_request* head) const {
    if (budget->lost) budget->lost(head);
  }
  http_response refuse(int status) const;
  // Nothing: the task was cancelled.
  static task<std::optional<http_response>> handle(std::shared_ptr<http_service> s, http_request request);
};

class http_connection;
using connection_list = std::list<http_connection*>;

// Those whose peer has to send something, between requests and within one, strangers apart; the one that has
// waited longest since its last request was whole is the first.
struct connection_table {
  connection_list strangers, waiting, busy;
  std::map<std::size_t, std::size_t>
      senders; // whom the admission has let in, and how many connections each has

  // Who has most; nothing where the admission knows nobody.
  std::optional<std::size_t> largest_sender() const;
  std::array<connection_list*, 3> all() { return {&strangers, &waiting, &busy}; }
  std::size_t size() const { return strangers.size() + waiting.size() + busy.size(); }
};

class http_connection {
public:
  // of and among must stay until it has gone.
  http_connection(stream bytes, std::shared_ptr<http_service> of, connection_table& among);
  virtual ~http_connection();
  http_connection(const http_connection&) = delete;

  // Until it ends.
  virtual task<> serve() = 0;
  // Requests, answers and pauses that take too long for its limits are ended.
  virtual void end_late(mono_time now) = 0;

  // What its peer lets it hold of the budget, and how long: bytes times seconds.
  virtual double burden(mono_time now) const = 0;
  // Gives that back, if a client may repeat its request. False: nothing came of it.
  virtual bool shed(mono_time now) = 0;
  // Closes it and gives back what it holds of the budget.
  virtual void cut_off() = 0;
  virtual void close();

  // While the server drains, every few milliseconds.
  void see_off(mono_time now);
  // The server stops: ends when what is under way is answered.
  virtual void stop() = 0;
  // Requests are under way that began, or whose connection did, before then.
  virtual bool is_serving(mono_time before) const = 0;
  // A first request may be on its way.
  virtual bool is_expecting(mono_time now) const = 0;

  bool is_open() const { return bytes_.is_open(); }
  bool is_welcome() const { return welcome_; } // no stranger
  std::optional<std::size_t> sender() const { return sender_; }
  mono_time waiting_since() const { return waiting_since_; }
  // whom: as the admission knows its sender. The last one counts.
  void let_in(std::optional<std::size_t> whom = {});

protected:
  virtual void let_go(mono_time now) = 0;
  // Whether its peer has to send something.
  void wait_for_peer(bool waits);
  // Too young for its first request to have come.
  bool is_young(mono_time now) const;

  stream bytes_;
  std::shared_ptr<http_service> service_;
  std::string peer_;                      // address without port
  mono_time deadline_ = mono_time::max(); // looked at by end_late
  mono_time waiting_since_{};
  mono_time opened_ = std::chrono::steady_clock::now();

private:
  void forget_sender();
  void move_to(connection_list& to);

  std::uint8_t looks_ = 0; // of those who see it off
  bool welcome_ = false;
  std::optional<std::size_t> sender_;
  connection_table& among_;
  connection_list* in_; // one of those
  connection_list::iterator place_;
};

} // namespace causeway::net
