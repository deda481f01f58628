// SPDX-License-Identifier: Apache-2.0
// What an http_server is made of. For its own .cpp files. Loop's thread only.
#pragma once

#include "net/http_connection.h"

#include <algorithm>
#include <utility>

namespace causeway::net {

struct http_server::state {
  state(std::shared_ptr<http_service> s, std::string n, listener l)
      : service{std::move(s)}, name{std::move(n)}, door{std::move(l)} {
    service->budget->most = service->limits.max_bytes;
  }

  std::shared_ptr<http_service> service;
  std::string name; // for the log
  listener door;
  connection_table open;
  http_counts reported;
  mono_time next_report{}, last_room{};
  std::uint64_t closed_for_room = 0;
  std::size_t http2_open = 0;

  // Often enough that a limit is overstepped by a quarter at most.
  std::chrono::milliseconds watch_period() const {
    const auto& limits = service->limits;
    const auto shortest = std::min({limits.header_time_out, limits.body_time_out, limits.idle_time_out});
    return std::clamp<std::chrono::milliseconds>(shortest / 4, std::chrono::milliseconds{5},
                                                 std::chrono::milliseconds{500});
  }
  // visit may move a connection to another list.
  template <class Visit>
  void for_each(const Visit& visit) {
    for (auto* list : open.all())
      for (auto at = list->begin(); at != list->end();)
        visit(**at++);
  }
  template <class Is>
  bool any_of(const Is& is) const {
    const auto among = [&](const connection_list& list) {
      return std::any_of(list.begin(), list.end(), [&](const auto* c) { return is(*c); });
    };
    return among(open.strangers) || among(open.waiting) || among(open.busy);
  }
  bool make_room();
  void make_room_in_budget();
  void report(mono_time now);

  static task<> watch(std::weak_ptr<state> weak, std::chrono::milliseconds period);
  static task<> serve(std::shared_ptr<state> s, stream bytes);

  // http_draining.cpp
  static task<> let_go(std::weak_ptr<state> weak);
  void let_go(mono_time now);
};

} // namespace causeway::net
