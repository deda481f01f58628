// SPDX-License-Identifier: Apache-2.0
// A shard whose device "dev" of "plant" is online, and what hubs, the stack and the disk say to it of
// commands.
#pragma once

#include "core/command_side.h"
#include "core/inquiry_scene.h"
#include "core/recording_ports.h"

#include <algorithm>
#include <chrono>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace causeway::core::testing {

// Of a command of its ledger; nothing: it is not there.
std::optional<command_state> state_in(const core::shard& of, const command_id& which);
// All that are there.
std::size_t commands_in(const core::shard& of);

struct commands_scene : shard_fixture {
  device_ref which;
  std::size_t told = 0; // of ports.appended
  std::uint64_t next_delivery = 1;

  static shard_options with_ids(shard_options options) {
    options.fresh_id = [n = std::uint8_t{0}]() mutable {
      std::array<std::uint8_t, 16> bits{};
      bits[0] = ++n;
      return bits;
    };
    return options;
  }
  explicit commands_scene(shard_options options = {}, std::vector<application_rules> by = rules())
      : shard_fixture{with_ids(std::move(options)), std::move(by)}, which{online_device("dev")} {
    told = ports.appended.size();
  }

  enum class without_device : std::uint8_t { yes };
  commands_scene(std::vector<application_rules> by, without_device /*tag*/, shard_options options = {})
      : shard_fixture{with_ids(std::move(options)), std::move(by)}, which{} {}

  // The disk has taken (or refused) all that it was given until now.
  void durable(const result<void>& outcome = {}) {
    for (const auto all = ports.appended.size(); told < all;) {
      const auto one = ports.appended[told++];
      shard.on_appended({{one.id, outcome, {}}}, clock.now());
      if (!outcome || one.rows.empty()) continue;
      std::vector<fresh_row> rows;
      for (const auto& row : one.rows)
        rows.push_back({row.seq, one.device, one.id, {}, one.accepted_at, one.accepted, row.body});
      shard.on_rows(std::move(rows), clock.now());
    }
  }
  // A hub's message of this number; the same again is the same message.
  delivery_number c2d(std::int64_t sequence, const std::string& body, device_ref to) {
    c2d_message what;
    what.number = delivery_number{next_delivery++};
    what.message_id = "m" + std::to_string(sequence);
    what.sequence_number = sequence;
    what.enqueued_ms = 1000;
    what.expires = expires;
    what.body = body;
    shard.commands().on_c2d(to, what, clock.now());
    return what.number;
  }
  delivery_number c2d(std::int64_t sequence, const std::string& body) { return c2d(sequence, body, which); }
  static std::int64_t nanoseconds_of(wall_time at) {
    return std::chrono::duration_cast<std::chrono::nanoseconds>(at.time_since_epoch()).count();
  }
  // The device's webhook: an uplink that the network server has taken up at this time of its clock.
  void hear(wall_time received_at) {
    auto event = frame("plant", "dev", ++last_frame);
    frame_of(event).received_at = nanoseconds_of(received_at);
    post(std::move(event));
    durable();
  }
  std::uint32_t last_frame = 1;
  std::optional<wall_time> expires{};
  delivery_number call(const std::string& id, const std::string& payload) {
    const delivery_number number{next_delivery++};
    shard.commands().on_method(which, {number, id, payload}, clock.now());
    return number;
  }
  // Stored and on its way; calls are taken.
  command_id pushed(std::int64_t sequence, const std::string& body) {
    c2d(sequence, body);
    durable();
    durable();
    ports.take();
    return ports.pushed.back();
  }
  // The same of a call; the port's calls are kept.
  command_id called(const std::string& id, const std::string& payload) {
    call(id, payload);
    durable();
    durable();
    return ports.pushed.back();
  }
  void outcome(const command_id& of, push_end how, const std::string& error_name = {}) {
    push_outcome what;
    what.how = how;
    what.error_name = error_name;
    what.began = clock.now().mono;
    what.ended = clock.now().mono;
    shard.commands().on_push_outcome(of, what, clock.now());
  }
  // What the stack says of its item, in the order of these calls.
  std::uint64_t fail(const command_id& of, const std::string& error_name) {
    return step(of, event_kind::downlink_failed, 1, error_name);
  }
  std::uint64_t step(const command_id& of, event_kind kind, std::uint32_t f_cnt = 1,
                     const std::string& error_name = {}) {
    model::event event;
    event.kind = kind;
    event.from = key("plant", "dev");
    downlink_event what;
    what.correlation_ids = {"as:downlink:" + of.str().substr(0, 8), correlation_id_of(of)};
    if (kind != event_kind::downlink_queued) what.f_cnt = f_cnt;
    what.at = next_time++;
    what.error_name = error_name;
    what.by_network = !error_name.empty();
    event.what = std::move(what);
    return post(std::move(event));
  }
  std::int64_t next_time = 1;
  std::optional<command_state> state(const command_id& of) { return state_in(shard, of); }
  void tick(std::chrono::nanoseconds later) {
    clock.advance(later);
    shard.on_tick(clock.now());
  }
  // Of the look that was asked for last: whether the item stands in the queue, and when the device has
  // spoken.
  void queue_read(bool stands, read_end how = read_end::seen) {
    const auto id = ports.looked_for.back();
    queue_reading what{how, {}};
    if (stands) what.what.push_back({{correlation_id_of(id)}, 1, 1});
    shard.commands().on_queue_read(id, what, clock.now());
  }
  void record_read(std::optional<wall_time> newest_uplink = {}, read_end how = read_end::seen) {
    record_reading what;
    what.how = how;
    what.stack_time = clock.now().wall;
    if (newest_uplink) what.what.newest_uplink = what.what.last_uplink = nanoseconds_of(*newest_uplink);
    shard.commands().on_record_read(ports.looked_for.back(), what, clock.now());
  }
  // Two looks that find nothing: 11 s apart.
  void look_twice(std::optional<wall_time> newest_uplink = {}) {
    queue_read(false);
    record_read(newest_uplink);
    tick(std::chrono::seconds{11});
    queue_read(false);
    record_read(newest_uplink);
  }
  // The states that reports on their way to the disk have told, in their order.
  std::vector<std::string> reported() const {
    std::vector<std::string> states;
    for (const auto& one : ports.appended)
      for (const auto& message : one.messages)
        if (message.id == "report") states.push_back(message.body);
    return states;
  }
  bool was_asked(const std::string& what) {
    const auto all = ports.take();
    return std::find(all.begin(), all.end(), what) != all.end();
  }
  // The process ends and another one begins with what is on disk.
  start_image on_disk() const {
    start_image image;
    image.devices.push_back({which, key("plant", "dev"), {}});
    for (const auto& one : ports.kept_in_order)
      if (const auto found = ports.commands.find(one); found != ports.commands.end())
        image.commands.push_back(found->second);
    return image;
  }
};

} // namespace causeway::core::testing
