// SPDX-License-Identifier: Apache-2.0
// The Things Stack's side of a simulation for devices whose uplinks leave by MQTT. What the broker has is
// `accepted` in its books; whether anybody was subscribed, nobody tells. Loop's thread only.
#pragma once

#include "emulator/stack/downlink_service.h"
#include "emulator/stack/mqtt_publisher.h"
#include "emulator/stack/simulation.h"
#include "emulator/stack/storage_log.h"

#include <memory>
#include <unordered_map>

namespace causeway::emulator {

class mqtt_stack {
public:
  // to: nothing = there is no broker. seed: makes the devices' sessions those of this run. All must live
  // until tasks has stopped.
  mqtt_stack(net::loop& on, net::task_group& tasks, mqtt_publisher* to, storage_log& stored,
             std::string seed);

  // As things_stack's.
  void pass_uplinks_by(downlink_service& downlinks) { downlinks_ = &downlinks; }

  // Errors: config_invalid_value (no broker, no device, no end), internal when one is running already.
  // alone: the simulation has no other devices.
  result<void> start(simulation_plan plan, bool alone);
  // The last simulation has no devices by MQTT: its figures are those of none.
  void clear();
  void stop();
  bool running() const;
  bool is_alone() const { return campaign_ && alone_; }
  // The running or the last simulation; null before the first.
  const simulation* current() const;
  void on_arrival(const arrival& entry);

private:
  struct campaign;
  static net::task<> publish_turns(std::shared_ptr<campaign> at);
  static net::task<> publish_held(std::shared_ptr<campaign> at, simulated_turn turn, std::string body,
                                  mono_time not_before);

  net::loop& on_;
  net::task_group& tasks_;
  mqtt_publisher* publisher_;
  storage_log& stored_;
  std::string seed_;
  downlink_service* downlinks_ = nullptr;
  bool alone_ = false;
  std::shared_ptr<campaign> campaign_;
  std::unordered_map<std::string, std::uint64_t> markers_;
};

} // namespace causeway::emulator
