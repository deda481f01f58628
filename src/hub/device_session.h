// SPDX-License-Identifier: Apache-2.0
// One device on a connection: an AMQP session of its own with its links in it, so that a device's fault ends
// nothing but its own session; and the table that holds them. Part of hub::connection, which owns it. Pure.
#pragma once

#include "amqp/engine.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/ids.h"
#include "hub/connection_options.h"
#include "hub/device_commands.h"
#include "hub/token_stamp.h"

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

namespace causeway::hub {

enum class session_state : std::uint8_t {
  vacant,
  queued,      // waits for its turn to send a put-token
  authorising, // put-token sent
  attaching,   // BEGIN and ATTACH sent
  attached,    // the hub has attached and given credit
  ending,      // END sent; nothing counts any more but the peer's END, which frees the channel
};

// Where each device has its own: written by device_tokens.
struct device_token {
  token_stamp stamp; // of the put-token now in flight, or the last one
  mono_time expires{};
  bool renewing = false;                   // its renewal is queued or in flight
  bool corrected = false;                  // the first one has been made anew by the hub's time
  std::uint8_t failures = 0;               // of renewals, in a row
  errc refusal = errc::hub_answer_missing; // of the last failure
};

struct device_session {
  device_ref device{};
  session_state state = session_state::vacant;
  bool sending = false;         // seq waits for credit or for the hub's answer
  std::uint32_t generation = 0; // rises each time the place is used again, so that late answers find nobody
  std::uint32_t place = 0;      // in the table
  std::uint32_t earlier = 0xffffffff; // neighbour in a deadline_list
  std::uint32_t later = 0xffffffff;
  mono_time answer_due{}; // of the attach or the message
  device_token token;
  causeway::identity identity;
  std::unique_ptr<link_wish> wish; // until begin()
  std::string waiting;             // an encoded message that waits for credit
  amqp::session session;
  amqp::link telemetry;
  std::unique_ptr<device_commands> commands; // none: the device takes none
  amqp::delivery in_flight;
  spool_seq seq = 0;

  // Marks this use of the place in engine contexts and put-tokens. Never 0 or 1.
  std::uint64_t context() const { return (std::uint64_t{generation} << 32) | (place + 2); }

  // BEGIN, and ATTACH of telemetry. link_number: unique on the connection.
  void begin(amqp::engine& engine, std::uint64_t link_number, const std::string& client_version);
  // Telemetry is attached by the hub, with credit to send.
  bool is_usable() const;
  // Hands the encoded message to the engine, or keeps it until there is credit.
  void send(spool_seq number, std::string encoded);
  // Credit has come.
  void send_waiting();
  void drop_waiting();
  // END, as soon as the peer has begun the session: one that is ended before has no channel any more, and the
  // peer's BEGIN for it would be the connection's fault (AMQP 1.0, 2.7.2). The handles stay until the peer's
  // END.
  void end();
  // The peer's BEGIN.
  void on_begun();

private:
  void close();
};

class session_table {
public:
  // Precondition: find(device) is nullptr.
  device_session& acquire(device_ref device);
  // The place may be used again. Precondition: in no deadline_list.
  void release(device_session& what);
  // The device no longer owns the place, which stays until it is released: the device may get another one
  // meanwhile.
  void disown(const device_session& what);

  device_session* find(device_ref device);
  // Nullptr when that use of the place is over.
  device_session* find_context(std::uint64_t context);
  device_session& at(std::uint32_t place) { return places_[place]; }
  const device_session& at(std::uint32_t place) const { return places_[place]; }
  // Devices that own a place.
  std::size_t size() const { return by_device_.size(); }
  std::vector<std::uint32_t> owned() const;

private:
  std::deque<device_session> places_;
  std::vector<std::uint32_t> vacant_;
  std::unordered_map<device_ref, std::uint32_t> by_device_;
};

// Those waiting for an answer with the same time-out, so in the order of their deadlines. A device is in one
// list at most.
class deadline_list {
public:
  // in must live as long as this.
  explicit deadline_list(session_table& in) : in_{in} {}
  void push(device_session& what, mono_time due);
  void remove(device_session& what);
  // The first one, if its time has come; nullptr else.
  device_session* overdue(mono_time now);
  std::optional<mono_time> deadline() const;

private:
  static constexpr std::uint32_t none = 0xffffffff;
  session_table& in_;
  std::uint32_t front_ = none, back_ = none;
};

} // namespace causeway::hub
