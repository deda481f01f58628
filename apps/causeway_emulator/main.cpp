// SPDX-License-Identifier: Apache-2.0
// causeway-emulator: Azure IoT Hub, DPS and The Things Stack's application side, offline. See
// emulator/README.md.
#include "base/log.h"
#include "emulator/emulator.h"
#include "net/listener.h"

#include <CLI/CLI.hpp>

#include <csignal>
#include <cstdio>
#include <exception>
#include <sys/resource.h>

namespace {

using namespace causeway;

constexpr int failed = 1;
constexpr int wrong_usage = 2;

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
  log::stop();
  return 0;
}

} // namespace

int main(int argc, char** argv) {
  std::signal(SIGPIPE, SIG_IGN);
  emulator::emulator_options options;
  std::string directory;
  bool print_only = false;
  auto level = log::level::info;

  CLI::App app{"Azure IoT Hub, DPS and The Things Stack's application side, offline"};
  app.add_option(
      "--directory", directory,
      "keys and certificates; default $XDG_STATE_HOME/causeway-emulator or ~/.local/state/causeway-emulator");
  app.add_option("--host", options.host, "address to listen on")->capture_default_str();
  app.add_option("--hub-port", options.hub_port, "IoT Hub, AMQP over TLS")->capture_default_str();
  app.add_option("--dps-port", options.dps_port, "DPS, HTTPS")->capture_default_str();
  app.add_option("--control-port", options.control_port, "control API, HTTP")->capture_default_str();
  app.add_option("--devices", options.devices, "the first half in the hub, the rest through DPS")
      ->check(CLI::Range(0, 1'000'000))
      ->capture_default_str();
  app.add_option("--retry-after", options.retry_after, "seconds that DPS asks to wait; 0: it assigns at once")
      ->check(CLI::Range(0, 3600))
      ->capture_default_str();
  app.add_option("--webhook-listen", options.webhook_listen, "where the gateway listens for webhooks")
      ->capture_default_str();
  app.add_option("--admin-listen", options.admin_listen, "where the gateway's admin server listens")
      ->capture_default_str();
  app.add_option("--log-level", level, "what is logged to stderr")
      ->transform(CLI::CheckedTransformer(std::map<std::string, log::level>{{"debug", log::level::debug},
                                                                            {"info", log::level::info},
                                                                            {"warning", log::level::warning},
                                                                            {"error", log::level::error},
                                                                            {"off", log::level::off}}));
  app.add_flag("--print-config", print_only, "print a gateway's configuration for this emulator, and exit");
  try {
    app.parse(argc, argv);
    options.directory = directory;
    return run(options, level, print_only);
  } catch (const CLI::ParseError& fault) {
    return app.exit(fault) == 0 ? 0 : wrong_usage;
  } catch (const std::exception& fault) {
    std::fprintf(stderr, "causeway-emulator: %s\n", fault.what());
    return failed;
  }
}
