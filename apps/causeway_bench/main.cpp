// SPDX-License-Identifier: Apache-2.0
#include "causeway_bench/command_line.h"
#include "causeway_bench/connect.h"

#include <iostream>

int main(int argc, char** argv) {
  using namespace causeway::bench;
  CLI::App program{"Measures Causeway. Gateway, emulator and load generator are processes of their own; what "
                   "was delivered and who was online is what the emulator's ledger says."};
  program.require_subcommand(1);
  uplinks_options uplinks;
  floor_options floor;
  crash_options crash;
  command_load_options commands;
  outage_options outage;
  connect_options connect;
  sequential_options sequential;
  report_options report;
  const auto* uplinks_verb = add_uplinks(program, uplinks);
  const auto* floor_verb = add_floor(program, floor);
  const auto* crash_verb = add_crash(program, crash);
  const auto* commands_verb = add_command_load(program, commands);
  const auto* outage_verb = add_outage(program, outage);
  const auto* connect_verb = add_connect(program, connect);
  const auto* sequential_verb = add_sequential_client(program, sequential);
  add_report(program, report);
  try {
    program.parse(argc, argv);
  } catch (const CLI::ParseError& fault) {
    return program.exit(fault) == 0 ? 0 : 2;
  }
  try {
    if (uplinks_verb->parsed()) return measure_uplinks(uplinks);
    if (floor_verb->parsed()) return measure_floor(floor);
    if (crash_verb->parsed()) return measure_crash(crash);
    if (commands_verb->parsed()) return measure_command_load(commands);
    if (outage_verb->parsed()) return measure_outage(outage);
    if (connect_verb->parsed()) return measure_connect(connect);
    if (sequential_verb->parsed()) return run_sequential_client(sequential);
    return write_report(report);
  } catch (const std::exception& fault) {
    std::cerr << "causeway-bench: " << fault.what() << '\n';
    return 1;
  }
}
