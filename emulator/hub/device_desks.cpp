// SPDX-License-Identifier: Apache-2.0
#include "emulator/hub/device_desks.h"

#include "emulator/hub/hub_service.h"

#include <utility>

namespace causeway::emulator {

moment device_desks::own(moment real) const {
  return {real.mono, hub_.time_at(real)};
}

void device_desks::on_open(hub_link& link, moment now) {
  link.served = true;
  if (link.kind == link_kind::c2d || link.kind == link_kind::feedback) c2d_.on_open(link, own(now));
  if (link.kind == link_kind::method) methods_.on_open(link, own(now));
  if (link.kind == link_kind::twin) twins_.on_open(link);
  rearm();
}

void device_desks::on_gone(hub_link& link, moment now) {
  if (!std::exchange(link.served, false)) return;
  if (link.kind == link_kind::c2d || link.kind == link_kind::feedback) c2d_.on_gone(link, own(now));
  if (link.kind == link_kind::twin) twins_.on_gone(link);
  rearm();
}

void device_desks::on_credit(hub_link& link, moment now) {
  if (!link.served) return;
  if (link.kind == link_kind::c2d || link.kind == link_kind::feedback) c2d_.deliver(link, own(now));
  if (link.kind == link_kind::method) methods_.deliver(link);
  if (link.kind == link_kind::twin) twins_.deliver(link);
  rearm();
}

void device_desks::on_message(hub_link& link, amqp::event& event, moment now) {
  if (link.kind == link_kind::service_send) c2d_.on_sent(link, event, own(now));
  if (link.kind == link_kind::method) methods_.on_message(link, event);
  if (link.kind == link_kind::twin) twins_.on_message(link, event, own(now));
  rearm();
}

void device_desks::on_outcome(hub_link& link, amqp::delivery delivery, moment now) {
  if (link.kind == link_kind::c2d || link.kind == link_kind::feedback)
    c2d_.on_outcome(link, delivery, own(now));
  else
    delivery.settle();
  rearm();
}

c2d_verdict device_desks::send(const identity& device, hub_message message, moment now) {
  const auto verdict = c2d_.send(device, std::move(message), own(now));
  rearm();
  return verdict;
}

std::size_t device_desks::purge(const identity& device, moment now) {
  const auto purged = state_.mail.purge(device, own(now));
  c2d_.offer_feedback(own(now));
  rearm();
  return purged;
}

void device_desks::call(method_request request, moment now, method_calls::on_end done) {
  methods_.call(std::move(request), own(now), std::move(done));
  rearm();
}

std::optional<twin_refusal> device_desks::change_twin(const identity& device, const twin_change& asked,
                                                      moment now) {
  return twins_.change(device, asked, own(now).wall);
}

const twin& device_desks::twin_of(const identity& device, moment now) {
  return state_.twins.of(device, own(now).wall);
}

void device_desks::forget(const identity& device, moment now) {
  state_.forget(device, own(now));
  rearm();
}

void device_desks::expire_locks(std::string_view pattern, moment now) {
  const auto devices = state_.mail.expire_locks(
      [&](const identity& device) { return matches(pattern, device.str()); }, now.mono);
  for (const auto& device : devices)
    c2d_.offer(device, own(now));
  rearm();
}

std::optional<mono_time> device_desks::pass(moment now) {
  const auto there = state_.mail.pass(own(now));
  for (const auto& device : there)
    c2d_.offer(device, own(now));
  c2d_.offer_feedback(own(now));
  state_.calls.pass(now.mono);
  armed_ = state_.next_due();
  return armed_;
}

void device_desks::rearm() {
  const auto due = state_.next_due();
  if (!due || (armed_ && *armed_ <= *due)) return;
  armed_ = due;
  if (due_listener_) due_listener_();
}

} // namespace causeway::emulator
