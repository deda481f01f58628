// SPDX-License-Identifier: Apache-2.0
// The bytes of one client's connection to the emulated hub: SASL where the client speaks it, then the AMQP
// engine with the frames made like the real hub's; and the ways in which a connection ends: closed, cut,
// frozen. Part of hub_connection, which owns it. Pure. One thread.
#pragma once

#include "amqp/engine.h"
#include "amqp/sasl_frames.h"
#include "base/clock.h"
#include "emulator/hub/hub_frames.h"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace causeway::emulator {

inline constexpr std::chrono::minutes hub_idle_time_out{4};

class hub_stream {
public:
  // wake: there is output, or the end, that no feed() or tick() has brought about; may be empty.
  hub_stream(std::string container_id, std::function<void()> wake)
      : container_id_{std::move(container_id)}, wake_{std::move(wake)}, sasl_{std::in_place} {}

  // Bytes from the client. admit: whether this login is let in.
  void feed(std::string_view bytes, const std::function<bool(const amqp::sasl_init&)>& admit, mono_time now);
  // The client's end of stream.
  void feed_end();
  // Moves what must be written to the end of `out`; false when there was nothing.
  bool take_output(std::string& out);
  // Heartbeats, the idle time-out, the end of what is frozen. When to call next.
  std::optional<mono_time> tick(mono_time now);

  // There is an engine, and something may still go through it.
  bool is_live() const { return engine_ && !finished() && !frozen(); }
  bool finished() const;
  bool was_cut() const { return cut_; }
  bool frozen() const { return frozen_since_.has_value(); }
  std::size_t pending_output() const { return out_.size(); }

  // Once SASL is over.
  bool has_engine() const { return engine_.has_value(); }
  amqp::engine& engine() { return *engine_; }
  // As hub_frames'.
  std::uint32_t take_format(const std::string& link) { return frames_.take_format(link); }
  // What the engine has to say is written, in front of what it will say later.
  void flush();
  void wake();

  // Says CLOSE.
  void close(const amqp::condition& why);
  // Ends at once; what was to be written is dropped.
  void cut() { cut_ = true; }
  // Nothing is read and nothing is written; after twice the idle time-out it is cut.
  void freeze(mono_time now);
  // Ends when what is to be written has been taken.
  void end_after_output() { close_after_output_ = true; }

private:
  void feed_sasl(std::string_view bytes, const std::function<bool(const amqp::sasl_init&)>& admit,
                 mono_time now);
  void start_engine(const std::string& first_bytes, mono_time now);

  std::string container_id_;
  std::function<void()> wake_;
  std::optional<amqp::sasl_server> sasl_;
  std::optional<amqp::engine> engine_;
  hub_frames frames_;
  std::string out_;
  bool cut_ = false;
  bool close_after_output_ = false;
  std::optional<mono_time> frozen_since_;
};

} // namespace causeway::emulator
