// SPDX-License-Identifier: Apache-2.0
#include "causeway/command_check.h"
#include "causeway/command_demo.h"
#include "causeway/command_run.h"

#include <CLI/CLI.hpp>

#include <iostream>

namespace {

constexpr int wrong_usage = 2;

} // namespace

int main(int argc, char** argv) {
  CLI::App program{"Causeway connects The Things Stack to Azure IoT Hub: every LoRaWAN device with an "
                   "identity of its own."};
  program.set_version_flag("--version", CAUSEWAY_VERSION);
  program.require_subcommand(1);

  std::string configuration;
  auto* run = program.add_subcommand("run", "Run the gateway");
  run->add_option("-c,--config", configuration, "Configuration file (TOML)")->required();

  auto* check = program.add_subcommand("check", "Check a configuration and say every fault at once");
  bool offline = false;
  check->add_option("-c,--config", configuration, "Configuration file (TOML)")->required();
  check->add_flag("--offline", offline, "Look at the file and what it names; connect to nothing")->required();

  auto* demo = program.add_subcommand(
      "demo", "Show the whole way on this machine: emulator, gateway and simulated devices");
  causeway::demo_options demo_options;
  demo->add_option("--devices", demo_options.devices, "Simulated devices, half of them through DPS")
      ->check(CLI::Range(1, 100'000))
      ->capture_default_str();
  demo->add_option("--uplinks", demo_options.uplinks, "Uplinks to send in all; 0 = until stopped")
      ->check(CLI::Range(0, 100'000'000))
      ->capture_default_str();
  demo->add_option("--rate", demo_options.rate,
                   "Uplinks a second, 0 = as fast as it goes; default 10, with --exit 0")
      ->check(CLI::Range(0, 1'000'000));
  demo->add_flag("--exit", demo_options.exit, "End when all uplinks are delivered");
  demo->add_flag("--json", demo_options.json, "Print the result as one JSON object");

  try {
    program.parse(argc, argv);
  } catch (const CLI::ParseError& fault) {
    const int code = program.exit(fault);
    return code == 0 ? 0 : wrong_usage;
  }
  try {
    if (run->parsed()) return causeway::command_run(configuration);
    if (check->parsed()) return causeway::command_check(configuration);
    return causeway::command_demo(demo_options);
  } catch (const std::exception& fault) {
    std::cerr << "causeway: " << fault.what() << '\n';
    return 1;
  }
}
