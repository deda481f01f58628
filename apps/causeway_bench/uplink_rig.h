// SPDX-License-Identifier: Apache-2.0
// What the measurements of uplinks share: the emulator and the gateway (or the floor) as child processes, and
// The Things Stack's sending side in this one. What was accepted is what got a 200; the rest is the
// emulator's arrivals'. Loop's thread only.
#pragma once

#include "causeway_bench/broker_child.h"
#include "emulator/control/installation.h"
#include "emulator/stack/things_stack.h"
#include "net/http_client.h"
#include "net/process.h"
#include "net/task_group.h"
#include "testbed/emulator_child.h"

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

namespace causeway::bench {

enum class rig_program : std::uint8_t { gateway, floor };

struct rig_options {
  rig_program program = rig_program::gateway; // what stands between the stack and the hub
  std::uint32_t devices = 1'000;
  std::uint32_t posts = 64;         // under way at most
  std::optional<net::key_kind> tls; // the key of the webhook's certificate; absent: plain HTTP
  emulator::connection_use connections = emulator::connection_use::kept;
  bool http2 = false;
  std::uint32_t hubs =
      1; // with two, half of the devices that come through DPS, a quarter of all, are on the second
  std::uint64_t spool_messages = 0; // the gateway's limit; 0: its default
  std::uint32_t mqtt_devices = 0;   // of an application of their own, by way of a real broker
  bool backfill = false;            // of that application
  // Of the devices so many get commands, half of them through DPS; none of these sends uplinks by send().
  std::uint32_t command_devices = 0;
  // Lines of the gateway's configuration: of each application that has them, of the field application alone.
  std::string command_keys{}, field_keys{};
};

// Sums over the whole run, by the kernel.
struct cpu_use {
  double gateway = 0, emulator = 0, generator = 0; // seconds
};

// After a run: what was accepted, against what has arrived.
struct delivery {
  std::uint64_t accepted = 0;  // got a 2xx
  std::uint64_t delivered = 0; // of these, arrived
  std::uint64_t lost = 0;      // of these, not arrived
  std::uint64_t duplicates = 0;
  std::uint64_t duplicates_unrecognisable = 0; // not by their message-id
  std::uint64_t out_of_order = 0;              // accepted, and overtaken by a later one of their device
  std::uint64_t unanswered_late = 0; // overtaken too, but their posts got no 2xx in time: nothing is promised
  // Those that were published to the broker; of the fields above only the duplicates count them, too.
  std::uint64_t mqtt_published = 0, mqtt_missed = 0, mqtt_out_of_order = 0;
};

class uplink_rig {
public:
  // directory: of its own, on the disk that is to be measured.
  uplink_rig(net::loop& on, net::task_group& tasks, rig_options options, std::string directory);

  // Starts emulator and gateway and sends one uplink of each device, so that all are online; then the
  // arrivals are none. Errors: those of the programs; hub_answer_missing when a device did not come online.
  net::task<result<void>> start();
  // Starts the gateway (again).
  result<void> launch_gateway();
  net::task<result<void>> wait_until_ready();
  // Stopped for so long (SIGSTOP), and goes on.
  net::task<> freeze_gateway(milliseconds how_long);
  // SIGKILL or SIGTERM, and waits for the end.
  net::task<> end_gateway(int signal);
  net::task<> stop();

  // Begins to send: at a rate of uplinks a second, or with 0 as fast as they are answered.
  result<void> send(double rate, std::chrono::milliseconds how_long);
  // The devices by MQTT, each one uplink in two seconds: to be called once.
  net::task<result<void>> send_by_mqtt(std::chrono::milliseconds how_long);
  // Waits, once wait_for_arrivals() has, until all that was published has arrived and, with backfill, nothing
  // is asked for any more. Gives up when nothing has come for a minute; without backfill for three seconds,
  // because what is missing then stays away.
  net::task<result<void>> wait_for_mqtt();
  bool sending() const { return stack_->running(); }
  void stop_sending() { stack_->stop(); }
  const emulator::simulation& books() const { return *stack_->current(); }
  std::uint64_t connections_opened() const { return stack_->connections_opened(); }
  // Waits, once sending has ended, until all that was accepted has arrived; gives up when nothing has come
  // for a minute.
  net::task<result<void>> wait_for_arrivals();
  // Compares uplink by uplink. Once, after wait_for_arrivals().
  net::task<result<delivery>> compare();

  // Application and name, which is the identity, too.
  const std::vector<std::pair<std::string, std::string>>& command_devices() const { return commanded_; }
  // Of the hub's REST interface; with command_devices only.
  std::uint16_t service_port() const { return service_port_; }

  emulator_child& hub() { return *hub_; }
  // 0 while it does not run.
  int gateway_pid();
  cpu_use cpu();
  const std::string& directory() const { return directory_; }
  // The gateway's /metrics; and the value of one without labels there, 0 when it is missing.
  net::task<result<std::string>> metrics();
  static double metric(const std::string& page, const std::string& name);

private:
  result<void> write_configuration();
  void set_command_devices_apart();
  net::task<result<void>> prepare_floor();
  net::task<result<void>> start_broker();
  net::task<result<void>> register_mqtt_devices();
  emulator::emulator_options same_options() const;

  net::loop& loop_;
  net::task_group& tasks_;
  rig_options options_;
  std::string directory_, configuration_, ca_file_;
  emulator_ports ports_;
  std::vector<std::uint16_t> more_hub_ports_;
  std::vector<emulator::simulated_application> applications_;
  std::vector<std::pair<std::string, std::string>> commanded_;
  std::optional<broker_child> broker_;
  std::uint16_t broker_port_ = 0, service_port_ = 0;
  std::optional<emulator_child> hub_;
  std::optional<net::process> gateway_;
  emulator::storage_log stored_{{}}; // off
  std::optional<emulator::things_stack> stack_;
  net::http_client client_;
  double cpu_of_ended_ = 0; // gateways that have ended
};

// Makes a directory in `where`, runs work in a loop until it is done, and removes the directory. Gives what
// work leaves in *exit_code, or 1.
int run_in_directory(const std::string& where,
                     const std::function<net::task<>(net::loop*, net::task_group*, std::string, int*)>& work);

} // namespace causeway::bench
