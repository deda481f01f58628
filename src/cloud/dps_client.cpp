// SPDX-License-Identifier: Apache-2.0
#include "cloud/dps_client.h"

#include <algorithm>
#include <utility>

namespace causeway::cloud {
namespace {

// A registration that waits for Retry-After needs none of them, so a few carry many: at the 170 ms that a
// real DPS takes for a register, 560 a second.
constexpr std::size_t connections = 96;
// Rounding never makes the dispatcher spin.
constexpr milliseconds shortest_sleep{1};

net::http_client_options options_of(const azure_section& section) {
  net::http_client_options options;
  options.ca_file = section.ca_file;
  options.max_connections = connections;
  return options;
}

} // namespace

dps_client::dps_client(net::loop& on, net::task_group& tasks, const azure_section& section,
                       std::function<double()> random, model::timeline* timeline, sink answer)
    : loop_{on},
      origin_{"https://" + section.dps->host + ":" + std::to_string(section.dps->port)},
      fleet_{section.enrolment, std::move(random), timeline, on.now()},
      client_{on, options_of(section)},
      answer_{std::move(answer)},
      changed_{on} {
  const auto name = "dps." + section.name.str();
  for (std::size_t i = 0; i < connections; ++i) {
    workers_.push_back(std::make_unique<worker>(on));
    tasks.spawn(name + ".carry", net::restart_policy::on_fault,
                [this, self = workers_.back().get()] { return carry(self); });
  }
  tasks.spawn(name, net::restart_policy::on_fault, [this] { return dispatch(); });
}

void dps_client::find_hub(device_ref device, const identity& wanted, const model::connect_wish& wish) {
  fleet_.find(device, wanted, wish, loop_.now());
  changed_.notify();
}

void dps_client::hand_over() {
  while (!idle_.empty()) {
    auto next = fleet_.next_errand(loop_.now());
    if (!next) break;
    auto* to = idle_.back();
    idle_.pop_back();
    to->work = std::move(next);
    to->bell.notify();
  }
  for (auto& found : fleet_.take_findings())
    answer_(found.device, std::move(found.where));
}

net::task<> dps_client::dispatch() {
  while (true) {
    fleet_.advance(loop_.now());
    hand_over();
    const auto now = loop_.now().mono;
    const auto due = fleet_.deadline(now, !idle_.empty());
    const auto woken = co_await changed_.wait_until(std::max(due, now + shortest_sleep));
    if (!woken && loop_.now().mono < due) co_return; // cancelled
  }
}

// False when stopped.
net::task<bool> dps_client::carry_one(worker* self) {
  auto& what = *self->work;
  net::http_call call;
  call.method = std::move(what.request.method);
  call.url = origin_ + what.request.path_and_query;
  call.headers = std::move(what.request.headers);
  call.body = std::move(what.request.body);
  auto answered = co_await client_.call(std::move(call));
  if (!answered && answered.fault().code() == errc::stopped) co_return false;
  // Answered once, even when that throws.
  const auto done = *std::exchange(self->work, std::nullopt);
  if (answered)
    fleet_.on_answer(done, answered->status, answered->headers, answered->body, loop_.now());
  else
    fleet_.on_fault(done, std::move(answered).fault(), loop_.now());
  co_return true;
}

net::task<> dps_client::carry(worker* self) {
  if (self->work) { // an exception has ended the task: no memory, so nobody knows what became of the request
    fleet_.on_fault(*std::exchange(self->work, std::nullopt), error{errc::connection_lost, "no memory"},
                    loop_.now());
  }
  while (true) {
    idle_.push_back(self);
    changed_.notify();
    const bool going_on = co_await self->bell.wait();
    if (!going_on) co_return;
    while (self->work) {
      const bool answered = co_await carry_one(self);
      if (!answered) co_return;
      // The next one at once, if there is one; else the dispatcher must look at the time again.
      self->work = fleet_.next_errand(loop_.now());
      for (auto& found : fleet_.take_findings())
        answer_(found.device, std::move(found.where));
    }
  }
}

} // namespace causeway::cloud
