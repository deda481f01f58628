// SPDX-License-Identifier: Apache-2.0
// What goes down from an emulated hub to its devices, joined with the links that are attached: messages,
// method calls, twins, each with a desk of its own, and what the hub knows of them (hub_state). Part of
// hub_service; its connections tell it what happens on their links. Pure. One thread.
//
// Times that it is given are real; the hub's own clock (fault clock_skew) writes what others read.
#pragma once

#include "emulator/hub/c2d_desk.h"
#include "emulator/hub/method_desk.h"
#include "emulator/hub/twin_desk.h"
#include "emulator/state/hub_state.h"

#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace causeway::emulator {

class device_desks {
public:
  // seed: makes the ids that the hub hands out its own. name: the hub's. hub must outlive this.
  device_desks(hub_service& hub, const std::string& seed, const std::string& name)
      : hub_{hub}, state_{seed, name}, c2d_{hub, state_}, methods_{hub, state_}, twins_{hub, state_} {}
  device_desks(const device_desks&) = delete;
  device_desks& operator=(const device_desks&) = delete;

  // A link is attached; it counts no longer (no effect on one that did not); its peer has given credit; a
  // message has come on it; its peer has said what became of a delivery.
  void on_open(hub_link& link, moment now);
  void on_gone(hub_link& link, moment now);
  void on_credit(hub_link& link, moment now);
  void on_message(hub_link& link, amqp::event& event, moment now);
  void on_outcome(hub_link& link, amqp::delivery delivery, moment now);

  // For front ends of services. The device is one of the registry.
  c2d_verdict send(const identity& device, hub_message message, moment now);
  // Returns how many messages there were.
  std::size_t purge(const identity& device, moment now);
  void call(method_request request, moment now, method_calls::on_end done);
  std::optional<twin_refusal> change_twin(const identity& device, const twin_change& asked, moment now);
  const twin& twin_of(const identity& device, moment now);

  // The identity has gone, and its messages and twin with it.
  void forget(const identity& device, moment now);
  // The locks of the devices that match run out now; their messages come again.
  void expire_locks(std::string_view pattern, moment now);

  // What is due by now. When to call next.
  std::optional<mono_time> pass(moment now);
  // Called when that has become earlier; may be empty.
  void on_due(std::function<void()> listener) { due_listener_ = std::move(listener); }
  const hub_state& state() const { return state_; }
  const twin_totals& twin_figures() { return state_.twins.totals(); }

private:
  moment own(moment real) const;
  void rearm();

  hub_service& hub_;
  hub_state state_;
  c2d_desk c2d_;
  method_desk methods_;
  twin_desk twins_;
  std::function<void()> due_listener_;
  std::optional<mono_time> armed_;
};

} // namespace causeway::emulator
