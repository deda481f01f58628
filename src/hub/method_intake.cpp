// SPDX-License-Identifier: Apache-2.0
#include "hub/method_intake.h"

#include "hub/command_decoder.h"
#include "hub/device_links.h"

#include <algorithm>
#include <string>
#include <utility>

namespace causeway::hub {
namespace {

std::size_t size_of(const method_side& of) {
  return of.calls.size() + of.waiting.size();
}

} // namespace

void method_intake::replenish(device_session& who) {
  auto& side = *who.commands->methods;
  if (who.state != session_state::attached || side.leaves || !is_open(side.in) || !is_open(side.out)) return;
  while (!side.waiting.empty() && side.out.credit() > 0) {
    static_cast<void>(side.out.send(std::to_string(++last_tag_), side.waiting.front(), false));
    side.waiting.erase(side.waiting.begin());
  }
  const int missing = static_cast<int>(most_open_calls) - static_cast<int>(size_of(side)) - side.in.credit();
  if (missing > 0) side.in.add_credit(missing);
}

bool method_intake::has_room(const device_session& who) const {
  return size_of(*who.commands->methods) < most_open_calls;
}

void method_intake::take(device_session& who, model::delivery_number number, amqp::value correlation,
                         mono_time now) {
  who.commands->methods->calls.push_back({number, std::move(correlation)});
  calls_.push({now + call_time, who.context(), number});
  ++counters_.method_calls;
}

void method_intake::answer(device_session& who, model::delivery_number which,
                           const model::method_answer& what) {
  auto& side = *who.commands->methods;
  const auto* const call = find_delivery(side.calls, which);
  if (call == nullptr) return;
  side.waiting.push_back(encode_method_answer(call->correlation, what));
  erase_delivery(side.calls, call);
  ++counters_.method_answers;
  calls_.drop_ended([this](const auto& first) { return find(first) != nullptr; });
  replenish(who);
}

void method_intake::forget(method_side& of) {
  of.calls.clear();
  of.waiting.clear();
}

open_call* method_intake::find(const delivery_queue::entry& of) {
  auto* const who = table_.find_context(of.context);
  const bool has_calls = who != nullptr && who->commands && who->commands->methods;
  return has_calls ? find_delivery(who->commands->methods->calls, of.number) : nullptr;
}

void method_intake::tick(mono_time now) {
  while (const auto over = calls_.take_overdue(now)) {
    const auto* const call = find(*over);
    if (call == nullptr) continue;
    auto& who = *table_.find_context(over->context);
    erase_delivery(who.commands->methods->calls, call);
    ++counters_.calls_unanswered;
    replenish(who);
  }
}

} // namespace causeway::hub
