// SPDX-License-Identifier: Apache-2.0
#include "core/rule_change.h"

#include "base/log.h"
#include "core/backlog.h"
#include "core/census.h"
#include "core/journey.h"
#include "core/open_time.h"
#include "core/spool_room.h"

#include <utility>

namespace causeway::core {

void rule_change::take(std::vector<application_rules> rules, moment now) {
  waiting_ = std::move(rules);
  tick(now);
}

void rule_change::tick(moment now) {
  std::size_t most = 250; // so that the loop turns; the rest goes with the next tick
  while (most > 0) {
    if (step_ != step::none) {
      go_on(most, now);
    } else if (waiting_ && !on_.ways.starts().is_any()) {
      begin(*std::exchange(waiting_, std::nullopt));
    } else {
      return;
    }
  }
}

std::optional<mono_time> rule_change::deadline() const {
  const bool is_due = step_ != step::none || (waiting_ && !on_.ways.starts().is_any());
  return is_due ? std::optional{on_.time.started()} : std::nullopt;
}

void rule_change::begin(std::vector<application_rules> rules) {
  const auto asked = rules.size();
  before_ = on_.rules.now();
  after_ = std::make_shared<const rule_snapshot>(*before_, std::move(rules));
  if (after_->in_service() < asked)
    log::error("applications_over_limit",
               {{"applications", asked}, {"most_ever", rule_snapshot::most_applications}});
  effects_ = {};
  for (std::uint32_t i = 0; i < before_->size(); ++i)
    effects_[i] = effect_on(i);
  on_.ways.starts().hold();
  step_ = step::ending;
  next_ = 0;
}

rule_change::effect rule_change::effect_on(std::uint32_t application) {
  const auto& was = before_->at(application);
  const auto& is = after_->at(application);
  const bool served = before_->is_in_service(application), serves = after_->is_in_service(application);
  effect made;
  if (!served && !serves) return made;
  made.leaves = served && !serves;
  made.returns = !served && serves;
  // Before the rules are others: by what those have been made that are there.
  const auto& origin = on_.ways.hubs().origin_of(application);
  if (serves) {
    const bool is_elsewhere = is.realm != was.realm;
    const auto next_origin = on_.ways.hubs().origin_by(is);
    // By connection string there is no enrolment to tell by that the hub is another; its name is the realm.
    made.moves = is.section != was.section || is.identity_template != was.identity_template ||
                 next_origin != origin || (next_origin.empty() && is_elsewhere);
    made.renames = !made.moves && (is_elsewhere || is.any_case != was.any_case);
    made.follows = is.follows_registry && !was.follows_registry;
  }
  made.concerns = made.leaves || made.returns || made.moves || is.follows_registry != was.follows_registry ||
                  is.enabled_by_default != was.enabled_by_default || is.model_id != was.model_id ||
                  is.commands != was.commands || is.twin != was.twin;
  return made;
}

bool rule_change::is_anybody(bool (*is_meant)(const effect&)) const {
  for (std::uint32_t i = 0; i < before_->size(); ++i)
    if (is_meant(effects_[i])) return true;
  return false;
}

// True: all have been seen.
template <class Do>
bool rule_change::go_over_places(std::size_t& most, Do what) {
  for (; most > 0 && next_ < on_.table.places(); --most)
    if (const auto which = on_.table.at_place(next_++)) what(*which);
  return next_ >= on_.table.places();
}

bool rule_change::claim_some(std::size_t& most, moment now) {
  for (; most > 0 && !claimants_.empty(); --most) {
    const auto which = claimants_.top().device;
    claimants_.pop();
    if (on_.table.contains(which)) claim(which, now);
  }
  return claimants_.empty();
}

bool rule_change::bring_some(std::size_t& most, moment now) {
  for (; most > 0 && next_ < ended_.size(); --most)
    if (const auto which = ended_[next_++]; on_.table.contains(which)) direct(which, true, now);
  return next_ >= ended_.size();
}

void rule_change::go_on(std::size_t& most, moment now) {
  switch (step_) {
  case step::none:
    return;
  case step::ending:
    if (is_anybody([](const effect& of) { return of.ends(); }) &&
        !go_over_places(most, [&](device_ref which) { end(which, now); }))
      return;
    replace();
    step_ = step::claiming;
    break;
  case step::claiming:
    if (!claim_some(most, now)) return;
    for (const auto which : on_.ways.starts().let_go())
      ended_.push_back(which);
    step_ = step::bringing;
    break;
  case step::bringing:
    if (!bring_some(most, now)) return;
    step_ = step::directing;
    break;
  case step::directing:
    if (is_anybody([](const effect& of) { return of.concerns; }) &&
        !go_over_places(most, [&](device_ref which) {
          if (effects_[on_.table.at(which).application].concerns) direct(which, false, now);
        }))
      return;
    ended_ = {};
    before_.reset();
    after_.reset();
    step_ = step::none;
    break;
  }
  next_ = 0;
}

// Whatever leads to its hub ends, and it is known only; who was not on its way stays where it is.
void rule_change::part(device_ref which, moment now) {
  on_.ways.end(which, device_event::replaced, errc::stopped, now);
}

void rule_change::end(device_ref which, moment now) {
  const auto& d = on_.table.at(which);
  const auto& by = effects_[d.application];
  if (!by.ends()) return;
  const bool has_assignment = d.assigned || d.remembered;
  const bool had_identity = on_.ways.hubs().let_go(which);
  const auto state = d.state();
  const bool is_on_way = state == device_state::provisioning || state == device_state::attaching ||
                         state == device_state::online || state == device_state::parked;
  const bool was_refused_it = state == device_state::parked && d.reason() == errc::identity_taken;
  if (by.leaves) return part(which, now);
  if (by.moves ? is_on_way : was_refused_it) {
    part(which, now);
    ended_.push_back(which);
  }
  if (by.moves) {
    if (has_assignment) on_.ways.lose_assignment(which);
  } else if (had_identity || (by.returns && has_assignment)) {
    claimants_.push({!has_assignment, d.assigned_at, which});
  }
}

void rule_change::replace() {
  on_.rules.replace(after_);
  on_.counts.divide(after_->in_service());
  on_.waiting.account.divide(after_->in_service());
  for (std::uint32_t i = 0; i < after_->size(); ++i)
    if (after_->is_in_service(i)) on_.ways.hubs().forget_origin(i);
  for (std::uint32_t i = 0; i < before_->size(); ++i) {
    const auto& id = after_->at(i).id;
    const auto devices = on_.counts.devices_of(i), waiting = on_.waiting.account.of(i).messages;
    if (effects_[i].leaves)
      log::info("application_left", {{"application", id}, {"devices", devices}, {"waiting", waiting}});
    if (effects_[i].returns)
      log::info("application_returned", {{"application", id}, {"devices", devices}, {"waiting", waiting}});
  }
}

void rule_change::claim(device_ref which, moment now) {
  if (on_.ways.hubs().claim_again(which)) return;
  const auto& d = on_.table.at(which);
  part(which, now);
  if (d.assigned || d.remembered) on_.ways.lose_assignment(which);
  ended_.push_back(which);
}

// As at start.
bool rule_change::is_to_connect(const device& d) {
  return d.assigned || on_.ways.hubs().seeks_hub(d);
}

bool rule_change::is_wish_another(const device& d) const {
  const auto& was = before_->at(d.application);
  const auto& own = on_.table.model_of(d);
  const auto& model = was.follows_registry && !own.empty() ? own : was.model_id;
  const auto& is = on_.rules.of(d);
  return was.commands != is.commands || was.twin != is.twin || model != on_.names.model_of(d);
}

void rule_change::direct(device_ref which, bool was_ended, moment now) {
  const auto& d = on_.table.at(which);
  const auto& by = effects_[d.application];
  const auto state = d.state();
  auto& words = on_.ways.words();
  if (state == device_state::removed) return;
  if (words.is_switched_off(d)) {
    if (state != device_state::off) on_.ways.switch_off(which, now);
    return;
  }
  if (words.awaits(d)) {
    if (state != device_state::off && state != device_state::known && !by.follows) return;
    if (state == device_state::unlisted) return;
    part(which, now);
    if (state == device_state::off) on_.ways.follow(which, device_event::forgotten, {now});
    on_.ways.follow(which, device_event::unnamed, {now});
    return;
  }
  circumstances with{now};
  switch (state) {
  case device_state::off:
    // Of an application that is back, as at start.
    if (by.returns && !is_to_connect(d))
      on_.ways.follow(which, device_event::forgotten, with);
    else
      on_.ways.follow(which, device_event::named, with);
    return;
  case device_state::unlisted:
    on_.ways.follow(which, device_event::named, with);
    return;
  case device_state::known:
    if (was_ended || is_to_connect(d)) on_.ways.follow(which, device_event::wanted, with);
    return;
  case device_state::attaching:
  case device_state::online:
    with.model_changed = is_wish_another(d);
    if (with.model_changed && !was_ended && !by.moves) on_.ways.follow(which, device_event::named, with);
    return;
  case device_state::parked: // for the registry's word
    if (!before_->at(d.application).follows_registry || on_.rules.of(d).follows_registry) return;
    part(which, now);
    on_.ways.follow(which, device_event::wanted, with);
    return;
  case device_state::provisioning:
  case device_state::removed:
    return;
  }
}

} // namespace causeway::core
