// SPDX-License-Identifier: Apache-2.0
#include "causeway_bench/uplink_measurement.h"

#include "causeway_bench/machine.h"

#include <fmt/format.h>

#include <algorithm>
#include <iostream>

namespace causeway::bench {
namespace {

constexpr milliseconds check_interval{250};
constexpr milliseconds look_interval{1'000}; // a page costs the gateway about a millisecond
constexpr int warm_up_share = 10;            // a tenth

double per(double what, std::uint64_t count) {
  return count == 0 ? 0 : what / static_cast<double>(count);
}

program_work work_of(uplink_rig* rig, const std::string& page, std::uint64_t accepted) {
  const auto count = [&](const char* name) {
    return static_cast<std::uint64_t>(uplink_rig::metric(page, name));
  };
  program_work out;
  out.accepted = accepted;
  out.commits = count("causeway_store_commits_total");
  out.fsyncs = count("causeway_store_fsyncs_total");
  out.cpu = rig->cpu().gateway;
  for (std::size_t i = 0; i < floor_stage_names.size(); ++i)
    out.stages[i] =
        uplink_rig::metric(page, fmt::format("causeway_floor_seconds{{stage=\"{}\"}}", floor_stage_names[i]));
  return out;
}

// Looks at the loop's lag until all is sent, once a second, for the gauge is the last second's worst; and
// when the warm-up is over, at what has been done by then.
net::task<result<void>> watch(net::loop* loop, uplink_rig* rig, mono_time warm_at, uplink_measurement* into) {
  bool is_warm = false;
  auto next_look = std::min(warm_at, loop->now().mono + look_interval);
  while (rig->sending()) {
    const auto pause = std::min<mono_time::duration>(check_interval, next_look - loop->now().mono);
    static_cast<void>(co_await net::sleep_for(std::max(pause, mono_time::duration{0})));
    if (loop->now().mono < next_look) continue;
    const auto page = co_await rig->metrics();
    const auto now = loop->now().mono;
    next_look = now + look_interval;
    if (!is_warm) next_look = std::min(next_look, warm_at);
    if (!page) continue;
    into->loop_lag = std::max(into->loop_lag, uplink_rig::metric(*page, "causeway_loop_lag_seconds"));
    if (is_warm || now < warm_at) continue;
    is_warm = true;
    into->warm = work_of(rig, *page, rig->books().totals().accepted);
  }
  if (!is_warm) co_return error{errc::connection_timed_out, "no metrics behind the warm-up"};
  co_return result<void>{};
}

net::task<result<uplink_measurement>> measure(net::loop* loop, uplink_rig* rig, uplinks_options options) {
  auto started = co_await rig->start();
  if (!started) co_return std::move(started).fault();
  uplink_measurement out;
  const auto page_before = co_await rig->metrics();
  if (!page_before) co_return page_before.fault();
  out.start = work_of(rig, *page_before, 0);
  const auto cpu_before = rig->cpu();
  const auto stolen_before = stolen_seconds();
  const auto begun = loop->now().mono;
  if (auto sending = rig->send(options.rate, seconds{options.seconds}); !sending)
    co_return std::move(sending).fault();
  auto watched =
      co_await watch(loop, rig, begun + milliseconds{seconds{options.seconds}} / warm_up_share, &out);
  if (!watched) co_return std::move(watched).fault();
  auto arrived = co_await rig->wait_for_arrivals();
  if (!arrived) co_return std::move(arrived).fault();
  out.delivery_seconds = std::chrono::duration<double>(loop->now().mono - begun).count();
  const auto cpu = rig->cpu();
  out.cpu = {cpu.gateway - cpu_before.gateway, cpu.emulator - cpu_before.emulator,
             cpu.generator - cpu_before.generator};
  out.stolen = stolen_seconds() - stolen_before;
  out.program_bytes = resident_bytes_of(rig->gateway_pid());
  const auto page = co_await rig->metrics();
  if (!page) co_return page.fault();
  out.end = work_of(rig, *page, rig->books().totals().accepted);
  out.end.cpu = cpu.gateway;

  const auto figures = co_await rig->hub().figures();
  if (!figures) co_return figures.fault();
  auto compared = co_await rig->compare();
  if (!compared) co_return std::move(compared).fault();
  out.what = *compared;
  const auto& books = rig->books();
  out.sent = books.totals().sent;
  out.refused = books.totals().refused_total;
  out.opened = rig->connections_opened();
  out.seconds = std::chrono::duration<double>(books.last_answer() - books.started()).count();
  out.http_p50 = books.http().quantile_ms(0.5);
  out.http_p99 = books.http().quantile_ms(0.99);
  out.whole_p50 = figures->latency_p50_ms;
  out.whole_p99 = figures->latency_p99_ms;
  out.state_fs = file_system_of(rig->directory());
  out.journal = has_journal(rig->directory());
  co_await rig->stop();
  co_return out;
}

net::task<> perform(net::loop* loop, net::task_group* tasks, uplinks_options options, rig_program program,
                    std::string directory, std::optional<uplink_measurement>* into, int* exit_code) {
  rig_options rig_of;
  rig_of.program = program;
  rig_of.devices = options.devices;
  rig_of.posts = options.posts;
  rig_of.connections = options.connections;
  rig_of.http2 = options.http == 2;
  if (options.tls) rig_of.tls = options.key;
  uplink_rig rig{*loop, *tasks, rig_of, std::move(directory)};
  auto outcome = co_await measure(loop, &rig, options);
  if (!outcome) {
    std::cerr << "causeway-bench: " << outcome.fault().name() << ": " << outcome.fault().message() << '\n';
  } else {
    *into = std::move(*outcome);
    *exit_code = 0;
  }
  loop->stop();
}

} // namespace

double uplink_measurement::cpu_us_per_uplink() const {
  return per((end.cpu - warm.cpu) * 1e6, end.accepted - warm.accepted);
}

double uplink_measurement::rows_per_commit() const {
  return per(static_cast<double>(end.accepted - warm.accepted), end.commits - warm.commits);
}

double uplink_measurement::stage_us_per_uplink(floor_stage which) const {
  const auto at = static_cast<std::size_t>(which);
  return per((end.stages[at] - warm.stages[at]) * 1e6, end.accepted - warm.accepted);
}

double uplink_measurement::steal_percent() const {
  const auto all = delivery_seconds * facts_of_machine().cores;
  return all == 0 ? 0 : stolen * 100 / all;
}

uplinks_options completed(uplinks_options options) {
  if (options.posts == 0) options.posts = options.rate == 0 ? 64 : 1'024;
  return options;
}

std::optional<uplink_measurement> run_uplinks(const uplinks_options& options, rig_program program) {
  std::optional<uplink_measurement> measured;
  run_in_directory(
      options.directory, [&](net::loop* loop, net::task_group* tasks, std::string directory, int* exit_code) {
        return perform(loop, tasks, options, program, std::move(directory), &measured, exit_code);
      });
  return measured;
}

std::string describe_run(const uplinks_options& options, const uplink_measurement& m) {
  const auto accepted_rate = m.seconds == 0 ? 0 : static_cast<double>(m.what.accepted) / m.seconds;
  const auto delivered_rate =
      m.delivery_seconds == 0 ? 0 : static_cast<double>(m.what.delivered) / m.delivery_seconds;
  auto out = fmt::format(
      R"("devices":{},"rate":"{}","seconds":{},"posts":{},"http_tls":{},"http_version":{},"http_connections":"{}",)"
      R"("http_connections_opened":{},"sent":{},"accepted":{},"refused":{},"delivered":{},"lost":{},)"
      R"("duplicates":{},"duplicates_unrecognisable":{},"out_of_order":{},"unanswered_late":{},)",
      options.devices, options.rate == 0 ? "max" : fmt::format("{}", options.rate), options.seconds,
      options.posts,
      !options.tls                         ? "false"
      : options.key == net::key_kind::p256 ? R"("p256")"
                                           : R"("rsa2048")",
      options.http, options.connections == emulator::connection_use::fresh ? "new" : "kept", m.opened, m.sent,
      m.what.accepted, m.refused, m.what.delivered, m.what.lost, m.what.duplicates,
      m.what.duplicates_unrecognisable, m.what.out_of_order, m.what.unanswered_late);
  out += fmt::format(R"("accepted_per_second":{:.0f},"delivered_per_second":{:.0f},"http_p50_ms":{:.2f},)"
                     R"("http_p99_ms":{:.2f},"end_to_end_p50_ms":{:.2f},"end_to_end_p99_ms":{:.2f})",
                     accepted_rate, delivered_rate, m.http_p50, m.http_p99, m.whole_p50, m.whole_p99);
  return out;
}

std::string describe_machine(const uplink_measurement& m) {
  const auto* const journal = !m.journal ? "null" : *m.journal ? "true" : "false";
  return fmt::format(R"("state_fs":"{}","journal":{},"steal_percent":{:.1f})", m.state_fs, journal,
                     m.steal_percent());
}

} // namespace causeway::bench
