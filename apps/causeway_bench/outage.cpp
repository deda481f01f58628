// SPDX-License-Identifier: Apache-2.0
#include "causeway_bench/outage.h"

#include "causeway_bench/machine.h"
#include "causeway_bench/uplink_rig.h"

#include <fmt/format.h>

#include <algorithm>
#include <iostream>

namespace causeway::bench {
namespace {

constexpr std::uint32_t posts = 1'024;
constexpr seconds quiet_before{10}, quiet_after{5};
constexpr milliseconds sample_interval{500};
constexpr std::size_t rss_every = 20; // samples
// Nobody waits any more but what is under way.
constexpr double drained_share = 0.05; // of a second's uplinks
constexpr seconds catch_up_patience{1'800};

// What was seen from one moment to another.
struct phase {
  double seconds = 0;
  std::uint64_t accepted = 0, refused = 0;
  std::uint64_t arrived = 0;                                         // at the hub that is away meanwhile
  double second_hub_p50 = 0, second_hub_p99 = 0, second_hub_max = 0; // ms
  std::uint64_t rss_max = 0;
  double spool_max = 0;
  double file_max = 0; // bytes of the spool's file
};

struct outcome {
  delivery what;
  phase before, away, catching_up;
  double reconnect_seconds = 0; // from the hub's return to its first message
  double http_p50 = 0, http_p99 = 0, http_max = 0;
  double cpu_catching_up = 0; // of a core
  std::map<std::string, std::uint64_t> refused;
  double first_refused_at = 0; // messages in the spool when the first refusal was seen; 0: none
  std::vector<std::uint64_t> rss;
  std::string state_fs;
  double file_after = 0, shrink_seconds = 0; // the spool's file when it shrinks no more, and when that was
};

struct watch {
  net::loop* loop = nullptr;
  uplink_rig* rig = nullptr;
  outcome* out = nullptr;
  phase now;
  mono_time begun{};
  std::uint64_t accepted = 0, refused = 0, arrived = 0; // at the begin
  std::size_t samples = 0;
  double spool = 0; // at the last look

  static net::task<result<void>> begin(watch* w);
  static net::task<result<void>> look(watch* w);
  static net::task<result<phase>> end(watch* w);
};

net::task<result<void>> watch::begin(watch* w) {
  auto cleared = co_await w->rig->hub().clear_latency();
  if (!cleared) co_return std::move(cleared).fault();
  const auto figures = co_await w->rig->hub().figures();
  if (!figures) co_return figures.fault();
  w->now = {};
  w->begun = w->loop->now().mono;
  w->accepted = w->rig->books().totals().accepted;
  w->refused = w->rig->books().totals().refused_total;
  w->arrived = figures->by_hub.at(0).unique;
  co_return result<void>{};
}

net::task<result<void>> watch::look(watch* w) {
  static_cast<void>(co_await net::sleep_for(sample_interval));
  if (w->rig->gateway_pid() == 0) co_return error{errc::process_exited, "the gateway has ended"};
  const auto page = co_await w->rig->metrics();
  if (!page) co_return page.fault();
  w->spool = uplink_rig::metric(*page, "causeway_spool_messages");
  const auto rss = resident_bytes_of(w->rig->gateway_pid());
  w->now.spool_max = std::max(w->now.spool_max, w->spool);
  w->now.file_max = std::max(w->now.file_max, uplink_rig::metric(*page, "causeway_spool_file_bytes"));
  w->now.rss_max = std::max(w->now.rss_max, rss);
  if (w->samples++ % rss_every == 0) w->out->rss.push_back(rss);
  if (w->out->first_refused_at == 0 && w->rig->books().totals().refused_total > 0)
    w->out->first_refused_at = w->spool;
  co_return result<void>{};
}

net::task<result<phase>> watch::end(watch* w) {
  const auto figures = co_await w->rig->hub().figures();
  if (!figures) co_return figures.fault();
  w->now.seconds = std::chrono::duration<double>(w->loop->now().mono - w->begun).count();
  w->now.accepted = w->rig->books().totals().accepted - w->accepted;
  w->now.refused = w->rig->books().totals().refused_total - w->refused;
  w->now.arrived = figures->by_hub.at(0).unique - w->arrived;
  w->now.second_hub_p50 = figures->by_hub.at(1).latency_p50_ms;
  w->now.second_hub_p99 = figures->by_hub.at(1).latency_p99_ms;
  w->now.second_hub_max = figures->by_hub.at(1).latency_max_ms;
  co_return w->now;
}

net::task<result<phase>> watch_for(watch* w, seconds how_long) {
  auto begun = co_await watch::begin(w);
  if (!begun) co_return std::move(begun).fault();
  while (w->loop->now().mono - w->begun < how_long) {
    auto looked = co_await watch::look(w);
    if (!looked) co_return std::move(looked).fault();
  }
  auto ended = co_await watch::end(w);
  co_return ended;
}

net::task<result<phase>> watch_catching_up(watch* w, double drained) {
  auto begun = co_await watch::begin(w);
  if (!begun) co_return std::move(begun).fault();
  const auto returned = w->begun;
  while (true) { // until the first message is there: from then on it catches up
    const auto figures = co_await w->rig->hub().figures();
    if (!figures) co_return figures.fault();
    if (figures->by_hub.at(0).unique > w->arrived) break;
    if (w->loop->now().mono - returned > catch_up_patience)
      co_return error{errc::hub_answer_missing, "nothing arrives at the hub that is back"};
    static_cast<void>(co_await net::sleep_for(milliseconds{20}));
  }
  const auto arrived = w->arrived;
  auto begun_anew = co_await watch::begin(w); // the wait was as quiet as the outage
  if (!begun_anew) co_return std::move(begun_anew).fault();
  w->arrived = arrived;
  w->out->reconnect_seconds = std::chrono::duration<double>(w->begun - returned).count();
  do {
    auto looked = co_await watch::look(w);
    if (!looked) co_return std::move(looked).fault();
  } while (w->spool > drained && w->loop->now().mono - returned < catch_up_patience);
  auto ended = co_await watch::end(w);
  co_return ended;
}

// Once nothing waits any more: until the spool's file keeps its size.
net::task<result<void>> watch_shrinking(watch* w) {
  constexpr seconds still{5}, patience{120};
  const auto begun = w->loop->now().mono;
  auto last_change = begun;
  do {
    const auto page = co_await w->rig->metrics();
    if (!page) co_return page.fault();
    const auto now = uplink_rig::metric(*page, "causeway_spool_file_bytes");
    if (now != w->out->file_after) last_change = w->loop->now().mono;
    w->out->file_after = now;
    static_cast<void>(co_await net::sleep_for(milliseconds{100}));
  } while (w->loop->now().mono - last_change < still && w->loop->now().mono - begun < patience);
  w->out->shrink_seconds = std::chrono::duration<double>(last_change - begun).count();
  co_return result<void>{};
}

net::task<result<outcome>> measure(net::loop* loop, uplink_rig* rig, outage_options options) {
  auto started = co_await rig->start();
  if (!started) co_return std::move(started).fault();
  outcome out;
  watch w;
  w.loop = loop;
  w.rig = rig;
  w.out = &out;
  if (auto sending = rig->send(options.rate, std::chrono::hours{24}); !sending)
    co_return std::move(sending).fault();
  auto before = co_await watch_for(&w, quiet_before);
  if (!before) co_return std::move(before).fault();
  out.before = *before;

  auto gone = co_await rig->hub().add_fault(R"({"kind":"hub_gone","hub":0})");
  if (!gone) co_return std::move(gone).fault();
  auto away = co_await watch_for(&w, seconds{options.seconds});
  if (!away) co_return std::move(away).fault();
  out.away = *away;

  const auto cpu_before = rig->cpu().gateway;
  auto back = co_await rig->hub().clear_faults();
  if (!back) co_return std::move(back).fault();
  auto caught_up = co_await watch_catching_up(&w, options.rate * drained_share);
  if (!caught_up) co_return std::move(caught_up).fault();
  out.catching_up = *caught_up;
  out.cpu_catching_up = (rig->cpu().gateway - cpu_before) / (out.catching_up.seconds + out.reconnect_seconds);
  auto after = co_await watch_for(&w, quiet_after);
  if (!after) co_return std::move(after).fault();

  rig->stop_sending();
  auto arrived = co_await rig->wait_for_arrivals();
  if (!arrived) co_return std::move(arrived).fault();
  auto shrunk = co_await watch_shrinking(&w);
  if (!shrunk) co_return std::move(shrunk).fault();
  auto compared = co_await rig->compare();
  if (!compared) co_return std::move(compared).fault();
  out.what = *compared;
  out.refused = rig->books().totals().refused;
  out.http_p50 = rig->books().http().quantile_ms(0.5);
  out.http_p99 = rig->books().http().quantile_ms(0.99);
  out.http_max = rig->books().http().quantile_ms(1.0);
  out.state_fs = file_system_of(rig->directory());
  co_await rig->stop();
  co_return out;
}

double per_second(std::uint64_t count, double seconds) {
  return seconds <= 0 ? 0 : static_cast<double>(count) / seconds;
}

std::string refusals(const outcome& o) {
  std::string text;
  for (const auto& [why, count] : o.refused)
    text += fmt::format("{}\"{}\":{}", text.empty() ? "" : ",", why, count);
  return text;
}

void print(const outage_options& options, const outcome& o) {
  const auto catch_up = per_second(o.catching_up.arrived, o.catching_up.seconds);
  const auto rss_max = std::max({o.before.rss_max, o.away.rss_max, o.catching_up.rss_max});
  if (!options.json) {
    fmt::print(
        "hub away for {} s at {} a second: {} accepted, {} refused; {} lost, {} out of order, {} duplicates\n"
        "back: first message after {:.2f} s, then {:.0f} a second for {:.1f} s; gateway at most {} MB\n"
        "the other hub's end to end p99: before {:.1f} ms, away {:.1f} ms, catching up {:.1f} ms\n"
        "the spool's file: at most {:.0f} MB, {:.1f} MB at {:.1f} s after the last uplink\n",
        options.seconds, options.rate, o.what.accepted, o.away.refused, o.what.lost, o.what.out_of_order,
        o.what.duplicates, o.reconnect_seconds, catch_up, o.catching_up.seconds, rss_max / 1'000'000,
        o.before.second_hub_p99, o.away.second_hub_p99, o.catching_up.second_hub_p99,
        std::max(o.away.file_max, o.catching_up.file_max) / 1e6, o.file_after / 1e6, o.shrink_seconds);
    return;
  }
  fmt::print(
      R"({{"seconds":{},"devices":{},"rate":{},"spool_limit":{},"accepted":{},"delivered":{},"lost":{},)"
      R"("out_of_order":{},"duplicates":{},"duplicates_unrecognisable":{},"refused":{{{}}},)"
      R"("refused_before":{},"refused_away":{},"refused_catching_up":{},"spool_at_first_refusal":{:.0f},)",
      options.seconds, options.devices, options.rate, options.spool_messages, o.what.accepted,
      o.what.delivered, o.what.lost, o.what.out_of_order, o.what.duplicates, o.what.duplicates_unrecognisable,
      refusals(o), o.before.refused, o.away.refused, o.catching_up.refused, o.first_refused_at);
  fmt::print(R"("http_p50_ms":{:.2f},"http_p99_ms":{:.2f},"http_max_ms":{:.2f},"spool_messages_max":{:.0f},)"
             R"("reconnect_seconds":{:.2f},"catch_up_seconds":{:.2f},"catch_up_per_second":{:.0f},)"
             R"("catch_up_cpu_percent":{:.0f},)",
             o.http_p50, o.http_p99, o.http_max, std::max(o.away.spool_max, o.catching_up.spool_max),
             o.reconnect_seconds, o.catching_up.seconds, catch_up, o.cpu_catching_up * 100);
  const auto other = [](const char* name, const phase& p) {
    fmt::print(
        R"("{0}_end_to_end_p50_ms":{1:.2f},"{0}_end_to_end_p99_ms":{2:.2f},"{0}_end_to_end_max_ms":{3:.2f},)",
        name, p.second_hub_p50, p.second_hub_p99, p.second_hub_max);
  };
  other("other_hub_before", o.before);
  other("other_hub_away", o.away);
  other("other_hub_catching_up", o.catching_up);
  fmt::print(
      R"("gateway_rss_bytes_before":{},"gateway_rss_bytes_max":{},"gateway_rss_bytes_every_10_s":[{}],)"
      R"("spool_file_bytes_before":{:.0f},"spool_file_bytes_max":{:.0f},"spool_file_bytes_after":{:.0f},)"
      R"("spool_shrink_seconds":{:.1f},"state_fs":"{}"}})"
      "\n",
      o.before.rss_max, rss_max, fmt::join(o.rss, ","), o.before.file_max,
      std::max(o.away.file_max, o.catching_up.file_max), o.file_after, o.shrink_seconds, o.state_fs);
}

net::task<> perform(net::loop* loop, net::task_group* tasks, outage_options options, std::string directory,
                    int* exit_code) {
  rig_options rig_of;
  rig_of.devices = options.devices;
  rig_of.posts = posts;
  rig_of.hubs = 2;
  rig_of.spool_messages = options.spool_messages;
  uplink_rig rig{*loop, *tasks, rig_of, std::move(directory)};
  auto done = co_await measure(loop, &rig, options);
  if (!done) {
    std::cerr << "causeway-bench: " << done.fault().name() << ": " << done.fault().message() << '\n';
  } else {
    print(options, *done);
    *exit_code = done->what.lost == 0 && done->what.out_of_order == 0 ? 0 : 1;
  }
  loop->stop();
}

} // namespace

int measure_outage(const outage_options& options) {
  return run_in_directory(
      options.directory, [&](net::loop* loop, net::task_group* tasks, std::string directory, int* exit_code) {
        return perform(loop, tasks, options, std::move(directory), exit_code);
      });
}

} // namespace causeway::bench
