// SPDX-License-Identifier: Apache-2.0
#include "core/outbox.h"

#include "core/device.h"

#include "base/check.h"

namespace causeway::core {

outbox::order& outbox::order_of(const device& d) {
  if (d.application >= idle_.size()) idle_.resize(d.application + std::size_t{1});
  return idle_[d.application];
}

void outbox::note_idle(device_ref ref, const device& d) {
  auto& known = order_of(d);
  if (const auto* first = idle(d); first != nullptr) known.emplace_hint(known.end(), first->seq, ref);
}

void outbox::forget_idle(const device& d) {
  if (const auto* first = idle(d); first != nullptr) order_of(d).erase(first->seq);
}

const waiting_message* outbox::idle(const device& of) const {
  if (!of.in_flight) return of.waiting == 0 ? nullptr : &at(of.waiting_first);
  return of.waiting < 2 ? nullptr : &at(at(of.waiting_first).next);
}

std::optional<outbox::place> outbox::oldest(std::uint32_t application) const {
  if (application >= idle_.size() || idle_[application].empty()) return std::nullopt;
  const auto& [seq, device] = *idle_[application].begin();
  return place{seq, device};
}

std::optional<outbox::place> outbox::oldest() const {
  std::optional<place> found;
  for (std::uint32_t i = 0; i < idle_.size(); ++i)
    if (const auto one = oldest(i); one && (!found || one->seq < found->seq)) found = one;
  return found;
}

void outbox::push(device_ref ref, device& to, const waiting_message& message) {
  std::uint32_t index = free_;
  if (index != 0) {
    free_ = at(index).next;
  } else {
    index = next_unused_++;
    if (index / block_nodes >= blocks_.size())
      blocks_.push_back(std::make_unique<waiting_message[]>(block_nodes));
  }
  at(index) = message;
  at(index).next = 0;
  if (to.waiting == 0) {
    to.waiting_first = index;
  } else {
    at(to.waiting_last).next = index;
  }
  to.waiting_last = index;
  ++to.waiting;
  ++messages_;
  bytes_ += message.bytes;
  if (to.waiting == (to.in_flight ? 2U : 1U)) note_idle(ref, to);
}

void outbox::release(std::uint32_t index) {
  --messages_;
  bytes_ -= at(index).bytes;
  at(index).next = free_;
  free_ = index;
}

const waiting_message& outbox::front(const device& of) const {
  CAUSEWAY_CHECK(of.waiting != 0);
  return at(of.waiting_first);
}

void outbox::pop(device_ref ref, device& of) {
  CAUSEWAY_CHECK(of.waiting != 0);
  const bool was_in_flight = of.in_flight;
  if (!was_in_flight) forget_idle(of);
  const std::uint32_t index = of.waiting_first;
  of.waiting_first = at(index).next;
  --of.waiting;
  of.in_flight = false;
  release(index);
  if (!was_in_flight) note_idle(ref, of); // else the next one is what it was
}

void outbox::set_in_flight(device_ref ref, device& of, bool in_flight) {
  CAUSEWAY_CHECK(of.waiting != 0 && of.in_flight != in_flight);
  forget_idle(of);
  of.in_flight = in_flight;
  note_idle(ref, of);
}

void outbox::drop_idle(device_ref ref, device& of) {
  if (!of.in_flight) return pop(ref, of);
  CAUSEWAY_CHECK(of.waiting > 1);
  forget_idle(of);
  const std::uint32_t index = at(of.waiting_first).next;
  at(of.waiting_first).next = at(index).next;
  if (of.waiting_last == index) of.waiting_last = of.waiting_first;
  --of.waiting;
  release(index);
  note_idle(ref, of);
}

void body_cache::keep(spool_seq seq, message body) {
  const std::size_t bytes = size_of(body);
  if (bytes > budget_ || !bodies_.try_emplace(seq, std::move(body)).second) return;
  bytes_ += bytes;
  kept_.push_back(seq);
  while (bytes_ > budget_) {
    drop(kept_.front());
    kept_.pop_front();
  }
  // Most bodies are dropped in about the order they came, so the dead entries are at the front.
  while (!kept_.empty() && !bodies_.contains(kept_.front()))
    kept_.pop_front();
  // One body that stays long must not keep the dead entries behind it.
  if (kept_.size() > 2 * bodies_.size() + 1024)
    std::erase_if(kept_, [&](spool_seq kept) { return !bodies_.contains(kept); });
}

const message* body_cache::find(spool_seq seq) const {
  const auto found = bodies_.find(seq);
  return found == bodies_.end() ? nullptr : &found->second;
}

void body_cache::drop(spool_seq seq) {
  const auto found = bodies_.find(seq);
  if (found == bodies_.end()) return;
  bytes_ -= size_of(found->second);
  bodies_.erase(found);
}

} // namespace causeway::core
