// SPDX-License-Identifier: Apache-2.0
#include "causeway/command_line.h"

#include "amqp/engine.h"
#include "causeway/verb_check.h"
#include "causeway/verb_commands.h"
#include "causeway/verb_dead_letters.h"
#include "causeway/verb_demo.h"
#include "causeway/verb_devices.h"
#include "causeway/verb_plan.h"
#include "causeway/verb_provision.h"
#include "causeway/verb_run.h"
#include "causeway/verb_spool.h"
#include "causeway/verb_status.h"
#include "causeway/verb_support.h"
#include "causeway/verb_top.h"
#include "causeway/verb_try_transform.h"

#include <CLI/CLI.hpp>

#include <memory>

namespace causeway {
namespace {

// All that may be asked for; only what belongs to the command that was given is set.
struct options {
  std::string configuration;
  bool offline = false, json = false, once = false;
  demo_options demo;
  devices_options devices;
  commands_options commands;
  dead_letters_options dead_letters;
  spool_options spool;
  support_options support;
  try_transform_options trial;
};

CLI::Option* add_configuration(CLI::App* verb, std::string& into) {
  return verb->add_option("-c,--config", into, "Configuration file (TOML)");
}

void add_address(CLI::App* verb, admin_address& into) {
  auto* where = verb->add_option_group("gateway", "Where the running gateway listens");
  add_configuration(where, into.configuration);
  where->add_option("--socket", into.socket, "Its admin socket");
  where->require_option(1);
}

void add_demo(CLI::App& program, options& to) {
  auto* demo = program.add_subcommand(
      "demo", "Show the whole way on this machine: emulator, gateway and simulated devices");
  demo->add_option("--devices", to.demo.devices, "Simulated devices, half of them through DPS")
      ->check(CLI::Range(1, 100'000))
      ->capture_default_str();
  demo->add_option("--uplinks", to.demo.uplinks, "Uplinks to send in all; 0 = until stopped")
      ->check(CLI::Range(0, 100'000'000))
      ->capture_default_str();
  demo->add_option("--rate", to.demo.rate,
                   "Uplinks a second, 0 = as fast as it goes; default 10, with --exit 0")
      ->check(CLI::Range(0, 1'000'000));
  demo->add_flag("--exit", to.demo.exit, "End when all uplinks are delivered");
  demo->add_flag("--json", to.demo.json, "Print the result as one JSON object");
}

void add_devices(CLI::App& program, options& to) {
  auto* devices =
      program.add_subcommand("devices", "List the devices of the running gateway, or look at one");
  devices->require_subcommand(0, 1);
  add_address(devices, to.devices.where);
  devices->add_option(
      "--state", to.devices.state,
      "Only those that are known, provisioning, attaching, online, parked, unlisted, off or removed");
  devices->add_option("--application", to.devices.application, "Only those of this application");
  devices->add_flag("--json", to.devices.json, "Print a page of them as one JSON object a line");

  constexpr const char* device_help = "DEVICE, or APPLICATION/DEVICE where several applications have it";
  auto* show = devices->add_subcommand("show", "All that is known of one device, and where its time went");
  show->add_option("device", to.devices.device, device_help)->required();
  auto* why =
      devices->add_subcommand("why", "In one sentence: why it is not online, and when it is tried next");
  why->add_option("device", to.devices.device, device_help)->required();
  auto* waterfall =
      devices->add_subcommand("waterfall", "Draw a device's way to its hub, or that of all (SVG)");
  waterfall->add_option("device", to.devices.device, device_help);
  waterfall->add_flag("--all", to.devices.all, "The first 1,000 devices that the timeline has");
  waterfall->add_flag("--commands", to.devices.commands, "The device's last 10 commands instead");
  waterfall->add_option("-o,--output", to.devices.output, "File to write; - for the terminal")->required();
  auto* forget = devices->add_subcommand(
      "forget", "Remove a device with its assignment, or many; it comes back when it sends something");
  forget->add_option("device", to.devices.device, device_help);
  forget->add_flag("--never-attached", to.devices.never_attached,
                   "All of --application that no hub has ever taken and no listing names");
  forget->add_flag("--unlisted", to.devices.unlisted, "All of --application that the registry does not list");
  forget->add_flag("--drop-messages", to.devices.drop_messages,
                   "Those that messages wait for, too: the messages become dead letters");
  for (auto* verb : {show, why, waterfall, forget})
    verb->fallthrough(); // -c, --socket and --json may stand behind it, too
}

void add_dead_letters(CLI::App& program, options& to) {
  auto& into = to.dead_letters;
  auto* letters = program.add_subcommand(
      "dead-letters", "What could not be delivered: list it, look at it, send it again, give it up");
  letters->require_subcommand(1);
  add_address(letters, into.where);
  letters->add_option("--application", into.application, "Only those of this application");
  letters->add_option("--device", into.device, "Only those of this device");
  letters->add_option("--reason", into.reason, "Only those with this error, as docs/errors.md names it");
  letters->add_flag("--json", into.json, "Print JSON; list: a page a line");
  auto* list = letters->add_subcommand("list", "Oldest first");
  auto* show =
      letters->add_subcommand("show", "One of them, with the message or the event as it was received");
  show->add_option("id", into.ids, "Its number")->required()->expected(1);
  auto* replay = letters->add_subcommand(
      "replay", "Try again: a message goes to the end of its device's queue, an event through its format");
  auto* drop = letters->add_subcommand("drop", "Give up for good");
  for (auto* verb : {replay, drop}) {
    verb->add_option("id", into.ids, "Numbers");
    verb->add_flag("--all", into.all, "All that the filters take");
  }
  for (auto* verb : {list, show, replay, drop})
    verb->fallthrough(); // -c, --socket, --json and the filters may stand behind it, too
}

void add_commands(CLI::App& program, options& to) {
  auto& into = to.commands;
  auto* commands = program.add_subcommand(
      "commands",
      "What Azure has asked devices to be sent, and what became of it: list, look, call off, clear");
  commands->require_subcommand(1);
  add_address(commands, into.where);
  commands->add_option("--application", into.application, "Only those of this application");
  commands->add_option("--device", into.device, "Only those of this device");
  commands->add_option("--state", into.state, "Only those in this state, as docs/command-states.md names it");
  commands->add_flag("--json", into.json, "Print JSON; list: a page a line");
  auto* list = commands->add_subcommand("list", "In the order in which they were stored");
  auto* show = commands->add_subcommand("show", "One of them, with all its ids");
  auto* cancel = commands->add_subcommand("cancel", "Call one off that has not been pushed yet");
  for (auto* verb : {show, cancel})
    verb->add_option("command", into.id, "Its id")->required();
  auto* clear = commands->add_subcommand(
      "clear", "Empty a device's whole queue at The Things Stack, whoever has pushed what is in it; what is "
               "stored here and not pushed yet stays");
  clear
      ->add_option("device", into.to_clear,
                   "DEVICE, or APPLICATION/DEVICE where several applications have it")
      ->required();
  clear->add_flag("--yes", into.yes, "Do it");
  for (auto* verb : {list, show, cancel, clear})
    verb->fallthrough(); // -c, --socket, --json and the filters may stand behind it, too
}

void add_spool(CLI::App& program, options& to) {
  auto* spool = program.add_subcommand(
      "spool", "The messages on disk, while no gateway runs: look for damage, mend it");
  spool->require_subcommand(1);
  auto* where = spool->add_option_group("state", "Where the state directory is");
  add_configuration(where, to.spool.configuration);
  where->add_option("--directory", to.spool.directory, "The state directory itself");
  where->require_option(1);
  auto* check = spool->add_subcommand("check", "Read all of it and say what is damaged; changes nothing");
  auto* salvage = spool->add_subcommand(
      "salvage", "Make a new one of what can be read, and keep the damaged one beside it");
  for (auto* verb : {check, salvage})
    verb->fallthrough(); // -c and --directory may stand behind it, too
}

void add_support(CLI::App& program, options& to) {
  auto* support = program.add_subcommand(
      "support", "Gather what a bug report needs in one file, without secrets, and say what is in it");
  add_address(support, to.support.where);
  support->add_option("--log", to.support.log,
                      "File with the gateway's log lines, when it does not run; - for stdin");
  support->add_option("-o,--output", to.support.output,
                      "File to write, which must not exist; default causeway-support-TIME.tar.gz, here");
}

void add_verbs(CLI::App& program, options& to) {
  auto* run = program.add_subcommand("run", "Run the gateway");
  add_configuration(run, to.configuration)->required();
  auto* check = program.add_subcommand("check", "Check a configuration and say every fault at once");
  add_configuration(check, to.configuration)->required();
  check->add_flag("--offline", to.offline,
                  "Look at the file and what it names; without it also log in at the MQTT server with each "
                  "application's key");

  auto* plan =
      program.add_subcommand("plan", "Say what a start will do and how long it takes; changes nothing");
  add_configuration(plan, to.configuration)->required();
  plan->add_flag("--json", to.json, "Print it as one JSON object");
  auto* provision = program.add_subcommand(
      "provision", "Register the whole fleet at DPS ahead of time, so that the next start need not");
  add_configuration(provision, to.configuration)->required();
  provision->add_flag("--json", to.json, "Print the result as one JSON object");

  auto* trial = program.add_subcommand(
      "try-transform", "Print what would be sent for an event, by its application's format or transform");
  add_configuration(trial, to.trial.configuration)->required();
  trial->add_option("--application", to.trial.application, "As if the event were of this application");
  trial->add_flag("--json", to.trial.json, "Print it as one JSON object");
  trial
      ->add_option("sample", to.trial.sample, "File with the event as The Things Stack sends it; - for stdin")
      ->required();

  auto* status = program.add_subcommand("status", "Show how the running gateway and its fleet are");
  add_address(status, to.devices.where);
  status->add_flag("--json", to.json, "Print it as one JSON object");
  auto* top = program.add_subcommand("top", "Watch the running gateway on the terminal, once a second");
  add_address(top, to.devices.where);
  top->add_flag("--once", to.once, "Print one page as plain text and end, as without a terminal");
  add_support(program, to);
  add_devices(program, to);
  add_commands(program, to);
  add_dead_letters(program, to);
  add_spool(program, to);
  add_demo(program, to);
}

std::function<int()> verb_of(const CLI::App& program, const std::shared_ptr<options>& with) {
  const auto given = [&program](const char* name) { return program.get_subcommand(name)->parsed(); };
  if (given("run")) return [with] { return verb_run(with->configuration); };
  if (given("check")) return [with] { return verb_check(with->configuration, with->offline); };
  if (given("plan")) return [with] { return verb_plan(with->configuration, with->json); };
  if (given("provision")) return [with] { return verb_provision(with->configuration, with->json); };
  if (given("status")) return [with] { return verb_status(with->devices.where, with->json); };
  if (given("top")) return [with] { return verb_top(with->devices.where, with->once); };
  if (given("support")) return [with] { return verb_support(with->support); };
  if (given("try-transform")) return [with] { return verb_try_transform(with->trial); };
  if (given("demo")) return [with] { return verb_demo(with->demo); };
  if (given("spool")) {
    const bool check = program.get_subcommand("spool")->get_subcommand("check")->parsed();
    return [with, check] { return check ? verb_spool_check(with->spool) : verb_spool_salvage(with->spool); };
  }
  if (given("commands")) {
    const auto* commands = program.get_subcommand("commands");
    if (commands->get_subcommand("list")->parsed())
      return [with] { return verb_commands_list(with->commands); };
    if (commands->get_subcommand("show")->parsed())
      return [with] { return verb_commands_show(with->commands); };
    if (commands->get_subcommand("clear")->parsed())
      return [with] { return verb_commands_clear(with->commands); };
    return [with] { return verb_commands_cancel(with->commands); };
  }
  if (given("dead-letters")) {
    const auto* letters = program.get_subcommand("dead-letters");
    if (letters->get_subcommand("list")->parsed())
      return [with] { return verb_dead_letters_list(with->dead_letters); };
    if (letters->get_subcommand("show")->parsed())
      return [with] { return verb_dead_letters_show(with->dead_letters); };
    if (letters->get_subcommand("replay")->parsed())
      return [with] { return verb_dead_letters_replay(with->dead_letters); };
    return [with] { return verb_dead_letters_drop(with->dead_letters); };
  }
  const auto* devices = program.get_subcommand("devices");
  if (devices->get_subcommand("show")->parsed()) return [with] { return verb_devices_show(with->devices); };
  if (devices->get_subcommand("why")->parsed()) return [with] { return verb_devices_why(with->devices); };
  if (devices->get_subcommand("forget")->parsed())
    return [with] { return verb_devices_forget(with->devices); };
  if (devices->get_subcommand("waterfall")->parsed())
    return [with] { return verb_devices_waterfall(with->devices); };
  return [with] { return verb_devices(with->devices); };
}

constexpr const char* purpose_of_program =
    "Causeway connects The Things Stack to Azure IoT Hub: every LoRaWAN device with an identity of its own.";

void define(CLI::App& program, options& to) {
  program.set_version_flag("--version", "causeway " CAUSEWAY_VERSION "\nProton " +
                                            std::string{amqp::engine_version()} + " (AMQP)");
  program.require_subcommand(1);
  add_verbs(program, to);
}

} // namespace

asked_for read_command_line(int argc, char** argv) {
  CLI::App program{purpose_of_program};
  const auto with = std::make_shared<options>();
  define(program, *with);
  try {
    program.parse(argc, argv);
  } catch (const CLI::ParseError& fault) {
    const int code = program.exit(fault);
    return {{}, code == 0 ? 0 : wrong_usage};
  }
  return {verb_of(program, with), 0};
}

void show_command_line(const std::function<void(const CLI::App&)>& to) {
  CLI::App program{purpose_of_program, "causeway"};
  options unused;
  define(program, unused);
  to(program);
}

} // namespace causeway
