// SPDX-License-Identifier: Apache-2.0
#include "causeway_bench/command_load.h"

#include "causeway_bench/command_evidence.h"
#include "causeway_bench/machine.h"
#include "causeway_bench/uplink_rig.h"

#include <fmt/format.h>

#include <algorithm>
#include <iostream>
#include <unordered_map>

namespace causeway::bench {
namespace {

constexpr std::uint32_t posts = 1'024; // as many workers as The Things Stack has
constexpr milliseconds look_interval{5'000}, patience{60'000};
constexpr std::size_t page_size = 10'000;

struct sent_command {
  wall_time at;
  bool taken = false; // by the hub
};

struct outcome {
  delivery uplinks;
  std::uint64_t commands = 0, queued = 0, doubled = 0;
  double p50 = 0, p99 = 0, longest = 0;                  // milliseconds
  double http_p50 = 0, http_p99 = 0, end_to_end_p99 = 0; // of the uplinks, milliseconds
  double gateway_cpu_percent = 0;
  std::vector<std::uint64_t> memory; // bytes of the gateway, each look_interval
  std::string state_fs;
};

class command_load {
public:
  command_load(net::loop& on, net::task_group& tasks, uplink_rig& rig, const command_load_options& with)
      : on_{on}, tasks_{tasks}, rig_{rig}, with_{with} {}

  net::task<result<outcome>> measure();
  // No task of it is running any more.
  net::task<> stop();

private:
  net::task<result<void>> make_class_c();
  static net::task<> send_all(command_load* self);
  static net::task<> send_one(command_load* self, std::size_t which);
  net::task<result<void>> read_book();
  net::task<result<void>> wait_for_book();
  void judge(outcome& into);

  net::loop& on_;
  net::task_group& tasks_;
  uplink_rig& rig_;
  command_load_options with_;
  std::vector<sent_command> sent_;
  std::vector<booked_downlink> booked_;
  std::uint64_t last_booked_ = 0;
  std::size_t running_ = 0;
  bool over_ = false;
  std::string fault_;
};

// What goes out at once ends at once: the queues stay short, and no command waits for an uplink.
net::task<result<void>> command_load::make_class_c() {
  for (const auto& [application, name] : rig_.command_devices()) {
    auto changed = co_await rig_.hub().ask("PUT", fmt::format("/downlinks/devices/{}/{}", application, name),
                                           R"({"class":"C"})", 200);
    if (!changed) co_return std::move(changed).fault();
  }
  co_return result<void>{};
}

net::task<> command_load::send_one(command_load* self, std::size_t which) {
  const auto& devices = self->rig_.command_devices();
  auto body = fmt::format(R"({{"device":"{}","body":"{}","message_id":"{}","properties":{{"Port":"10"}}}})",
                          devices[which % devices.size()].second, format_command_payload(which + 1),
                          format_command_message_id(which + 1));
  self->sent_[which].at = self->on_.now().wall;
  auto sent = co_await self->rig_.hub().ask("POST", "/c2d", std::move(body), 200);
  self->sent_[which].taken = sent.has_value();
  if (!sent) self->fault_ = sent.fault().message();
  --self->running_;
}

net::task<> command_load::send_all(command_load* self) {
  const auto begun = self->on_.now().mono;
  const std::chrono::duration<double> between{60 / self->with_.commands_per_minute};
  for (std::size_t i = 0; i < self->sent_.size() && !self->over_ && self->fault_.empty(); ++i) {
    const auto at = begun + std::chrono::duration_cast<mono_time::duration>(between * static_cast<double>(i));
    static_cast<void>(co_await net::sleep_for(std::max(at - self->on_.now().mono, mono_time::duration{0})));
    // One that is slow to be taken delays no other.
    ++self->running_;
    self->tasks_.spawn("send a command", net::restart_policy::never, [self, i] { return send_one(self, i); });
  }
  --self->running_;
}

net::task<result<void>> command_load::read_book() {
  while (true) {
    auto page = co_await rig_.hub().ask(
        "GET", fmt::format("/downlinks/book?after={}&limit={}", last_booked_, page_size), {}, 200);
    if (!page) co_return std::move(page).fault();
    auto items = bench::read_book(*page);
    if (!items) co_return std::move(items).fault();
    if (items->empty()) co_return result<void>{};
    last_booked_ += items->size();
    for (auto& one : *items)
      booked_.push_back(std::move(one));
  }
}

net::task<result<void>> command_load::wait_for_book() {
  auto changed = on_.now().mono;
  while (running_ > 0 || (booked_.size() < sent_.size() && on_.now().mono - changed < patience)) {
    const auto before = booked_.size();
    auto read = co_await read_book();
    if (!read) co_return read;
    if (booked_.size() != before) changed = on_.now().mono;
    static_cast<void>(co_await net::sleep_for(milliseconds{500}));
  }
  auto read = co_await read_book();
  co_return read;
}

void command_load::judge(outcome& into) {
  std::unordered_map<std::uint64_t, std::uint32_t> items;
  std::vector<double> took;
  for (const auto& one : booked_) {
    if (one.number == 0 || one.number > sent_.size() || ++items[one.number] > 1) continue;
    took.push_back(
        std::chrono::duration<double, std::milli>(one.accepted - sent_[one.number - 1].at).count());
  }
  into.commands = static_cast<std::uint64_t>(
      std::count_if(sent_.begin(), sent_.end(), [](const sent_command& one) { return one.taken; }));
  into.queued = took.size();
  into.doubled = booked_.size() - took.size();
  if (took.empty()) return;
  std::sort(took.begin(), took.end());
  const auto quantile = [&](double share) {
    return took[std::min(took.size() - 1,
                         static_cast<std::size_t>(share * static_cast<double>(took.size())))];
  };
  into.p50 = quantile(0.5);
  into.p99 = quantile(0.99);
  into.longest = took.back();
}

net::task<result<outcome>> command_load::measure() {
  auto started = co_await rig_.start();
  if (!started) co_return std::move(started).fault();
  auto changed = co_await make_class_c();
  if (!changed) co_return std::move(changed).fault();
  outcome out;
  sent_.resize(static_cast<std::size_t>(with_.commands_per_minute * with_.seconds / 60));
  const auto cpu_before = rig_.cpu().gateway;
  const auto begun = on_.now().mono;
  if (auto sending = rig_.send(with_.rate, seconds{with_.seconds}); !sending)
    co_return std::move(sending).fault();
  if (!sent_.empty()) {
    ++running_;
    tasks_.spawn("send commands", net::restart_policy::never, [this] { return send_all(this); });
  }
  while (rig_.sending()) {
    out.memory.push_back(resident_bytes_of(rig_.gateway_pid()));
    static_cast<void>(co_await net::sleep_for(look_interval));
  }
  out.gateway_cpu_percent =
      (rig_.cpu().gateway - cpu_before) * 100 / std::chrono::duration<double>(on_.now().mono - begun).count();
  auto booked = co_await wait_for_book();
  if (!booked) co_return std::move(booked).fault();
  if (!fault_.empty()) co_return error{errc::http_protocol, fault_};
  auto arrived = co_await rig_.wait_for_arrivals();
  if (!arrived) co_return std::move(arrived).fault();
  const auto figures = co_await rig_.hub().figures();
  if (!figures) co_return figures.fault();
  auto compared = co_await rig_.compare();
  if (!compared) co_return std::move(compared).fault();
  judge(out);
  out.uplinks = *compared;
  out.http_p50 = rig_.books().http().quantile_ms(0.5);
  out.http_p99 = rig_.books().http().quantile_ms(0.99);
  out.end_to_end_p99 = figures->latency_p99_ms;
  out.state_fs = file_system_of(rig_.directory());
  co_await rig_.stop();
  co_return out;
}

net::task<> command_load::stop() {
  over_ = true;
  while (running_ > 0)
    static_cast<void>(co_await net::sleep_for(milliseconds{10}));
}

std::uint64_t mean_of(const std::vector<std::uint64_t>& all, std::size_t from, std::size_t to) {
  std::uint64_t sum = 0;
  for (auto i = from; i < to; ++i)
    sum += all[i];
  return from == to ? 0 : sum / (to - from);
}

void print(const command_load_options& options, const outcome& o) {
  const auto looks = o.memory.size();
  const auto first = mean_of(o.memory, 0, looks / 10 + 1),
             middle = mean_of(o.memory, looks / 2, looks / 2 + 1),
             last = mean_of(o.memory, looks - looks / 10 - 1, looks);
  if (!options.json) {
    fmt::print(
        "{} devices, {} commands a minute beside {} uplinks a second for {} s: {} commands, {} queued, "
        "{} doubled; hub to stack p50 {:.1f} ms, p99 {:.1f} ms, longest {:.1f} ms\n"
        "uplinks: {} accepted, {} lost, HTTP p50 {:.2f} ms, p99 {:.2f} ms, end to end p99 {:.2f} ms; "
        "gateway {:.0f} % of a core, {} MiB at first, {} in the middle, {} at last; on {}\n",
        options.devices, options.commands_per_minute, options.rate, options.seconds, o.commands, o.queued,
        o.doubled, o.p50, o.p99, o.longest, o.uplinks.accepted, o.uplinks.lost, o.http_p50, o.http_p99,
        o.end_to_end_p99, o.gateway_cpu_percent, first >> 20, middle >> 20, last >> 20, o.state_fs);
    return;
  }
  fmt::print(R"({{"devices":{},"command_devices":{},"commands_per_minute":{},"rate":{},"seconds":{},)"
             R"("commands":{},"commands_queued":{},"commands_doubled":{},"hub_to_stack_p50_ms":{:.1f},)"
             R"("hub_to_stack_p99_ms":{:.1f},"hub_to_stack_max_ms":{:.1f},"uplinks_accepted":{},)"
             R"("uplinks_lost":{},"out_of_order":{},"http_p50_ms":{:.2f},"http_p99_ms":{:.2f},)"
             R"("end_to_end_p99_ms":{:.2f},"gateway_cpu_percent":{:.0f},"gateway_rss_bytes_first":{},)"
             R"("gateway_rss_bytes_middle":{},"gateway_rss_bytes_last":{},"state_fs":"{}"}})"
             "\n",
             options.devices, options.command_devices, options.commands_per_minute, options.rate,
             options.seconds, o.commands, o.queued, o.doubled, o.p50, o.p99, o.longest, o.uplinks.accepted,
             o.uplinks.lost, o.uplinks.out_of_order, o.http_p50, o.http_p99, o.end_to_end_p99,
             o.gateway_cpu_percent, first, middle, last, o.state_fs);
}

net::task<> perform(net::loop* loop, net::task_group* tasks, command_load_options options,
                    std::string directory, int* exit_code) {
  rig_options rig_of;
  rig_of.devices = options.devices;
  rig_of.command_devices = options.command_devices;
  rig_of.posts = posts;
  uplink_rig rig{*loop, *tasks, rig_of, std::move(directory)};
  command_load load{*loop, *tasks, rig, options};
  auto done = co_await load.measure();
  co_await load.stop();
  if (!done) {
    std::cerr << "causeway-bench: " << done.fault().name() << ": " << done.fault().message() << '\n';
  } else {
    print(options, *done);
    const bool kept = done->uplinks.lost == 0 && done->queued == done->commands && done->doubled == 0;
    *exit_code = kept ? 0 : 1;
  }
  loop->stop();
}

} // namespace

int measure_command_load(const command_load_options& asked) {
  auto options = asked;
  if (options.command_devices == 0) options.command_devices = options.devices / 2;
  if (options.command_devices >= options.devices) {
    std::cerr << "causeway-bench: --command-devices: some of --devices must be left to send the uplinks\n";
    return 2;
  }
  return run_in_directory(
      options.directory, [&](net::loop* loop, net::task_group* tasks, std::string directory, int* exit_code) {
        return perform(loop, tasks, options, std::move(directory), exit_code);
      });
}

} // namespace causeway::bench
