// SPDX-License-Identifier: Apache-2.0
// What a server is asked and answers, whatever version of HTTP carried it. No I/O.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace causeway::net {

// After an answer the rest of its request, or of its connection, is read and thrown away, this much and this
// long: a connection that is closed over unread bytes is reset, and clients such as curl do not show an
// answer whose stream is reset at once.
inline constexpr std::size_t most_drained = 8 * 1024 * 1024;
inline constexpr std::chrono::seconds drain_time_out{2};
// Of a request that was turned away before its body.
inline constexpr std::size_t most_drained_of_strangers = 64 * 1024;

struct http_request {
  std::string method;
  std::string target; // path and query, as sent
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;
  std::string peer;                      // address without port
  std::optional<std::size_t> admitted{}; // what the admission has noted for the handler
  // While its handler works: whether the client has gone, or will send nothing more. Empty where that cannot
  // be told: HTTP/2.
  std::function<bool()> has_client_left{};

  // Compared without case; the first one, empty when absent.
  std::string_view header(std::string_view name) const;
  // The part of target before '?', percent-decoded per segment is the caller's matter.
  std::string_view path() const;
  std::string_view query() const;
  // Whether its body has a content coding (RFC 9110 section 8.4), of which nobody here knows any.
  bool is_encoded() const;
};

// What a source has said.
struct http_piece {
  enum class kind : std::uint8_t {
    some,   // size bytes, at least one
    later,  // nothing yet
    end,    // that was all
    broken, // the rest cannot be had: the reader is shown that it has not got all
  };
  kind what = kind::end;
  std::size_t size = 0;
};

// A body that is not there as a whole: too large for that, or still to happen. It is asked for a piece when
// its reader can take one, so who reads slowly holds it back. It goes as soon as it has come to its end, or
// its reader has left; a reader by HTTP/1.1 that ends its own side while nothing is there to send has left,
// too (which shows within half a second). An exception counts as broken. Loop's thread only.
class http_source {
public:
  virtual ~http_source() = default;
  // Never waits. After `later` it is asked again when it has called `ready`; after the end no more.
  virtual http_piece read(std::span<char> into) = 0;
  // Once, before the first read. ready: to be called when there is more after `later`, or the end, from
  // anywhere but read and on_ready; not after this is gone.
  virtual void on_ready(std::function<void()> ready) = 0;
  // Once: the server stops. A source without an end of its own comes to it soon; what does not is cut off
  // with the server.
  virtual void wind_up() {}
};

struct http_response {
  int status = 200;
  std::string content_type = "application/json";
  std::string body;
  std::vector<std::pair<std::string, std::string>> headers; // Date is added unless it is among them
  bool close = false;  // ends the connection after this answer; HTTP/2 does not care
  bool silent = false; // HTTP/1.1: instead of any answer the connection is closed; HTTP/2 does not care
  std::unique_ptr<http_source> source{}; // the body, in pieces; then `body` is not looked at

  bool is_bodiless() const { return status == 204 || status == 304; } // RFC 9110 section 6.4.1
};

// The answer to a request of which the server holds and reads nothing more. It has no source.
struct http_turned_away {
  http_response answer;
  std::chrono::milliseconds after{0}; // it is held so long: who guesses passwords is slowed down
};
// Called with a request's head as soon as that is whole, by either version of HTTP, before its body is asked
// for, waited for or held. Nothing: it goes on. Whoever was let in once is no stranger any more: where room
// is made, those who never were go first.
using http_admission = std::function<std::optional<http_turned_away>(http_request& head)>;
// Told of a request that no handler was asked about, for no fault of its own, or of somebody who found no
// place to make one. head: what had come of the request, its header at least; null where less had.
using http_lost = std::function<void(const http_request* head)>;

} // namespace causeway::net
