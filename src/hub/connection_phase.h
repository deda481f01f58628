// SPDX-License-Identifier: Apache-2.0
// How far a connection's life has come: the peer's AMQP header, its OPEN, everything that no device can do
// without, CLOSE; and what of that must come by when. Part of hub::connection. Pure; one thread.
#pragma once

#include "base/clock.h"
#include "base/error.h"
#include "hub/connection_options.h"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace causeway::hub {

class connection_phase {
public:
  // options must live as long as this.
  connection_phase(const connection_options& options, mono_time now);

  bool is_opening() const { return at_ == phase::opening; }
  bool is_open() const { return at_ == phase::open; }
  bool is_closing() const { return at_ == phase::closing; }
  bool is_closed() const { return at_ == phase::closed; }
  // CLOSE has not been said, and the peer is there.
  bool is_live() const { return is_opening() || is_open(); }

  // The peer's bytes. Errors: hub_speaks_no_amqp, by the first of them.
  result<void> on_bytes(std::string_view bytes);
  // The peer's OPEN. False: it is not the time for it.
  bool on_peer_open(mono_time now);
  bool has_peer_open() const { return peer_opened_.has_value(); }
  // Everything is there. Precondition: is_opening(), has_peer_open().
  void on_complete();
  // CLOSE is said.
  void on_closing(mono_time now);
  void on_closed() { at_ = phase::closed; }

  // What has not come in time. Errors: hub_speaks_no_amqp, hub_answer_missing; `stopped` where it was the
  // answer to CLOSE.
  result<void> tick(mono_time now) const;
  std::optional<mono_time> deadline() const;
  // Of what opens a connection, that which is still to come; has_cbs: its links are there.
  std::string_view waiting_for(bool has_cbs) const;
  // Nothing has come from the peer.
  bool is_mute() const { return head_.empty(); }
  // From the start to the peer's OPEN, and from there to now. Precondition: has_peer_open().
  std::chrono::nanoseconds open_took() const { return *peer_opened_ - started_; }
  std::chrono::nanoseconds since_open(mono_time now) const { return now - *peer_opened_; }

private:
  enum class phase : std::uint8_t { opening, open, closing, closed };

  const connection_options& options_;
  phase at_ = phase::opening;
  mono_time started_;
  std::optional<mono_time> peer_opened_;
  std::optional<mono_time> due_;        // opening or closing must be through by then
  std::string head_;                    // what came first from the peer, as long as AMQP's header
  std::optional<mono_time> header_due_; // it must be whole by then
};

} // namespace causeway::hub
