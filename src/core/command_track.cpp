// SPDX-License-Identifier: Apache-2.0
#include "core/command_track.h"

#include "model/downlink_refusals.h"
#include "model/event_key.h"

#include <algorithm>

namespace causeway::core {
namespace {

constexpr std::string_view queued_key = "queued", empty_frame_key = "queued without a payload";

// The same for a step by whatever way it comes.
std::string key_of(const command_step& step) {
  if (step.kind == step_kind::queued) return std::string{queued_key};
  std::string key{to_string(step.kind)};
  key.append("|").append(step.session).append("|");
  if (step.f_cnt) key += std::to_string(*step.f_cnt);
  // Without a counter, as a mask may leave it, its time tells it apart.
  if (!step.f_cnt && step.received_at) key.append("@").append(std::to_string(*step.received_at));
  if (step.attempt) key.append("|").append(std::to_string(*step.attempt));
  if (step.kind == step_kind::failed) key.append("|").append(step.error_name);
  return key;
}

std::optional<command_event> event_of(const command_step& step, bool confirmed) {
  switch (step.kind) {
  case step_kind::queued:
    return command_event::heard_queued;
  case step_kind::sent:
    return command_event::heard_sent;
  case step_kind::nack:
    return command_event::heard_nack;
  case step_kind::failed:
    return read_failure(step, confirmed);
  case step_kind::ack:
    return command_event::heard_ack;
  }
  return std::nullopt;
}

// Of what is no step: what the sender is told.
bool is_told(command_stage stage) {
  return stage != command_stage::stored && stage != command_stage::pushing;
}

bool says_queued(command_event what) {
  return what == command_event::push_taken || what == command_event::found_queued ||
         what == command_event::found_scheduled;
}

} // namespace

std::optional<command_event> read_failure(const command_step& step, bool confirmed) {
  switch (find_refusal(step.error_name)) {
  case downlink_refusal::none:
  case downlink_refusal::not_now:
    return std::nullopt;
  case downlink_refusal::for_good:
    return command_event::heard_end;
  case downlink_refusal::by_network:
    if (!step.by_network) return std::nullopt;
    return command_event::heard_end;
  case downlink_refusal::transmitted:
    return confirmed ? command_event::heard_setback : command_event::heard_end;
  }
  return std::nullopt;
}

command_track::command_track(bool confirmed, bool needs_encoder, command_record from)
    : confirmed_{confirmed}, needs_encoder_{needs_encoder}, record_{std::move(from)} {}

// False: it has been taken before.
bool command_track::take(std::string_view key) {
  const auto hash = short_hash(make_event_key({key}));
  auto& taken = record_.taken;
  if (std::find(taken.begin(), taken.end(), hash) != taken.end()) return false;
  if (taken.size() == most_steps) taken.erase(taken.begin());
  taken.push_back(hash);
  return true;
}

bool command_track::move(command_event on, bool newer) {
  const auto to = find_command_transition(record_.stage, on, {confirmed_, newer});
  if (!to || *to == record_.stage) return false;
  record_.stage = *to;
  return true;
}

// Where its item is, beside the stage.
void command_track::place(command_event by) {
  using enum command_event;
  if (by == found_scheduled || by == heard_setback) record_.on_its_way = true;
  if (by == found_queued || by == heard_nack) record_.on_its_way = false;
  record_.was_queued = record_.was_queued || says_queued(by) || by == heard_setback;
}

command_effect command_track::on(command_event what) {
  command_effect effect;
  const bool is_of_queue = what == command_event::queue_cleared || what == command_event::queue_replaced;
  if (is_of_queue && record_.on_its_way) return effect;
  place(what);
  effect.moved = move(what, true);
  if (!effect.moved || !is_told(record_.stage)) return effect;
  if (says_queued(what) && take(queued_key)) {
    effect.report = queued_key;
    return effect;
  }
  effect.report = std::string{to_string(what)} + "#" + std::to_string(++record_.changes);
  return effect;
}

command_effect command_track::on_step(const command_step& step) {
  const auto what = event_of(step, confirmed_);
  if (!what) return {};
  auto& item = record_.item;
  if (!item.empty() && !step.item.empty() && step.item != item) return {.other_item = true};
  if (item.empty()) item = step.item;

  command_effect effect;
  const auto key = key_of(step);
  if (take(key)) effect.report = key;
  if (step.kind == step_kind::queued && step.without_payload && needs_encoder_ && !record_.no_encoder) {
    record_.no_encoder = true;
    if (effect.report.empty() && take(empty_frame_key)) effect.report = empty_frame_key;
  }
  if (effect.report.empty()) return effect;

  const auto at = step.received_at;
  if (step.kind == step_kind::nack) {
    ++record_.nacks;
    // That of the last attempt comes behind the end (real-stack-facts.md 1.1): no news, and it would be read
    // as the state. An older one was on its way for longer than the end: it is told as other older steps are.
    const bool is_older = at && record_.heard_at && *at < *record_.heard_at;
    if (is_end(record_.stage) && !is_older) return {};
  }
  const bool newer = !at || !record_.heard_at || *at > *record_.heard_at ||
                     (*at == *record_.heard_at && step.kind >= record_.heard);
  // Its refusal is told by the answer to its push, too.
  const bool is_of_push = step.kind == step_kind::failed && !step.by_network && !step.f_cnt;
  if (is_of_push && record_.stage == command_stage::failed) return {};
  if (newer) place(*what);
  record_.was_queued = record_.was_queued || !is_of_push;
  effect.moved = move(*what, newer);
  if (newer && at) {
    record_.heard_at = at;
    record_.heard = step.kind;
  }
  return effect;
}

bool stands_in_queue(const command_record& what) {
  return what.stage == command_stage::nacked || (what.stage == command_stage::queued && !what.on_its_way);
}

reached reach(const command_record& stands, awaited_step wanted, bool confirmed) {
  using enum command_stage;
  const auto at = stands.stage;
  if (wanted == awaited_step::acknowledged && !confirmed) wanted = awaited_step::queued;
  if (wanted == awaited_step::queued && stands.was_queued) return reached::yes;
  const bool is_queued = at == queued || at == replaced || at == cleared || at == no_word;
  const bool is_sent = at == sent || at == nacked;
  if (at == acknowledged || (wanted == awaited_step::queued && (is_queued || is_sent)) ||
      (wanted == awaited_step::sent && is_sent))
    return reached::yes;
  if (is_end(at) || at == replaced || at == cleared || at == no_word) return reached::never;
  return reached::not_yet;
}

} // namespace causeway::core
