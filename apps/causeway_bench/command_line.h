// SPDX-License-Identifier: Apache-2.0
// The options of causeway-bench's commands; each function adds one command that writes into the options
// given.
#pragma once

#include "causeway_bench/command_load.h"
#include "causeway_bench/connect_figures.h"
#include "causeway_bench/crash.h"
#include "causeway_bench/floor.h"
#include "causeway_bench/outage.h"
#include "causeway_bench/report.h"
#include "causeway_bench/sequential.h"
#include "causeway_bench/uplinks.h"

#include <CLI/CLI.hpp>

namespace causeway::bench {

CLI::App* add_uplinks(CLI::App& program, uplinks_options& options);
CLI::App* add_floor(CLI::App& program, floor_options& options);
CLI::App* add_crash(CLI::App& program, crash_options& options);
CLI::App* add_command_load(CLI::App& program, command_load_options& options);
CLI::App* add_outage(CLI::App& program, outage_options& options);
CLI::App* add_connect(CLI::App& program, connect_options& options);
CLI::App* add_sequential_client(CLI::App& program, sequential_options& options);
CLI::App* add_report(CLI::App& program, report_options& options);

} // namespace causeway::bench
