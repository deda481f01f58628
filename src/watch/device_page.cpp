// SPDX-License-Identifier: Apache-2.0
#include "watch/device_page.h"

#include <cmath>

namespace causeway::watch {
namespace {

namespace json = boost::json;

json::value time_json(wall_time time) {
  if (time == wall_time{}) return nullptr;
  return json::value(format_rfc3339(time));
}

json::value text_or_null(const std::string& text) {
  if (text.empty()) return nullptr;
  return json::value(text);
}

double seconds_between(mono_time from, mono_time to) {
  return std::round(std::chrono::duration<double>(to - from).count() * 1'000) / 1'000;
}

} // namespace

json::object device_json(const model::device_status& of, moment now) {
  json::object out;
  out["application"] = of.key.application.str();
  out["device"] = of.key.device.str();
  out["dev_eui"] = text_or_null(of.dev_eui.str());
  out["state"] = model::to_string(of.state);
  out["state_seconds"] = std::max(0.0, seconds_between(of.since, now.mono));
  out["identity"] = text_or_null(of.identity.str());
  out["hub"] = text_or_null(of.hub.str());
  out["section"] = text_or_null(of.section.str());
  out["through_dps"] = of.through_dps;
  out["assigned_at"] = time_json(of.assigned_at);
  out["model_id"] = text_or_null(of.model_id);
  out["listed"] = of.listed;
  out["deleted"] = of.deleted;
  out["integration"] = of.integration ? json::value(*of.integration) : json::value(nullptr);
  out["paused"] = of.paused;
  out["application_paused"] = of.gated;
  out["reason"] = of.reason ? json::value(describe(*of.reason).name) : json::value(nullptr);
  out["reason_detail"] = text_or_null(of.reason_detail);
  out["waits_for"] = text_or_null(of.waits_for);
  out["waits_seconds"] =
      of.waits_for.empty() ? json::value(nullptr) : json::value(seconds_between(of.waits_since, now.mono));
  out["next_try_seconds"] =
      of.reason ? json::value(std::max(0.0, seconds_between(now.mono, of.next_try))) : json::value(nullptr);
  out["failures"] = of.failures;
  out["waiting"] = of.waiting;
  out["grace_seconds"] = of.grace_left ? json::value(of.grace_left->count()) : json::value(nullptr);
  out["in_flight"] = of.in_flight;
  out["sent"] = of.sent;
  out["last_seen"] = time_json(of.last_seen);
  out["frames"] = json::object{{"last", of.last_f_cnt}, {"missing", of.gaps}, {"late", of.late}};
  return out;
}

std::optional<model::device_state> find_state(std::string_view name) {
  for (std::size_t i = 0; i < model::device_states; ++i)
    if (const auto state = static_cast<model::device_state>(i); model::to_string(state) == name) return state;
  return std::nullopt;
}

} // namespace causeway::watch
