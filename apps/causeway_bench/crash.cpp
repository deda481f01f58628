// SPDX-License-Identifier: Apache-2.0
#include "causeway_bench/crash.h"

#include "causeway_bench/command_traffic.h"
#include "causeway_bench/machine.h"
#include "causeway_bench/uplink_rig.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <iostream>
#include <random>

namespace causeway::bench {
namespace {

constexpr std::uint32_t posts = 512;
constexpr milliseconds longest_freeze{8'000};

enum class incident_kind : std::uint8_t { kill, stop, freeze, hub_cut, stack };

struct incident {
  milliseconds at; // since the begin of sending
  incident_kind what{};
  milliseconds lasts{};
};

std::vector<incident> draw_incidents(const crash_options& options) {
  std::mt19937 random{options.seed};
  std::uniform_int_distribution<std::int64_t> moment{0, std::int64_t{options.seconds} * 1'000 - 1};
  std::vector<incident> drawn;
  const auto draw = [&](std::uint32_t count, incident_kind what) {
    for (std::uint32_t i = 0; i < count; ++i)
      drawn.push_back(
          {milliseconds{moment(random)}, what, milliseconds{moment(random) % longest_freeze.count()}});
  };
  draw(options.kills, incident_kind::kill);
  draw(options.stops, incident_kind::stop);
  draw(options.freezes, incident_kind::freeze);
  draw(options.cuts, incident_kind::hub_cut);
  if (options.commands > 0) draw(options.cuts, incident_kind::stack);
  std::sort(drawn.begin(), drawn.end(), [](const incident& a, const incident& b) { return a.at < b.at; });
  return drawn;
}

struct outcome {
  delivery what;
  std::uint64_t sent = 0, refused = 0;
  std::uint32_t kills = 0, stops = 0, cuts = 0, freezes = 0, stack_faults = 0;
  command_figures commands;
  double settling_seconds = 0; // from the end of sending until everything had arrived
  std::string state_fs;
};

net::task<result<void>> restart(uplink_rig* rig, command_traffic* traffic, int signal) {
  // It may have ended by itself: that is a finding, and the comparison would not show it.
  if (rig->gateway_pid() == 0) co_return error{errc::process_exited, "the gateway ended by itself"};
  traffic->gateway_is_gone();
  co_await rig->end_gateway(signal);
  auto launched = rig->launch_gateway();
  traffic->gateway_is_there();
  co_return launched;
}

net::task<result<void>> bring_about(uplink_rig* rig, command_traffic* traffic, incident what, outcome* out) {
  result<void> done;
  switch (what.what) {
  case incident_kind::freeze:
    traffic->gateway_is_gone();
    co_await rig->freeze_gateway(what.lasts);
    traffic->gateway_is_there();
    ++out->freezes;
    break;
  case incident_kind::kill:
    done = co_await restart(rig, traffic, SIGKILL);
    ++out->kills;
    break;
  case incident_kind::stop:
    done = co_await restart(rig, traffic, SIGTERM);
    ++out->stops;
    break;
  case incident_kind::hub_cut:
    done = co_await rig->hub().add_fault(R"({"kind":"hub_cut_connections"})");
    ++out->cuts;
    break;
  case incident_kind::stack:
    done = co_await traffic->disturb();
    ++out->stack_faults;
    break;
  }
  co_return done;
}

net::task<result<outcome>> measure(net::loop* loop, uplink_rig* rig, command_traffic* traffic,
                                   crash_options options) {
  auto started = co_await rig->start();
  if (!started) co_return std::move(started).fault();
  outcome out;
  traffic->gateway_is_there();
  if (options.commands > 0) {
    auto prepared = co_await traffic->prepare();
    if (!prepared) co_return std::move(prepared).fault();
    traffic->start();
  }
  const auto begun = loop->now().mono;
  if (auto sending = rig->send(options.rate, seconds{options.seconds}); !sending)
    co_return std::move(sending).fault();
  if (options.mqtt_devices > 0) {
    auto publishing = co_await rig->send_by_mqtt(seconds{options.seconds});
    if (!publishing) co_return std::move(publishing).fault();
  }
  const auto incidents = draw_incidents(options);
  for (const auto& one : incidents) {
    static_cast<void>(
        co_await net::sleep_for(std::max(begun + one.at - loop->now().mono, mono_time::duration{0})));
    auto done = co_await bring_about(rig, traffic, one, &out);
    if (!done) co_return std::move(done).fault();
  }
  const auto sent = begun + seconds{options.seconds};
  auto ready = co_await rig->wait_until_ready();
  if (!ready) co_return std::move(ready).fault();
  auto arrived = co_await rig->wait_for_arrivals();
  if (!arrived) co_return std::move(arrived).fault();
  if (options.mqtt_devices > 0) {
    auto quiet = co_await rig->wait_for_mqtt();
    if (!quiet) co_return std::move(quiet).fault();
  }
  if (options.commands > 0) {
    auto judged = co_await traffic->finish();
    if (!judged) co_return std::move(judged).fault();
    out.commands = *std::move(judged);
  }
  out.settling_seconds = std::chrono::duration<double>{loop->now().mono - sent}.count();
  if (rig->gateway_pid() == 0) co_return error{errc::process_exited, "the gateway ended by itself"};
  auto compared = co_await rig->compare();
  if (!compared) co_return std::move(compared).fault();
  out.what = *compared;
  out.sent = rig->books().totals().sent;
  out.refused = rig->books().totals().refused_total;
  out.state_fs = file_system_of(rig->directory());
  co_await rig->stop();
  co_return out;
}

std::string list(const std::map<std::string, std::uint64_t>& counts) {
  std::string out;
  for (const auto& [name, count] : counts)
    out += fmt::format(R"({}"{}":{})", out.empty() ? "" : ",", name, count);
  return "{" + out + "}";
}

void print_commands(const crash_options& options, const outcome& o) {
  const auto& c = o.commands;
  if (options.json) {
    fmt::print(
        R"(,"stack_faults":{},"commands":{},"commands_c2d":{},"commands_methods":{},"commands_twins":{},"twin_changes_superseded":{},"commands_lost":{},)"
        R"("commands_in_doubt":{},"doubt_unfounded":{},"downlinks_doubled":{},"final_state_mismatches":{},)"
        R"("reports_missing":{},"steps_unheard_yet":{},"downlinks_under_way":{},"final_states":{},)"
        R"("unknowable":{})",
        o.stack_faults, c.commands, c.c2d, c.methods, c.twins, c.superseded, c.lost, c.in_doubt,
        c.doubt_unfounded, c.doubled, c.mismatches, c.reports_missing, c.unheard_yet, c.under_way,
        list(c.states), list(c.unknowable));
    return;
  }
  const std::array rows{std::pair{"commands", c.commands},
                        std::pair{"changes of a twin that the next one came before", c.superseded},
                        std::pair{"lost", c.lost},
                        std::pair{"in doubt", c.in_doubt},
                        std::pair{"in doubt without ground", c.doubt_unfounded},
                        std::pair{"downlinks doubled", c.doubled},
                        std::pair{"final states that are not so", c.mismatches},
                        std::pair{"reports missing", c.reports_missing},
                        std::pair{"steps that nobody heard, not yet asked for", c.unheard_yet}};
  for (const auto& [name, count] : rows)
    fmt::print("{:>8}  {}\n", count, name);
  for (const auto& [state, count] : c.states)
    fmt::print("{:>8}  at last {}\n", count, state);
  for (const auto& [name, count] : c.unknowable)
    fmt::print("{:>8}  could not be known: {}\n", count, name);
}

void print(const crash_options& options, const outcome& o) {
  const auto& w = o.what;
  if (!options.json) {
    fmt::print("{} kills, {} stops and {} cuts in {} s (seed {}): {} uplinks sent, {} accepted, {} "
               "delivered, {} lost, "
               "{} out of "
               "order, {} duplicates, {} of them unrecognisable; by MQTT {} published, {} missed; on {}\n",
               o.kills, o.stops, o.cuts, options.seconds, options.seed, o.sent, w.accepted, w.delivered,
               w.lost, w.out_of_order, w.duplicates + w.duplicates_unrecognisable,
               w.duplicates_unrecognisable, w.mqtt_published, w.mqtt_missed, o.state_fs);
    if (options.commands > 0) print_commands(options, o);
    return;
  }
  fmt::print(
      R"({{"kills":{},"stops":{},"hub_cuts":{},"freezes":{},"seconds":{},"devices":{},"rate":{},"seed":{},"uplinks_sent":{},)"
      R"("uplinks_accepted":{},"uplinks_refused":{},"uplinks_delivered":{},"uplinks_lost":{},)"
      R"("out_of_order":{},"duplicates":{},"duplicates_unrecognisable":{},"mqtt_devices":{},)"
      R"("backfill":{},"mqtt_published":{},"mqtt_missed":{},"mqtt_out_of_order":{},"settling_seconds":{:.1f},"state_fs":"{}")",
      o.kills, o.stops, o.cuts, o.freezes, options.seconds, options.devices, options.rate, options.seed,
      o.sent, w.accepted, o.refused, w.delivered, w.lost, w.out_of_order, w.duplicates,
      w.duplicates_unrecognisable, options.mqtt_devices, options.backfill, w.mqtt_published, w.mqtt_missed,
      w.mqtt_out_of_order, o.settling_seconds, o.state_fs);
  if (options.commands > 0) print_commands(options, o);
  fmt::print("}}\n");
}

net::task<> perform(net::loop* loop, net::task_group* tasks, crash_options options, std::string directory,
                    int* exit_code) {
  rig_options rig_of;
  if (options.commands > 0) {
    rig_of.command_devices = options.command_devices;
    // As short as it may be: no run can wait for longer for each step that is never told.
    rig_of.command_keys = "command_timeout = \"10s\"\ntwin = true\ntwin_first = \"send\"\n";
    // There the hub holds messages until they are acknowledged.
    rig_of.field_keys = "settle = \"acknowledged\"\n";
  }
  rig_of.devices = options.devices + rig_of.command_devices;
  rig_of.posts = posts;
  rig_of.mqtt_devices = options.mqtt_devices;
  rig_of.backfill = options.backfill;
  uplink_rig rig{*loop, *tasks, rig_of, std::move(directory)};
  command_traffic traffic{*loop, *tasks, rig,
                          command_plan{options.commands, seconds{options.seconds}, options.seed,
                                       seconds{options.patience}, options.mqtt_devices > 0}};
  auto done = co_await measure(loop, &rig, &traffic, options);
  co_await traffic.stop();
  if (!done) {
    std::cerr << "causeway-bench: " << done.fault().name() << ": " << done.fault().message() << '\n';
  } else {
    print(options, *done);
    for (const auto& one : done->commands.findings)
      std::cerr << "causeway-bench: " << one << '\n';
    const auto& w = done->what;
    const bool kept =
        w.accepted > 0 && w.lost == 0 && w.out_of_order == 0 && w.duplicates_unrecognisable == 0;
    // What comes back from the storage stands behind what came in live meanwhile.
    const bool kept_of_mqtt =
        options.mqtt_devices == 0 ||
        (w.mqtt_published > 0 && (options.backfill ? w.mqtt_missed == 0 : w.mqtt_out_of_order == 0));
    const bool kept_of_commands =
        options.commands == 0 || (done->commands.commands > 0 && done->commands.is_clean());
    *exit_code = kept && kept_of_mqtt && kept_of_commands ? 0 : 1;
  }
  loop->stop();
}

} // namespace

int measure_crash(const crash_options& asked) {
  auto options = asked;
  if (options.seed == 0) options.seed = std::random_device{}();
  return run_in_directory(
      options.directory, [&](net::loop* loop, net::task_group* tasks, std::string directory, int* exit_code) {
        return perform(loop, tasks, options, std::move(directory), exit_code);
      });
}

} // namespace causeway::bench
