// SPDX-License-Identifier: Apache-2.0
#include "causeway_bench/uplinks.h"

#include "causeway_bench/machine.h"
#include "causeway_bench/uplink_rig.h"

#include <fmt/format.h>

#include <algorithm>
#include <iostream>

namespace causeway::bench {
namespace {

constexpr milliseconds sample_interval{250};

struct measurement {
  delivery what;
  std::uint64_t sent = 0, refused = 0, opened = 0, fsyncs = 0, gateway_bytes = 0;
  double seconds = 0, delivery_seconds = 0, loop_lag = 0;
  cpu_use cpu; // of the run
  double http_p50 = 0, http_p99 = 0, whole_p50 = 0, whole_p99 = 0;
  std::string state_fs;
};

// Looks at the loop's lag until all is sent; the gauge decays within a second.
net::task<double> watch_loop_lag(uplink_rig* rig) {
  double worst = 0;
  while (rig->sending()) {
    static_cast<void>(co_await net::sleep_for(sample_interval));
    const auto page = co_await rig->metrics();
    if (page) worst = std::max(worst, uplink_rig::metric(*page, "causeway_loop_lag_seconds"));
  }
  co_return worst;
}

net::task<result<measurement>> measure(net::loop* loop, uplink_rig* rig, uplinks_options options) {
  auto started = co_await rig->start();
  if (!started) co_return std::move(started).fault();
  measurement out;
  const auto page_before = co_await rig->metrics();
  if (!page_before) co_return page_before.fault();
  const auto cpu_before = rig->cpu();
  const auto begun = loop->now().mono;
  if (auto sending = rig->send(options.rate, seconds{options.seconds}); !sending)
    co_return std::move(sending).fault();
  out.loop_lag = co_await watch_loop_lag(rig);
  auto arrived = co_await rig->wait_for_arrivals();
  if (!arrived) co_return std::move(arrived).fault();
  out.delivery_seconds = std::chrono::duration<double>(loop->now().mono - begun).count();
  const auto cpu = rig->cpu();
  out.cpu = {cpu.gateway - cpu_before.gateway, cpu.emulator - cpu_before.emulator,
             cpu.generator - cpu_before.generator};
  out.gateway_bytes = resident_bytes_of(rig->gateway_pid());
  const auto page = co_await rig->metrics();
  if (!page) co_return page.fault();
  constexpr auto fsyncs = "causeway_store_fsyncs_total";
  out.fsyncs = static_cast<std::uint64_t>(uplink_rig::metric(*page, fsyncs) -
                                          uplink_rig::metric(*page_before, fsyncs));

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
  co_await rig->stop();
  co_return out;
}

void print(const uplinks_options& options, const measurement& m) {
  const auto accepted = static_cast<double>(m.what.accepted);
  const double accepted_rate = m.seconds == 0 ? 0 : accepted / m.seconds;
  const double delivered_rate =
      m.delivery_seconds == 0 ? 0 : static_cast<double>(m.what.delivered) / m.delivery_seconds;
  const auto each = [&](double spent) { return m.what.accepted == 0 ? 0 : spent * 1e6 / accepted; };
  const auto share = [&](double spent) {
    return m.delivery_seconds == 0 ? 0 : spent * 100 / m.delivery_seconds;
  };
  const auto rate = options.rate == 0 ? std::string{"max"} : fmt::format("{}", options.rate);
  const auto* const connections = options.connections == emulator::connection_use::fresh ? "new" : "kept";
  if (!options.json) {
    fmt::print(
        "{} devices, rate {}: {:.0f} a second accepted, {:.0f} a second delivered, {} lost, {} "
        "duplicates ({} unrecognisable), {} out of order\n"
        "HTTP p50 {:.2f} ms, p99 {:.2f} ms; end to end p50 {:.2f} ms, p99 {:.2f} ms; gateway {:.1f} µs "
        "CPU an uplink; {} fsyncs on {}\n",
        options.devices, rate, accepted_rate, delivered_rate, m.what.lost, m.what.duplicates,
        m.what.duplicates_unrecognisable, m.what.out_of_order, m.http_p50, m.http_p99, m.whole_p50,
        m.whole_p99, each(m.cpu.gateway), m.fsyncs, m.state_fs);
    fmt::print("{} HTTP connections opened ({}); of a core: gateway {:.0f} %, emulator {:.0f} %, generator "
               "{:.0f} %; the loop's longest lag {:.1f} ms\n",
               m.opened, connections, share(m.cpu.gateway), share(m.cpu.emulator), share(m.cpu.generator),
               m.loop_lag * 1e3);
    return;
  }
  fmt::print(
      R"({{"devices":{},"rate":"{}","seconds":{},"posts":{},"http_tls":{},"http_version":{},"http_connections":"{}",)"
      R"("http_connections_opened":{},"sent":{},"accepted":{},"refused":{},"delivered":{},"lost":{},)"
      R"("duplicates":{},"duplicates_unrecognisable":{},"out_of_order":{},"unanswered_late":{},)",
      options.devices, rate, options.seconds, options.posts,
      !options.tls                         ? "false"
      : options.key == net::key_kind::p256 ? R"("p256")"
                                           : R"("rsa2048")",
      options.http, connections, m.opened, m.sent, m.what.accepted, m.refused, m.what.delivered, m.what.lost,
      m.what.duplicates, m.what.duplicates_unrecognisable, m.what.out_of_order, m.what.unanswered_late);
  fmt::print(R"("accepted_per_second":{:.0f},"delivered_per_second":{:.0f},"http_p50_ms":{:.2f},)"
             R"("http_p99_ms":{:.2f},"end_to_end_p50_ms":{:.2f},"end_to_end_p99_ms":{:.2f},)"
             R"("gateway_cpu_us_per_uplink":{:.1f},"emulator_cpu_us_per_uplink":{:.1f},)"
             R"("generator_cpu_us_per_uplink":{:.1f},"gateway_cpu_percent":{:.0f},)"
             R"("emulator_cpu_percent":{:.0f},"generator_cpu_percent":{:.0f},"loop_lag_ms":{:.1f},)"
             R"("gateway_rss_bytes":{},"state_fs":"{}","fsyncs":{}}})"
             "\n",
             accepted_rate, delivered_rate, m.http_p50, m.http_p99, m.whole_p50, m.whole_p99,
             each(m.cpu.gateway), each(m.cpu.emulator), each(m.cpu.generator), share(m.cpu.gateway),
             share(m.cpu.emulator), share(m.cpu.generator), m.loop_lag * 1e3, m.gateway_bytes, m.state_fs,
             m.fsyncs);
}

net::task<> perform(net::loop* loop, net::task_group* tasks, uplinks_options options, std::string directory,
                    int* exit_code) {
  rig_options rig_of;
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
    print(options, *outcome);
    *exit_code = outcome->what.lost == 0 ? 0 : 1;
  }
  loop->stop();
}

} // namespace

std::uint32_t default_posts(double rate) {
  return rate == 0 ? 64 : 1'024;
}

int measure_uplinks(const uplinks_options& asked) {
  auto options = asked;
  if (options.posts == 0) options.posts = default_posts(options.rate);
  return run_in_directory(
      options.directory, [&](net::loop* loop, net::task_group* tasks, std::string directory, int* exit_code) {
        return perform(loop, tasks, options, std::move(directory), exit_code);
      });
}

} // namespace causeway::bench
