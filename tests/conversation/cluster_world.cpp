// SPDX-License-Identifier: Apache-2.0
#include "conversation/cluster_world.h"

#include "base/earliest.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>
#include <utility>

namespace causeway::conversation {
namespace {

constexpr milliseconds release_time{3000};
constexpr milliseconds attach_time{4}; // so that attaches are on their way when something happens
constexpr std::size_t opened_at_once = 2;

emulator::hub_options slow_to_attach() {
  emulator::hub_options options;
  options.latency.attach = attach_time;
  return options;
}

} // namespace

// In the order of what refers to what; its death takes all of it.
struct cluster_world::process final : model::tenure {
  process(cluster_world& world, process_number is)
      : of{world.journal},
        believed(world.journal.shards()),
        disk{world.journal},
        around{world.clock},
        core{plant_rules(),
             [&] {
               core::shard_options options;
               options.body_cache_bytes = world.options_.body_cache_bytes;
               options.random = [&world] { return world.dice_.roll(); };
               options.tenure = this;
               return options;
             }(),
             world.clock.now()},
        link{world.clock, world.there_, world.keys.sections(world.options_.mode), core, world.no_breaks_} {
    link.ends().watch(
        [&world, is](bool begins) { world.carrying_ = begins ? std::optional{is} : std::nullopt; });
    core.connect({disk, link.port(), around, around, around, world.stack, nobody, nobody});
    disk.answer_to(&core);
    around.answer_to(&core);
  }

  std::uint16_t shards() const override { return of.shards(); }
  bool holds(model::shard_number which) const override { return believed[static_cast<std::size_t>(which)]; }

  const memory_journal& of;
  std::vector<bool> believed;
  memory_journal::member disk;
  surroundings around;
  no_commands nobody;
  core::shard core;
  gateway_link link;
  bool is_opening = false; // start_some has something to do
  bool is_frozen = false;
};

cluster_world::cluster_world(cluster_options options)
    : plant{options.devices, slow_to_attach()},
      journal{clock, options.shards},
      stack{clock, options.devices, false},
      options_{options},
      processes_(options.processes) {
  for (process_number i = 0; i < options.processes; ++i)
    start(i);
  std::map<std::string, model::shard_number> shards;
  for (std::size_t i = 0; i < options.devices; ++i)
    shards[name_of(i).str()] = shard_of(i);
  arrivals.listen([this, shards](const emulator::arrival& one) {
    ASSERT_TRUE(carrying_) << "a message came over nobody's connection";
    ++arrived_through_[{*carrying_, shards.at(one.device.str())}];
  });
}

cluster_world::~cluster_world() {
  processes_.clear(); // before what they tell to the end
}

core::shard& cluster_world::core(process_number which) {
  return at(which).core;
}

surroundings& cluster_world::around(process_number which) {
  return at(which).around;
}

std::vector<model::shard_number> cluster_world::all_shards() const {
  std::vector<model::shard_number> all;
  for (std::uint16_t i = 0; i < journal.shards(); ++i)
    all.push_back(model::shard_number{i});
  return all;
}

std::vector<std::size_t> cluster_world::devices_of(model::shard_number which) const {
  std::vector<std::size_t> all;
  for (std::size_t i = 0; i < options_.devices; ++i)
    if (shard_of(i) == which) all.push_back(i);
  return all;
}

void cluster_world::post(std::size_t device) {
  for (std::size_t tried = 0; tried < processes_.size(); ++tried) {
    const auto to = std::exchange(next_to_post_, (next_to_post_ + 1) % processes_.size());
    if (processes_[to] == nullptr || at(to).is_frozen) continue;
    return stack.post(device, at(to).core);
  }
  FAIL() << "nobody is there to post to";
}

void cluster_world::post_round() {
  constexpr std::size_t batches = 4;
  for (std::size_t batch = 0; batch < batches; ++batch) {
    for (std::size_t i = batch; i < options_.devices; i += batches)
      post(i);
    run_for(milliseconds{1});
  }
}

void cluster_world::adopt(process_number which, model::shard_number shard) {
  auto& to = at(which);
  to.believed[static_cast<std::size_t>(shard)] = true;
  to.core.adopt(shard, journal.give(shard, to.disk), clock.now());
  to.is_opening = true;
}

void cluster_world::release(process_number which, model::shard_number shard) {
  const auto now = clock.now();
  at(which).core.release(shard, now.mono + release_time, now);
}

void cluster_world::stop_believing(process_number which, model::shard_number shard) {
  at(which).believed[static_cast<std::size_t>(shard)] = false;
}

void cluster_world::fence(process_number which, model::shard_number shard) {
  stop_believing(which, shard);
  at(which).core.fence(shard, clock.now());
  at(which).disk.give_up(shard);
}

void cluster_world::move(model::shard_number shard, process_number from, process_number to) {
  release(from, shard);
  moves_.push_back({shard, to});
}

bool cluster_world::finish_moves() {
  const auto free = std::find_if(moves_.begin(), moves_.end(),
                                 [&](const planned& one) { return journal.is_free(one.shard); });
  if (free == moves_.end()) return false;
  const auto one = *free;
  moves_.erase(free);
  for (const auto& other : processes_)
    if (other) other->believed[static_cast<std::size_t>(one.shard)] = false;
  adopt(one.to, one.shard);
  return true;
}

void cluster_world::freeze(process_number which, bool still) {
  at(which).is_frozen = still;
}

void cluster_world::kill(process_number which, death when) {
  if (when == death::after_commit) at(which).disk.finish_commit();
  stack.break_off(at(which).core);
  processes_[which].reset();
}

void cluster_world::start(process_number which) {
  processes_[which] = std::make_unique<process>(*this, which);
}

void cluster_world::at_step(std::size_t step, std::function<void()> what) {
  due_at_step_.emplace(step, std::move(what));
}

void cluster_world::after(milliseconds time, std::function<void()> what) {
  due_at_.emplace(clock.now().mono + time, std::move(what));
}

// Between any two of the things that can be done.
bool cluster_world::count(bool done) {
  if (!done) return false;
  ++steps_;
  happen();
  return true;
}

void cluster_world::happen() {
  while (!due_at_step_.empty() && due_at_step_.begin()->first <= steps_) {
    const auto what = std::move(due_at_step_.extract(due_at_step_.begin()).mapped());
    what();
  }
}

bool cluster_world::step() {
  happen();
  bool any = false;
  while (!due_at_.empty() && due_at_.begin()->first <= clock.now().mono) {
    const auto what = std::move(due_at_.extract(due_at_.begin()).mapped());
    what();
    any = true;
  }
  any = count(journal.step()) || any;
  any = count(there_.loop.step()) || any;
  for (process_number i = 0; i < processes_.size(); ++i)
    for (const auto part :
         {&cluster_world::serve_link, &cluster_world::serve_format, &cluster_world::serve_disk,
          &cluster_world::open_some, &cluster_world::serve_timer})
      if (processes_[i]) any = count((this->*part)(at(i))) || any; // what happens may be its end
  return count(finish_moves()) || any;
}

bool cluster_world::serve_link(process& of) {
  return !of.is_frozen && of.link.step();
}

bool cluster_world::serve_format(process& of) {
  return !of.is_frozen && of.around.step();
}

bool cluster_world::serve_disk(process& of) {
  return !of.is_frozen && of.disk.step();
}

bool cluster_world::open_some(process& of) {
  if (of.is_frozen || !of.is_opening) return false;
  of.is_opening = of.core.start_some(opened_at_once, clock.now());
  return true;
}

bool cluster_world::serve_timer(process& of) {
  const auto due = of.core.deadline();
  if (of.is_frozen || !due || *due > clock.now().mono) return false;
  of.core.on_tick(clock.now());
  return true;
}

std::optional<mono_time> cluster_world::deadline() const {
  auto first = earliest({journal.deadline(), there_.loop.deadline()});
  if (!due_at_.empty()) first = earliest({first, due_at_.begin()->first});
  for (const auto& one : processes_) {
    if (!one) continue;
    if (one->is_frozen) continue;
    first = earliest(
        {first, one->link.deadline(), one->around.deadline(), one->disk.deadline(), one->core.deadline()});
  }
  return first;
}

void cluster_world::run_for(milliseconds time) {
  run_world_for(
      clock, time, [this] { return step(); }, [this] { return deadline(); });
}

bool cluster_world::run_until_delivered(milliseconds longest) {
  const auto busy = [&] {
    return stack.unanswered() != 0 || journal.waiting_rows() != 0 || is_under_way() ||
           !due_at_step_.empty() || !due_at_.empty() ||
           std::any_of(processes_.begin(), processes_.end(), [](const auto& one) {
             return one && (one->disk.unwritten() != 0 || one->core.totals().waiting_messages != 0);
           });
  };
  return run_world_until_idle(
      clock, longest, milliseconds{50}, [this](milliseconds time) { run_for(time); }, busy);
}

std::size_t cluster_world::arrived_through(process_number which, model::shard_number shard) const {
  const auto found = arrived_through_.find({which, shard});
  return found == arrived_through_.end() ? 0 : found->second;
}

void cluster_world::expect_all_delivered(const std::map<model::shard_number, process_number>& owners,
                                         order in) const {
  const auto there = stack.expect_arrived(arrivals, in);
  // What broke off may have been stored, or not.
  EXPECT_GE(there.distinct, stack.stored());
  EXPECT_LE(there.distinct, stack.stored() + stack.broken_off());
  EXPECT_EQ(stack.posted(), stack.stored() + stack.broken_off());
  EXPECT_EQ(stack.unanswered(), 0u);
  EXPECT_EQ(journal.waiting_rows(), 0u);
  EXPECT_EQ(journal.dead_letters(), 0u);
  EXPECT_EQ(journal.faults(), std::vector<std::string>{});
  for (process_number i = 0; i < processes_.size(); ++i) {
    if (!processes_[i]) continue;
    const auto totals = at(i).core.totals();
    EXPECT_EQ(totals.waiting_messages, 0u) << i;
    EXPECT_EQ(totals.waiting_bytes, 0u) << i;
    std::size_t own = 0;
    for (const auto& [shard, owner] : owners)
      for (const auto device : devices_of(shard))
        if (owner == i && there.from.contains(device)) ++own; // of another one nobody may have heard
    const auto& states = totals.devices;
    EXPECT_EQ(states[static_cast<std::size_t>(model::device_state::online)], own) << i;
    EXPECT_EQ(std::accumulate(states.begin(), states.end(), std::uint64_t{0}), own) << i;
    EXPECT_EQ(at(i).link.ends().telemetry_links(), own) << i;
  }
}

} // namespace causeway::conversation
