// SPDX-License-Identifier: Apache-2.0
#include "emulator/stack/mqtt_stack.h"

#include "base/digest.h"
#include "base/encoding.h"
#include "emulator/stack/uplink_body.h"

#include <algorithm>

namespace causeway::emulator {
namespace {

using namespace std::chrono_literals;

constexpr auto longest_sleep = 200ms;
constexpr auto pause_after_refusal = 100ms, pause_after_drop = 1ms;
constexpr auto pause_before_broker = 50ms, longest_wait_for_broker = 10'000ms;
constexpr auto handling_time =
    1500ms; // of the Application Server, when it gets an uplink for the second time

std::string session_of(const std::string& seed, const std::string& device, std::uint64_t joins) {
  const auto digest = sha256(seed + device + (joins == 0 ? "" : "/" + std::to_string(joins)));
  return base64_encode({reinterpret_cast<const char*>(digest.data()), 16});
}

bool is_every(std::uint64_t nth, std::uint64_t marker) {
  return nth != 0 && marker % nth == 0;
}

} // namespace

struct mqtt_stack::campaign {
  net::loop& on;
  net::task_group& tasks;
  downlink_service* downlinks; // may be null
  mqtt_publisher& publisher;
  storage_log& stored;
  std::string seed;
  simulation books;
  std::unordered_map<std::uint32_t, std::string> held; // by device: leaves behind its successor
  std::size_t working = 0;
  std::size_t locked = 0; // uplinks whose device is

  std::string topic_of(std::uint32_t device) const {
    return publisher.topic_of(books.application_of(device).id, books.device_name(device), "up");
  }
  simulated_uplink uplink_of(const simulated_turn& turn, const std::string& dev_eui,
                             const std::string& session, wall_time now) const {
    const auto rejoin = books.plan().switches.rejoin_every;
    simulated_uplink uplink;
    uplink.application = books.application_of(turn.device).id;
    uplink.device = books.device_name(turn.device);
    uplink.dev_eui = dev_eui;
    uplink.session_key_id = session;
    uplink.f_cnt = rejoin == 0 ? turn.marker : turn.marker % rejoin;
    uplink.marker = turn.marker;
    uplink.received_at = now;
    uplink.variation = static_cast<std::uint32_t>(turn.marker * 7 + turn.device * 13);
    return uplink;
  }
};

mqtt_stack::mqtt_stack(net::loop& on, net::task_group& tasks, mqtt_publisher* to, storage_log& stored,
                       std::string seed)
    : on_{on}, tasks_{tasks}, publisher_{to}, stored_{stored}, seed_{std::move(seed)} {}

bool mqtt_stack::running() const {
  return campaign_ && campaign_->working + campaign_->locked > 0;
}

const simulation* mqtt_stack::current() const {
  return campaign_ ? &campaign_->books : nullptr;
}

void mqtt_stack::stop() {
  if (campaign_) campaign_->books.stop();
}

void mqtt_stack::clear() {
  if (campaign_) campaign_->books.save_markers(markers_);
  campaign_.reset();
}

void mqtt_stack::on_arrival(const arrival& entry) {
  if (campaign_) campaign_->books.on_arrival(entry, on_.now().mono);
}

result<void> mqtt_stack::start(simulation_plan plan, bool alone) {
  if (running()) return error{errc::internal, "a simulation is running already"};
  if (publisher_ == nullptr)
    return error{errc::config_invalid_value, "by mqtt needs a broker: causeway-emulator --mqtt-broker"};
  if (!plan.uplinks && !plan.duration)
    return error{errc::config_invalid_value, "neither uplinks nor seconds says when the simulation ends"};
  clear();
  auto next = std::make_shared<campaign>(campaign{on_,
                                                  tasks_,
                                                  downlinks_,
                                                  *publisher_,
                                                  stored_,
                                                  seed_,
                                                  simulation{std::move(plan), markers_, on_.now().mono},
                                                  {},
                                                  0,
                                                  0});
  if (next->books.device_count() == 0) return error{errc::config_invalid_value, "there are no devices"};
  campaign_ = std::move(next);
  alone_ = alone;
  campaign_->working = std::min(std::max<std::size_t>(campaign_->books.plan().concurrency, 1),
                                campaign_->books.device_count());
  for (std::size_t i = 0; i < campaign_->working; ++i)
    tasks_.spawn("mqtt_stack", net::restart_policy::never, [at = campaign_] { return publish_turns(at); });
  return {};
}

net::task<> mqtt_stack::publish_turns(std::shared_ptr<campaign> at) {
  auto& books = at->books;
  const auto switches = books.plan().switches;
  bool awake = true;
  // A broker that has just been started, or read its users again, is not there at once.
  const auto patience = at->on.now().mono + longest_wait_for_broker;
  while (awake && !at->publisher.connected() && at->on.now().mono < patience)
    awake = co_await net::sleep_for(pause_before_broker);
  while (awake) {
    const auto turn = books.take_turn(at->on.now().mono);
    if (!turn) break;
    for (auto now = at->on.now().mono; awake && turn->due > now && !books.stopped(); now = at->on.now().mono)
      awake = co_await net::sleep_for(std::min<mono_time::duration>(turn->due - now, longest_sleep));
    if (!awake || books.stopped()) {
      books.give_back(*turn);
      break;
    }
    const auto begun = at->on.now();
    books.begin(*turn, begun.mono);
    const auto& name = books.device_name(turn->device);
    const auto dev_eui = make_dev_eui(books.application_of(turn->device).id, name);
    const auto joins = switches.rejoin_every == 0 ? 0 : turn->marker / switches.rejoin_every;
    const auto session = session_of(at->seed, name, joins);
    auto uplink = at->uplink_of(*turn, dev_eui, session, begun.wall);
    auto body = make_uplink_body(uplink);
    // The stack has it, whoever is subscribed.
    if (at->stored.is_on())
      at->stored.append({0, std::string{uplink.application}, name, "uplink_message", simulated_f_port,
                         uplink.received_at, body},
                        begun.wall);
    const auto passage = at->downlinks == nullptr
                             ? uplink_passage{}
                             : at->downlinks->pass_uplink(std::string{uplink.application}, name, session,
                                                          static_cast<std::uint32_t>(uplink.f_cnt), begun);
    if (passage.dropped) {
      books.answered(*turn, 0, "dropped_by_stack", begun.mono);
      awake = co_await net::sleep_for(pause_after_drop);
      continue;
    }
    if (passage.not_before > begun.mono) {
      ++at->locked;
      at->tasks.spawn("mqtt_stack_held", net::restart_policy::never,
                      [at, turn = *turn, body, until = passage.not_before] {
                        return publish_held(at, turn, body, until);
                      });
      continue;
    }
    if (is_every(switches.swap_every, turn->marker)) {
      at->held[turn->device] = std::move(body);
      books.answered(*turn, 200, {}, at->on.now().mono); // it will be with the next
      continue;
    }
    const auto topic = at->topic_of(turn->device);
    const bool taken = co_await at->publisher.publish(topic, std::move(body));
    books.answered(*turn, taken ? 200 : 0, "broker", at->on.now().mono);
    if (taken && is_every(switches.duplicate_every, turn->marker)) {
      uplink.handled_at = begun.wall + handling_time;
      static_cast<void>(co_await at->publisher.publish(topic, make_uplink_body(uplink)));
    }
    if (auto earlier = at->held.extract(turn->device))
      static_cast<void>(co_await at->publisher.publish(topic, std::move(earlier.mapped())));
    if (!taken) awake = co_await net::sleep_for(pause_after_refusal);
  }
  if (--at->working != 0) co_return;
  for (auto& [device, body] : at->held)
    static_cast<void>(co_await at->publisher.publish(at->topic_of(device), std::move(body)));
  at->held.clear();
}

// Its device is locked until then.
net::task<> mqtt_stack::publish_held(std::shared_ptr<campaign> at, simulated_turn turn, std::string body,
                                     mono_time not_before) {
  static_cast<void>(co_await net::sleep_for(not_before - at->on.now().mono));
  const bool taken = co_await at->publisher.publish(at->topic_of(turn.device), std::move(body));
  at->books.answered(turn, taken ? 200 : 0, "broker", at->on.now().mono);
  --at->locked;
}

} // namespace causeway::emulator
