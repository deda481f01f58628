// SPDX-License-Identifier: Apache-2.0
#include "conversation/hub_ends.h"

#include "net/wake_up.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <optional>
#include <string>
#include <utility>

namespace causeway::conversation {
namespace {

constexpr std::size_t segment = 1448;
constexpr std::chrono::microseconds segment_time{100}; // each way

} // namespace

hub_place::~hub_place() {
  stop_by_hand(tasks, loop, loop);
}

void stop_by_hand(net::task_group& group, net::loop& of, net::loop& hub) {
  net::task_group ending{of};
  ending.spawn("stop", net::restart_policy::never, [&group] { return group.stop(); });
  while (of.step() || hub.step()) {
  }
  EXPECT_EQ(group.running(), 0u) << "a task does not end when it is cancelled";
}

// While there is a stream. What runs on it looks at `over` before it touches anything else, which may be
// gone.
struct hub_ends::end {
  end(hub_place& at, net::stream s)
      : bytes{std::move(s)}, changed{at.loop}, server{at.hub, at.loop.now(), [this] { changed.notify(); }} {}

  net::stream bytes;
  net::wake_up changed;
  emulator::hub_connection server;
  std::string to_gateway;
  std::optional<std::size_t> breaks_after;
  std::size_t carried = 0;
  bool over = false;
};

hub_ends::hub_ends(hub_place& at, break_plan& breaks, std::function<void()> on_break)
    : at_{at}, plan_{breaks}, on_break_{std::move(on_break)} {}

hub_ends::~hub_ends() {
  cut();
}

void hub_ends::cut() {
  is_cut_ = true;
  while (!ends_.empty())
    lose(*ends_.back());
}

net::connector hub_ends::connector() {
  return [this](const net::connect_options&) { return connect(); };
}

net::task<result<net::connected_stream>> hub_ends::connect() {
  if (is_cut_) co_return error{errc::connection_refused};
  auto [here, there] = net::make_stream_pair(at_.loop);
  const auto made = std::make_shared<end>(at_, std::move(there));
  if (!plan_.after.empty()) {
    made->breaks_after = plan_.after.front();
    plan_.after.pop_front();
  }
  ends_.push_back(made);
  carried_ = 0;
  at_.tasks.spawn("hub_end.read", net::restart_policy::never, [this, made] { return read(made); });
  at_.tasks.spawn("hub_end.write", net::restart_policy::never, [this, made] { return write(made); });
  co_return net::connected_stream{std::move(here), {}};
}

std::size_t hub_ends::carry(end& on, std::size_t bytes) {
  if (on.breaks_after) bytes = std::min(bytes, *on.breaks_after - on.carried);
  carried_ = on.carried += bytes;
  return bytes;
}

bool hub_ends::breaks(end& on) {
  if (!on.breaks_after || on.carried < *on.breaks_after) return false;
  ++plan_.breaks;
  lose(on);
  if (on_break_) on_break_();
  return true;
}

void hub_ends::lose(end& on) {
  on.over = true;
  on.bytes.close();
  on.changed.notify();
  work([&] { on.server.feed_end(at_.loop.now()); });
  std::erase_if(ends_, [&](const auto& one) { return one.get() == &on; });
}

std::size_t hub_ends::telemetry_links() const {
  std::size_t sum = 0;
  for (const auto& one : ends_)
    sum += one->server.telemetry_links();
  return sum;
}

net::task<> hub_ends::read(std::shared_ptr<end> on) {
  std::string buffer(segment, '\0');
  while (!on->over && !breaks(*on)) {
    const auto got = co_await on->bytes.read_some(buffer);
    if (on->over) co_return;
    if (!got) co_return lose(*on);
    const auto crossed = carry(*on, *got);
    work([&] { on->server.feed(std::string_view{buffer}.substr(0, crossed), at_.loop.now()); });
    on->changed.notify();
    if (breaks(*on)) co_return;
    co_await net::sleep_for(segment_time);
  }
}

net::task<> hub_ends::write(std::shared_ptr<end> on) {
  while (!on->over && !breaks(*on)) {
    std::optional<mono_time> due;
    work([&] { due = on->server.tick(at_.loop.now()); });
    on->server.take_output(on->to_gateway);
    if (on->to_gateway.empty() && on->server.finished()) co_return lose(*on);
    if (on->to_gateway.empty()) {
      co_await on->changed.wait_until(due.value_or(mono_time::max()));
      continue;
    }
    const auto crossed = carry(*on, std::min(segment, on->to_gateway.size()));
    const auto written = co_await on->bytes.write(std::string_view{on->to_gateway}.substr(0, crossed));
    if (on->over) co_return;
    if (!written) co_return lose(*on);
    on->to_gateway.erase(0, crossed);
    if (breaks(*on)) co_return;
    co_await net::sleep_for(segment_time);
  }
}

} // namespace causeway::conversation
