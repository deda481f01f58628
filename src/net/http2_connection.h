// SPDX-License-Identifier: Apache-2.0
// HTTP/2 with one connection: moves the bytes of an http2_session over its stream and runs a task for each
// request. For http_server's own files. Loop's thread only.
#pragma once

#include "net/http2_session.h"
#include "net/http_connection.h"

#include <memory>

namespace causeway::net {

// Requests that are with their handler outlive it.
class http2_connection : public http_connection {
public:
  http2_connection(stream bytes, std::shared_ptr<http_service> of, connection_table& among);
  ~http2_connection() override;

  task<> serve() override;
  // Requests that did not come to their end in time get 408; a peer that does not read is cut off. One that
  // is idle for too long is shut down, so that nothing the client sends meanwhile is lost, and soon closed.
  void end_late(mono_time now) override;
  double burden(mono_time now) const override;
  // Refuses its requests that are not whole. False: there was none, in the last second neither.
  bool shed(mono_time now) override;
  void cut_off() override;
  // GOAWAY.
  void stop() override;
  bool is_serving(mono_time before) const override;
  bool is_expecting(mono_time now) const override;

  // Asks the client to go; what it sends all the same is answered.
  void send_away(mono_time now);
  // Sends it away, when it was there before or has had an answer, and stops it a second later; after the last
  // call as soon as the client has read the first word.
  void let_go(mono_time now, bool was_there, bool last_call);
  // It is stopped, and everything is answered and written.
  bool is_done() const;

protected:
  void let_go(mono_time now) override;
  // Whole requests wait for their answer, or none does any more.
  virtual void on_change(bool busy);

private:
  struct state;
  std::shared_ptr<state> state_;
  bool late_ = false;
};

} // namespace causeway::net
