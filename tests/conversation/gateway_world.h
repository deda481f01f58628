// SPDX-License-Identifier: Apache-2.0
// The Things Stack, a gateway and an IoT hub in one place, on a manual clock. Real: the parser, the flat
// format, core::shard, the store, hub::fleet_set with all below it, and the emulated hub with its arrivals
// as the witness. In memory: the wire.
#pragma once

#include "conversation/memory_link.h"
#include "conversation/stepped_store.h"

#include <deque>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace causeway::conversation {

struct world_options {
  hub::auth mode = hub::auth::device_keys;
  std::size_t devices = 100;
  std::size_t body_cache_bytes = 16 * 1024; // small, so that bodies are read back from the disk as well
  bool breaks_are_crashes = false;          // of the gateway, not of its connection
  bool disk_may_refuse = false;             // an uplink may be answered `unavailable`
};

// Signs as the registry expects it; or with another key for one device.
class device_keys final : public hub::token_source {
public:
  secret device_token(device_ref device, const identity& name, wall_time expiry) override;
  secret policy_token(wall_time expiry) override;
  void give_wrong_key(const identity& name) { wrong_.insert(name); }
  void give_right_key(const identity& name) { wrong_.erase(name); }

private:
  std::set<identity> wrong_;
};

class gateway_world final : model::provisioner, model::registry, model::formatter, model::answers {
public:
  explicit gateway_world(world_options options = {});
  ~gateway_world() override;

  manual_clock clock;
  emulator::identity_registry registry;
  emulator::arrivals arrivals;
  emulator::fault_table faults;
  emulator::hub_service hub;
  device_keys keys;
  stepped_store disk;
  break_plan breaks;

  static identity name_of(std::size_t device);
  core::shard& shard() { return gateway_->shard; }
  memory_link& link() { return gateway_->link; }
  model::device_status status_of(std::size_t device) const;
  std::size_t devices_in(model::device_state state) const;

  // The next uplink of the device, as a webhook would bring it.
  void post(std::size_t device);
  // One of each device, in ten batches with 3 ms in between.
  void post_round();
  // The device's last uplink that was answered `stored`, word for word; what it is answered.
  // Precondition: it has one.
  model::answer repeat_last_stored(std::size_t device);
  bool has_stored(std::size_t device) const { return !sources_[device].stored.empty(); }

  void run_for(milliseconds time);
  // Until nothing waits, at the longest this long. False when something still waits.
  bool run_until_delivered(milliseconds longest);

  std::size_t crashes() const { return crashes_; }
  std::size_t posted() const { return posted_; }
  // Answered `stored`.
  std::size_t stored() const { return stored_; }
  // Answered `unavailable`.
  std::size_t refused() const { return refused_; }
  std::size_t unanswered() const { return waiting_.size(); }
  // Of one device, by the arrivals.
  std::size_t arrived(std::size_t device) const { return arrivals.totals_of(name_of(device)).unique; }

  // By the arrivals: every uplink that was answered `stored` has arrived, each device's in order, copies
  // under the id of the first; and nothing waits in the gateway or on the disk.
  void expect_all_delivered() const;

private:
  struct device_source {
    std::uint64_t last_marker = 0;
    std::vector<std::uint64_t> stored;
    std::string last_stored; // the event's text
  };
  struct posted_event {
    std::size_t device = 0;
    std::uint64_t marker = 0;
    std::string text;
  };
  struct gateway {
    memory_link link;
    core::shard shard;
    explicit gateway(gateway_world& world);
  };

  void start_gateway();
  void hand_in(model::ticket which, const std::string& text, std::size_t device);
  std::string uplink_text(std::size_t device, std::uint64_t marker) const;
  void run_until_quiet();
  std::optional<mono_time> deadline() const;
  double random();

  void find_hub(device_ref device, const azure_name& section, const identity& wanted,
                const model::connect_wish& wish) override;
  void call_off(device_ref) override {}
  void hurry(device_ref) override {}
  void look_up(device_ref, const model::device_key&) override {} // no application follows a registry here
  std::string fingerprint(const azure_name&) const override { return {}; }
  void format(model::ticket which, const model::event& event, moment now) override;
  void on_answer(model::ticket which, model::answer what) override;

  world_options options_;
  std::unique_ptr<gateway> gateway_;
  std::deque<std::pair<device_ref, model::assignment>> assignments_; // to be answered
  std::vector<device_source> sources_;
  std::map<model::ticket, posted_event> waiting_; // webhooks without an answer
  std::optional<model::answer> last_answer_;
  std::uint64_t last_ticket_ = 0;
  std::uint32_t random_ = 1;
  std::size_t posted_ = 0, stored_ = 0, refused_ = 0, crashes_ = 0;
  bool crash_due_ = false;
};

} // namespace causeway::conversation
