// SPDX-License-Identifier: Apache-2.0
#include "core/command_saves.h"

#include "core/appends.h"
#include "core/device_table.h"
#include "core/ledger.h"

#include <algorithm>
#include <iterator>
#include <utility>

namespace causeway::core {

result<void> command_saves::save(command_entry& one, std::optional<device_ref> device, purpose what,
                                 std::optional<ticket> told_by, moment now) {
  errand made{one.what.id, what, {}, std::exchange(one.untold, {}), {}};
  if (told_by) made.told_by.push_back(*told_by);
  append_request request;
  request.from = one.what.to;
  request.commands.push_back({one.what.id, one.what.to, encode_command(one.state())});
  if (auto beside = std::exchange(one.beside, {})) request.commands.push_back(*std::move(beside));
  if (device && on_.table.contains(*device)) {
    request.device = made.device = device;
    if (const auto& d = on_.table.at(*device); d.has_eui) request.dev_eui = d.eui;
    request.messages = made.reports;
  }
  unsaved_.erase(one.what.id);
  const auto id = on_.stored.make(std::move(request), now);
  if (!id) {
    on_refused(made, now);
    if (told_by) answer_event(*told_by, answer::unavailable);
    return id.fault();
  }
  under_way_.emplace(*id, std::move(made));
  return {};
}

void command_saves::answer_event(ticket which, answer what) {
  ++on_.totals.answered[static_cast<std::size_t>(what)];
  answers_->on_answer(which, what);
}

bool command_saves::is_saving(const command_id& id) const {
  return std::any_of(under_way_.begin(), under_way_.end(),
                     [&](const auto& one) { return one.second.id == id; });
}

void command_saves::add_devices(std::set<device_ref>& to) const {
  for (const auto& [id, one] : under_way_)
    if (one.device && !one.reports.empty()) to.insert(*one.device);
}

bool command_saves::join(const command_id& id, ticket told_by) {
  const auto last = std::find_if(under_way_.rbegin(), under_way_.rend(),
                                 [&](const auto& one) { return one.second.id == id; });
  if (last == under_way_.rend()) return false;
  last->second.told_by.push_back(told_by);
  return true;
}

std::optional<command_saves::saved> command_saves::on_appended(const model::appended& what, moment now) {
  auto node = under_way_.extract(what.id);
  if (node.empty()) return std::nullopt;
  auto& of = node.mapped();
  if (what.outcome) {
    failing_ = false;
    retry_.reset();
    retry_at_ = now.mono; // what was refused goes now, before anything that stands on it
    if (auto* const one = book_.find(of.id)) one->durable = true;
  } else {
    on_refused(of, now);
  }
  for (const auto which : of.told_by)
    answer_event(which, what.outcome ? answer::stored : answer::unavailable);
  return saved{std::move(of.id), of.what, what.outcome};
}

// The reports go before those that have come since.
void command_saves::on_refused(errand& of, moment now) {
  if (!std::exchange(failing_, true)) retry_at_ = now.mono + retry_.next(random_());
  auto* const one = book_.find(of.id);
  if (one == nullptr || of.what == purpose::storing) return;
  one->untold.insert(one->untold.begin(), std::make_move_iterator(of.reports.begin()),
                     std::make_move_iterator(of.reports.end()));
  unsaved_.insert(of.id);
}

std::vector<command_id> command_saves::take_unsaved(moment now) {
  if (now.mono < retry_at_) return {};
  failing_ = false; // until the journal says so again
  const auto all = std::exchange(unsaved_, {});
  return {all.begin(), all.end()};
}

} // namespace causeway::core
