// SPDX-License-Identifier: Apache-2.0
// One DPS over kept-alive HTTPS: carries what dps::fleet wants sent, over a fixed number of connections.
// Loop's thread only.
#pragma once

#include "cloud/azure_section.h"
#include "dps/fleet.h"
#include "net/http_client.h"
#include "net/task_group.h"
#include "net/wake_up.h"

#include <functional>
#include <memory>
#include <vector>

namespace causeway::cloud {

class dps_client {
public:
  // Never called from inside find_hub, call_off and hurry.
  using sink = std::function<void(device_ref, result<model::assignment>)>;

  // section and timeline (which may be null) must live as long. random: uniform in [0, 1).
  dps_client(net::loop& on, net::task_group& tasks, const azure_section& section,
             std::function<double()> random, model::timeline* timeline, sink answer);
  dps_client(const dps_client&) = delete;
  dps_client& operator=(const dps_client&) = delete;

  // As model::provisioner.
  void find_hub(device_ref device, const identity& wanted, const model::connect_wish& wish);
  void call_off(device_ref device) { fleet_.call_off(device); }
  void hurry(device_ref device) { fleet_.hurry(device); }

  // As dps::fleet.
  void by_clocks(service_clocks& clocks) { fleet_.by_clocks(clocks); }
  void try_now() {
    fleet_.try_now();
    changed_.notify();
  }
  model::link_progress progress(device_ref device) const { return fleet_.progress(device); }

  const std::string& fingerprint() const { return fleet_.fingerprint(); }
  model::dps_totals totals() const { return fleet_.totals(loop_.now().mono); }

private:
  struct worker {
    explicit worker(net::loop& on) : bell{on} {}
    net::wake_up bell;
    std::optional<dps::fleet::errand> work;
  };

  net::task<> dispatch();
  net::task<> carry(worker* self);
  net::task<bool> carry_one(worker* self);
  void hand_over();

  net::loop& loop_;
  std::string origin_; // "https://host:port"
  dps::fleet fleet_;
  net::http_client client_;
  sink answer_;
  std::vector<std::unique_ptr<worker>> workers_;
  std::vector<worker*> idle_;
  net::wake_up changed_;
};

} // namespace causeway::cloud
