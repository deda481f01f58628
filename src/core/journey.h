// SPDX-License-Identifier: Apache-2.0
// A device's way to its hub and its messages' after it, carried out: each event goes to connecting, and what
// that says is to be done next is passed on to the organ that does it. Holds no rule of its own but in which
// order things end. Owned by the shard, owns the organs of the way; one thread.
#pragma once

#include "core/assignments.h"
#include "core/claims.h"
#include "core/connecting.h"
#include "core/grace.h"
#include "core/links.h"
#include "core/openings.h"
#include "core/records.h"
#include "core/roster.h"
#include "core/successions.h"

#include <functional>
#include <optional>

namespace causeway::core {

struct appends;
struct backlog;
class census;
class delivery;
class draft;
class gates;
struct gate_place;
class holdings;
class open_time;

class journey {
public:
  struct outlets {
    const outlet<hub_link>& hub;
    const outlet<provisioner>& finder;
    const outlet<registry>& stack;
  };
  struct grounds { // what the way leads over
    const rule_book& rules;
    const naming& names;
    device_table& table;
    census& counts;
    backlog& waiting;
    gates& held;
    delivery& out;
    const holdings& here;
    draft& book;
    const appends& stored;
    const open_time& time;
    shard_totals& totals;
  };

  // All must live as long. random: uniform in [0, 1).
  journey(const grounds& on, const outlets& to, const connect_pauses& by, std::function<double()> random);

  // Precondition of all with a device, unless said: it is in the table.
  // The event, and all that follows from it.
  transition follow(device_ref which, device_event what, circumstances with);

  // A device that was not there, or, at start, was in the table only.
  void appear(device_ref which, device_state in, moment now, bool was_attached = false);
  device_ref add(const device_key& key, std::uint32_t application, device_state in, moment now);
  // A row of it has come to wait.
  void on_row(device_ref which, spool_seq seq, append_id by, bool first_waits, moment now);
  void take_eui(device_ref which, std::uint64_t eui, moment now);
  void switch_off(device_ref which, moment now);
  // By the registry's word about the device itself.
  void on_deleted(device_ref which, moment now);
  // Precondition: no event of it is being stored.
  void erase(device_ref which, moment now);
  // The event, and then whatever leads to its hub ends with this reason. Where it was before.
  transition end(device_ref which, device_event by, errc why, moment now);
  void lose_assignment(device_ref which);

  // A shard has come: all its devices on disk are in the table, each with its record.
  void begin(shard_number which, start_image image, moment now);
  bool start_some(std::size_t most, moment now);
  // It is gone: nothing of it is here any more, and what is on the disk stays.
  void let_go(shard_number which, moment now);

  // The device may be gone.
  void on_assignment(device_ref which, result<assignment> where, moment now);
  void on_attached(device_ref which, moment now);
  void on_detached(device_ref which, const error& why, bool link_retries, moment now);
  void on_outcome(device_ref which, spool_seq seq, const result<void>& outcome, moment now);
  void on_read_back(std::vector<spool_row> rows, const std::vector<spool_seq>& gone, moment now);
  void on_clock_set(moment now);
  void tick(moment now);
  std::optional<mono_time> deadline() const;

  roster& words() { return roster_; }
  assignments& hubs() { return assignments_; }
  const records& disk() const { return records_; }
  grace& refused() { return grace_; }
  links& to_hub() { return links_; }
  openings& starts() { return openings_; }
  const successions& heirs() const { return successions_; }

private:
  transition move(device_ref which, device_event what, circumstances& with);
  void carry_out(device_ref which, const transition& change, const circumstances& with);
  void claim(device_ref which, moment now);
  void go_on(device_ref which, moment now);
  void count_grace(device_ref which, moment now);
  void leave(device_ref which, moment now);
  void become_other(device_ref which, moment now);
  void bury_former(device_ref which, spool_seq until, moment now);
  void vanish(device_ref which);
  void probe(gate_place at, moment now);
  void tick_gates(moment now);

  grounds on_;
  claims claims_;
  assignments assignments_;
  openings openings_;
  connecting connecting_;
  links links_;
  grace grace_;
  successions successions_;
  records records_;
  roster roster_;
};

} // namespace causeway::core
