// SPDX-License-Identifier: Apache-2.0
// Finds each device's hub: from the connection string at once, through DPS over kept-alive HTTPS within its
// quota of registrations. Implements the core's provisioner. Waiting devices are bounded by the device table.
// Loop's thread only.
#pragma once

#include "base/token_bucket.h"
#include "core/bridge.h"
#include "dps/registration.h"
#include "egress/azure_section.h"
#include "net/http_client.h"
#include "net/task_group.h"
#include "net/wake_up.h"

#include <deque>
#include <functional>
#include <memory>
#include <vector>

namespace causeway::egress {

struct provisioning_totals {
  std::uint64_t requests = 0; // HTTP requests to DPS
  std::uint64_t assigned = 0;
  std::uint64_t refused = 0;     // registrations that ended without a hub
  std::uint64_t in_progress = 0; // waiting or under way
};

class provisioning final : public core::provisioner {
public:
  // sections must live as long. random: uniform in [0, 1).
  provisioning(net::loop& on, net::task_group& tasks, const std::vector<azure_section>& sections,
               std::function<double()> random);
  ~provisioning() override;
  // Before the first find_hub.
  void answer_to(core::bridge& bridge) { bridge_ = &bridge; }

  void find_hub(device_ref device, const azure_name& section, const identity& wanted,
                const core::connect_wish& wish) override;
  void call_off(device_ref device) override;
  void hurry(device_ref device) override;
  std::string fingerprint(const azure_name& section) const override;
  const provisioning_totals& totals() const { return totals_; }

private:
  struct request {
    device_ref device{};
    registration_id id;
    std::string model_id;
  };
  struct service { // one DPS
    const azure_section* section = nullptr;
    std::unique_ptr<net::http_client> client;
    std::string fingerprint;
    token_bucket registrations; // first requests
    mono_time next_operation{}; // repeats and polls: the next free slot of the quota of operations
    std::deque<request> waiting;
    std::size_t under_way = 0;
    std::unique_ptr<net::wake_up> changed;
    mono_time held_until{}; // DPS has asked the whole fleet to wait
  };

  const azure_section* find(const azure_name& name) const;
  void answer(device_ref device, result<core::assignment> where);
  net::task<> dispatch(service* through);
  net::task<> register_one(service* through, request what);
  net::task<result<core::assignment>> find_assignment(service* through, request what);
  net::task<bool> wait_for_turn(service* through);
  net::task<result<net::http_answer>> carry(service* through, dps::http_request what);

  net::loop& loop_;
  net::task_group& tasks_;
  const std::vector<azure_section>& sections_;
  std::function<double()> random_;
  core::bridge* bridge_ = nullptr;
  std::shared_ptr<int> alive_ = std::make_shared<int>(); // for what is posted
  std::map<std::string, service> services_;              // by section
  provisioning_totals totals_;
};

} // namespace causeway::egress
