// SPDX-License-Identifier: Apache-2.0
// What leads a device to its hub: the calls on IoT Hub and on who finds a device's hub. Keeps nothing, for
// what a device is waiting for is its state. Owned by the shard; one thread.
#pragma once

#include "core/outlet.h"
#include "core/transitions.h"
#include "model/hub_link.h"
#include "model/provisioner.h"
#include "model/totals.h"

namespace causeway::core {

class device_table;
class holdings;
class naming;
class rule_book;

class links {
public:
  // All must live as long.
  links(const outlet<hub_link>& hub, const outlet<provisioner>& finder, const naming& names,
        const rule_book& rules, const device_table& table, const holdings& here, shard_totals& totals);

  // Precondition of all: the device is in the table. The first two do nothing while its shard goes.
  void find_hub(device_ref which, const identity& wanted);
  // Precondition: assigned.
  void attach(device_ref which);
  // Whatever was under way from that stage.
  void end(device_ref which, stage from);
  void hurry_dps(device_ref which) { finder_->hurry(which); }
  // If messages wait.
  void hurry_hub(device_ref which);
  // All of a shard: what asks for a hub is called off, and the rest as hub_link::close.
  void close(shard_number which, mono_time until);
  // Of a device that is on its way, or sends.
  link_progress progress(device_ref which) const;

private:
  const outlet<hub_link>& hub_;
  const outlet<provisioner>& finder_;
  const naming& names_;
  const rule_book& rules_;
  const device_table& table_;
  const holdings& here_;
  shard_totals& totals_;
};

} // namespace causeway::core
