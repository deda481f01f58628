// SPDX-License-Identifier: Apache-2.0
// What the Application Server says of downlinks, byte for byte, and what goes wrong on the way out
// (real-stack-facts.md 1.5, 2.8). Pure. One thread.
#pragma once

#include "emulator/stack/agenda.h"
#include "emulator/stack/downlink_book.h"
#include "emulator/stack/downlink_switches.h"
#include "emulator/stack/network_device.h"

namespace causeway::emulator {

// An event on its way to the application.
struct stack_event {
  std::string application, device, dev_eui, join_eui, dev_addr;
  std::string kind;  // "downlink_sent"
  std::string topic; // "down/sent"
  std::string body;
  std::uint64_t item = 0; // in the book; 0: it is of none
  std::uint32_t f_cnt = 0;
};

// What makes one event of a downlink differ from another.
struct downlink_news {
  std::string_view kind; // "downlink_sent"
  item_view view = item_view::whole;
  std::string dev_addr; // empty: the event has none
  std::vector<std::string> item_ids, outer_ids;
  const stack_fault* fault = nullptr; // of downlink_failed
  bool has_error_id = true;           // some errors of the network server have none
  wall_time received_at;
};

class downlink_events {
public:
  // All must outlive it.
  downlink_events(agenda& steps, ulid_source& ids, downlink_book& book, const event_disorder& disorder)
      : steps_{steps}, ids_{ids}, book_{book}, disorder_{disorder} {}

  void tell(const device_names& about, const downlink_item& item, const downlink_news& what, moment now);
  // An uplink or a join: they come through unharmed.
  void tell(stack_event event) { out_.push_back(std::move(event)); }
  // What has come together, in its order.
  std::vector<stack_event> take() { return std::exchange(out_, {}); }
  // What has not left never does.
  void forget() {
    out_.clear();
    held_.reset();
  }

private:
  void leave(stack_event event);

  agenda& steps_;
  ulid_source& ids_;
  downlink_book& book_;
  const event_disorder& disorder_;
  std::uint64_t count_ = 0;
  std::optional<stack_event> held_; // leaves behind the next
  std::vector<stack_event> out_;
};

} // namespace causeway::emulator
