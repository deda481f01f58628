// SPDX-License-Identifier: Apache-2.0
// Moves the bytes of an http2_session over a stream and runs a task for each request. For http_server's own
// files. Loop's thread only.
#pragma once

#include "net/http2_session.h"
#include "net/http_server.h"
#include "net/task_group.h"
#include "net/wake_up.h"

#include <functional>
#include <memory>

namespace causeway::net {

// What the server gives; it must work for as long as the connection is served, and handle and budget for as
// long as a request is under way.
struct http2_service {
  http_limits limits;
  std::shared_ptr<http_budget> budget;
  std::string peer;
  // Nothing: the task was cancelled.
  std::function<task<std::optional<http_response>>(http_request)> handle;
  std::function<http_response(int status)> refuse;
  http_admission admit;                     // may be empty
  std::function<void(bool busy)> on_change; // whole requests wait for their answer, or none does any more
  std::function<void()> make_room;          // the budget is scarce
};

class http2_connection {
public:
  http2_connection(loop& on, task_group& tasks, stream& bytes, http2_service service);
  ~http2_connection();
  http2_connection(const http2_connection&) = delete;

  // Until the connection ends. bytes and this must stay until then. Requests that are with their handler
  // outlive it.
  task<> serve();
  // Requests that did not come to their end in time get 408; a peer that does not read is cut off.
  void end_late(mono_time now);
  // Asks the client to go; what it sends all the same is answered.
  void send_away(mono_time now);
  // GOAWAY; ends when what is under way is answered.
  void shut_down();
  // While the server drains: sends it away, when it was there before or has had an answer, and shuts it down
  // a second later; after the last call as soon as the client has read the first word.
  void let_go(mono_time now, bool was_there, bool last_call);
  // It is shut down, and everything is answered and written.
  bool is_done() const;
  // What the peer lets us hold of the budget, and how long: bytes times seconds.
  double burden(mono_time now) const;
  // Where there is no admission: a handler has answered it with 2xx.
  bool is_welcome() const;
  // Refuses its requests that are not whole; a client may repeat them. False: there was none, in the last
  // second neither.
  bool shed(mono_time now);
  // Closes it and gives back what it holds of the budget.
  void cut_off();

private:
  struct state;
  std::shared_ptr<state> state_;
};

} // namespace causeway::net
