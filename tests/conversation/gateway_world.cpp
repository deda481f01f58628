// SPDX-License-Identifier: Apache-2.0
#include "conversation/gateway_world.h"

#include "base/earliest.h"

#include <gtest/gtest.h>

namespace causeway::conversation {

gateway_world::gateway::gateway(gateway_world& world)
    : around{world.clock},
      shard{plant_rules(),
            [&world] {
              core::shard_options options;
              options.body_cache_bytes = world.options_.body_cache_bytes;
              options.random = [&world] { return world.dice_.roll(); };
              return options;
            }(),
            world.clock.now()},
      link{world.clock,
           world.there_,
           world.keys.sections(world.options_.mode),
           shard,
           world.breaks,
           world.options_.breaks_are_crashes ? std::function<void()>{[&world] { world.crash_due_ = true; }}
                                             : std::function<void()>{}} {
  shard.connect({world.disk, link.port(), around, around, around, world.stack_, nobody, nobody});
  around.answer_to(&shard);
}

gateway_world::gateway_world(world_options options)
    : plant{options.devices},
      disk{clock},
      options_{options},
      stack_{clock, options.devices, options.disk_may_refuse} {
  start_gateway();
}

gateway_world::~gateway_world() {
  gateway_.reset(); // before what it tells to the end
}

void gateway_world::start_gateway() {
  gateway_ = std::make_unique<gateway>(*this);
  disk.answer_to(&gateway_->shard);
  gateway_->shard.begin(disk.load(), clock.now());
  while (gateway_->shard.start_some(1000, clock.now())) {
  }
}

model::device_status gateway_world::status_of(std::size_t device) const {
  const auto status = gateway_->shard.view().status(key_of(device));
  EXPECT_TRUE(status) << name_of(device).str();
  return status.value_or(model::device_status{});
}

std::size_t gateway_world::devices_in(model::device_state state) const {
  return gateway_->shard.totals().devices[static_cast<std::size_t>(state)];
}

void gateway_world::post_round() {
  constexpr std::size_t batches = 10;
  for (std::size_t batch = 0; batch < batches; ++batch) {
    for (std::size_t i = batch; i < stack_.devices(); i += batches)
      post(i);
    run_for(milliseconds{3});
  }
}

bool gateway_world::step() {
  bool any = gateway_->around.step();
  if (there_.loop.step()) any = true;
  if (!crash_due_ && gateway_->link.step()) any = true;
  if (crash_due_) {
    crash_due_ = false;
    disk.crash(crashes_++ % 2 == 0 ? crash_point::before_commit : crash_point::after_commit);
    stack_.break_off(gateway_->shard);
    gateway_.reset();
    start_gateway();
    return true;
  }
  if (disk.step()) any = true;
  if (const auto due = gateway_->shard.deadline(); due && *due <= clock.now().mono) {
    gateway_->shard.on_tick(clock.now());
    any = true;
  }
  return any;
}

std::optional<mono_time> gateway_world::deadline() const {
  return earliest({gateway_->around.deadline(), gateway_->link.deadline(), there_.loop.deadline(),
                   disk.deadline(), gateway_->shard.deadline()});
}

void gateway_world::run_for(milliseconds time) {
  run_world_for(
      clock, time, [this] { return step(); }, [this] { return deadline(); });
}

bool gateway_world::run_until_delivered(milliseconds longest) {
  const auto busy = [&] {
    return unanswered() != 0 || disk.waiting_rows() != 0 || gateway_->shard.totals().waiting_messages != 0;
  };
  return run_world_until_idle(
      clock, longest, milliseconds{100}, [this](milliseconds time) { run_for(time); }, busy);
}

void gateway_world::expect_all_delivered() const {
  const auto there = stack_.expect_arrived(arrivals);
  // A crash may have kept what it did not answer for, and nothing else may.
  if (crashes_ == 0) {
    EXPECT_EQ(posted(), stored() + refused());
    EXPECT_EQ(there.distinct, stored());
    EXPECT_EQ(gateway_->shard.totals().sent, stored());
    EXPECT_EQ(disk.rows_done(), stored());
  }
  EXPECT_EQ(unanswered(), 0u);
  EXPECT_EQ(gateway_->shard.totals().waiting_messages, 0u);
  EXPECT_EQ(gateway_->shard.totals().waiting_bytes, 0u);
  EXPECT_EQ(disk.waiting_rows(), 0u);
  EXPECT_EQ(disk.dead_letters(), 0u);
  EXPECT_EQ(disk.marks_without_row(), 0u);
}

} // namespace causeway::conversation
