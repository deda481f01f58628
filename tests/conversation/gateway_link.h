// SPDX-License-Identifier: Apache-2.0
// IoT Hub for one gateway's core: cloud::hub_pool as shipped, in a loop of its own that goes by hand, and
// what the tests want to know of it. It ends as a process that is killed: nothing more is told.
#pragma once

#include "cloud/hub_pool.h"
#include "conversation/hub_ends.h"
#include "core/shard.h"

#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

namespace causeway::conversation {

class gateway_link final : model::hub_link_events {
public:
  // All must live as long. on_break: as hub_ends'.
  gateway_link(const manual_clock& clock, hub_place& at, const std::vector<cloud::azure_section>& sections,
               core::shard& core, break_plan& breaks, std::function<void()> on_break = {});
  ~gateway_link() override;
  model::hub_link& port() { return pool_; }
  hub_ends& ends() { return ends_; }

  // As loop's.
  bool step() { return loop_.step(); }
  std::optional<mono_time> deadline() const { return loop_.deadline(); }

  std::uint64_t connections_made() const { return totals().connections_made; }
  std::uint64_t connections_lost() const { return totals().connections_lost; }
  // Of tokens, on all connections.
  std::uint64_t renewals() const;
  std::size_t bytes_carried() const { return ends_.bytes_carried(); }
  // Detaches that were one device's own, not the connection's.
  std::uint64_t own_detaches() const { return own_detaches_; }

private:
  model::hub_totals totals() const;

  void on_device_attached(device_ref device, moment now) override;
  void on_device_detached(device_ref device, const error& why, bool link_retries, moment now) override;
  void on_send_outcome(device_ref device, spool_seq seq, const result<void>& outcome, moment now) override;
  void on_shard_closed(model::shard_number which, moment now) override;

  hub_place& at_;
  core::shard* core_; // null: nothing is told any more
  service_clocks clocks_;
  net::loop loop_;
  net::task_group tasks_{loop_};
  hub_ends ends_;
  cloud::hub_pool pool_;
  bool signs_by_policy_;
  std::uint64_t attached_ = 0, own_detaches_ = 0;
};

} // namespace causeway::conversation
