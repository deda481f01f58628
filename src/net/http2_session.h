// SPDX-License-Identifier: Apache-2.0
// The server's end of one HTTP/2 connection (RFC 9113), without I/O: bytes in, requests out, answers in,
// bytes out. nghttp2 does the frames and HPACK. One thread.
//
// Bounded, each connection: most_streams requests, cancelled ones whose handler still works included (others
// are refused with REFUSED_STREAM, which a client may repeat); 4 MiB of bodies that are not whole, by the
// connection's window; max_header of names and values for a request. Who sends four times that, more than 8
// CONTINUATION frames, pings and settings whose answers it does not read, resets without end, or frames that
// ask for nothing without end, is sent GOAWAY. All connections together: the budget; while it is spent,
// streams that begin or go on are refused.
#pragma once

#include "base/clock.h"
#include "net/http_budget.h"
#include "net/http_message.h"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace causeway::net {

class http2_session {
public:
  using stream_id = std::int32_t;
  static constexpr std::uint32_t most_streams = 1'024; // The Things Stack's webhook workers (wire B.4)

  struct event {
    stream_id stream = 0;
    http_request request;
    int refusal = 0; // 408, 413, 415, 431: a request that is not for the handler; 0: it is whole
    std::optional<http_turned_away> turned_away; // by the admission: the answer, and nothing of the request
  };

  // budget: shared by all sessions of a server. admission: may be empty.
  http2_session(std::size_t max_header, std::size_t max_body, std::shared_ptr<http_budget> budget,
                http_admission admission = {});
  ~http2_session();
  http2_session(const http2_session&) = delete;

  // False when the connection is of no use any more: write what take_output() gives, then close.
  bool feed(std::string_view bytes, mono_time now);
  // The next whole or refused request. Each is answered once.
  std::optional<event> next();
  // A stream that the peer has reset meanwhile is left alone. A source is read by take_output, as far as the
  // peer's windows let it, and goes with its stream.
  void answer(stream_id stream, http_response response, mono_time now);
  // Its source, which had said `later`, has more.
  void resume(stream_id stream, mono_time now);
  // Tells all sources, as http_source::wind_up.
  void wind_up();
  // The bytes to write now, at most about 64 KiB at a time; empty: none.
  std::string take_output(mono_time now);
  // Frames that wait to be written.
  std::size_t backlog() const;
  // Asks the peer to go: GOAWAY that refuses nothing (RFC 9113 section 6.8), and a ping, so that it shows
  // when the peer has read it.
  void send_away();
  // After send_away: the peer has read it, and what it sent before that is here.
  bool knows_to_go() const;
  // No new requests; those under way are answered.
  void shut_down();
  // The connection is gone: everything goes but what handlers still work for. Only answer() is of use then.
  void abandon();

  // Refuses all requests that are not whole, as if they came now. False: there was none.
  bool refuse_coming(mono_time now);
  // Of the budget: what abandon() would give back.
  std::size_t reclaimable() const;
  // Since when the peer lets us wait longest: for the rest of a request, or that it takes an answer.
  std::optional<mono_time> waiting_since() const;
  // Each: reached before.
  struct limits_of_patience {
    mono_time begun;    // refused with 408: requests that are not whole
    mono_time answered; // reset: whose answer is not taken
    mono_time refused;  // reset: whose answer is written and that go on all the same; 8 MiB of them are
                        // read, 64 KiB of who was turned away
  };
  // False: there was nothing.
  bool end_late(const limits_of_patience& before);
  // Requests that next() has given or will give and that are not answered, or whose source has not come to
  // its end; without those turned away.
  std::size_t unanswered() const;
  // Streams; with those that are reset and whose handler still works.
  std::size_t under_way() const;
  // The peer may still send, or there is something to write.
  bool is_alive() const;

private:
  struct state;
  std::unique_ptr<state> state_;
};

} // namespace causeway::net
