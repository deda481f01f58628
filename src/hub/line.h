// SPDX-License-Identifier: Apache-2.0
// One of a hub's connections, made again when it is lost: what is known of it while it is made, is there, or
// is not. Owned by its fleet, which decides; whoever carries its bytes uses the second part. Pure; one
// thread.
#pragma once

#include "hub/connection.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace causeway::hub {

class line {
public:
  // index: in its fleet, from 0. id: over all fleets, never used twice.
  line(std::uint32_t index, std::uint32_t id) : index_{index}, id_{id} {}

  std::uint32_t index() const { return index_; }
  std::uint32_t id() const { return id_; }
  // Neither is it there nor is it being made.
  bool is_idle() const { return !connecting_ && !connection_; }
  // There is a connection, open or not.
  bool is_up() const { return connection_.has_value(); }

  // From fleet::line_opened to fleet::line_lost. After each of these calls: fleet::line_events, take_output.
  void on_bytes(std::string_view bytes, moment now) { connection_->on_bytes(bytes, now); }
  // The stream is gone.
  void on_stream_end(const error& why, moment now) { connection_->on_stream_end(why, now); }
  // Does what is due, if something is.
  void tick(moment now);
  // As hub::connection's.
  bool take_output(std::string& out) { return connection_->take_output(out); }
  std::optional<mono_time> deadline() const { return connection_->deadline(); }
  // Nothing comes any more, and all has been told: its stream may go.
  bool is_over() const { return !connection_ || over_; }

  // For its fleet.
  void begin_connecting(mono_time now);
  void begin(std::uint32_t number, connection_options options, token_source& tokens, moment now);
  // It is gone, or could not be made.
  void end();
  // The connection that is open for devices now; none while it is made or closing.
  connection* open() { return opened_at_ && !over_ ? &*connection_ : nullptr; }
  const connection* open() const { return opened_at_ && !over_ ? &*connection_ : nullptr; }
  // Its number among the connections ever made.
  std::uint32_t number() const { return number_; }
  std::uint64_t tokens_put() const { return connection_ ? connection_->counters().put_tokens : 0; }
  bool is_mute() const { return connection_ && connection_->is_mute(); }
  // It has been open so long that the next failure is a new one.
  bool has_lasted(mono_time now) const;
  // Says CLOSE; what follows comes as after a loss. Precondition: is_up().
  void close(moment now) { connection_->close(now); }
  // As command_desk's; of the next connection its options say it.
  void take_c2d(bool any) {
    if (connection_) connection_->commands().take_c2d(any);
  }
  // What it is busy with, so that devices cannot be attached yet; empty while it is open, or pauses.
  std::string waits_for() const;
  mono_time since() const { return since_; }
  // What hub::connection would not take: told with the next events.
  void refuse(sent what) { refused_.push_back(std::move(what)); }

  // What there is to tell. Those refused first; over: these are the last events. first_over: and the first
  // time that it is so.
  std::vector<sent> take_refused() { return std::exchange(refused_, {}); }
  std::vector<event> take_events();
  // What has come down to devices; to be told after the events.
  std::vector<command_news> take_commands();
  bool notice_end();
  void on_opened(mono_time now) { opened_at_ = now; }
  void on_closed(const error& why) { fault_ = why; }
  // Why it is over.
  const std::optional<error>& fault() const { return fault_; }

  // When outage lets it connect; given once for each try.
  std::optional<mono_time> slot;

private:
  std::uint32_t index_, id_;
  std::uint32_t number_ = 0;
  bool connecting_ = false;
  bool over_ = false;
  mono_time since_{}; // connecting, or waiting for the hub
  std::optional<connection> connection_;
  std::optional<mono_time> opened_at_;
  std::optional<error> fault_;
  std::vector<sent> refused_;
};

} // namespace causeway::hub
