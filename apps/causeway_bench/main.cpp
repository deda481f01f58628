// SPDX-License-Identifier: Apache-2.0
#include "causeway_bench/uplinks.h"

#include <CLI/CLI.hpp>

#include <iostream>

int main(int argc, char** argv) {
  CLI::App program{"Measures Causeway. Gateway, emulator and load generator are processes of their own; what "
                   "was delivered is what "
                   "the emulator's ledger says."};
  program.require_subcommand(1);
  auto* uplinks = program.add_subcommand("uplinks", "From the webhook through the disk to the hub's accept");
  causeway::bench::uplinks_options options;
  std::string rate = "max";
  uplinks->add_option("--devices", options.devices, "Devices, half of them through DPS")
      ->check(CLI::Range(2, 1'000'000))
      ->capture_default_str();
  uplinks->add_option("--rate", rate, "Uplinks a second, or max")->capture_default_str();
  uplinks->add_option("--seconds", options.seconds, "How long to send")
      ->check(CLI::Range(1, 86'400))
      ->capture_default_str();
  uplinks->add_option("--connections", options.connections, "Posts under way at once")
      ->check(CLI::Range(1, 10'000))
      ->capture_default_str();
  uplinks->add_option("--directory", options.directory, "Where the state lies; its file system is reported")
      ->capture_default_str();
  uplinks->add_flag("--json", options.json, "Print one JSON object");
  try {
    program.parse(argc, argv);
  } catch (const CLI::ParseError& fault) {
    return program.exit(fault) == 0 ? 0 : 2;
  }
  if (rate != "max") {
    options.rate = CLI::detail::lexical_cast(rate, options.rate) ? options.rate : -1;
    if (options.rate <= 0) {
      std::cerr << "causeway-bench: --rate takes a number above 0 or max\n";
      return 2;
    }
  }
  try {
    return causeway::bench::measure_uplinks(options);
  } catch (const std::exception& fault) {
    std::cerr << "causeway-bench: " << fault.what() << '\n';
    return 1;
  }
}
