// SPDX-License-Identifier: Apache-2.0
#include "causeway_bench/crash.h"

#include "causeway_bench/machine.h"
#include "causeway_bench/uplink_rig.h"

#include <fmt/format.h>

#include <algorithm>
#include <iostream>
#include <random>

namespace causeway::bench {
namespace {

constexpr std::uint32_t posts = 512;

struct incident {
  milliseconds at; // since the begin of sending
  bool kill = false;
};

std::vector<incident> draw_incidents(const crash_options& options) {
  std::mt19937 random{options.seed};
  std::uniform_int_distribution<std::int64_t> moment{0, std::int64_t{options.seconds} * 1'000 - 1};
  std::vector<incident> drawn;
  for (std::uint32_t i = 0; i < options.kills + options.cuts; ++i)
    drawn.push_back({milliseconds{moment(random)}, i < options.kills});
  std::sort(drawn.begin(), drawn.end(), [](const incident& a, const incident& b) { return a.at < b.at; });
  return drawn;
}

struct outcome {
  delivery what;
  std::uint64_t sent = 0, refused = 0;
  std::uint32_t kills = 0, cuts = 0;
  double settling_seconds = 0; // from the end of sending until everything had arrived
  std::string state_fs;
};

net::task<result<outcome>> measure(net::loop* loop, uplink_rig* rig, crash_options options) {
  auto started = co_await rig->start();
  if (!started) co_return std::move(started).fault();
  outcome out;
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
    if (!one.kill) {
      auto cut = co_await rig->hub().add_fault(R"({"kind":"hub_cut_connections"})");
      if (!cut) co_return std::move(cut).fault();
      ++out.cuts;
      continue;
    }
    // It may have ended by itself: that is a finding, and the comparison would not show it.
    if (rig->gateway_pid() == 0)
      co_return error{errc::process_exited, "the gateway ended without being killed"};
    co_await rig->kill_gateway();
    ++out.kills;
    if (auto launched = rig->launch_gateway(); !launched) co_return std::move(launched).fault();
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
  out.settling_seconds = std::chrono::duration<double>{loop->now().mono - sent}.count();
  if (rig->gateway_pid() == 0)
    co_return error{errc::process_exited, "the gateway ended without being killed"};
  auto compared = co_await rig->compare();
  if (!compared) co_return std::move(compared).fault();
  out.what = *compared;
  out.sent = rig->books().totals().sent;
  out.refused = rig->books().totals().refused_total;
  out.state_fs = file_system_of(rig->directory());
  co_await rig->stop();
  co_return out;
}

void print(const crash_options& options, const outcome& o) {
  const auto& w = o.what;
  if (!options.json) {
    fmt::print("{} kills and {} cuts in {} s (seed {}): {} uplinks sent, {} accepted, {} delivered, {} lost, "
               "{} out of "
               "order, {} duplicates, {} of them unrecognisable; by MQTT {} published, {} missed; on {}\n",
               o.kills, o.cuts, options.seconds, options.seed, o.sent, w.accepted, w.delivered, w.lost,
               w.out_of_order, w.duplicates + w.duplicates_unrecognisable, w.duplicates_unrecognisable,
               w.mqtt_published, w.mqtt_missed, o.state_fs);
    return;
  }
  fmt::print(
      R"({{"kills":{},"hub_cuts":{},"seconds":{},"devices":{},"rate":{},"seed":{},"uplinks_sent":{},)"
      R"("uplinks_accepted":{},"uplinks_refused":{},"uplinks_delivered":{},"uplinks_lost":{},)"
      R"("out_of_order":{},"duplicates":{},"duplicates_unrecognisable":{},"mqtt_devices":{},)"
      R"("backfill":{},"mqtt_published":{},"mqtt_missed":{},"mqtt_out_of_order":{},"settling_seconds":{:.1f},"state_fs":"{}"}})"
      "\n",
      o.kills, o.cuts, options.seconds, options.devices, options.rate, options.seed, o.sent, w.accepted,
      o.refused, w.delivered, w.lost, w.out_of_order, w.duplicates, w.duplicates_unrecognisable,
      options.mqtt_devices, options.backfill, w.mqtt_published, w.mqtt_missed, w.mqtt_out_of_order,
      o.settling_seconds, o.state_fs);
}

net::task<> perform(net::loop* loop, net::task_group* tasks, crash_options options, std::string directory,
                    int* exit_code) {
  rig_options rig_of;
  rig_of.devices = options.devices;
  rig_of.posts = posts;
  rig_of.mqtt_devices = options.mqtt_devices;
  rig_of.backfill = options.backfill;
  uplink_rig rig{*loop, *tasks, rig_of, std::move(directory)};
  auto done = co_await measure(loop, &rig, options);
  if (!done) {
    std::cerr << "causeway-bench: " << done.fault().name() << ": " << done.fault().message() << '\n';
  } else {
    print(options, *done);
    const auto& w = done->what;
    const bool kept =
        w.accepted > 0 && w.lost == 0 && w.out_of_order == 0 && w.duplicates_unrecognisable == 0;
    // What comes back from the storage stands behind what came in live meanwhile.
    const bool kept_of_mqtt =
        options.mqtt_devices == 0 ||
        (w.mqtt_published > 0 && (options.backfill ? w.mqtt_missed == 0 : w.mqtt_out_of_order == 0));
    *exit_code = kept && kept_of_mqtt ? 0 : 1;
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
