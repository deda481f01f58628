// SPDX-License-Identifier: Apache-2.0
// All tables of figures, in the order in which /metrics and docs/metrics.md show them. A module's new table
// has its line here; a new figure has none. For watch's own files.
#pragma once

#include "watch/own_figures.h"

namespace causeway::watch {

// to.one(table, its struct), or to.each(label, table, structs by name).
template <class Visitor>
void walk_figures(const snapshot& now, Visitor& to) {
  to.one(model::event_figures, now.shard);
  to.one(model::webhook_figures, now.webhook);
  to.one(http_figures, now.webhook_server);
  to.each("application", model::mqtt_figures, now.mqtt);
  to.one(model::message_figures, now.shard);
  to.one(model::dead_letter_figures, now.store);
  to.one(model::device_figures, now.shard);
  to.one(model::spool_figures, now.store);
  to.one(oldest_figures, now);
  to.each("application", model::spool_use_figures, now.spool);
  to.one(model::drop_figures, now.shard);
  to.one(model::command_figures, now.commands);
  to.one(model::commit_figures, now.store);
  to.each("hub", model::hub_figures, now.hubs);
  to.one(clock_figures, now);
  to.each("section", model::dps_figures, now.dps);
  to.each("application", model::registry_figures, now.registry);
  to.each("application", model::backfill_figures, now.backfill);
  to.each("application", model::transform_figures, now.transforms);
  to.one(timeline_figures, now);
  to.each("exporter", exporter_figures, now.exporters);
  to.one(process_figures, now);
}

// What a struct among several is called, and the struct.
template <class Of>
const std::string& name_of(const std::pair<const std::string, Of>& one) {
  return one.first;
}
template <class Of>
const Of& struct_of(const std::pair<const std::string, Of>& one) {
  return one.second;
}
inline const std::string& name_of(const model::spool_use& one) {
  return one.application.str();
}
inline const model::spool_use& struct_of(const model::spool_use& one) {
  return one;
}

} // namespace causeway::watch
