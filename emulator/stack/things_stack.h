// SPDX-License-Identifier: Apache-2.0
// The application side of The Things Stack: posts the uplinks of a simulation to webhooks over HTTP/1.1, as
// many at a time as the plan says; with retries, tries again what was in vain. A post takes the connection
// that was used last of those that wait for its host, or opens one; TLS sessions are never resumed. When a
// connection breaks, those that wait for the same host go too. Loop's thread only.
#pragma once

#include "emulator/stack/downlink_service.h"
#include "emulator/stack/simulation.h"
#include "emulator/stack/storage_log.h"
#include "net/task_group.h"

#include <memory>

namespace causeway::emulator {

class things_stack {
public:
  // seed: makes the devices' sessions those of this run. on and tasks must live until tasks has stopped.
  // What is sent goes into stored first. stack_url: of the Application Server.
  things_stack(net::loop& on, net::task_group& tasks, storage_log& stored, std::string seed,
               std::string stack_url = "https://localhost:15885/api/v3");

  // Every uplink is told there, and waits for its device's lock or is dropped as it says. Before the first
  // start; must live as long as tasks.
  void pass_uplinks_by(downlink_service& downlinks) { downlinks_ = &downlinks; }

  // ca_file: trusted for https:// webhooks. Errors: config_invalid_value (no application, no device, no end,
  // a URL that cannot be used), certificate_unusable, internal when one is running already.
  result<void> start(simulation_plan plan, const std::string& ca_file);
  void stop();
  bool running() const;
  // The running or the last simulation; null before the first.
  const simulation* current() const;
  // By that simulation so far.
  std::uint64_t connections_opened() const;
  // Of its webhooks, by application; null before the first.
  const std::vector<webhook_health>* health() const;
  // For the simulation: what has arrived at a hub.
  void on_arrival(const arrival& entry);

private:
  struct campaign;
  static net::task<> post_turns(std::shared_ptr<campaign> at, std::size_t worker);
  static net::task<> watch_time_outs(std::shared_ptr<campaign> at);

  net::loop& on_;
  net::task_group& tasks_;
  storage_log& stored_;
  std::string seed_, stack_url_;
  downlink_service* downlinks_ = nullptr;
  std::shared_ptr<campaign> campaign_;
  std::unordered_map<std::string, std::uint64_t> markers_;
};

} // namespace causeway::emulator
