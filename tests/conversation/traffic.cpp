// SPDX-License-Identifier: Apache-2.0
#include "conversation/traffic.h"

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

azure::signing_key signing_key_of(const std::string& bytes) {
  return azure::signing_key{secret{bytes}};
}

emulator::key_pair keys_of(const std::string& name) {
  return {signing_key_of(name + " primary"), signing_key_of(name + " secondary")};
}

} // namespace

error no_commands::breach() {
  ADD_FAILURE() << "nobody has sent a command";
  return error{errc::internal};
}

identity name_of(std::size_t device) {
  auto digits = std::to_string(device);
  return identity{"sensor-" + std::string(4 - digits.size(), '0') + digits};
}

model::device_key key_of(std::size_t device) {
  return {application, device_id{name_of(device).str()}};
}

std::vector<core::application_rules> plant_rules() {
  std::bitset<model::event_kinds> events;
  events.set(static_cast<std::size_t>(model::event_kind::uplink));
  return {{application, section, "{device_id}", {}, events}};
}

azure::hub_address plant_hub() {
  return {host};
}

plant_keys::plant_keys(std::size_t devices) : by_device_(1), by_policy_(1) {
  for (auto* const all : {&by_device_, &by_policy_}) {
    auto& one = all->front();
    one.name = section;
    one.connects_per_second = one.sends_per_second = 1'000'000; // the hub enforces none here
  }
  by_policy_[0].policy = {plant_hub(), {}, policy, signing_key_of(policy + " primary")};
  for (std::size_t i = 0; i < devices; ++i)
    give_right_key(name_of(i));
}

void plant_keys::give_wrong_key(const identity& name) {
  by_device_[0].devices.insert_or_assign(
      name.str(), azure::connection_string{plant_hub(), name, {}, signing_key_of(name.str() + " wrong")});
}

void plant_keys::give_right_key(const identity& name) {
  by_device_[0].devices.insert_or_assign(
      name.str(), azure::connection_string{plant_hub(), name, {}, signing_key_of(name.str() + " primary")});
}

plant::plant(std::size_t devices, emulator::hub_options options)
    : registry{{host}},
      arrivals{host},
      hub{registry, arrivals, faults, "DeviceGateway_" + std::string(32, '0'), 0, options},
      keys{devices} {
  registry.put_policy(policy, {keys_of(policy), true});
  for (std::size_t i = 0; i < devices; ++i)
    registry.put(name_of(i), keys_of(name_of(i).str()), true);
}

double dice::roll() {
  last_ = last_ * 1664525u + 1013904223u;
  return static_cast<double>(last_ >> 8) / 16777216.0;
}

bool surroundings::step() {
  const auto now = clock_.now();
  bool any = false;
  for (auto answered = std::exchange(assignments_, {}); auto& [device, where] : answered) {
    core_->on_assignment(device, std::move(where), now);
    any = true;
  }
  while (!formats_.empty() && formats_.front().due <= now.mono) {
    auto next = std::move(formats_.front());
    formats_.pop_front();
    core_->on_formatted(next.which, std::move(next.messages), now);
    any = true;
  }
  return any;
}

std::optional<mono_time> surroundings::deadline() const {
  if (!assignments_.empty()) return clock_.now().mono;
  return formats_.empty() ? std::nullopt : std::optional{formats_.front().due};
}

void surroundings::find_hub(device_ref device, const azure_name& from, const identity& wanted,
                            const model::connect_wish&) {
  assignments_.push_back({device, {hub_host{host}, wanted, from, clock_.now().wall, {}}});
}

void surroundings::format(model::ticket which, const model::event& event, moment now) {
  auto made = formats::format_flat(event, {now.wall, {}});
  for (int i = 1; made && i < messages; ++i) {
    made->push_back(made->front());
    made->back().id += "/" + std::to_string(i);
  }
  if (format_time == milliseconds{0}) return core_->on_formatted(which, std::move(made), now);
  formats_.push_back({now.mono + format_time, which, std::move(made)});
}

webhooks::webhooks(const manual_clock& clock, std::size_t devices, bool may_refuse)
    : clock_{clock}, may_refuse_{may_refuse}, sources_(devices) {}

std::string webhooks::text_of(std::size_t device, std::uint64_t marker) const {
  const auto name = name_of(device).str();
  const auto number = std::to_string(marker);
  // A moment of its own, for nothing else tells two frames of a device apart.
  auto received_at = format_rfc3339(clock_.now().wall);
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

void webhooks::post(std::size_t device, core::shard& to) {
  auto& from = sources_[device];
  const auto marker = ++from.last_marker;
  from.last_posted = text_of(device, marker);
  const model::ticket which{++last_ticket_};
  waiting_[which] = {device, marker, from.last_posted, &to};
  ++posted_;
  from.posted_at[marker] = ++happened_;
  hand_in(which, from.last_posted, device, to);
}

void webhooks::post_again(std::size_t device, core::shard& to) {
  last_answer_.reset();
  hand_in(model::ticket{++last_ticket_}, sources_[device].last_posted, device, to);
}

model::answer webhooks::repeat_last_stored(std::size_t device, core::shard& to) {
  last_answer_.reset();
  hand_in(model::ticket{++last_ticket_}, sources_[device].last_stored, device, to);
  EXPECT_TRUE(last_answer_) << "a repeat of what is stored needs no disk";
  return last_answer_.value_or(model::answer::unavailable);
}

void webhooks::hand_in(model::ticket which, const std::string& text, std::size_t device, core::shard& to) {
  auto event = tts::parse_application_up(text, {application.str(), name_of(device).str()});
  ASSERT_TRUE(event) << event.fault().message();
  to.on_event(which, std::move(*event), clock_.now());
}

void webhooks::on_answer(model::ticket which, model::answer what) {
  last_answer_ = what;
  const auto node = waiting_.extract(which);
  if (node.empty()) return; // a repeat
  const auto& event = node.mapped();
  if (may_refuse_ && what == model::answer::unavailable) {
    ++refused_;
    return;
  }
  ASSERT_EQ(what, model::answer::stored) << name_of(event.device).str() << " " << event.marker;
  ++stored_;
  sources_[event.device].stored.push_back(event.marker);
  sources_[event.device].stored_at[event.marker] = ++happened_;
  sources_[event.device].last_stored = event.text;
}

void webhooks::break_off(const core::shard& at) {
  broken_off_ += std::erase_if(waiting_, [&](const auto& one) { return one.second.at == &at; });
}

webhooks::arrived webhooks::expect_arrived(const emulator::arrivals& witness, order in) const {
  struct arrived_ids {
    std::map<std::uint64_t, std::string> ids; // by marker
    std::uint64_t newest = 0;
  };
  std::map<identity, arrived_ids> by_device;
  std::map<identity, const source*> sources;
  for (std::size_t i = 0; i < sources_.size(); ++i)
    sources[name_of(i)] = &sources_[i];
  const auto may_be_late = [&](const identity& device, std::uint64_t marker, std::uint64_t newest) {
    const auto& from = *sources.at(device);
    const auto stored = from.stored_at.find(marker);
    return in == order::promised &&
           (stored == from.stored_at.end() || stored->second > from.posted_at.at(newest));
  };
  arrived sum;
  witness.visit({}, 0, witness.totals().accepted, [&](const emulator::arrival& entry) {
    auto& of = by_device[entry.device];
    ASSERT_NE(entry.whole, nullptr) << "the list of arrivals has forgotten a body";
    ASSERT_TRUE(entry.marker);
    const auto [found, first] = of.ids.emplace(*entry.marker, entry.whole->message_id);
    EXPECT_EQ(found->second, entry.whole->message_id) << entry.device.str() << " " << *entry.marker;
    EXPECT_EQ(entry.duplicate, !first) << entry.device.str() << " " << *entry.marker;
    if (first) {
      if (*entry.marker > of.newest || !may_be_late(entry.device, *entry.marker, of.newest)) {
        EXPECT_GT(*entry.marker, of.newest) << entry.device.str() << " is out of order";
      }
      of.newest = std::max(of.newest, *entry.marker);
    } else {
      ++sum.copies;
    }
  });
  for (std::size_t i = 0; i < sources_.size(); ++i) {
    const auto& of = by_device[name_of(i)];
    sum.distinct += of.ids.size();
    if (!of.ids.empty()) sum.from.insert(i);
    for (const auto marker : sources_[i].stored)
      EXPECT_TRUE(of.ids.contains(marker)) << name_of(i).str() << " has lost " << marker;
  }
  const auto& totals = witness.totals();
  EXPECT_EQ(totals.unique, sum.distinct);
  EXPECT_EQ(totals.duplicates, sum.copies);
  EXPECT_EQ(totals.accepted, sum.distinct + sum.copies);
  if (in == order::as_posted) {
    EXPECT_EQ(totals.out_of_order, 0u);
  }
  EXPECT_EQ(totals.without_id, 0u);
  return sum;
}

void run_world_for(manual_clock& clock, milliseconds time, const std::function<bool()>& step,
                   const std::function<std::optional<mono_time>()>& deadline) {
  const auto run_until_quiet = [&] {
    for (int steps = 0; steps < most_steps_at_once; ++steps)
      if (!step()) return;
    FAIL() << "busy for ever without time going on";
  };
  const auto end = clock.now().mono + time;
  run_until_quiet();
  while (clock.now().mono < end && !::testing::Test::HasFatalFailure()) {
    const auto due = deadline().value_or(end);
    clock.advance(std::min(due, end) - clock.now().mono);
    run_until_quiet();
  }
}

bool run_world_until_idle(const manual_clock& clock, milliseconds longest, milliseconds piece,
                          const std::function<void(milliseconds)>& run_for,
                          const std::function<bool()>& busy) {
  const auto end = clock.now().mono + longest;
  run_for(milliseconds{0});
  while (busy() && clock.now().mono < end && !::testing::Test::HasFatalFailure())
    run_for(piece);
  return !busy();
}

} // namespace causeway::conversation
