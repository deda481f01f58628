// SPDX-License-Identifier: Apache-2.0
// One device on a connection: an AMQP session of its own with the telemetry link in it, and the
// cloud-to-device link where it is wanted, so that a device's fault ends nothing but its own session; and the
// table that holds them. Part of hub::connection, which owns
// it. Pure.
#pragma once

#include "amqp/engine.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/ids.h"

#include <cstdint>
#include <deque>
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

struct device_session {
  device_ref device{};
  session_state state = session_state::vacant;
  bool renewing = false;  // its renewal is queued or in flight
  bool corrected = false; // its first token has been made anew by the hub's time
  std::uint8_t renewal_failures = 0;
  errc renewal_refusal = errc::hub_answer_missing; // of the last failure
  std::uint32_t generation = 0; // rises each time the place is used again, so that late answers find nobody
  std::uint32_t place = 0;      // in the table
  std::uint32_t earlier = 0xffffffff; // neighbour in a deadline_list
  std::uint32_t later = 0xffffffff;
  mono_time answer_due{}; // of the attach or the message
  mono_time token_sent{}; // the put-token now in flight, or the last one
  wall_time token_made{}; // by this time
  mono_time token_expires{};
  causeway::identity identity;
  std::string model_id; // until attached
  std::string waiting;  // an encoded message that waits for credit
  amqp::session session;
  amqp::link telemetry;
  amqp::link c2d; // empty where no commands are wanted; never has credit
  amqp::delivery in_flight;
  spool_seq seq = 0;
  bool sending = false;  // seq waits for credit or for the hub's answer
  bool commands = false; // has a cloud-to-device link, too

  // Marks this use of the place in engine contexts and put-tokens. Never 0 or 1.
  std::uint64_t context() const { return (std::uint64_t{generation} << 32) | (place + 2); }

  // BEGIN and ATTACH. link_number: unique on the connection.
  void begin(amqp::engine& engine, std::uint64_t link_number, const std::string& client_version);
  // All links attached by the hub, with credit to send.
  bool usable() const;
  // Hands the encoded message to the engine, or keeps it until there is credit.
  void send(spool_seq number, std::string encoded);
  // Credit has come.
  void send_waiting();
  void drop_waiting();
  // END. The handles stay until the peer's END.
  void end();
};

// Those waiting for an answer with the same time-out, so in the order of their deadlines. A device is in one
// list at most.
class deadline_list {
public:
  static constexpr std::uint32_t none = 0xffffffff;
  void push(std::deque<device_session>& in, device_session& what, mono_time due);
  void remove(std::deque<device_session>& in, device_session& what);
  std::uint32_t front() const { return front_; }

private:
  std::uint32_t front_ = none, back_ = none;
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
  std::deque<device_session>& places() { return places_; }
  // Devices that own a place.
  std::size_t size() const { return by_device_.size(); }
  std::vector<std::uint32_t> owned() const;

private:
  std::deque<device_session> places_;
  std::vector<std::uint32_t> vacant_;
  std::unordered_map<device_ref, std::uint32_t> by_device_;
};

} // namespace causeway::hub
