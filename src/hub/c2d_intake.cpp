// SPDX-License-Identifier: Apache-2.0
#include "hub/c2d_intake.h"

#include "hub/device_links.h"

#include <algorithm>

namespace causeway::hub {

void c2d_intake::replenish(device_session& who) {
  auto& side = who.commands->c2d;
  if (who.state != session_state::attached || side.leaves || !is_open(side.in)) return;
  const bool is_worn = side.dead >= most_dead_on_a_link;
  if (is_worn && side.in_hand.empty()) {
    side.leaves = side.comes_again = true;
    return side.in.close();
  }
  const int has = side.in.credit();
  if (is_worn || !accepts_) {
    if (has <= 0 || side.drains) return;
    side.drains = true;
    return side.in.drain();
  }
  const int missing = static_cast<int>(most_c2d_in_hand - side.in_hand.size()) - has;
  // With none, so that no later flow asks for it: a hub that has not answered the drain has it still, or
  // gives it back, and is then given it anew.
  if (missing > 0 || side.drains) side.in.add_credit(std::max(missing, 0));
  side.drains = false;
}

bool c2d_intake::has_room(const device_session& who) const {
  return who.commands->c2d.in_hand.size() < most_c2d_in_hand;
}

void c2d_intake::take(device_session& who, model::delivery_number number, amqp::delivery delivery,
                      mono_time now) {
  who.commands->c2d.in_hand.push_back({number, delivery, now});
  locks_.push({now + c2d_lock_time, who.context(), number});
  ++counters_.c2d_given;
}

void c2d_intake::settle(device_session& who, model::delivery_number which, model::c2d_settlement how,
                        mono_time now) {
  auto& side = who.commands->c2d;
  auto* const held = find_delivery(side.in_hand, which);
  if (held == nullptr || now - held->received > c2d_settle_time) return;
  const bool completes = how == model::c2d_settlement::complete;
  held->delivery.settle({completes ? amqp::outcome_kind::accepted : amqp::outcome_kind::rejected, {}});
  ++counters_.c2d_settled;
  erase_delivery(side.in_hand, held);
  locks_.drop_ended([this](const auto& first) { return find(first) != nullptr; });
  replenish(who);
}

void c2d_intake::forget(c2d_side& of) {
  of.in_hand.clear();
  of.dead = 0;
  of.drains = false;
}

held_message* c2d_intake::find(const delivery_queue::entry& of) {
  auto* const who = table_.find_context(of.context);
  return who == nullptr || !who->commands ? nullptr : find_delivery(who->commands->c2d.in_hand, of.number);
}

void c2d_intake::tick(mono_time now) {
  while (const auto over = locks_.take_overdue(now)) {
    const auto* const held = find(*over);
    if (held == nullptr) continue;
    auto& who = *table_.find_context(over->context);
    erase_delivery(who.commands->c2d.in_hand, held);
    ++who.commands->c2d.dead;
    ++counters_.c2d_dead;
    replenish(who);
  }
}

} // namespace causeway::hub
