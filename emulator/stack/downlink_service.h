// SPDX-License-Identifier: Apache-2.0
// The downlink side of the emulated Things Stack: the Application Server before the network server's devices
// (real-stack-facts.md 1 and 2). A device is there from its first downlink request on, or from the control
// API's; uplinks of before are not remembered. What happens later happens in advance(). Pure: time is a
// parameter. One thread.
#pragma once

#include "emulator/stack/downlink_event.h"
#include "emulator/stack/downlink_pushes.h"

#include <functional>
#include <unordered_map>

namespace causeway::emulator {

// What the control API says of a device; what is absent stays.
struct device_change {
  std::optional<bool> class_c, abp, joined, acknowledges; // abp and joined: of a device that is new
  std::optional<gateway_manner> gateway;
  std::optional<std::string> tx_result;
  std::optional<std::vector<std::string>> gateways;
  std::optional<std::size_t> longest;
  std::optional<milliseconds> class_c_timeout;
  std::optional<std::uint64_t> hesitates_every;
};

// Whether the application hears of an uplink.
struct uplink_passage {
  bool dropped = false;
  mono_time not_before{}; // its device is locked until then
};

class downlink_service final : private push_port {
public:
  // creation_of: when a device was registered; nothing: the Application Server knows no such device.
  using registration =
      std::function<std::optional<wall_time>(const std::string& application, const std::string& device)>;
  downlink_service(std::string seed, registration creation_of);
  downlink_service(const downlink_service&) = delete;
  downlink_service& operator=(const downlink_service&) = delete;

  // A push or a replace; the items get their correlation ids here. See downlink_pushes.
  std::uint64_t begin_push(push_order order, moment now);
  // Whatever comes of it, only events tell.
  void push_by_mqtt(const std::string& application, const std::string& device, bool replaces,
                    std::string_view body, moment now);
  std::optional<push_answer> take_answer(std::uint64_t push) { return pushes_.take(push); }
  void leave_push(std::uint64_t push, moment now) { pushes_.leave(push, now); }

  // The uplink leaves the device now; its event comes by take_events(). False: the device is not registered.
  bool hear(const std::string& application, const std::string& device, heard_uplink up, moment now);
  bool join(const std::string& application, const std::string& device, moment now);
  // One that has come to the Application Server now, of whose event the caller takes care.
  uplink_passage pass_uplink(const std::string& application, const std::string& device,
                             const std::string& session_key_id, std::uint32_t f_cnt, moment now);

  // Null when it is not registered.
  const network_device* device(const std::string& application, const std::string& device, moment now);
  // False: not registered.
  bool change(const std::string& application, const std::string& device, const device_change& what,
              moment now);
  // device: empty = all of the application.
  void remove(const std::string& application, const std::string& device, moment now);

  // The stack is stopped, or killed, and there again so much later. What is queued and known stays; what is
  // on its way is lost, and so is what devices send meanwhile. Until then no request may come.
  void restart(bool killed, milliseconds down, moment now);
  bool is_down(mono_time now) const { return up_at_ && now < *up_at_; }
  void advance(moment now);
  std::optional<mono_time> next() const { return steps_.next(); }
  std::vector<stack_event> take_events() { return events_.take(); }

  bool is_starved() const { return pushes_.is_starved(); }
  bool is_stalled(const std::string& application, const std::string& device) const {
    return pushes_.is_stalled(device_key(application, device));
  }
  std::size_t waiting() const { return pushes_.waiting(); }
  std::size_t devices() const { return devices_.size(); }
  downlink_book& book() { return book_; }
  const downlink_book& book() const { return book_; }
  downlink_switches& switches() { return switches_; }
  const downlink_switches& switches() const { return switches_; }
  registry_response fail(const stack_fault& what) override;

private:
  struct held_report {
    network_report what;
    moment at;
  };

  std::optional<downlink_refusal> store(push_order& order, moment now) override;
  void tell(const push_order& order, const stack_fault* refusal, wall_time received_at, moment now) override;
  void on_unlocked(const std::string& key, moment now) override;

  std::shared_ptr<network_device> find(const std::string& application, const std::string& device) const;
  std::shared_ptr<network_device> obtain(const std::string& application, const std::string& device,
                                         moment now, const device_change& first = {});
  std::optional<downlink_refusal> encode(push_order& order) const;
  void on_report(const std::string& application, const std::string& device, network_report what);
  void lose(const network_report& what, wall_time at);
  void process(network_device& of, const network_report& what, moment at);
  void process_nack(network_device& of, const network_report& what, moment at);
  void tell_uplink(const network_device& of, const network_report& what, moment at);
  void tell_join(const network_device& of, const network_report& what, moment at);

  agenda steps_;
  ulid_source ids_;
  downlink_book book_;
  downlink_switches switches_;
  downlink_events events_;
  downlink_pushes pushes_;
  registration creation_of_;
  network_context context_;
  std::unordered_map<std::string, std::shared_ptr<network_device>> devices_; // by key
  std::unordered_map<std::string, std::vector<held_report>> held_;           // of locked devices
  std::unordered_map<std::string, std::uint64_t> uplinks_told_;              // over all sessions
  std::optional<mono_time> up_at_;                                           // again
};

} // namespace causeway::emulator
