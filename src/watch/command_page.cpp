// SPDX-License-Identifier: Apache-2.0
#include "watch/command_page.h"

#include <algorithm>
#include <chrono>
#include <optional>
#include <string>

namespace causeway::watch {
namespace {

namespace json = boost::json;

void put(json::object& into, const char* name, const std::string& text) {
  into[name] = text.empty() ? json::value(nullptr) : json::value(text);
}

json::value time_json(const std::optional<wall_time>& when) {
  return when ? json::value(format_rfc3339(*when)) : json::value(nullptr);
}

template <class Number>
json::value number_json(const std::optional<Number>& of) {
  return of ? json::value(*of) : json::value(nullptr);
}

model::phase phase_between(model::command_state from, model::command_state to) {
  if (to == model::command_state::pushing) return model::phase::command_turn;
  if (from == model::command_state::pushing) return model::phase::command_push;
  if (from == model::command_state::stored) return model::phase::command_turn; // it was never pushed
  return to == model::command_state::acknowledged ? model::phase::command_ack : model::phase::command_send;
}

bool is_well(model::command_state of) {
  using enum model::command_state;
  return of == pushing || of == queued || of == sent || of == acknowledged;
}

waterfall_bar bar_between(model::phase what, wall_time from, wall_time to, wall_time zero) {
  waterfall_bar bar;
  bar.what = what;
  bar.begin_ms = std::chrono::duration<double, std::milli>(from - zero).count();
  // Times of two machines: a step may be said to be earlier than what it follows.
  bar.duration_ms = std::max(0.0, std::chrono::duration<double, std::milli>(to - from).count());
  return bar;
}

} // namespace

waterfall_row command_row(const model::command_status& of, wall_time zero) {
  waterfall_row row{of.message_id.empty() ? of.id.str() : of.message_id, {}};
  if (of.enqueued && !of.marks.empty())
    row.bars.push_back(bar_between(model::phase::command_store, *of.enqueued, of.marks.front().at, zero));
  for (std::size_t i = 1; i < of.marks.size(); ++i) {
    const auto& from = of.marks[i - 1];
    const auto& to = of.marks[i];
    row.bars.push_back(bar_between(phase_between(from.state, to.state), from.at, to.at, zero));
    if (!is_well(to.state)) row.bars.back().fault = model::to_string(to.state);
  }
  return row;
}

json::array steps_json(const model::command_status& of) {
  json::array all;
  for (const auto& one : of.marks) {
    json::object step{{"state", model::to_string(one.state)}, {"at", format_rfc3339(one.at)}};
    step["f_cnt"] = number_json(one.f_cnt);
    step["attempt"] = number_json(one.attempt);
    all.push_back(std::move(step));
  }
  return all;
}

json::object command_json(const model::command_status& one) {
  json::object shown{{"command", one.id.str()},
                     {"application", one.to.application.str()},
                     {"device", one.to.device.str()},
                     {"source", model::to_string(one.source)},
                     {"state", model::to_string(one.state)},
                     {"stored_seconds", one.stored.count()},
                     {"changed_seconds", one.changed.count()}};
  shown["stored_at"] = one.marks.empty() ? json::value(nullptr) : time_json(one.marks.front().at);
  shown["changed_at"] = one.marks.empty() ? json::value(nullptr) : time_json(one.marks.back().at);
  shown["port"] = number_json(one.what.f_port);
  shown["confirmed"] = one.what.confirmed;
  shown["priority"] = model::to_string(one.what.priority);
  shown["queue"] = model::to_string(one.what.queue);
  shown["payload_bytes"] = one.what.frm_payload.size() + one.what.decoded_payload.size();
  shown["sequence_number"] = number_json(one.sequence_number);
  shown["enqueued_at"] = time_json(one.enqueued);
  put(shown, "message_id", one.message_id);
  put(shown, "correlation_id", one.correlation_id);
  put(shown, "item", one.item);
  shown["nacks"] = one.nacks;
  put(shown, "error", one.error);
  shown["pushed_at"] = time_json(one.pushed);
  return shown;
}

} // namespace causeway::watch
