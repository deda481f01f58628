// SPDX-License-Identifier: Apache-2.0
// causeway-emulator: Azure IoT Hub, DPS and The Things Stack's application side, offline. See
// emulator/README.md.
#include "command_line.h"

#include "base/log.h"
#include "emulator/run/emulator.h"
#include "net/listener.h"

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <sys/resource.h>

namespace {

using namespace causeway;

constexpr int failed = 1;

void raise_open_files() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);
}

int report(const error& fault, int status) {
  log::stop();
  std::fprintf(stderr, "causeway-emulator: %s\n", fault.message().c_str());
  return status;
}

int run(const emulator::emulator_options& options, log::level level, bool print_only) {
  for (const auto* address : {&options.webhook_listen, &options.admin_listen})
    if (const auto parsed = net::listen_address::parse(*address); !parsed)
      return report(parsed.fault(), wrong_usage);
  const auto made = emulator::installation::prepare(options);
  if (!made) return report(made.fault(), failed);
  if (print_only) {
    std::fputs(made->gateway_configuration().c_str(), stdout);
    return std::fflush(stdout) == 0 ? 0 : failed;
  }
  log::start(level, log::format::logfmt);
  raise_open_files();
  const auto ended = emulator::run_emulator(*made);
  if (!ended) return report(ended.fault(), failed);
  if (!log::stop()) std::_Exit(0);
  return 0;
}

} // namespace

int main(int argc, char** argv) {
  std::signal(SIGPIPE, SIG_IGN);
  try {
    emulator_verb verb;
    if (const auto status = read_command_line(argc, argv, verb)) return *status;
    return run(verb.options, verb.level, verb.print_only);
  } catch (const std::exception& fault) {
    std::fprintf(stderr, "causeway-emulator: %s\n", fault.what());
    return failed;
  }
}
