// SPDX-License-Identifier: Apache-2.0
// Who comes onto a connection: as many devices as it has channels and tokens for, in their order, each with a
// session of its own that must be answered in time; until its END is answered, a session keeps its channel.
// Part of hub::connection. Pure; one thread.
#pragma once

#include "amqp/engine.h"
#include "base/clock.h"
#include "base/ids.h"
#include "hub/connection_options.h"
#include "hub/device_session.h"

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <unordered_set>

namespace causeway::hub {

inline constexpr std::uint16_t own_channel_max = 8191;

class admission {
public:
  // All must live as long as this.
  admission(const connection_options& options, amqp::engine& engine, session_table& table)
      : options_{options}, engine_{engine}, table_{table}, due_{table} {}

  // What the peer's OPEN allows; before that it is thought to allow as much as this side.
  void on_peer_open(std::uint16_t channel_max);
  // As hub::connection's.
  std::uint32_t capacity() const;
  // Room, and a token where it needs one of its own and has not had it here.
  bool has_room_for(device_ref device) const;
  // It waits for its turn. Precondition: has_room_for(), and it is not in the table.
  void add(device_ref device, const identity& name, const link_wish& wish);
  // Of those that wait, the last one that capacity() leaves no room for; nullptr when there is none.
  device_session* surplus();

  // Who has the next turn; nullptr when nobody waits.
  device_session* next();
  bool has_channel() const { return channels_ < channel_max_; }
  // next() cannot be taken. is_awaited: what it waits for has a time-out of its own; else it is a stall.
  void on_blocked(bool is_awaited, mono_time now);
  // Takes next() out of the queue, with a channel. Precondition: has_channel().
  void take_next();
  // its channel is not needed yet: it has the next turn again.
  void put_back(device_session& who);
  // BEGIN, and ATTACH of telemetry. Precondition: take_next().
  void begin(device_session& who, mono_time now);
  // The hub has said something of its telemetry: since when it was on its way, if that has made it attached.
  std::optional<mono_time> on_link_news(device_session& who);
  // The device goes from wherever it stands, with END where it has a session.
  void remove(device_session& who);
  // The peer's END: its channel and its place are free. Or it never had a session.
  void free(device_session& who);
  // All go at once: CLOSE, or the end of the stream, ends all sessions without an END for each.
  void clear();

  // Its session has not been answered in time; nullptr when there is none.
  device_session* overdue(mono_time now) { return due_.overdue(now); }
  // Devices have waited too long, and the peer gives neither credit on `$cbs` nor a channel.
  bool is_stalled(mono_time now) const { return stalled_due_ && *stalled_due_ <= now; }
  std::optional<mono_time> deadline() const;
  std::size_t attached_devices() const { return attached_; }
  // Different devices that were ever added.
  std::size_t authorised_devices() const { return authorised_.size(); }

private:
  const connection_options& options_;
  amqp::engine& engine_;
  session_table& table_;
  deadline_list due_;
  std::deque<std::uint64_t> queue_; // contexts; those of devices that have gone are skipped
  std::optional<mono_time> stalled_due_;
  std::unordered_set<device_ref> authorised_;
  // Channels are numbered from 0 to channel-max, and $cbs has one.
  std::uint32_t channel_max_ = own_channel_max;
  std::size_t channels_ = 0; // of devices: in use, or promised to one that waits for its token
  std::size_t attached_ = 0;
  std::uint64_t last_link_ = 0;
};

} // namespace causeway::hub
