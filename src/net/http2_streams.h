// SPDX-License-Identifier: Apache-2.0
// The streams of an http2_session, and what they hold of the budget; frames are the session's. For its own
// files. One thread.
#pragma once

#include "base/clock.h"
#include "net/http_budget.h"
#include "net/http_message.h"

#include <cstdint>
#include <list>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>

namespace causeway::net {

struct http2_stream {
  http_request request;
  std::size_t header = 0;   // bytes so far, as HPACK counts
  std::size_t buffered = 0; // of the body, not yet given back to the connection's window
  std::size_t held = 0;     // of the budget
  mono_time since{};        // in its list
  int refusal = 0;
  std::optional<http_turned_away> away;
  bool is_stranger = false; // was turned away
  bool is_head = false;
  std::string body; // of the answer
  std::size_t sent = 0;
  std::unique_ptr<http_source> source; // in its place
  std::size_t drained = 0;             // of the request, after its answer
  bool has_head = false;               // the request's is whole
  std::list<std::int32_t>* in = nullptr;
  std::list<std::int32_t>::iterator place;
};

struct http2_streams {
  using stream_id = std::int32_t;
  using id_list = std::list<stream_id>;

  explicit http2_streams(std::shared_ptr<http_budget> b) : budget{std::move(b)} {}
  ~http2_streams();
  http2_streams(const http2_streams&) = delete;

  std::shared_ptr<http_budget> budget;
  std::unordered_map<stream_id, http2_stream> streams;
  // Each stream is in one of these, in the order of `since`: not whole; for next(); with a handler; turned
  // away, the answer to come; answered (or refused without an answer) and not written; the same, but its
  // source has nothing for now; answered and not whole.
  id_list coming, whole, working, held_back, unread, asleep, over;
  // Reset by the peer while a handler works for them, with their share of the budget: they keep their place
  // until it has answered.
  std::unordered_map<stream_id, std::size_t> orphaned;
  std::size_t sources = 0;             // that have not come to their end
  std::size_t held = 0, worked_on = 0; // of the budget
  mono_time now{};

  http2_stream& begin(stream_id id, std::size_t cost);
  http2_stream* find(stream_id id);
  // It is closed. Of one that is with its handler an orphan stays.
  void forget(stream_id id);
  void forget_all();
  // The handler of one that is gone has answered. False: it is not gone.
  bool answer_orphan(stream_id id);

  // Never of one that is with its handler.
  void hold(http2_stream& s, std::size_t size);
  void move(http2_stream& s, id_list& to);
  // Takes the place of a body.
  void begin_source(http2_stream& s, std::unique_ptr<http_source> source);
  void end_source(http2_stream& s);

  // As http2_session's.
  std::optional<mono_time> waiting_since() const;
  std::size_t unanswered() const { return whole.size() + working.size() + orphaned.size() + sources; }
  std::size_t under_way() const { return streams.size() + orphaned.size(); }

private:
  void let_go(std::size_t size);
  void begin_work(std::size_t size);
  void end_work(std::size_t size);
};

} // namespace causeway::net
