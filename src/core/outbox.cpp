// SPDX-License-Identifier: Apache-2.0
#include "core/outbox.h"

#include "base/check.h"

namespace causeway::core {

void outbox::push(device& to, const waiting_message& message) {
  std::uint32_t index = free_;
  if (index != 0) {
    free_ = at(index).next;
  } else {
    index = next_unused_++;
    if (index / block_nodes >= blocks_.size()) blocks_.push_back(std::make_unique<node[]>(block_nodes));
  }
  at(index) = node{message, 0};
  if (to.waiting == 0) {
    to.waiting_first = index;
  } else {
    at(to.waiting_last).next = index;
  }
  to.waiting_last = index;
  ++to.waiting;
  ++messages_;
  bytes_ += message.bytes;
}

const outbox::waiting_message& outbox::front(const device& of) const {
  CAUSEWAY_CHECK(of.waiting != 0);
  return at(of.waiting_first).message;
}

void outbox::pop(device& of) {
  CAUSEWAY_CHECK(of.waiting != 0);
  const std::uint32_t index = of.waiting_first;
  of.waiting_first = at(index).next;
  --of.waiting;
  --messages_;
  bytes_ -= at(index).message.bytes;
  at(index).next = free_;
  free_ = index;
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
