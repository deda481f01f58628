// SPDX-License-Identifier: Apache-2.0
#include "net/http_connection.h"

#include "base/log.h"
#include "net/http_answer.h"

#include <boost/asio/error.hpp>
#include <boost/system/system_error.hpp>

#include <algorithm>

namespace causeway::net {
namespace {

// Between a connection's beginning and its first request: more than a round trip, and on a loop that has much
// to do some of its turns.
constexpr std::chrono::milliseconds time_to_begin{200};
constexpr std::uint8_t looks_to_begin = 3;

std::string_view without_port(std::string_view peer) {
  peer = peer.substr(0, peer.rfind(':'));
  if (peer.size() > 1 && peer.front() == '[') peer = peer.substr(1, peer.size() - 2);
  return peer;
}

} // namespace

http_response http_service::refuse(int status) const {
  return refusal ? refusal(status) : default_refusal(status);
}

task<std::optional<http_response>> http_service::handle(std::shared_ptr<http_service> s,
                                                        http_request request) {
  auto what = request.method;
  what.append(" ").append(request.path());
  try {
    auto work = s->handler(std::move(request));
    auto response = co_await std::move(work);
    co_return std::move(response);
  } catch (const boost::system::system_error& x) {
    if (x.code() == asio::error::operation_aborted) co_return std::nullopt; // the task was cancelled
    log::error("handler_fault", {{"request", what}, {"reason", x.what()}});
  } catch (const std::exception& x) {
    log::error("handler_fault", {{"request", what}, {"reason", x.what()}});
  }
  co_return http_fault(500, "internal", "a fault in Causeway itself; its log has more");
}

std::optional<std::size_t> connection_table::largest_sender() const {
  const auto most = std::max_element(senders.begin(), senders.end(), [](const auto& left, const auto& right) {
    return left.second < right.second;
  });
  return most == senders.end() ? std::nullopt : std::optional{most->first};
}

http_connection::http_connection(stream bytes, std::shared_ptr<http_service> of, connection_table& among)
    : bytes_{std::move(bytes)},
      service_{std::move(of)},
      peer_{without_port(bytes_.peer())},
      among_{among},
      in_{&among.busy},
      place_{among.busy.insert(among.busy.end(), this)} {}

http_connection::~http_connection() {
  forget_sender();
  in_->erase(place_);
}

void http_connection::close() {
  bytes_.close();
}

void http_connection::see_off(mono_time now) {
  if (looks_ < looks_to_begin) ++looks_;
  let_go(now);
}

bool http_connection::is_young(mono_time now) const {
  return now - opened_ < time_to_begin || looks_ < looks_to_begin;
}

void http_connection::wait_for_peer(bool waits) {
  if (waits == (in_ != &among_.busy)) return;
  if (waits) waiting_since_ = std::chrono::steady_clock::now();
  move_to(waits ? (welcome_ ? among_.waiting : among_.strangers) : among_.busy);
}

void http_connection::let_in(std::optional<std::size_t> whom) {
  welcome_ = true;
  if (whom && whom != sender_) {
    forget_sender();
    sender_ = whom;
    ++among_.senders[*whom];
  }
  if (in_ == &among_.strangers) move_to(among_.waiting);
}

void http_connection::forget_sender() {
  if (!sender_) return;
  const auto known = among_.senders.find(*sender_);
  if (--known->second == 0) among_.senders.erase(known);
  sender_.reset();
}

void http_connection::move_to(connection_list& to) {
  to.splice(to.end(), *in_, place_);
  in_ = &to;
}

} // namespace causeway::net
