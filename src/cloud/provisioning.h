// SPDX-License-Identifier: Apache-2.0
// Finds each device's hub: from the connection string at once, or through the section's DPS (dps_client.h).
// Implements the core's provisioner. Loop's thread only.
#pragma once

#include "cloud/azure_section.h"
#include "cloud/dps_client.h"
#include "model/provisioner.h"

#include <functional>
#include <map>
#include <memory>
#include <vector>

namespace causeway::cloud {

class provisioning final : public model::provisioner {
public:
  // core, sections and timeline (which may be null) must live as long. random: uniform in [0, 1).
  provisioning(net::loop& on, net::task_group& tasks, model::provisioner_events& core,
               const std::vector<azure_section>& sections, std::function<double()> random,
               model::timeline* timeline);
  ~provisioning() override;

  void find_hub(device_ref device, const azure_name& section, const identity& wanted,
                const model::connect_wish& wish) override;
  void call_off(device_ref device) override;
  void hurry(device_ref device) override;
  std::string fingerprint(const azure_name& section) const override;
  model::link_progress progress(device_ref device) const override;
  std::map<std::string, model::dps_totals> totals() const; // by section
  // As dps::fleet, for all services. Before the first find_hub.
  void by_clocks(service_clocks& clocks);
  void try_now();

private:
  const azure_section* find(const azure_name& name) const;
  void answer_later(device_ref device, result<model::assignment> where);

  net::loop& loop_;
  model::provisioner_events& core_;
  const std::vector<azure_section>& sections_;
  std::shared_ptr<int> alive_ = std::make_shared<int>();        // for what is posted
  std::map<std::string, std::unique_ptr<dps_client>> services_; // by section
};

} // namespace causeway::cloud
