// SPDX-License-Identifier: Apache-2.0
// HTTP/1.1 with one connection: one request after the other. For http_server's own files. Loop's thread only.
#pragma once

#include "net/http_connection.h"
#include "net/http_reader.h"
#include "net/wake_up.h"

namespace causeway::net {

class http1_connection final : public http_connection {
public:
  http1_connection(stream bytes, std::shared_ptr<http_service> of, connection_table& among);
  ~http1_connection() override;

  task<> serve() override;
  void end_late(mono_time now) override;
  double burden(mono_time now) const override;
  bool shed(mono_time now) override;
  void cut_off() override;
  void close() override;
  void stop() override;
  bool is_serving(mono_time before) const override;
  bool is_expecting(mono_time now) const override;

protected:
  void let_go(mono_time now) override;

private:
  enum class phase : std::uint8_t { idle, header, body, handling, writing, streaming, held, draining };

  // One request's steps. False: the connection ends.
  bool may_read();
  std::optional<http_turned_away> look_at_head();
  task<bool> turn_away(http_turned_away away);
  task<bool> answer();
  task<bool> stream_out(http_response response, bool chunked, bool close);
  // Writes the last answer, and sees that it is not lost over what the peer sends on.
  task<> part(std::size_t most);
  task<> refuse_for_room();
  task<> refuse(int status);

  void enter(phase next, mono_time until);
  void let_go_idle(mono_time now);
  void wind_up();
  void hold(std::size_t size);
  void begin_work();
  void end_work();

  http_reader reader_;
  std::string out_;
  phase at_ = phase::idle;
  mono_time begun_{}; // the request
  bool answered_ = false;
  bool half_closed_ = false; // there is no answer any more
  bool late_ = false;
  bool overruled_ = false;               // others need what its request holds
  std::size_t held_ = 0, worked_on_ = 0; // of the budget
  std::unique_ptr<wake_up> bell_;        // of an answer that is held, or of a source
  std::unique_ptr<http_source> source_;  // of the answer under way
  bool winding_up_ = false;              // it has been told
};

} // namespace causeway::net
