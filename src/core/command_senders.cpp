// SPDX-License-Identifier: Apache-2.0
#include "core/command_senders.h"

#include <algorithm>
#include <string>

namespace causeway::core {

int status_of(const error& why) {
  switch (why.code()) {
  case errc::method_unknown:
    return 404;
  case errc::commands_full:
  case errc::commands_share_full:
  case errc::downlink_brake:
    return 429;
  default:
    return why.cls() == error_class::permanent ? 400 : 503;
  }
}

int status_of_refusal(std::string_view stack_error) {
  if (stack_error == "pkg/applicationserver:no_device_session") return 409;
  if (stack_error == "pkg/networkserver:downlink_queue_capacity") return 429;
  return 502;
}

void command_senders::settle(device_ref device, delivery_number which, c2d_settlement how) const {
  hub_->settle(device, which, how);
}

void command_senders::refuse(device_ref device, delivery_number which, const error& why) const {
  hub_->answer_call(device, which, {status_of(why), words_->write_refusal(why)});
}

void command_senders::answer(device_ref device, delivery_number which, int status,
                             const command_entry& one) const {
  hub_->answer_call(device, which, {status, words_->write_answer(one.what.id, one.track.state())});
}

void command_senders::hold(const command_entry& one, device_ref device, delivery_number which, moment now) {
  add(one, {device, which, one.what.held_for, now.mono + lock_is_sure, false});
}

void command_senders::wait(const command_entry& one, device_ref device, delivery_number which,
                           awaited_step until, seconds at_most, moment now) {
  add(one, {device, which, until, now.mono + at_most, true});
}

void command_senders::add(const command_entry& one, const sender& who) {
  if (one.durable && tell(who, one, {})) return;
  waiting_[one.what.id].push_back(who);
  due_.emplace(who.at_most, one.what.id);
}

bool command_senders::tell(const sender& who, const command_entry& one, std::string_view refused) const {
  const auto how = who.until ? reach(one.track.record(), *who.until, one.what.what.confirmed) : reached::yes;
  if (how == reached::not_yet) return false;
  if (!who.is_method) {
    // One that has expired here expires at the hub, which says so itself.
    if (how == reached::yes || one.track.stage() != command_stage::expired)
      settle(who.device, who.which, how == reached::yes ? c2d_settlement::complete : c2d_settlement::reject);
    return true;
  }
  if (how == reached::never && !refused.empty())
    hub_->answer_call(who.device, who.which,
                      {status_of_refusal(refused),
                       words_->write_refusal(error{errc::downlink_refused, std::string{refused}})});
  else
    answer(who.device, who.which, how == reached::yes ? 200 : 202, one);
  return true;
}

template <class Ends>
bool command_senders::end_some(const command_id& id, const Ends& ends) {
  const auto found = waiting_.find(id);
  if (found == waiting_.end()) return false;
  auto& all = found->second;
  std::erase_if(all, [&](const sender& who) {
    if (!ends(who)) return false;
    due_.erase({who.at_most, id});
    return true;
  });
  for (const auto& who : all) // one of the same time may have been taken out
    due_.emplace(who.at_most, id);
  if (!all.empty()) return true;
  waiting_.erase(found);
  return false;
}

void command_senders::on_changed(const command_entry& one, std::string_view refused) {
  const bool some_wait = end_some(one.what.id, [&](const sender& who) { return tell(who, one, refused); });
  if (some_wait && is_closed_) on_unanswered(one);
}

void command_senders::on_unanswered(const command_entry& one) {
  end_some(one.what.id, [&](const sender& who) {
    if (who.is_method) answer(who.device, who.which, 202, one);
    return who.is_method;
  });
}

void command_senders::on_not_stored(const command_id& id, const error& why) {
  const auto node = waiting_.extract(id);
  if (node.empty()) return;
  for (const auto& who : node.mapped()) {
    due_.erase({who.at_most, id});
    if (who.is_method) refuse(who.device, who.which, why);
  }
}

void command_senders::call_off(const command_id& which, model::calling_told told) {
  calling_off_[which].push_back(std::move(told));
}

void command_senders::on_saved(const command_id& which, bool durable) {
  const auto node = calling_off_.extract(which);
  if (node.empty()) return;
  for (const auto& told : node.mapped())
    told(durable ? calling_off::done : calling_off::unavailable);
}

void command_senders::end_overdue(const command_id& id, const command_entry* one, moment now) {
  const auto found = waiting_.find(id);
  if (found == waiting_.end()) return;
  auto& all = found->second;
  std::erase_if(all, [&](const sender& who) {
    if (who.at_most > now.mono) return false;
    // Nothing is promised of what is not on disk yet: told when it is.
    if (who.is_method && one != nullptr && !one->durable) return false;
    if (who.is_method && one != nullptr) answer(who.device, who.which, 202, *one);
    return true;
  });
  if (all.empty()) waiting_.erase(found);
}

std::optional<mono_time> command_senders::deadline() const {
  if (due_.empty()) return std::nullopt;
  return due_.begin()->first;
}

} // namespace causeway::core
