// SPDX-License-Identifier: Apache-2.0
// One connection to a hub, made again when it is lost. Carries bytes between a stream and hub::connection;
// what happens on it is its fleet's matter. Part of hub_pool. Loop's thread only.
#pragma once

#include "hub/connection.h"
#include "model/timeline.h"
#include "net/stream.h"
#include "net/task_group.h"
#include "net/wake_up.h"

#include <memory>

namespace causeway::cloud {

class hub_fleet;
struct pool_state;

class hub_line {
public:
  hub_line(pool_state& pool, hub_fleet& hub, std::uint32_t index);
  ~hub_line();
  hub_line(const hub_line&) = delete;
  hub_line& operator=(const hub_line&) = delete;

  // Spawns the task that keeps it up.
  void start();
  // It has its first device, or may try again.
  void wake() { woken_.notify(); }
  // There is something to write.
  void flush();

  std::uint32_t index() const { return index_; }
  // The connection that is open for devices now; none while it is made or closing.
  hub::connection* open();
  // There is a connection, open or not.
  bool is_up() const { return up_ != nullptr; }
  model::connection_number number() const { return number_; }
  std::uint64_t tokens_put() const;
  // What hub::connection would not take: answered with the next events.
  void refuse(hub::sent what);
  // When its fleet lets it connect; given once for each try.
  std::optional<mono_time> slot;
  // Says CLOSE; what follows comes as after a loss.
  void close();
  // Waits for nothing any more. False: it is not up.
  bool cut();
  // As hub::connection, when it is open for devices.
  void renew_tokens();
  // What it is busy with, so that devices cannot be attached yet; empty while it is open, or pauses.
  std::string waits_for() const;
  mono_time since() const { return since_; }

private:
  struct live;
  net::task<> keep_up();
  net::task<error> carry(net::connected_stream how, mono_time begun);
  net::task<> write_out(std::shared_ptr<live> on);
  void deliver_events(live& on);
  void abandon();

  pool_state& pool_;
  hub_fleet& hub_;
  std::uint32_t index_;
  net::wake_up woken_;
  std::shared_ptr<live> up_;
  model::connection_number number_ = 0;
  bool connecting_ = false;
  mono_time since_{};   // connecting, or waiting for the hub
  bool proven_ = false; // the last connection has lasted
};

} // namespace causeway::cloud
