// SPDX-License-Identifier: Apache-2.0
#include "causeway_bench/command_line.h"

namespace causeway::bench {
namespace {

template <class Value>
CLI::CheckedTransformer one_of(std::map<std::string, Value> values) {
  return CLI::CheckedTransformer{std::move(values)};
}

// "max" or a number above 0.
std::string read_rate(const std::string& text, double& rate) {
  if (text == "max") return {};
  if (CLI::detail::lexical_cast(text, rate) && rate > 0) return {};
  return "takes a number above 0 or max";
}

template <class Options>
void add_outputs(CLI::App* verb, Options& options) {
  verb->add_option("--directory", options.directory, "Where the state lies; its file system is reported")
      ->capture_default_str();
  verb->add_flag("--json", options.json, "Print one JSON object");
}

void add_posts(CLI::App* verb, uplinks_options& options) {
  verb->add_option("--devices", options.devices, "Devices, half of them through DPS")
      ->check(CLI::Range(2, 1'000'000))
      ->capture_default_str();
  verb->add_option_function<std::string>(
          "--rate",
          [&options](const std::string& text) {
            if (const auto fault = read_rate(text, options.rate); !fault.empty())
              throw CLI::ValidationError("--rate", fault);
          },
          "Uplinks a second, or max")
      ->default_str("max");
  verb->add_option("--seconds", options.seconds, "How long to send")
      ->check(CLI::Range(1, 86'400))
      ->capture_default_str();
  verb->add_option("--posts", options.posts, "Posts under way at most")
      ->check(CLI::Range(1, 10'000))
      ->default_str("64 at --rate max, else 1024");
  verb->add_flag("--tls", options.tls, "The webhook by HTTPS");
  verb->add_option("--key", options.key, "Of the webhook's certificate")
      ->transform(one_of<net::key_kind>({{"p256", net::key_kind::p256}, {"rsa2048", net::key_kind::rsa2048}}))
      ->default_str("p256");
  verb->add_option("--connections", options.connections,
                   "new: two idle ones are kept, further ones are closed after each post, and no TLS session "
                   "is resumed, as The Things Stack's client does")
      ->transform(one_of<emulator::connection_use>(
          {{"kept", emulator::connection_use::kept}, {"new", emulator::connection_use::fresh}}))
      ->default_str("kept");
  add_outputs(verb, options);
}

} // namespace

CLI::App* add_uplinks(CLI::App& program, uplinks_options& options) {
  auto* verb = program.add_subcommand("uplinks", "From the webhook through the disk to the hub's accept");
  add_posts(verb, options);
  verb->add_option("--http", options.http,
                   "2: HTTP/2 over one connection where the webhook offers it (--tls), as The Things Stack's "
                   "client does")
      ->check(CLI::IsMember({1, 2}))
      ->capture_default_str();
  return verb;
}

CLI::App* add_floor(CLI::App& program, floor_options& options) {
  auto* verb = program.add_subcommand(
      "floor", "The same uplinks through a small program that does only what is unavoidable");
  add_posts(verb, options.uplinks);
  verb->add_option("--pairs", options.pairs,
                   "Runs of the floor and of the gateway in turns, and the median of their ratios")
      ->check(CLI::Range(1, 100));
  return verb;
}

CLI::App* add_crash(CLI::App& program, crash_options& options) {
  auto* verb = program.add_subcommand(
      "crash", "The gateway is killed at random moments, and the hub's connections are cut at others");
  verb->add_option("--kills", options.kills, "How often the gateway is killed (SIGKILL)")
      ->check(CLI::Range(0, 10'000))
      ->capture_default_str();
  verb->add_option("--stops", options.stops, "How often it is stopped (SIGTERM) and started again")
      ->check(CLI::Range(0, 10'000))
      ->capture_default_str();
  verb->add_option("--freezes", options.freezes, "How often it is stopped for up to eight seconds (SIGSTOP)")
      ->check(CLI::Range(0, 10'000))
      ->capture_default_str();
  verb->add_option("--cuts", options.cuts, "How often the hub's connections are cut")
      ->check(CLI::Range(0, 10'000))
      ->capture_default_str();
  verb->add_option("--seconds", options.seconds, "How long to send")
      ->check(CLI::Range(1, 86'400))
      ->capture_default_str();
  verb->add_option("--devices", options.devices, "Devices, half of them through DPS")
      ->check(CLI::Range(2, 1'000'000))
      ->capture_default_str();
  verb->add_option("--rate", options.rate, "Uplinks a second")
      ->check(CLI::Range(1.0, 1e6))
      ->capture_default_str();
  auto* mqtt =
      verb->add_option("--mqtt-devices", options.mqtt_devices,
                       "Further devices that send by MQTT, each one uplink in two seconds; commands' "
                       "events come by both then")
          ->check(CLI::Range(0, 100'000))
          ->capture_default_str();
  verb->add_flag("--backfill", options.backfill,
                 "What was published while the gateway was away is fetched from the Storage Integration")
      ->needs(mqtt);
  auto* commands =
      verb->add_option(
              "--commands", options.commands,
              "Commands sent beside them, a third each messages, methods and changes of twins, to "
              "devices of their own; the stack answers badly as often as the hub's connections are cut")
          ->check(CLI::Range(1, 1'000'000));
  verb->add_option("--command-devices", options.command_devices, "Devices that get them")
      ->check(CLI::Range(2, 100'000))
      ->needs(commands)
      ->capture_default_str();
  verb->add_option("--patience", options.patience,
                   "Seconds without a change until what is missing of a command is missing")
      ->check(CLI::Range(1, 3'600))
      ->needs(commands)
      ->capture_default_str();
  verb->add_option("--seed", options.seed, "Of the moments; default: drawn anew");
  add_outputs(verb, options);
  return verb;
}

CLI::App* add_command_load(CLI::App& program, command_load_options& options) {
  auto* verb = program.add_subcommand(
      "commands",
      "From the hub to The Things Stack beside uplinks: how long a message takes, and its memory");
  verb->add_option("--devices", options.devices, "Devices with links for commands, half of them through DPS")
      ->check(CLI::Range(4, 1'000'000))
      ->capture_default_str();
  verb->add_option("--command-devices", options.command_devices,
                   "Of these get commands; the others send the uplinks")
      ->check(CLI::Range(2, 1'000'000))
      ->default_str("half");
  verb->add_option("--commands-per-minute", options.commands_per_minute,
                   "Cloud-to-device messages; 0: none, for the comparison")
      ->check(CLI::Range(0.0, 1e6))
      ->capture_default_str();
  verb->add_option("--rate", options.rate, "Uplinks a second")
      ->check(CLI::Range(1.0, 1e6))
      ->capture_default_str();
  verb->add_option("--seconds", options.seconds, "How long to send")
      ->check(CLI::Range(1, 86'400))
      ->capture_default_str();
  add_outputs(verb, options);
  return verb;
}

CLI::App* add_outage(CLI::App& program, outage_options& options) {
  auto* verb = program.add_subcommand(
      "outage",
      "A hub is away while uplinks come, and comes back; a quarter of the devices is on another one");
  verb->add_option("--seconds", options.seconds, "How long the hub is away")
      ->check(CLI::Range(1, 86'400))
      ->capture_default_str();
  verb->add_option("--devices", options.devices, "Devices, half of them through DPS")
      ->check(CLI::Range(4, 1'000'000))
      ->capture_default_str();
  verb->add_option("--rate", options.rate, "Uplinks a second, before, meanwhile and afterwards")
      ->check(CLI::Range(1.0, 1e6))
      ->capture_default_str();
  verb->add_option("--spool-messages", options.spool_messages,
                   "The spool's limit; without it the gateway's default");
  add_outputs(verb, options);
  return verb;
}

CLI::App* add_connect(CLI::App& program, connect_options& options) {
  auto* verb = program.add_subcommand("connect", "From the gateway's exec to the last device online");
  verb->add_option("--devices", options.devices, "Devices")
      ->check(CLI::Range(1, 1'000'000))
      ->capture_default_str();
  verb->add_option(
          "--linked", options.linked,
          "Of these so many from the hub, with links for messages, methods and twins; the others through "
          "DPS, with telemetry's alone. Without it all have what the configuration has by default")
      ->check(CLI::Range(0, 1'000'000));
  verb->add_option("--azure", options.azure,
                   "connection-string: one policy for all devices of the hub; dps; central: DPS as IoT "
                   "Central's, with model ids")
      ->transform(one_of<azure_way>({{"connection-string", azure_way::connection_string},
                                     {"dps", azure_way::dps},
                                     {"central", azure_way::central}}))
      ->default_str("dps");
  verb->add_option("--start", options.start, "warm: with the state that `causeway provision` has written")
      ->transform(one_of<start_kind>({{"cold", start_kind::cold}, {"warm", start_kind::warm}}))
      ->default_str("cold");
  verb->add_option("--strategy", options.strategy,
                   "sequential: one device after another, as the earlier gateway did")
      ->transform(one_of<strategy_kind>(
          {{"causeway", strategy_kind::causeway}, {"sequential", strategy_kind::sequential}}))
      ->default_str("causeway");
  verb->add_option("--retry-after", options.retry_after, "Seconds that DPS asks to wait")
      ->check(CLI::Range(0, 3600))
      ->capture_default_str();
  verb->add_option("--assign-after", options.assign_after,
                   "Seconds until an assignment is done, whatever DPS asks to wait")
      ->check(CLI::Range(0.0, 3600.0));
  verb->add_option("--first-poll", options.first_poll, "As first_poll in the configuration, such as 500ms")
      ->capture_default_str();
  verb->add_option("--latency", options.latency, "Of hub, DPS and registry")
      ->check(CLI::IsMember({"azure", "none"}))
      ->capture_default_str();
  verb->add_option("--dps-quota", options.dps_quota, "Registrations a minute; without it no quota")
      ->check(CLI::Range(1, 1'000'000));
  verb->add_option("--dps-enforced", options.dps_enforced,
                   "What DPS holds to, where that is not the quota that the gateway knows")
      ->check(CLI::Range(1, 1'000'000));
  verb->add_option("--tier", options.tier, "The hub's tier, such as S1; without it no quotas");
  verb->add_option("--units", options.units, "Units of the tier")
      ->check(CLI::Range(1, 200))
      ->capture_default_str();
  verb->add_option("--hold", options.hold, "Seconds to stay online, to measure the CPU of idleness")
      ->check(CLI::Range(0, 86'400))
      ->capture_default_str();
  verb->add_option("--runs", options.runs, "Runs; what is printed is the median of each figure")
      ->check(CLI::Range(1, 100))
      ->capture_default_str();
  add_outputs(verb, options);
  return verb;
}

CLI::App* add_sequential_client(CLI::App& program, sequential_options& options) {
  auto* verb = program.add_subcommand("sequential-client", "What --strategy sequential runs as a process");
  verb->add_option("-c,--config", options.configuration, "causeway.toml")->required();
  verb->add_option("--spans", options.spans, "Where to write each phase of each device, as JSON lines");
  return verb;
}

CLI::App* add_report(CLI::App& program, report_options& options) {
  auto* verb = program.add_subcommand("report", "Tables and plots of what `connect --json` has printed");
  verb->add_option("files", options.files, "Files of JSON lines; other lines are skipped")->required();
  verb->add_option("-o,--output", options.directory, "Folder for report.md and the plots")->required();
  return verb;
}

} // namespace causeway::bench
