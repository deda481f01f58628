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
  app.add_option("--stack-port", options.stack_port, "registry of The Things Stack, HTTPS")
      ->capture_default_str();
  app.add_option("--hubs", options.hubs, "how many hubs DPS has, at --hub-port and the ports that follow")
      ->check(CLI::Range(1, 50))
      ->capture_default_str();
  app.add_option("--more-hub-ports", options.more_hub_ports, "ports of the hubs behind the first, instead")
      ->delimiter(',');
  app.add_option("--devices", options.devices, "how many devices there are")
      ->check(CLI::Range(0, 1'000'000))
      ->capture_default_str();
  app.add_option("--layout", options.layout, "where the devices' identities come from")
      ->transform(CLI::CheckedTransformer(
          std::map<std::string, emulator::fleet_layout>{{"mixed", emulator::fleet_layout::mixed},
                                                        {"hub", emulator::fleet_layout::hub},
                                                        {"dps", emulator::fleet_layout::dps},
                                                        {"central", emulator::fleet_layout::central}}));
  app.add_option("--retry-after", options.retry_after, "seconds that DPS asks to wait; 0: it assigns at once")
      ->check(CLI::Range(0, 3600))
      ->capture_default_str();
  bool no_latency = false;
  app.add_option("--latency", no_latency, "azure: answers leave as late as those of a hub nearby; none")
      ->transform(CLI::CheckedTransformer(std::map<std::string, bool>{{"azure", false}, {"none", true}}));
  std::string tier;
  app.add_option("--tier", tier, "the hubs hold to the quotas of this tier, such as S1; without it to none");
  app.add_option("--units", options.units, "how many units of the tier each hub has")
      ->check(CLI::Range(1, 200))
      ->capture_default_str();
  app.add_option("--dps-quota", options.dps_quota, "registrations a minute that DPS takes")
      ->check(CLI::Range(1, 1'000'000));
  app.add_option("--dps-enforced", options.dps_enforced,
                 "the same, where it is not what the printed configuration says")
      ->check(CLI::Range(1, 1'000'000));
  app.add_option("--registry-rate", options.registry_rate, "requests a minute that the registry takes")
      ->check(CLI::Range(1, 1'000'000));
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
    if (no_latency) options.delays = emulator::latency::none();
    if (!tier.empty()) {
      const auto parsed = azure::parse_tier(tier);
      if (!parsed) return report(parsed.fault(), wrong_usage);
      options.tier = *parsed;
      if (const auto limits = azure::hub_limits_of(*parsed, options.units); !limits)
        return report(limits.fault(), wrong_usage);
    }
    return run(options, level, print_only);
  } catch (const CLI::ParseError& fault) {
    return app.exit(fault) == 0 ? 0 : wrong_usage;
  } catch (const std::exception& fault) {
    std::fprintf(stderr, "causeway-emulator: %s\n", fault.what());
    return failed;
  }
}
