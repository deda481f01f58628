// SPDX-License-Identifier: Apache-2.0
// The emulator as a child process, and its control API (emulator/README.md). For the demo and the bench: what
// they report comes from the emulator's own arrivals. Loop's thread only.
#pragma once

#include "net/http_client.h"
#include "net/process.h"

#include <optional>
#include <string>
#include <vector>

namespace causeway {

struct emulator_ports {
  std::uint16_t hub = 0, dps = 0, control = 0, webhook = 0, admin = 0, stack = 0;
};

struct emulator_options {
  std::string program;   // path of causeway-emulator
  std::string directory; // its own; made when it is not there
  emulator_ports ports;
  std::uint32_t devices = 20;
  std::uint32_t retry_after = 3; // seconds
  std::string latency = "none";  // or "azure"
  bool registry = false;         // the gateway's configuration has the API keys, so that it asks the registry
  std::vector<std::string> more; // options of causeway-emulator as they stand: {"--layout", "dps"}
};

struct emulator_figures {
  // the arrivals'
  std::uint64_t attached = 0, put_tokens = 0, attaches = 0, c2d_links = 0; // attached: telemetry links now
  std::uint64_t twin_reads = 0;
  std::uint64_t connections = 0, connections_open = 0; // ever; now
  std::uint64_t connects_in_busiest_second = 0, throttled_connects = 0, sends_throttled = 0;
  std::int64_t first_attach_ms = 0, last_attach_ms = 0; // unix time; 0: none yet
  std::uint64_t arrived = 0, unique = 0, arrived_twice = 0, arrived_out_of_order = 0;
  std::uint64_t unrecognisable = 0; // an uplink again under another message-id
  struct of_hub {
    std::uint64_t unique = 0, attached = 0;
    double latency_p50_ms = 0, latency_p99_ms = 0, latency_max_ms = 0;
  };
  std::vector<of_hub> by_hub;
  double latency_p50_ms = 0, latency_p99_ms = 0; // from iothub-creation-time-utc to the arrival
  // the simulation's
  bool running = false;
  std::uint64_t sent = 0, accepted = 0, refused = 0, delivered = 0, lost = 0, duplicates = 0,
                out_of_order = 0;
  double seconds = 0;
  double http_p50_ms = 0, http_p99_ms = 0, end_to_end_p50_ms = 0, end_to_end_p99_ms = 0;
  // of the simulation's devices by MQTT; missing: the broker has it, the hub has not
  struct by_mqtt {
    std::uint64_t published = 0, delivered = 0, missing = 0, duplicates = 0, out_of_order = 0;
  } mqtt;
  // DPS'
  std::uint64_t registrations = 0, polls = 0, dps_requests = 0, accepted_registrations = 0, dps_throttled = 0;
  std::int64_t first_registration_ms = 0, last_registration_ms = 0; // of the accepted; unix time
  std::vector<std::uint64_t> accepted_by_minute;                    // from the first accepted one on
};

class emulator_child {
public:
  emulator_child(net::loop& on, emulator_options options);

  // Writes the gateway's configuration that fits this emulator. Errors: process_exited.
  result<void> write_configuration(const std::string& file) const;
  // Starts it and waits until it serves. Errors: process_exited, connection_timed_out.
  net::task<result<void>> start();
  // plan: the body of POST /simulation. Errors: those of the client; http_protocol with the emulator's own
  // words.
  net::task<result<void>> simulate(std::string plan);
  // Nothing more is sent; what is under way ends (figures().running).
  net::task<result<void>> stop_simulation();
  // A device that the stack's registry is to have; with it, a new application gets its API key.
  net::task<result<void>> put_registered(std::string application, std::string device);
  // An identity in the first hub, with the keys that the enrolment group gives it.
  net::task<result<void>> put_identity(std::string name);
  // Forgets what has arrived, latencies included.
  net::task<result<void>> clear_arrivals();
  // Sets DPS' counters to zero.
  net::task<result<void>> clear_dps();
  net::task<result<emulator_figures>> figures();
  // Begins the latencies of the arrivals anew.
  net::task<result<void>> clear_latency();
  // fault: the body of POST /faults.
  net::task<result<void>> add_fault(std::string fault);
  net::task<result<void>> clear_faults();
  // The uplink numbers that have arrived of each device, in ranges, first and last.
  using uplink_ranges = std::vector<std::pair<std::uint64_t, std::uint64_t>>;
  net::task<result<std::vector<std::pair<std::string, uplink_ranges>>>> arrived_uplinks();
  // Device and number of those that came behind a higher number of their device, at most 100,000.
  net::task<result<std::vector<std::pair<std::string, std::uint64_t>>>> late_uplinks();
  // Any other request of its control API: the answer's body. expected: a status of the class that is well.
  net::task<result<std::string>> ask(std::string method, std::string path, std::string body, int expected);
  // Precondition: started.
  int pid() const { return process_->pid(); }
  net::task<> stop();

private:
  std::vector<std::string> arguments() const;
  net::task<result<std::string>> get(std::string path);

  net::loop& loop_;
  emulator_options options_;
  net::http_client client_;
  std::optional<net::process> process_;
};

// The folder of the running program: its siblings are installed beside it.
std::string program_directory();

} // namespace causeway
