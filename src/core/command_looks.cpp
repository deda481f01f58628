// SPDX-License-Identifier: Apache-2.0
#include "core/command_looks.h"

#include "base/check.h"
#include "base/log.h"

#include <algorithm>

namespace causeway::core {

void command_looks::ask(const command_id& id, const device_key& of, const push_times& when, mono_time now) {
  begin(id, {of, push_inquiry{id, when}, {}, true}, now);
}

void command_looks::ask(const command_id& id, const device_key& of, mono_time now) {
  begin(id, {of, silence_inquiry{id, now}, {}, false}, now);
}

void command_looks::begin(const command_id& id, inquiry made, mono_time now) {
  drop(id);
  schedule(id, inquiries_.emplace(id, std::move(made)).first->second, now);
}

// What is being read for it is of the look before, and comes to nothing.
void command_looks::drop(const command_id& id) {
  const auto found = inquiries_.find(id);
  if (found == inquiries_.end()) return;
  unschedule(id, found->second);
  inquiries_.erase(found);
  if (const auto read = reading_.find(id); read != reading_.end()) read->second = false;
}

void command_looks::unschedule(const command_id& id, inquiry& one) {
  if (one.due) due_.erase({*one.due, !one.is_urgent, id});
  one.due.reset();
}

void command_looks::schedule(const command_id& id, inquiry& one, mono_time now) {
  unschedule(id, one);
  const auto at = std::visit([](const auto& its) { return its.deadline(); }, one.what);
  if (!at || reading_.contains(id)) return; // its answer will say when
  // Those that are overdue together go by their urgency.
  one.due = std::max(*at, now);
  due_.insert({*one.due, !one.is_urgent, id});
}

void command_looks::pump(mono_time now) {
  while (reading_.size() < most_reads && !due_.empty() && due_.begin()->due <= now) {
    const auto id = due_.begin()->id;
    auto& one = inquiries_.at(id);
    unschedule(id, one);
    switch (std::visit([&](auto& its) { return its.next(now); }, one.what)) {
    case read_errand::none:
      schedule(id, one, now);
      break;
    case read_errand::queue:
      reading_[id] = true;
      to_->read_queue(id, one.of);
      break;
    case read_errand::record:
      reading_[id] = true;
      to_->read_record(id, one.of);
      break;
    }
  }
}

command_looks::inquiry* command_looks::take_answer(const command_id& id) {
  const auto read = reading_.extract(id);
  const auto found = inquiries_.find(id);
  return !read.empty() && read.mapped() && found != inquiries_.end() ? &found->second : nullptr;
}

void command_looks::tell_failures(const command_id& id, const inquiry& one, const char* read, mono_time now) {
  const auto failures = std::visit([](const auto& its) { return its.failures_to_tell(); }, one.what);
  if (!failures) return;
  if (const auto more = failing_.admit(errc{}, now))
    log::warning("downlink_not_found_out", {{"application", one.of.application},
                                            {"device", one.of.device},
                                            {"command", id.str()},
                                            {"read", read},
                                            {"failures", *failures},
                                            {"more", *more}});
}

std::optional<command_looks::finding> command_looks::on_queue_read(const command_id& id,
                                                                   const queue_reading& what, mono_time now) {
  std::optional<finding> found;
  if (auto* const one = take_answer(id)) {
    std::visit(
        [&](auto& its) {
          if (auto it = its.on_queue(what, now)) found = *it;
        },
        one->what);
    if (what.how == read_end::failed) tell_failures(id, *one, "queue", now);
  }
  return conclude(id, found, now);
}

std::optional<command_looks::finding>
command_looks::on_record_read(const command_id& id, const record_reading& what, mono_time now) {
  std::optional<finding> found;
  if (auto* const one = take_answer(id)) {
    std::visit(
        [&](auto& its) {
          if (auto it = its.on_record(what, now)) found = *it;
        },
        one->what);
    if (what.how == read_end::failed) tell_failures(id, *one, "record", now);
  }
  return conclude(id, found, now);
}

std::optional<command_looks::finding> command_looks::conclude(const command_id& id,
                                                              std::optional<finding> found, mono_time now) {
  if (found)
    drop(id);
  else if (const auto one = inquiries_.find(id); one != inquiries_.end())
    schedule(id, one->second, now); // also of the one that has waited for another's answer
  return found;
}

std::optional<mono_time> command_looks::deadline() const {
  if (due_.empty() || reading_.size() >= most_reads) return std::nullopt;
  return due_.begin()->due;
}

} // namespace causeway::core
