// SPDX-License-Identifier: Apache-2.0
#include "conversation/gateway_world.h"

#include "azure/names.h"
#include "base/encoding.h"
#include "formats/flat.h"
#include "tts/messages.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace causeway::conversation {
namespace {

const std::string host = "plant.azure-devices.net";
const std::string policy = "device";
const application_id application{"plant"};
const azure_name section{"hub"};
// Far more than attaching all devices takes.
constexpr int most_steps_at_once = 100'000;

azure::signing_key key_of(const std::string& bytes) {
  return azure::signing_key{secret{bytes}};
}

emulator::key_pair keys_of(const std::string& name) {
  return {key_of(name + " primary"), key_of(name + " secondary")};
}

std::vector<core::application_rules> rules() {
  std::bitset<model::event_kinds> events;
  events.set(static_cast<std::size_t>(model::event_kind::uplink));
  return {{application, section, "{device_id}", {}, events}};
}

} // namespace

secret device_keys::device_token(device_ref, const identity& name, wall_time expiry) {
  const auto key = key_of(name.str() + (wrong_.contains(name) ? " wrong" : " primary"));
  return azure::make_sas_token(host + "/devices/" + name.str(), key, expiry);
}

secret device_keys::policy_token(wall_time expiry) {
  return azure::make_sas_token(host, key_of(policy + " primary"), expiry, policy);
}

gateway_world::gateway::gateway(gateway_world& world)
    : link{world.clock,
           world.hub,
           world.keys,
           {section, hub_host{host}, world.options_.mode},
           world.breaks,
           world.options_.breaks_are_crashes ? std::function<void()>{[&world] { world.crash_due_ = true; }}
                                             : std::function<void()>{}},
      shard{rules(),
            {world.disk, link, world, world, world, world},
            [&world] {
              core::shard_options options;
              options.body_cache_bytes = world.options_.body_cache_bytes;
              options.random = [&world] { return world.random(); };
              return options;
            }(),
            world.clock.now()} {
  link.answer_to(&shard);
}

gateway_world::gateway_world(world_options options)
    : registry{{host}},
      arrivals{host},
      hub{registry, arrivals, faults, "DeviceGateway_" + std::string(32, '0')},
      disk{clock},
      options_{options},
      sources_(options.devices) {
  registry.put_policy(policy, {keys_of(policy), true});
  for (std::size_t i = 0; i < options.devices; ++i)
    registry.put(name_of(i), keys_of(name_of(i).str()), true);
  start_gateway();
}

gateway_world::~gateway_world() = default;

void gateway_world::start_gateway() {
  gateway_ = std::make_unique<gateway>(*this);
  disk.answer_to(&gateway_->shard);
  gateway_->shard.start(disk.load(), clock.now());
}

identity gateway_world::name_of(std::size_t device) {
  auto digits = std::to_string(device);
  return identity{"sensor-" + std::string(4 - digits.size(), '0') + digits};
}

model::device_status gateway_world::status_of(std::size_t device) const {
  const auto status = gateway_->shard.status({application, device_id{name_of(device).str()}});
  EXPECT_TRUE(status) << name_of(device).str();
  return status.value_or(model::device_status{});
}

std::size_t gateway_world::devices_in(model::device_state state) const {
  return gateway_->shard.totals().devices[static_cast<std::size_t>(state)];
}

std::string gateway_world::uplink_text(std::size_t device, std::uint64_t marker) const {
  const auto name = name_of(device).str();
  const auto number = std::to_string(marker);
  // A moment of its own, for nothing else tells two frames of a device apart.
  auto received_at = format_rfc3339(clock.now().wall);
  received_at.replace(received_at.size() - 1, 1,
                      std::to_string(1'000'000 + marker % 1'000'000).substr(1) + "Z");
  return R"({"end_device_ids":{"device_id":")" + name + R"(","application_ids":{"application_id":")" +
         application.str() + R"("},"dev_eui":"70B3D52DD600)" + name.substr(name.size() - 4) +
         R"("},"received_at":")" + received_at +
         R"(","uplink_message":{"session_key_id":"aAixKtmNZUKQXd4GqpHDsw==","f_port":2,"f_cnt":)" + number +
         R"(,"frm_payload":"sQAAEAHlANcB","decoded_payload":{"uplink":)" + number +
         R"(,"temperature":21.5},"rx_metadata":[{"gateway_ids":{"gateway_id":"roof"},"rssi":-31,"snr":9.5}],)"
         R"("settings":{"data_rate":{"lora":{"bandwidth":125000,"spreading_factor":7}}},"received_at":")" +
         received_at + R"("}})";
}

void gateway_world::post(std::size_t device) {
  const auto marker = ++sources_[device].last_marker;
  const model::ticket which{++last_ticket_};
  auto& event = waiting_[which] = {device, marker, uplink_text(device, marker)};
  ++posted_;
  hand_in(which, std::string{event.text}, device);
}

void gateway_world::hand_in(model::ticket which, const std::string& text, std::size_t device) {
  auto event = tts::parse_application_up(text, {application.str(), name_of(device).str()});
  ASSERT_TRUE(event) << event.fault().message();
  gateway_->shard.on_event(which, std::move(*event), clock.now());
}

void gateway_world::post_round() {
  constexpr std::size_t batches = 10;
  for (std::size_t batch = 0; batch < batches; ++batch) {
    for (std::size_t i = batch; i < sources_.size(); i += batches)
      post(i);
    run_for(milliseconds{3});
  }
}

model::answer gateway_world::repeat_last_stored(std::size_t device) {
  last_answer_.reset();
  hand_in(model::ticket{++last_ticket_}, sources_[device].last_stored, device);
  EXPECT_TRUE(last_answer_) << "a repeat of what is stored needs no disk";
  return last_answer_.value_or(model::answer::unavailable);
}

void gateway_world::on_answer(model::ticket which, model::answer what) {
  last_answer_ = what;
  const auto node = waiting_.extract(which);
  if (node.empty()) return; // a repeat
  const auto& event = node.mapped();
  if (options_.disk_may_refuse && what == model::answer::unavailable) {
    ++refused_;
    return;
  }
  ASSERT_EQ(what, model::answer::stored) << name_of(event.device).str() << " " << event.marker;
  ++stored_;
  sources_[event.device].stored.push_back(event.marker);
  sources_[event.device].last_stored = event.text;
}

void gateway_world::format(model::ticket which, const model::event& event, moment now) {
  gateway_->shard.on_formatted(which, formats::format_flat(event, {now.wall, {}}), now);
}

void gateway_world::find_hub(device_ref device, const azure_name& from, const identity& wanted,
                             const model::connect_wish&) {
  assignments_.push_back({device, {hub_host{host}, wanted, from, clock.now().wall, {}}});
}

double gateway_world::random() {
  random_ = random_ * 1664525u + 1013904223u;
  return static_cast<double>(random_ >> 8) / 16777216.0;
}

void gateway_world::run_until_quiet() {
  for (int steps = 0; steps < most_steps_at_once; ++steps) {
    bool any = false;
    for (auto answered = std::exchange(assignments_, {}); auto& [device, where] : answered) {
      gateway_->shard.on_assignment(device, std::move(where), clock.now());
      any = true;
    }
    if (gateway_->link.step()) any = true;
    if (crash_due_) {
      crash_due_ = false;
      disk.crash(crashes_++ % 2 == 0 ? crash_point::before_commit : crash_point::after_commit);
      gateway_.reset();
      assignments_.clear();
      waiting_.clear(); // their HTTP connections have broken
      start_gateway();
      continue;
    }
    if (disk.step()) any = true;
    if (const auto due = gateway_->shard.deadline(); due && *due <= clock.now().mono) {
      gateway_->shard.on_tick(clock.now());
      any = true;
    }
    if (!any) return;
  }
  FAIL() << "busy for ever without time going on";
}

std::optional<mono_time> gateway_world::deadline() const {
  std::optional<mono_time> first;
  for (const auto due : {gateway_->link.deadline(), disk.deadline(), gateway_->shard.deadline()})
    if (due && (!first || *due < *first)) first = due;
  return first;
}

void gateway_world::run_for(milliseconds time) {
  const auto end = clock.now().mono + time;
  run_until_quiet();
  while (clock.now().mono < end && !::testing::Test::HasFatalFailure()) {
    const auto due = deadline().value_or(end);
    clock.advance(std::min(due, end) - clock.now().mono);
    run_until_quiet();
  }
}

bool gateway_world::run_until_delivered(milliseconds longest) {
  const auto end = clock.now().mono + longest;
  const auto busy = [&] {
    return !waiting_.empty() || disk.waiting_rows() != 0 || gateway_->shard.totals().waiting_messages != 0;
  };
  run_for(milliseconds{0});
  while (busy() && clock.now().mono < end && !::testing::Test::HasFatalFailure())
    run_for(milliseconds{100});
  return !busy();
}

void gateway_world::expect_all_delivered() const {
  struct arrived_ids {
    std::map<std::uint64_t, std::string> ids; // by marker
    std::uint64_t newest = 0;
  };
  std::map<identity, arrived_ids> by_device;
  std::size_t copies = 0;
  arrivals.visit({}, 0, arrivals.totals().accepted, [&](const emulator::arrival& entry) {
    auto& of = by_device[entry.device];
    ASSERT_NE(entry.whole, nullptr) << "the list of arrivals has forgotten a body";
    ASSERT_TRUE(entry.marker);
    const auto [found, first] = of.ids.emplace(*entry.marker, entry.whole->message_id);
    EXPECT_EQ(found->second, entry.whole->message_id) << entry.device.str() << " " << *entry.marker;
    EXPECT_EQ(entry.duplicate, !first) << entry.device.str() << " " << *entry.marker;
    if (first) {
      EXPECT_GT(*entry.marker, of.newest) << entry.device.str() << " is out of order";
      of.newest = *entry.marker;
    } else {
      ++copies;
    }
  });
  std::size_t distinct = 0;
  for (std::size_t i = 0; i < sources_.size(); ++i) {
    const auto& of = by_device[name_of(i)];
    distinct += of.ids.size();
    for (const auto marker : sources_[i].stored)
      EXPECT_TRUE(of.ids.contains(marker)) << name_of(i).str() << " has lost " << marker;
  }
  const auto& totals = arrivals.totals();
  EXPECT_EQ(totals.unique, distinct);
  EXPECT_EQ(totals.duplicates, copies);
  EXPECT_EQ(totals.accepted, distinct + copies);
  EXPECT_EQ(totals.out_of_order, 0u);
  EXPECT_EQ(totals.without_id, 0u);
  // A crash may have kept what it did not answer for, and nothing else may.
  if (crashes_ == 0) {
    EXPECT_EQ(posted_, stored_ + refused_);
    EXPECT_EQ(distinct, stored_);
    EXPECT_EQ(gateway_->shard.totals().sent, stored_);
    EXPECT_EQ(disk.rows_done(), stored_);
  }
  EXPECT_EQ(unanswered(), 0u);
  EXPECT_EQ(gateway_->shard.totals().waiting_messages, 0u);
  EXPECT_EQ(gateway_->shard.totals().waiting_bytes, 0u);
  EXPECT_EQ(disk.waiting_rows(), 0u);
  EXPECT_EQ(disk.dead_letters(), 0u);
  EXPECT_EQ(disk.marks_without_row(), 0u);
}

} // namespace causeway::conversation
