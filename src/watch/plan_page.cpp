// SPDX-License-Identifier: Apache-2.0
#include "watch/json_text.h"
#include "watch/plan.h"

#include <cmath>

namespace causeway::watch {
namespace {

namespace json = boost::json;

double rounded(double seconds) {
  return std::round(seconds * 1'000) / 1'000;
}

json::object plan_json(const plan& what) {
  json::array applications, dps, hubs, steps, tiers;
  for (const auto& a : what.from.applications)
    applications.push_back(json::object{{"application", a.id},
                                        {"devices", a.devices},
                                        {"not_connected", a.idle},
                                        {"from_cache", a.assigned},
                                        {"through_dps", a.by_dps},
                                        {"by_connection_string", a.at_once},
                                        {"source", a.source},
                                        {"note", a.note}});
  for (const auto& d : what.from.dps)
    dps.push_back(json::object{{"section", d.section},
                               {"registrations", d.registrations},
                               {"registrations_a_minute", d.per_minute}});
  for (const auto& h : what.from.hubs)
    hubs.push_back(json::object{{"hub", h.name},
                                {"section", h.section},
                                {"devices", h.devices},
                                {"connects_a_second", h.connects_per_second},
                                {"tier", h.tier},
                                {"twins", h.twins},
                                {"twin_reads_a_second", h.twin_reads_per_second},
                                {"seconds_of_twins", rounded(seconds_of_twins(h))}});
  for (const auto& s : what.steps)
    steps.push_back(json::object{{"what", s.what}, {"devices", s.devices}, {"seconds", rounded(s.seconds)}});
  for (const auto& [tier, seconds] : what.by_tier)
    tiers.push_back(json::object{{"tier", tier}, {"seconds", rounded(seconds)}});
  return {{"devices", what.devices},
          {"not_connected", what.idle},
          {"connecting", what.connecting},
          {"from_cache", what.assigned},
          {"through_dps", what.by_dps},
          {"by_connection_string", what.at_once},
          {"seconds_to_all_online", rounded(what.seconds)},
          {"seconds_if_slow",
           what.seconds_if_slow == 0 ? json::value(nullptr) : json::value(rounded(what.seconds_if_slow))},
          {"limited_by", what.limited_by.empty() ? json::value(nullptr) : json::value(what.limited_by)},
          {"applications", std::move(applications)},
          {"dps", std::move(dps)},
          {"hubs", std::move(hubs)},
          {"steps", std::move(steps)},
          {"other_tiers", std::move(tiers)}};
}

} // namespace

std::string format_plan_json(const plan& what) {
  auto body = plan_json(what);
  body["text"] = format_plan(what);
  return to_text(body);
}

} // namespace causeway::watch
