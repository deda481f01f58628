// SPDX-License-Identifier: Apache-2.0
#include "watch/status_page.h"

#include "watch/figure_json.h"

#include <algorithm>
#include <limits>
#include <numeric>

namespace causeway::watch {
namespace {

namespace json = boost::json;

std::uint64_t in_state(const snapshot& now, model::device_state state) {
  return now.shard.devices[static_cast<std::size_t>(state)];
}

// One object for each: its name, then what its table says.
template <class Of, class Several>
json::array all_of(const Several& several, const char* key, model::figure_table<Of> table) {
  json::array out;
  for (const auto& entry : several) {
    figure_object members;
    members.add(std::numeric_limits<int>::min(), key, json::value(name_of(entry)));
    members.add(table, struct_of(entry));
    out.push_back(members.take());
  }
  return out;
}

} // namespace

std::optional<double> predict_seconds(const snapshot& now) {
  const auto on_the_way =
      in_state(now, model::device_state::provisioning) + in_state(now, model::device_state::attaching);
  if (on_the_way == 0) return 0;
  double longest = 0;
  bool moving = false;
  for (const auto& [section, dps] : now.dps) {
    if (dps.in_progress == 0) continue;
    if (dps.limit <= 0 || dps.unreachable) return std::nullopt;
    moving = true;
    longest = std::max(longest, std::chrono::duration<double>(dps.held_for).count() +
                                    static_cast<double>(dps.waiting) * 60 / dps.limit + dps_pause_seconds +
                                    way_seconds);
  }
  for (const auto& [host, hub] : now.hubs) {
    if (hub.devices <= hub.attached) continue;
    if (hub.connections_open == 0 && hub.last_fault) return std::nullopt;
    if (hub.connects_limit <= 0) return std::nullopt;
    moving = true;
    longest = std::max(longest, hub.connects_held +
                                    static_cast<double>(hub.devices - hub.attached) / hub.connects_limit +
                                    way_seconds);
  }
  if (!moving) return std::nullopt;
  return longest;
}

json::object status_json(const snapshot& now, std::string_view version, wall_time at) {
  const auto devices = std::accumulate(now.shard.devices.begin(), now.shard.devices.end(), std::uint64_t{0});
  const auto seconds = predict_seconds(now);
  // Those of the gateway as a whole: by object, and those in none.
  const auto members = [&](std::string_view prefix) {
    figure_object of{prefix};
    walk_figures(now, of);
    return of;
  };
  auto spool = members("spool.");
  spool.add(3, "applications", all_of(now.spool, "application", model::spool_use_figures));
  auto others = members("").take();

  json::object out;
  out["version"] = version;
  out["ready"] = now.ready;
  if (!now.ready) out["not_ready_because"] = now.not_ready_because;
  const auto uptime = std::chrono::duration<double>(at - now.started).count();
  out["uptime_seconds"] = rounded(std::max(0.0, uptime), 1'000);
  out["devices"] = devices;
  out["devices_by_state"] = others["devices_by_state"];
  out["seconds_to_all_online"] = seconds ? json::value(rounded(*seconds, 100)) : json::value(nullptr);
  out["hubs"] = all_of(now.hubs, "host", model::hub_figures);
  out["dps"] = all_of(now.dps, "section", model::dps_figures);
  out["registry"] = all_of(now.registry, "application", model::registry_figures);
  out["backfill"] = all_of(now.backfill, "application", model::backfill_figures);
  out["mqtt"] = all_of(now.mqtt, "application", model::mqtt_figures);
  out["spool"] = spool.take();
  out["messages"] = members("messages.").take();
  out["commands"] = members("commands.").take();
  out["timeline"] = members("timeline.").take();
  out["exporters"] = all_of(now.exporters, "name", exporter_figures);
  for (auto& [key, value] : others)
    if (!out.contains(key)) out[key] = std::move(value);
  return out;
}

} // namespace causeway::watch
