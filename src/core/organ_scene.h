// SPDX-License-Identifier: Apache-2.0
// What an organ stands on, for tests of one organ alone: the fixture's three applications, a table, ports
// that record. What is out of sight here is in organ_scene_test.cpp: a change of it is nothing to most tests.
#pragma once

#include "core/device_table.h"
#include "core/naming.h"
#include "core/outlet.h"
#include "core/recording_ports.h"
#include "core/rule_book.h"
#include "core/transitions.h"

#include <memory>
#include <string>
#include <vector>

namespace causeway::core {
struct appends;
struct backlog;
class connecting;
class draft;
class holdings;
class open_time;
} // namespace causeway::core

namespace causeway::core::testing {

struct organ_scene {
  manual_clock clock;
  recording_ports ports;
  rule_book rules;
  shard_totals totals;
  device_table table;
  naming names{rules, table};
  outlet<journal> disk;
  outlet<hub_link> hub;
  outlet<provisioner> finder;
  outlet<registry> stack;
  outlet<formatter> format;
  outlet<answers> answered;
  struct hidden;
  std::shared_ptr<hidden> it;
  open_time& time;
  backlog& waiting;
  holdings& here;
  draft& book;
  appends& stored;
  connecting& states;

  static constexpr std::uint32_t plant = 0, field = 1, meters = 2;

  explicit organ_scene(std::vector<application_rules> by = shard_fixture::rules(),
                       const spool_limits& limits = {});

  moment now() const { return clock.now(); }
  // An organ's event is over: its change is committed.
  calls take();
  // Where devices stand, as connecting has it.
  void appear(device_ref which, device_state in);
  void move(device_ref which, device_event what, const error* why = nullptr);
  device_ref add(std::uint32_t application, const std::string& name) { return table.add(application, name); }
  // With an assignment at "h": through DPS, or by connection string.
  device_ref add_assigned(std::uint32_t application, const std::string& name) {
    const auto which = add(application, name);
    auto& d = table.at(which);
    d.assigned = true;
    d.hub = table.intern({hub_host{"h"}, rules.of(d).section, application == plant ? "" : "f1/{device_id}"});
    return which;
  }
  void wait(device_ref which, spool_seq seq, std::uint32_t bytes = 10, bool with_body = true);
};

} // namespace causeway::core::testing
