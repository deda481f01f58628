// SPDX-License-Identifier: Apache-2.0
// IoT Hub for the core: keeps as many AMQP connections to each hub as its devices need, lets devices connect
// and send within the hub's quotas, and brings them back when a connection is lost. Holds no rules of the
// protocol: those are hub::connection's. What concerns one hub is in hub_fleet.h, one connection in
// hub_line.h. Loop's thread only.
#pragma once

#include "cloud/azure_section.h"
#include "model/cloud_totals.h"
#include "model/hub_link.h"
#include "model/timeline.h"
#include "net/task_group.h"

#include <functional>
#include <map>
#include <memory>

namespace causeway::cloud {

class hub_fleet;
struct pool_state;

using model::hub_totals;

class hub_pool final : public model::hub_link {
public:
  // sections and clocks must live as long, and spans where it is not null. random: uniform in [0, 1).
  hub_pool(net::loop& on, net::task_group& tasks, const std::vector<azure_section>& sections,
           service_clocks& clocks, std::function<double()> random, model::timeline* spans = nullptr);
  ~hub_pool() override;
  // Before the first attach.
  void answer_to(model::hub_link_events& bridge);

  void attach(device_ref device, const model::assignment& where, const model::connect_wish& wish) override;
  void detach(device_ref device) override;
  void hurry(device_ref device) override;
  void send(device_ref device, spool_seq seq, const model::message& what) override;
  model::link_progress progress(device_ref device) const override;

  // Tokens are made by another time than before: all are put anew.
  void renew_tokens();
  // What was in the way may have gone: what waits for its next try is tried now.
  void try_now();
  // Sends nothing more, waits for the outcomes of what is under way, lest it be sent again at the next start
  // (a quarter of this at most), says CLOSE on every connection and waits until the hubs have answered, at
  // most this long. Who has not by then is cut off, for as long again at most.
  net::task<> close(std::chrono::milliseconds patience);
  // By hub, whichever of its names is in use.
  std::map<std::string, hub_totals> totals() const;

private:
  hub_fleet* fleet_of(const model::assignment& where);
  std::unique_ptr<pool_state> state_;
  const std::vector<azure_section>& sections_;
};

} // namespace causeway::cloud
