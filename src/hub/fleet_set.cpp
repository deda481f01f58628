// SPDX-License-Identifier: Apache-2.0
#include "hub/fleet_set.h"

#include <algorithm>
#include <optional>
#include <utility>

namespace causeway::hub {
namespace {

// DPS has at most 50 hubs (azure-iot-wire.md E.8). Each costs a connection for ever, so a DPS that names more
// than any configuration can mean is not followed.
constexpr std::size_t most_hubs = 1'000;
// As a fleet's turns.
constexpr milliseconds shortest_twin_turn{5};

hub_quotas quotas_of(const fleet_terms& terms) {
  return {terms.connects_per_second, terms.sends_per_second, terms.twin_reads_per_second,
          terms.twin_updates_per_second};
}

} // namespace

fleet_set::fleet_set(options with, model::hub_link_events& events, model::hub_command_events& commands,
                     line_orders& orders)
    : context_{events, commands, orders, std::move(with.random), with.spans, std::move(with.client_version)} {
  for (auto& section : with.sections)
    sections_.push_back(std::make_shared<const fleet_terms>(std::move(section)));
}

fleet_set::~fleet_set() = default;

fleet* fleet_set::fleet_of(const model::assignment& where, model::shard_number shard, mono_time now) {
  auto address = azure::parse_hub_address(where.hub.str());
  if (!address) return nullptr;
  const auto hub = address->hub().str();
  const auto key = where.section.str() + " " + hub;
  const auto* const terms = terms_of(where.section);
  if (terms == nullptr) return nullptr;
  auto& fleets = fleets_[shard];
  if (const auto found = fleets.find(key); found != fleets.end()) return found->second.get();
  if (fleets.size() >= most_hubs) return nullptr;
  auto& budgets = budgets_[hub];
  if (!budgets) {
    budgets = std::make_shared<hub_budgets>(quotas_of(**terms), now);
    context_.twins.emplace(hub, budgets);
  }
  auto made = std::make_unique<fleet>(context_, *terms, std::move(*address), budgets);
  auto* const added = fleets.emplace(key, std::move(made)).first->second.get();
  share_budgets(added->where().name, now);
  return added;
}

const std::shared_ptr<const fleet_terms>* fleet_set::terms_of(const azure_name& section) const {
  const auto found = std::find_if(sections_.begin(), sections_.end(),
                                  [&](const auto& one) { return one->section == section; });
  return found == sections_.end() ? nullptr : &*found;
}

// What the most careful of its fleets says; those of sections that have left while devices are there.
void fleet_set::share_budgets(const hub_host& hub, mono_time now) {
  std::optional<hub_quotas> least;
  for_each([&](const fleet& one) {
    if (one.where().name != hub) return;
    const auto& terms = one.terms();
    if (terms_of(terms.section) == nullptr && one.totals(now).devices == 0) return;
    const auto own = quotas_of(terms);
    if (!least) least = own;
    for (const auto quota :
         {&hub_quotas::connects, &hub_quotas::sends, &hub_quotas::twin_reads, &hub_quotas::twin_updates})
      (*least).*quota = std::min((*least).*quota, own.*quota);
  });
  if (least) budgets_.at(hub.str())->set_quotas(*least, now);
}

void fleet_set::take_section(fleet_terms terms, mono_time now) {
  const auto next = std::make_shared<const fleet_terms>(std::move(terms));
  std::erase_if(sections_, [&](const auto& one) { return one->section == next->section; });
  sections_.push_back(next);
  for_each([&](fleet& hub) {
    if (hub.terms().section != next->section) return;
    hub.take_terms(next);
    share_budgets(hub.where().name, now);
  });
  context_.orders.wake();
}

void fleet_set::drop_section(const azure_name& section, mono_time now) {
  std::erase_if(sections_, [&](const auto& one) { return one->section == section; });
  for_each([&](const fleet& hub) {
    if (hub.terms().section == section) share_budgets(hub.where().name, now);
  });
}

void fleet_set::answer(due_answer what) {
  due_.push_back(std::move(what));
  context_.orders.wake();
}

void fleet_set::tell_scouts(device_ref device, const fleet* hub) {
  if (context_.scouts == 0) return;
  for_each([&](fleet& other) { other.on_told(device, &other != hub); });
}

void fleet_set::attach(device_ref device, const model::assignment& where, const model::connect_wish& wish,
                       moment now) {
  if (context_.closing) return; // the spool keeps what the device has
  auto* const hub = fleet_of(where, wish.shard, now.mono);
  tell_scouts(device, hub);
  if (const auto* known = context_.devices.find(device)) {
    const bool same = known->hub == hub && known->identity == where.identity;
    if (same && known->at == member::stage::attached) answer({device, {}});
    if (same) return;
    detach(device, now);
  }
  if (hub == nullptr)
    return answer({device, error{errc::hub_not_found,
                                 "\"" + where.hub.str() + "\" is no host name, or one hub too many"}});
  auto* const who = context_.devices.add(device, *hub, hub->where().name, where.identity, wish.model_id);
  if (who == nullptr)
    return answer(
        {device, error{errc::identity_taken,
                       where.identity.str() + "; the identity templates must tell the devices apart"}});
  who->lane = wish.application;
  who->commands = wish.commands && hub->terms().commands;
  who->methods = wish.methods && hub->terms().commands;
  who->twin = wish.twin && hub->terms().commands;
  who->urgent = wish.urgent;
  hub->attach(device, now.mono);
}

void fleet_set::detach(device_ref device, moment now) {
  if (context_.closing) return;
  if (auto* const who = context_.devices.find(device)) who->hub->detach(device, now);
}

void fleet_set::hurry(device_ref device) {
  if (auto* const who = context_.devices.find(device)) who->hub->hurry(device);
}

void fleet_set::send(device_ref device, spool_seq seq, const model::message& what, moment now) {
  if (context_.closing) return; // the spool keeps it
  // The core hears of a lost connection before anything else happens on this thread.
  if (auto* const who = context_.devices.find(device)) who->hub->send(device, seq, what, now);
}

void fleet_set::settle(device_ref device, model::delivery_number which, model::c2d_settlement how,
                       moment now) {
  at_desk(device, [&](command_desk& desk) { desk.settle(device, which, how, now); });
}

void fleet_set::answer(device_ref device, model::delivery_number which, const model::method_answer& what) {
  at_desk(device, [&](command_desk& desk) { desk.answer(device, which, what); });
}

twin_turns* fleet_set::turns_of(device_ref device) {
  const auto* const who = context_.devices.find(device);
  const bool is_here = who != nullptr && who->at == member::stage::attached && !context_.closing;
  return is_here ? &context_.twins.at(who->hub->where().name.str()) : nullptr;
}

void fleet_set::read_twin(device_ref device, bool urgent) {
  auto* const turns = turns_of(device);
  if (turns == nullptr) return;
  turns->read(device, urgent);
  context_.stir_twins();
}

void fleet_set::report_twin(device_ref device, std::string patch, bool urgent) {
  auto* const turns = turns_of(device);
  if (turns == nullptr) return;
  turns->report(device, std::move(patch), urgent);
  context_.stir_twins();
}

void fleet_set::serve_twins(moment now) {
  if (context_.twins_due > now.mono || context_.closing) return;
  context_.twins_due = mono_time::max();
  for (auto& [name, turns] : context_.twins) {
    // What waits for a device that has moved to another hub since is of nobody any more.
    const auto is_wanted = [this, &hub = name](device_ref device, twin_request what) {
      const auto* const who = context_.devices.find(device);
      if (who == nullptr || who->at != member::stage::attached || who->hub->is_leaving()) return false;
      if (who->hub->where().name.str() != hub) return false;
      auto* const on = who->hub->line_of(device).open();
      return on != nullptr && on->commands().can_ask_twin(device, what);
    };
    while (const auto next = turns.take(is_wanted, now.mono))
      at_desk(next->device,
              [&](command_desk& desk) { desk.ask_twin(next->device, next->what, next->patch, now.mono); });
    const auto due = turns.next(now.mono);
    if (due != mono_time::max())
      context_.twins_due = std::min(context_.twins_due, std::max(due, now.mono + shortest_twin_turn));
  }
}

void fleet_set::take_c2d(bool can_store) {
  if (context_.takes_c2d == can_store) return;
  context_.takes_c2d = can_store;
  untold_.clear();
  for_each([&](const fleet& hub) {
    for (const auto& line : hub.lines())
      untold_.push_back(line.get());
  });
  if (!untold_.empty()) context_.orders.wake();
}

void fleet_set::tell_next_line() {
  if (untold_.empty()) return;
  auto& next = *untold_.back();
  untold_.pop_back();
  if (!next.is_up()) return; // its next connection begins with what holds then
  next.take_c2d(context_.takes_c2d);
  context_.orders.flush(next);
}

model::link_progress fleet_set::progress(device_ref device, mono_time now) const {
  const auto* const who = context_.devices.find(device);
  return who == nullptr ? model::link_progress{} : who->hub->progress(device, now);
}

void fleet_set::renew_tokens(moment now) {
  for_each([&](fleet& hub) { hub.renew_tokens(now); });
}

void fleet_set::try_now(mono_time now) {
  for_each([&](fleet& hub) { hub.try_now(now); });
}

void fleet_set::tell_due(moment now) {
  for (const auto& what : std::exchange(due_, {})) {
    const auto* const who = context_.devices.find(what.device);
    if (what.refusal) {
      if (who == nullptr) context_.events.on_device_detached(what.device, *what.refusal, false, now);
    } else if (who != nullptr && who->at == member::stage::attached) {
      context_.events.on_device_attached(what.device, now);
    }
  }
}

void fleet_set::advance(moment now) {
  tell_due(now);
  tell_next_line();
  serve_twins(now);
  for_each([&](fleet& hub) { hub.advance(now); });
  tell_closed(now);
}

void fleet_set::close(model::shard_number which, mono_time until, moment now) {
  for_each_of(which, [&](fleet& hub) { hub.leave(until); });
  const bool at_once = until <= now.mono;
  if (at_once) forget(which, now);
  closing_.insert_or_assign(which, at_once);
  context_.orders.wake();
}

// Its owner has forgotten them, or does so when it is told.
void fleet_set::forget(model::shard_number which, moment now) {
  for_each_of(which, [&](fleet& hub) {
    for (const auto device : context_.devices.of(hub))
      hub.detach(device, now);
  });
}

bool fleet_set::is_leaving(model::shard_number which) const {
  bool any = false;
  for_each_of(which, [&](const fleet& hub) { any = any || hub.is_leaving(); });
  return any;
}

void fleet_set::tell_closed(moment now) {
  for (const auto& [which, are_gone] : std::map{closing_}) {
    if (is_leaving(which)) continue;
    if (!are_gone) forget(which, now);
    closing_.erase(which);
    context_.events.on_shard_closed(which, now);
  }
}

mono_time fleet_set::deadline() const {
  if (!due_.empty() || !untold_.empty()) return mono_time::min();
  if (std::any_of(closing_.begin(), closing_.end(), [&](const auto& one) { return !is_leaving(one.first); }))
    return mono_time::min();
  if (context_.closing) return mono_time::max();
  auto first = context_.twins_due;
  for_each([&](const fleet& hub) { first = std::min(first, hub.deadline()); });
  return first;
}

bool fleet_set::any_in_flight() const {
  bool any = false;
  for_each([&](const fleet& hub) { any = any || hub.lines().any_in_flight(); });
  return any;
}

void fleet_set::close(moment now) {
  for_each([&](fleet& hub) { hub.close(now); });
}

bool fleet_set::any_up() const {
  bool any = false;
  for_each([&](const fleet& hub) { any = any || hub.lines().any_up(); });
  return any;
}

bool fleet_set::cut_one() {
  line* up = nullptr;
  for_each([&](const fleet& hub) { up = up != nullptr ? up : hub.lines().first_up(); });
  if (up == nullptr) return false;
  context_.orders.cut(*up);
  return true;
}

std::map<std::string, model::hub_totals> fleet_set::totals(mono_time now) const {
  std::map<std::string, model::hub_totals> out;
  for_each([&](const fleet& hub) {
    model::gather(model::hub_figures, out[hub.where().name.str()], hub.totals(now));
  });
  for (const auto& [hub, turns] : context_.twins)
    turns.add_to(out[hub]); // of all fleets of the hub
  return out;
}

} // namespace causeway::hub
