// SPDX-License-Identifier: Apache-2.0
// For tests: a fleet that is as a test says, with a clock that it turns.
#pragma once

#include "core/explain.h"
#include "watch/fleet_view.h"

namespace causeway::watch {

struct small_fleet final : fleet_view {
  manual_clock clock;
  model::timeline line{clock.now(), 1'000};
  std::vector<model::device_status> all;
  mutable std::size_t names_asked = 0, plans_made = 0;

  void add(const char* application, const char* id, model::device_state state) {
    model::device_status one;
    one.ref = static_cast<device_ref>(all.size());
    one.key = {application_id{application}, device_id{id}};
    one.state = state;
    if (state == model::device_state::parked) {
      one.reason = errc::hub_device_disabled;
      one.next_try = clock.now().mono + seconds{90};
    }
    all.push_back(std::move(one));
  }
  std::string explain(const model::device_status& of) const override {
    return core::explain(of, clock.now());
  }
  std::optional<std::string> trouble;
  mutable int looked = 0; // at all figures
  snapshot given;
  moment now() const override { return clock.now(); }
  std::optional<std::string> why_not_ready() const override { return trouble; }
  snapshot figures() const override {
    ++looked;
    snapshot s = given;
    s.ready = true;
    return s;
  }
  model::device_page list(std::optional<device_ref> after, std::size_t limit,
                          const model::device_filter& wanted) const override {
    model::device_page page;
    for (const auto& one : all) {
      if (after && index_of(one.ref) <= index_of(*after)) continue;
      if (page.devices.size() >= limit) {
        page.next = page.devices.back().ref;
        break;
      }
      if (wanted.state && one.state != *wanted.state) continue;
      if (!wanted.application.empty() && one.key.application.str() != wanted.application) continue;
      if (one.key.device.str().find(wanted.text) != std::string::npos) page.devices.push_back(one);
    }
    return page;
  }
  std::optional<model::device_status> device(const model::device_key& key) const override {
    for (const auto& one : all)
      if (one.key == key) return one;
    return std::nullopt;
  }
  std::optional<model::device_key> key_of(device_ref ref) const override {
    ++names_asked;
    if (index_of(ref) >= all.size()) return std::nullopt;
    return all[index_of(ref)].key;
  }
  std::vector<application_id> applications() const override {
    return {application_id{"gas"}, application_id{"heat"}, application_id{"water"}};
  }
  const model::timeline& timeline() const override { return line; }
  std::vector<model::command_status> commands;
  std::vector<model::command_status> commands_of(const model::device_key& key,
                                                 std::size_t most) const override {
    std::vector<model::command_status> some;
    for (const auto& one : commands)
      if (one.to == key && some.size() < most) some.push_back(one);
    return some;
  }
  plan_input plan() const override {
    ++plans_made;
    plan_input in;
    in.applications = {{"water", 6, 0, 0, 6, 0, "cache", ""}};
    in.dps = {{"field", 6, 1'000}};
    return in;
  }
};

} // namespace causeway::watch
