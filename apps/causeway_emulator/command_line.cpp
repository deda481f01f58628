// SPDX-License-Identifier: Apache-2.0
#include "command_line.h"

#include <CLI/CLI.hpp>

#include <cstdio>

namespace causeway {
namespace {

std::optional<int> refuse(const error& fault) {
  std::fprintf(stderr, "causeway-emulator: %s\n", fault.message().c_str());
  return wrong_usage;
}

emulator::fleet_layout layout_of(const std::string& name) {
  using enum emulator::fleet_layout;
  return name == "hub" ? hub : name == "dps" ? dps : name == "central" ? central : mixed;
}

using shown_to = std::function<void(const CLI::App&)>;

// show: where there is one, it is given all the options, and nothing is read.
std::optional<int> read(int argc, char** argv, emulator_verb& into, const shown_to& show) {
  std::string directory, tier, layout = "mixed", latency = "azure";
  CLI::App app{"Azure IoT Hub, DPS and The Things Stack's application side, offline", "causeway-emulator"};
  app.set_version_flag("--version", "causeway-emulator " CAUSEWAY_VERSION);
  app.add_option(
      "--directory", directory,
      "keys and certificates; default $XDG_STATE_HOME/causeway-emulator or ~/.local/state/causeway-emulator");
  app.add_option("--host", into.options.host, "address to listen on")->capture_default_str();
  app.add_option("--hub-port", into.options.hub_port, "IoT Hub, AMQP over TLS")->capture_default_str();
  app.add_option("--dps-port", into.options.dps_port, "DPS, HTTPS")->capture_default_str();
  app.add_option("--control-port", into.options.control_port, "control API, HTTP")->capture_default_str();
  app.add_option("--stack-port", into.options.stack_port, "registry of The Things Stack, HTTPS")
      ->capture_default_str();
  app.add_option("--events-port", into.options.events_port,
                 "Event-Hubs-compatible endpoint of the hubs, AMQP without TLS; without it there is none");
  app.add_option("--service-port", into.options.service_port,
                 "REST interface of the first hub, HTTPS; further hubs at the ports that follow; without it "
                 "there is none");
  app.add_option("--events-partitions", into.options.events.partitions, "partitions of each hub's events")
      ->check(CLI::Range(1, 1024))
      ->capture_default_str();
  app.add_option("--events-kept", into.options.events.max_events,
                 "how many events of each hub can be read, and 512 MiB at most")
      ->check(CLI::Range(1, 10'000'000))
      ->capture_default_str();
  app.add_option("--hubs", into.options.hubs,
                 "how many hubs DPS has, at --hub-port and the ports that follow")
      ->check(CLI::Range(1, 50))
      ->capture_default_str();
  app.add_option("--more-hub-ports", into.options.more_hub_ports,
                 "ports of the hubs behind the first, instead")
      ->delimiter(',');
  app.add_option("--devices", into.options.devices, "how many devices there are")
      ->check(CLI::Range(0, 1'000'000))
      ->capture_default_str();
  app.add_option("--layout", layout, "where the devices' identities come from")
      ->check(CLI::IsMember({"mixed", "hub", "dps", "central"}))
      ->capture_default_str();
  app.add_option("--hub-devices", into.options.hub_devices,
                 "how many of a mixed layout's are from the hub; without it half");
  app.add_option("--retry-after", into.options.retry_after,
                 "seconds that DPS asks to wait; 0: it assigns at once")
      ->check(CLI::Range(0, 3600))
      ->capture_default_str();
  app.add_option(
         "--assign-after", into.options.assign_after,
         "seconds until an assignment is done, whatever DPS asks to wait; without it as --retry-after")
      ->check(CLI::Range(0.0, 3600.0));
  app.add_option("--latency", latency, "azure: answers leave as late as those of a hub nearby; none")
      ->check(CLI::IsMember({"azure", "none"}))
      ->capture_default_str();
  app.add_option("--tier", tier, "the hubs hold to the quotas of this tier, such as S1; without it to none");
  app.add_option("--units", into.options.units, "how many units of the tier each hub has")
      ->check(CLI::Range(1, 200))
      ->capture_default_str();
  app.add_option("--daily-messages", into.options.daily_messages,
                 "messages a day that each hub takes; without it what the tier has");
  app.add_option("--dps-quota", into.options.dps_quota, "registrations a minute that DPS takes")
      ->check(CLI::Range(1, 1'000'000));
  app.add_option("--dps-enforced", into.options.dps_enforced,
                 "the same, where it is not what the printed configuration says")
      ->check(CLI::Range(1, 1'000'000));
  app.add_option(
         "--storage-kept", into.options.storage.kept,
         "how many messages the Storage Integration keeps; 0: there is none, as in the open-source stack")
      ->check(CLI::Range(0, 10'000'000))
      ->capture_default_str();
  double storage_delay = 0, storage_retention = 86'400;
  app.add_option("--storage-delay", storage_delay, "seconds until the Storage Integration shows a message")
      ->check(CLI::Range(0, 86'400))
      ->capture_default_str();
  app.add_option("--storage-retention", storage_retention, "seconds that it shows one for")
      ->check(CLI::Range(1, 30 * 86'400))
      ->capture_default_str();
  app.add_option("--registry-rate", into.options.registry_rate, "requests a minute that the registry takes")
      ->check(CLI::Range(1, 1'000'000));
  app.add_option("--mqtt-broker", into.options.mqtt.address,
                 "host:port of a running MQTT broker: simulated devices may send by it");
  app.add_option("--mqtt-username", into.options.mqtt.username, "The Things Stack's own log-in there")
      ->capture_default_str();
  app.add_option("--mqtt-password", into.options.mqtt.password, "of that log-in");
  app.add_option("--mqtt-tenant", into.options.mqtt.tenant,
                 "in user names and topics: app@tenant; empty: an open-source stack")
      ->capture_default_str();
  double retry_minute = 0;
  app.add_option("--webhook-retries", retry_minute,
                 "the stack tries seven times; seconds that a minute of its schedule lasts. 0: it tries once")
      ->check(CLI::Range(0, 60))
      ->capture_default_str();
  app.add_option("--webhook-listen", into.options.webhook_listen, "where the gateway listens for webhooks")
      ->capture_default_str();
  app.add_option("--admin-listen", into.options.admin_listen, "where the gateway's admin server listens")
      ->capture_default_str();
  app.add_option("--log-level", into.level, "what is logged to stderr")
      ->transform(CLI::CheckedTransformer(std::map<std::string, log::level>{{"debug", log::level::debug},
                                                                            {"info", log::level::info},
                                                                            {"warning", log::level::warning},
                                                                            {"error", log::level::error},
                                                                            {"off", log::level::off}}));
  app.add_flag("--print-config", into.print_only,
               "print a gateway's configuration for this emulator, and exit");
  if (show) {
    show(app);
    return 0;
  }
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& fault) {
    return app.exit(fault) == 0 ? 0 : wrong_usage;
  }
  into.options.directory = directory;
  const auto milliseconds_of = [](double value) {
    return std::chrono::milliseconds{static_cast<std::int64_t>(value * 1000)};
  };
  into.options.webhook_retries = milliseconds_of(retry_minute);
  into.options.storage.delay = milliseconds_of(storage_delay);
  into.options.storage.retention = milliseconds_of(storage_retention);
  into.options.layout = layout_of(layout);
  if (latency == "none") into.options.delays = emulator::latency::none();
  if (tier.empty()) return std::nullopt;
  const auto parsed = azure::parse_tier(tier);
  if (!parsed) return refuse(parsed.fault());
  into.options.tier = *parsed;
  if (const auto limits = azure::hub_limits_of(*parsed, into.options.units); !limits)
    return refuse(limits.fault());
  return std::nullopt;
}

} // namespace

std::optional<int> read_command_line(int argc, char** argv, emulator_verb& into) {
  return read(argc, argv, into, nullptr);
}

void show_emulator_options(const shown_to& to) {
  emulator_verb unused;
  static_cast<void>(read(0, nullptr, unused, to));
}

} // namespace causeway
