// SPDX-License-Identifier: Apache-2.0
// What a server is asked and answers, whatever version of HTTP carried it. No I/O.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <optional>
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

  // Compared without case; the first one, empty when absent.
  std::string_view header(std::string_view name) const;
  // The part of target before '?', percent-decoded per segment is the caller's matter.
  std::string_view path() const;
  std::string_view query() const;
  // Whether its body has a content coding (RFC 9110 section 8.4), of which nobody here knows any.
  bool is_encoded() const;
};

struct http_response {
  int status = 200;
  std::string content_type = "application/json";
  std::string body;
  std::vector<std::pair<std::string, std::string>> headers; // Date is added unless it is among them
  bool close = false; // ends the connection after this answer; HTTP/2 does not care

  bool is_bodiless() const { return status == 204 || status == 304; } // RFC 9110 section 6.4.1
};

// The answer to a request of which the server holds and reads nothing more.
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
