// SPDX-License-Identifier: Apache-2.0
// The Things Stack, a gateway and an IoT hub in one place, on a manual clock. Real: the parser, the flat
// format, core::shard, the store, cloud::hub_pool with all below it, and the emulated hub with its arrivals
// as the witness. In memory: the streams between the last two.
#pragma once

#include "conversation/gateway_link.h"
#include "conversation/stepped_store.h"
#include "conversation/traffic.h"

#include <memory>

namespace causeway::conversation {

struct world_options {
  hub::auth mode = hub::auth::device_keys;
  std::size_t devices = 100;
  std::size_t body_cache_bytes = 16 * 1024; // small, so that bodies are read back from the disk as well
  bool breaks_are_crashes = false;          // of the gateway, not of its connection
  bool disk_may_refuse = false;             // an uplink may be answered `unavailable`
};

class gateway_world final : public plant {
public:
  explicit gateway_world(world_options options = {});
  ~gateway_world();

  stepped_store disk;
  break_plan breaks;

  static identity name_of(std::size_t device) { return conversation::name_of(device); }
  core::shard& shard() { return gateway_->shard; }
  gateway_link& link() { return gateway_->link; }
  model::device_status status_of(std::size_t device) const;
  std::size_t devices_in(model::device_state state) const;

  // The next uplink of the device, as a webhook would bring it.
  void post(std::size_t device) { stack_.post(device, gateway_->shard); }
  // One of each device, in ten batches with 3 ms in between.
  void post_round();
  // The device's last uplink that was answered `stored`, word for word; what it is answered.
  // Precondition: it has one.
  model::answer repeat_last_stored(std::size_t device) {
    return stack_.repeat_last_stored(device, gateway_->shard);
  }
  bool has_stored(std::size_t device) const { return stack_.has_stored(device); }

  void run_for(milliseconds time);
  // Until nothing waits, at the longest this long. False when something still waits.
  bool run_until_delivered(milliseconds longest);

  std::size_t crashes() const { return crashes_; }
  std::size_t posted() const { return stack_.posted(); }
  // Answered `stored`.
  std::size_t stored() const { return stack_.stored(); }
  // Answered `unavailable`.
  std::size_t refused() const { return stack_.refused(); }
  std::size_t unanswered() const { return stack_.unanswered(); }
  // Of one device, by the arrivals.
  std::size_t arrived(std::size_t device) const { return arrivals.totals_of(name_of(device)).unique; }

  // By the arrivals: every uplink that was answered `stored` has arrived, each device's in order, copies
  // under the id of the first; and nothing waits in the gateway or on the disk.
  void expect_all_delivered() const;

private:
  struct gateway {
    surroundings around;
    no_commands nobody;
    core::shard shard;
    gateway_link link;
    explicit gateway(gateway_world& world);
  };

  void start_gateway();
  bool step();
  std::optional<mono_time> deadline() const;

  world_options options_;
  webhooks stack_;
  dice dice_;
  hub_place there_{clock, hub};
  std::unique_ptr<gateway> gateway_;
  std::size_t crashes_ = 0;
  bool crash_due_ = false;
};

} // namespace causeway::conversation
