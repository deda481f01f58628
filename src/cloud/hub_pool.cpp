// SPDX-License-Identifier: Apache-2.0
#include "cloud/hub_pool.h"

#include "cloud/hub_line.h"

#include <algorithm>
#include <utility>

namespace causeway::cloud {
namespace {

hub::fleet_terms terms_of(const azure_section& section, service_clocks& clocks) {
  hub::fleet_terms terms;
  terms.section = section.name;
  terms.through_dps = section.through_dps();
  terms.tls = section.tls.has_value();
  terms.commands = section.has_commands;
  terms.connects_per_second = section.connects_per_second;
  terms.sends_per_second = section.sends_per_second;
  terms.twin_reads_per_second = section.twin_reads_per_second;
  terms.twin_updates_per_second = section.twin_updates_per_second;
  terms.keys_of = [&section, &clocks](const azure::hub_address& hub) {
    auto tokens = std::make_unique<section_tokens>(section, hub, clocks);
    const auto mode = tokens->mode();
    return hub::hub_keys{std::move(tokens), mode};
  };
  return terms;
}

hub::fleet_set::options options_of(const std::vector<azure_section>& sections, service_clocks& clocks,
                                   std::function<double()> random, model::timeline* spans) {
  hub::fleet_set::options options;
  for (const auto& section : sections)
    options.sections.push_back(terms_of(section, clocks));
  options.random = std::move(random);
  options.client_version = "causeway/" CAUSEWAY_VERSION;
  options.spans = spans;
  return options;
}

} // namespace

hub_pool::hub_pool(net::loop& on, net::task_group& tasks, net::connector connect,
                   model::hub_link_events& core, model::hub_command_events& commands,
                   const std::vector<azure_section>& sections, service_clocks& clocks,
                   std::function<double()> random, model::timeline* spans)
    : loop_{on},
      tasks_{tasks},
      connect_{std::move(connect)},
      sections_{sections},
      due_{on},
      fleets_{options_of(sections, clocks, std::move(random), spans), core, commands, *this} {
  tasks_.spawn("hub.pace", net::restart_policy::on_fault, [this] { return pace(); });
}

hub_pool::~hub_pool() = default;

net::task<> hub_pool::pace() {
  while (true) {
    fleets_.advance(loop_.now());
    const auto due = fleets_.deadline();
    if (due == mono_time::max()) {
      const bool going_on = co_await due_.wait();
      if (!going_on) co_return;
    } else {
      static_cast<void>(co_await due_.wait_until(due));
    }
  }
}

void hub_pool::open(hub::fleet& of, hub::line& which) {
  if (which.id() >= lines_.size()) lines_.resize(which.id() + 1);
  auto& line = lines_[which.id()];
  if (!line) {
    const auto section = std::find_if(sections_.begin(), sections_.end(),
                                      [&](const auto& one) { return one.name == of.terms().section; });
    line = std::make_unique<hub_line>(loop_, tasks_, connect_, of, which, section->tls);
  }
  line->open();
}

void hub_pool::flush(hub::line& which) {
  lines_[which.id()]->flush();
}

void hub_pool::cut(hub::line& which) {
  lines_[which.id()]->cut();
}

void hub_pool::attach(device_ref device, const model::assignment& where, const model::connect_wish& wish) {
  fleets_.attach(device, where, wish, loop_.now());
}

void hub_pool::detach(device_ref device) {
  fleets_.detach(device, loop_.now());
}

void hub_pool::hurry(device_ref device) {
  fleets_.hurry(device);
}

void hub_pool::send(device_ref device, spool_seq seq, const model::message& what) {
  fleets_.send(device, seq, what, loop_.now());
}

void hub_pool::settle(device_ref device, model::delivery_number which, model::c2d_settlement how) {
  fleets_.settle(device, which, how, loop_.now());
}

void hub_pool::answer_call(device_ref device, model::delivery_number which,
                           const model::method_answer& what) {
  fleets_.answer(device, which, what);
}

void hub_pool::read_twin(device_ref device, bool urgent) {
  fleets_.read_twin(device, urgent);
}

void hub_pool::report_twin(device_ref device, std::string patch, bool urgent) {
  fleets_.report_twin(device, std::move(patch), urgent);
}

void hub_pool::take_c2d(bool can_store) {
  fleets_.take_c2d(can_store);
}

void hub_pool::close(model::shard_number which, mono_time until) {
  fleets_.close(which, until, loop_.now());
}

model::link_progress hub_pool::progress(device_ref device) const {
  return fleets_.progress(device, loop_.now().mono);
}

void hub_pool::renew_tokens() {
  fleets_.renew_tokens(loop_.now());
}

void hub_pool::try_now() {
  fleets_.try_now(loop_.now().mono);
}

net::task<> hub_pool::close(std::chrono::milliseconds patience) {
  fleets_.stop();
  const auto began = loop_.now().mono, deadline = began + patience;
  while (fleets_.any_in_flight() && loop_.now().mono < began + patience / 4) {
    const bool going_on = co_await net::sleep_for(milliseconds{5});
    if (!going_on) co_return;
  }
  fleets_.close(loop_.now());
  while (fleets_.any_up() && loop_.now().mono < deadline) {
    const bool going_on = co_await net::sleep_for(milliseconds{5});
    if (!going_on) co_return;
  }
  // One after the other: the end of a thousand links is some milliseconds in which nothing else is served.
  while (loop_.now().mono < deadline + patience && fleets_.cut_one()) {
    const bool going_on = co_await net::sleep_for(milliseconds{1});
    if (!going_on) co_return;
  }
}

std::map<std::string, hub_totals> hub_pool::totals() const {
  return fleets_.totals(loop_.now().mono);
}

} // namespace causeway::cloud
