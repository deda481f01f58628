// SPDX-License-Identifier: Apache-2.0
// The sessions and links of one client's connection to the emulated hub: how they come, are judged, answered,
// given credit, detached and go (azure-iot-wire.md B.3, B.10, B.11). Part of hub_connection, which owns it.
// Answers that have to wait (latency, quotas) wait here. Pure. One thread.
#pragma once

#include "amqp/engine.h"
#include "emulator/hub/hub_link.h"
#include "emulator/hub/hub_service.h"
#include "emulator/hub/hub_stream.h"
#include "emulator/hub/token_grants.h"

#include <cstddef>
#include <cstdint>
#include <list>
#include <optional>
#include <string>
#include <vector>

namespace causeway::emulator {

// The real hub's figures (B.1, B.2).
inline constexpr int cbs_credit = 100;
inline constexpr int telemetry_credit = 1000;

class hub_links {
public:
  // All must live as long as this.
  hub_links(hub_service& hub, hub_stream& stream, const token_grants& grants, std::uint64_t number,
            moment now)
      : hub_{hub}, stream_{stream}, grants_{grants}, number_{number}, now_{now} {}

  // Whatever comes until the next call happens now.
  void at(moment now) { now_ = now; }

  void on_session_opened(amqp::session session);
  // All of its links go. Their other owners have been told.
  void on_session_closed(amqp::session session);
  void on_link_opened(amqp::link native);
  void on_link_closed(amqp::link native);
  // Answers the attaches that are due.
  void answer_due();
  std::optional<mono_time> next_due() const;

  // Nullptr for one that this has not got.
  static hub_link* of(amqp::link native) { return reinterpret_cast<hub_link*>(native.context()); }
  static hub_session* of(amqp::session session) { return reinterpret_cast<hub_session*>(session.context()); }
  // Those in the hub's books, and services' links.
  std::vector<hub_link*> attached();
  // Where answers go that are to be sent to this address: the link of that name, or else any.
  hub_link* answer_link(const std::string& reply_to) const;
  std::size_t telemetry_links() const { return telemetry_links_; }

  // Whether a token that counts now opens it.
  bool is_open_to(const hub_link& link) const;
  // The hub detaches it.
  void detach(hub_link& link, const amqp::condition& why);
  // For the desks: the link is attached, lives, and has credit.
  bool can_transmit(const hub_link& link) const;
  // Precondition: can_transmit(). tag, encoded, settled: as amqp::link::send.
  void transmit(hub_link& link, const std::string& tag, const std::string& encoded, bool settled);
  // What was transmitted leaves, in front of what comes later.
  void send_off();
  // The client has used up one of this credit; it is given anew when three quarters are gone.
  void replenish(hub_link& link, int credit);
  // To links that no fault withhold_credit names any longer.
  void give_withheld_credit();
  // They count no longer.
  void leave_books();
  // Which of the hub's connections this is, from 1 on.
  std::uint64_t number() const { return number_; }

private:
  amqp::condition judge(const hub_link& link) const;
  std::chrono::nanoseconds charge_connect(hub_link& link);
  void answer(hub_link& link);
  void open(hub_link& link);
  void drop(hub_link& link);
  void give_credit(hub_link& link, int credit);

  hub_service& hub_;
  hub_stream& stream_;
  const token_grants& grants_;
  std::list<hub_session> sessions_;
  std::vector<hub_link*> answer_links_;
  attach_queue due_;
  std::size_t telemetry_links_ = 0;
  std::uint64_t number_;
  moment now_;
};

} // namespace causeway::emulator
