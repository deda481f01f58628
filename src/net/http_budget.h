// SPDX-License-Identifier: Apache-2.0
// What all connections of a server share, by either version of HTTP: how much they may hold, and what became
// of those who asked for more. One thread.
#pragma once

#include "net/http_message.h"

#include <cstddef>
#include <cstdint>

namespace causeway::net {

struct http_counts { // since the start
  // REFUSED_STREAM, never looked at, a client may repeat them: more at a time than a connection may have, and
  // what the budget has no room for.
  std::uint64_t streams_over_limit = 0, streams_over_budget = 0;
  std::uint64_t requests_over_budget = 0; // by HTTP/1.1: 503
  // Connections ended, because what came was not HTTP/2, was a flood by http2_session's limits, or because
  // they held what others needed.
  std::uint64_t ended_by_protocol = 0, ended_by_flood = 0, ended_by_budget = 0;

  std::uint64_t total() const {
    return streams_over_limit + streams_over_budget + requests_over_budget + ended_by_protocol +
           ended_by_flood + ended_by_budget;
  }
};

// What a server shows of itself; now, unless said so.
struct http_totals {
  std::size_t connections = 0;
  std::size_t http2_connections = 0; // of these
  std::size_t held_bytes = 0;        // http_limits::max_bytes
  // Since the start: new connections closed at once, and others closed to make room for new ones.
  std::uint64_t refused = 0;
  http_counts counts;
};

// As allocated, about: requests, answers not yet taken by their peer, and 2 KiB for each stream. What each
// connection has even when nothing is under way is not in it: max_connections bounds that.
struct http_budget {
  std::size_t most = 64 * 1024 * 1024;
  std::size_t held = 0;
  std::size_t worked_on = 0; // of these: by handlers, until they have answered
  http_counts counts;
  http_lost lost; // of requests that are refused without a handler; may be empty

  // From here on nothing new is taken.
  bool is_spent() const { return held > most; }
  // From here on room is made, so that those who are to be served seldom find it spent.
  bool is_scarce() const { return held > most - most / share; }
  // Down to here, so that it need not be made again at once.
  bool has_room() const { return held <= most - 2 * (most / share); }
  // Peers hold a part that is worth taking from them. Otherwise handlers hold nearly all, on a disk that
  // stalls for instance, and to cut off who waits for them would give little back.
  bool is_held_by_peers() const { return held - worked_on > most / share; }

  static constexpr std::size_t share = 8;
};

} // namespace causeway::net
