// SPDX-License-Identifier: Apache-2.0
// What an organ stands on, for tests of one organ alone: the fixture's three applications, a table, ports
// that record.
#pragma once

#include "core/appends.h"
#include "core/backlog.h"
#include "core/draft.h"
#include "core/holdings.h"
#include "core/naming.h"
#include "core/open_time.h"
#include "core/outlet.h"
#include "core/recording_ports.h"

namespace causeway::core::testing {

struct organ_scene {
  manual_clock clock;
  recording_ports ports;
  rule_book rules;
  shard_totals totals;
  open_time time{clock.now()};
  device_table table;
  naming names{rules, table};
  backlog waiting;
  holdings here{rules, nullptr};
  outlet<journal> disk;
  draft book{disk};
  appends stored;
  outlet<hub_link> hub;
  outlet<provisioner> finder;
  outlet<registry> stack;
  outlet<formatter> format;
  outlet<answers> answered;

  static constexpr std::uint32_t plant = 0, field = 1, meters = 2;

  explicit organ_scene(std::vector<application_rules> by = shard_fixture::rules(),
                       const spool_limits& limits = {})
      : rules{std::move(by)}, waiting{{}, body_cache{1024 * 1024}, spool_room{limits, rules.size()}} {
    ports.formats_later = true;
    ports.fingerprints["dps"] = "f1";
    disk.bind(ports);
    hub.bind(ports);
    finder.bind(ports);
    stack.bind(ports);
    format.bind(ports);
    answered.bind(ports);
  }

  moment now() const { return clock.now(); }
  // An organ's event is over: its change is committed.
  calls take() {
    book.commit();
    return ports.take();
  }
  device_ref add(std::uint32_t application, const std::string& name) { return table.add(application, name); }
  // With an assignment at "h": through DPS, or by connection string.
  device_ref add_assigned(std::uint32_t application, const std::string& name) {
    const auto which = add(application, name);
    auto& d = table.at(which);
    d.assigned = true;
    d.hub = table.intern({hub_host{"h"}, rules.of(d).section, application == plant ? "" : "f1/{device_id}"});
    return which;
  }
  void wait(device_ref which, spool_seq seq, std::uint32_t bytes = 10, bool with_body = true) {
    auto& d = table.at(which);
    waiting.queue.push(which, d, {seq, bytes, time.ms_since_start(now()), time.since_start(now())});
    waiting.account.take(d.application, {1, bytes});
    if (with_body) waiting.bodies.keep(seq, {"id", "", "", "body", {}});
  }
};

} // namespace causeway::core::testing
