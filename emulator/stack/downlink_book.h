// SPDX-License-Identifier: Apache-2.0
// What really became of every item that was ever in a queue: for whoever judges afterwards what was said
// about it. Kept: the last 1,000,000. Pure. One thread.
#pragma once

#include "emulator/stack/downlink_item.h"

#include <deque>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace causeway::emulator {

enum class downlink_end : std::uint8_t {
  none,         // in the queue, or waiting for its ack
  transmitted,  // unconfirmed, on the air; whether anybody was told is another matter
  acknowledged, //
  max_retries,  // confirmed, never acknowledged
  failed,       // by the network server: too long, no path, not transmitted
  silent,       // unconfirmed, scheduled by way of a gateway that says nothing and does nothing
  displaced,    // confirmed, of class C: the next confirmed one has taken its place
  replaced,     // taken out of the queue
  deleted,      // with its device
  dropped,      // nacked when the Application Server could not hear it
};
std::string_view to_string(downlink_end end);

struct booked_transmission {
  std::string session_key_id; // empty: ABP
  std::uint32_t f_cnt = 0;
  wall_time at;
};

// One that the application's webhook has answered with 2xx: of this the application knows.
struct heard_event {
  std::string kind; // "downlink_sent"
  std::uint32_t f_cnt = 0;
};

struct booked_item {
  std::uint64_t number = 0;
  std::string application, device;
  std::vector<std::string> correlation_ids;
  std::string frm_payload; // base64
  bool confirmed = false;
  wall_time accepted;
  std::uint32_t queued = 0; // how often it came into the queue: by its push, and again after each nack
  std::vector<booked_transmission> transmissions;
  downlink_end end = downlink_end::none;
  std::string detail; // of failed: the error's name
  wall_time ended;
  std::vector<std::string> told;  // events that have left, in their order
  std::vector<heard_event> heard; // in the order of the answers
};

class downlink_book {
public:
  static constexpr std::size_t most = 1'000'000;

  // Numbers it; the item comes into the queue.
  void accept(downlink_item& item, const std::string& application, const std::string& device, wall_time at);
  void requeue(std::uint64_t number);
  void transmit(const downlink_item& item, wall_time at);
  // The first end counts.
  void end(std::uint64_t number, downlink_end how, wall_time at, std::string_view detail = {});
  void tell(std::uint64_t number, std::string_view kind);
  void hear(std::uint64_t number, heard_event what);

  // In the order of acceptance, those behind number `after`.
  std::vector<const booked_item*> list(std::uint64_t after, std::size_t limit) const;
  // Those with this correlation id.
  std::vector<const booked_item*> find(const std::string& correlation_id) const;
  std::uint64_t accepted() const { return last_; }
  void clear();

private:
  booked_item* at(std::uint64_t number);
  const booked_item* at(std::uint64_t number) const;
  void forget_oldest();

  std::deque<booked_item> items_; // numbers first_ and on
  std::uint64_t first_ = 1, last_ = 0;
  std::unordered_multimap<std::string, std::uint64_t> by_id_;
};

} // namespace causeway::emulator
