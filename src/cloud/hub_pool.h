// SPDX-License-Identifier: Apache-2.0
// IoT Hub for the core: carries bytes and time between the hubs' connections and hub::fleet_set, which has
// all the rules. One connection is hub_line.h. Loop's thread only.
#pragma once

#include "cloud/azure_section.h"
#include "hub/fleet_set.h"
#include "model/cloud_totals.h"
#include "model/hub_link.h"
#include "model/timeline.h"
#include "net/stream.h"
#include "net/task_group.h"
#include "net/wake_up.h"

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace causeway::cloud {

class hub_line;

using model::hub_totals;

class hub_pool final : public model::hub_link, hub::line_orders {
public:
  // core, commands, sections and clocks must live as long, and spans where it is not null. connect:
  // net::connect. random: uniform in [0, 1).
  hub_pool(net::loop& on, net::task_group& tasks, net::connector connect, model::hub_link_events& core,
           model::hub_command_events& commands, const std::vector<azure_section>& sections,
           service_clocks& clocks, std::function<double()> random, model::timeline* spans = nullptr);
  ~hub_pool() override;

  void attach(device_ref device, const model::assignment& where, const model::connect_wish& wish) override;
  void detach(device_ref device) override;
  void hurry(device_ref device) override;
  void send(device_ref device, spool_seq seq, const model::message& what) override;
  void settle(device_ref device, model::delivery_number which, model::c2d_settlement how) override;
  void answer_call(device_ref device, model::delivery_number which,
                   const model::method_answer& what) override;
  void take_c2d(bool can_store) override;
  void read_twin(device_ref device, bool urgent) override;
  void report_twin(device_ref device, std::string patch, bool urgent) override;
  void close(model::shard_number which, mono_time until) override;
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
  net::task<> pace();

  void open(hub::fleet& of, hub::line& which) override;
  void flush(hub::line& which) override;
  void cut(hub::line& which) override;
  void wake() override { due_.notify(); }

  net::loop& loop_;
  net::task_group& tasks_;
  net::connector connect_;
  const std::vector<azure_section>& sections_;
  net::wake_up due_;
  hub::fleet_set fleets_;
  std::vector<std::unique_ptr<hub_line>> lines_; // by the line's id
};

} // namespace causeway::cloud
