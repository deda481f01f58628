// SPDX-License-Identifier: Apache-2.0
#include "hub/twin_intake.h"

#include "hub/command_decoder.h"
#include "hub/device_links.h"

#include <algorithm>
#include <string>
#include <utility>

namespace causeway::hub {
namespace {

std::string text_of(model::delivery_number number) {
  return std::to_string(static_cast<std::uint64_t>(number));
}

twin_intake::finished take(twin_side& from, const open_request* which) {
  const auto place = static_cast<std::size_t>(which - from.asked.data());
  return {static_cast<twin_request>(place), std::exchange(from.asked[place], {}).asked};
}

} // namespace

bool twin_intake::replenish(device_session& who) {
  auto& side = *who.commands->twin;
  if (who.state != session_state::attached || side.leaves || !is_open(side.in) || !is_open(side.out))
    return false;
  while (!side.waiting.empty() && side.out.credit() > 0) {
    // Settled, so that a tag is free again at once.
    static_cast<void>(side.out.send("t", side.waiting.front(), true));
    side.waiting.erase(side.waiting.begin());
  }
  if (const int has = side.in.credit(); has <= most_twin_credit / 2)
    side.in.add_credit(most_twin_credit - has);
  if (side.at != twin_side::stage::apart) return false;
  side.at = twin_side::stage::linked;
  return true;
}

bool twin_intake::can_ask(const device_session& who, twin_request what) {
  const auto& side = *who.commands->twin;
  const auto wanted = what == twin_request::subscribe ? twin_side::stage::linked : twin_side::stage::open;
  const auto& asked = side.asked[static_cast<std::size_t>(what)];
  return side.at == wanted && asked.number == model::delivery_number{};
}

void twin_intake::ask(device_session& who, twin_request what, std::string_view patch, mono_time now) {
  auto& side = *who.commands->twin;
  const model::delivery_number number{++last_request_};
  side.asked[static_cast<std::size_t>(what)] = {number, now};
  if (what == twin_request::subscribe) side.at = twin_side::stage::subscribing;
  side.waiting.push_back(encode_twin_request(what, text_of(number), patch));
  due_.push({now + twin_answer_time, who.context(), number});
  static_cast<void>(replenish(who));
}

std::optional<twin_intake::finished> twin_intake::on_answer(device_session& who, std::string_view request) {
  auto& side = *who.commands->twin;
  const auto found = std::ranges::find_if(side.asked, [&](const open_request& one) {
    return one.number != model::delivery_number{} && text_of(one.number) == request;
  });
  if (found == side.asked.end()) return std::nullopt;
  const auto ended = take(side, &*found);
  due_.drop_ended([this](const auto& first) { return find(first) != nullptr; });
  return ended;
}

void twin_intake::forget(twin_side& of) {
  of.at = twin_side::stage::apart;
  of.asked = {};
  of.waiting.clear();
}

open_request* twin_intake::find(const delivery_queue::entry& of) {
  auto* const who = table_.find_context(of.context);
  if (who == nullptr || !who->commands || !who->commands->twin) return nullptr;
  auto& asked = who->commands->twin->asked;
  const auto found = std::ranges::find(asked, of.number, &open_request::number);
  return found == asked.end() ? nullptr : &*found;
}

std::optional<twin_intake::overdue> twin_intake::take_overdue(mono_time now) {
  while (const auto over = due_.take_overdue(now)) {
    const auto* const request = find(*over);
    if (request == nullptr) continue;
    auto* const who = table_.find_context(over->context);
    return overdue{who, take(*who->commands->twin, request)};
  }
  return std::nullopt;
}

} // namespace causeway::hub
