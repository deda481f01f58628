// SPDX-License-Identifier: Apache-2.0
// One device as the emulated network server sees it: its sessions, its queue, and when what leaves
// (real-stack-facts.md 1.5, 1.6, 2.2, 2.3, 2.7). Pure: what happens later is in the agenda. One thread.
#pragma once

#include "emulator/stack/network_gateways.h"

#include <memory>

namespace causeway::emulator {

struct device_names {
  std::string application, device, dev_eui, join_eui;
};

class network_device : public std::enable_shared_from_this<network_device> {
public:
  // has_session: of OTAA devices, which have one from their join on; ABP ones have theirs from now on. It is
  // made up: the first uplink's counts. created: when it was registered.
  network_device(device_names names, network_settings settings, bool has_session, network_context& with,
                 wall_time created, moment now);

  // The uplink leaves the device now. One of a device that has not joined is not heard.
  void hear(heard_uplink up, moment now);
  // The join request does. A session is there 1.9 s later.
  void join(moment now);

  // A session for which something can be queued.
  bool has_session() const { return active_ || joining_; }
  // How many items find place.
  std::size_t room() const;
  // Behind those that are there, or instead of them. Precondition: has_session(), room(), and the book has
  // them.
  void push(std::vector<downlink_item> items, moment now);
  void replace(std::vector<downlink_item> items, moment now);
  // After a nack: before all others, with new counters.
  void requeue(downlink_item item, moment now);
  // The device is deleted.
  void remove(moment now);
  // The stack is there again at that time. The windows behind the last uplink are missed.
  void resume(moment at);

  // The queue as it is listed.
  std::vector<const downlink_item*> queue() const;
  void change(network_settings settings, moment now);
  const network_settings& settings() const { return settings_; }
  const device_names& names() const { return names_; }
  const std::optional<mac_context>& active() const { return active_; }
  const std::optional<mac_context>& joining() const { return joining_; }
  wall_time created() const { return created_; }
  wall_time updated() const { return updated_; }

private:
  // The receive windows behind an uplink: one downlink goes there.
  struct window {
    mono_time opened;
    std::uint64_t number = 0;
    bool used = true;
    bool wants_answer = false;
    wall_time started;
    std::vector<std::string> ids; // of the uplink
  };

  void report(network_report what);
  void report_at(mono_time when, network_report what);

  void take_up(const heard_uplink& up, moment started);
  bool has_changed_session(const heard_uplink& up);
  void accept_join(moment requested, moment now);
  std::vector<std::string> uplink_ids(wall_time at);
  void activate(mac_context next, const std::vector<std::string>& uplink_ids, moment now);
  void judge_pending(bool ack, const std::vector<std::string>& uplink_ids, moment started);
  void report_verdict(report_kind kind, downlink_item item, const std::vector<std::string>& uplink_ids,
                      mono_time when);
  mac_context make_context(std::string session_key_id, moment now);

  void on_queue_changed(moment now);
  void serve_window(std::uint64_t number, bool first, moment now);
  void plan_class_c(moment now);
  void serve_class_c(moment now);
  mono_time class_c_from(const downlink_item& item, moment now) const;
  std::optional<downlink_item> take_fitting(moment now);
  void fail(downlink_item item, stack_fault why, moment now);
  void transmit(downlink_item item, bool in_window, moment now);
  void transmit_empty(moment now);
  void drop_queue(downlink_end how, moment now);
  std::size_t longest() const;
  mac_session* current();

  device_names names_;
  network_settings settings_;
  network_context& with_;
  wall_time created_, updated_;
  std::optional<mac_context> active_, joining_;
  bool made_up_ = true; // the session that is active
  window window_;
  bool heard_ = false;           // in this session
  mono_time class_c_earliest_{}; // of the next downlink
  mono_time class_c_due_{};      // the step in the agenda that counts
  mono_time pending_since_{};    // the confirmed one of class C
  std::uint32_t joins_ = 0;
  std::uint64_t confirmed_pushed_ = 0; // of class C
};

} // namespace causeway::emulator
