// SPDX-License-Identifier: Apache-2.0
// From what a hub has for a device to an item in The Things Stack's queue, and from what is heard of that to
// the sender's word: the ledger's state machine carried out. A command is stored before its message is
// completed, written down as leaving before its push leaves, and pushed once; each step and its report are
// one append.
//
// Its parts each decide one thing: ledger (what there is), command_saves (what is durable), push_turns (whose
// push is next), command_looks (what became of a push, or of an item), command_senders (who is told in
// Azure), queue_clearings (what the operator empties), command_times (how long it takes), command_refusals
// (what is not taken), c2d_gate (when hubs give none), progress_watch (whether steps come in at all),
// clock_wait (what may have expired). Owned by the shard; one thread.
//
// Promise: what was completed at the hub, or answered 200 or 202, is in the ledger. A command has one item:
// it is pushed again only where it is proven that the push before has not arrived.
#pragma once

#include "core/c2d_gate.h"
#include "core/clock_wait.h"
#include "core/command_looks.h"
#include "core/command_refusals.h"
#include "core/command_report.h"
#include "core/command_saves.h"
#include "core/command_senders.h"
#include "core/command_times.h"
#include "core/command_watch.h"
#include "core/device_classes.h"
#include "core/ledger.h"
#include "core/progress_watch.h"
#include "core/push_turns.h"
#include "core/queue_clearings.h"
#include "model/command_totals.h"
#include "model/command_view.h"
#include "model/door.h"
#include "model/downlinks.h"
#include "model/totals.h"

#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string_view>
#include <vector>

namespace causeway::core {

struct appends;
class device_table;
class draft;
class holdings;
class naming;
class open_time;
class rule_book;
class spool_room;
class successions;

class commands {
public:
  struct options {
    command_limits limits{};
    std::function<double()> random{};                         // uniform in [0, 1)
    std::function<std::array<std::uint8_t, 16>()> fresh_id{}; // random bits
    // As shard_options'.
    std::function<std::optional<wall_time>(moment)> service_time{};
    model::timeline* timeline = nullptr; // gets the phases of commands; nothing = off
  };
  struct grounds {
    const rule_book& rules;
    const naming& names;
    const device_table& table;
    const holdings& here;
    const successions& heirs;
    const spool_room& room;
    draft& changes;
    appends& stored;
    const open_time& time;
    shard_totals& totals;
  };
  struct outlets {
    const outlet<model::hub_link>& hub;
    const outlet<model::downlinks>& stack;
    const outlet<model::command_translator>& words;
    const outlet<model::answers>& answers;
    const outlet<command_watch>& watch; // of what twins ask for
  };
  // All must live as long.
  commands(const options& by, const grounds& on, const outlets& to);

  // What the disk has of this shard, once; devices are in the table.
  void begin(std::vector<kept_command> rows, moment now);

  // Precondition of both: the device is in the table.
  void on_c2d(device_ref which, c2d_message what, moment now);
  void on_method(device_ref which, const method_call& what, moment now);
  // Of the device's twin: stored with this row in one append, and answered by command_watch::on_ordered.
  // Preconditions: the device is in the table, and none of this id is here. Errors: what is wrong with it,
  // and why it is not taken; then nothing is stored.
  result<void> order(device_ref which, const command_id& id, const result<downlink>& what,
                     const kept_command& beside, moment now);

  // An event of a command that is here: its ticket is answered when what it says is durable. False: it is of
  // none.
  bool take(ticket which, const model::event& event, moment now);
  // It is not in the table any more: what has not been pushed to it is given up, and nobody is told.
  void on_forgotten(device_ref which, const device_key& key, moment now);
  // Devices that may not be forgotten now: reports are on their way to the disk, or a push is under way.
  void add_busy(std::set<device_ref>& to) const;
  // False: none of ours.
  bool on_appended(const model::appended& what, moment now);

  // As model::downlink_answers'.
  bool may_leave(const command_id& which, moment now) const;
  void on_push_outcome(const command_id& which, const push_outcome& what, moment now);
  void on_queue_read(const command_id& which, const queue_reading& what, moment now);
  void on_record_read(const command_id& which, const record_reading& what, moment now);

  // No more are taken, and no more pushes leave.
  void close(moment now);

  void tick(moment now);
  std::optional<mono_time> deadline() const;
  const ledger& book() const { return book_; }
  // As command_side's.
  void cancel(const command_id& which, calling_told told, moment now);
  void clear(const device_key& of, clearing_told told, moment now);
  model::command_totals totals() const;

private:
  using purpose = command_saves::purpose;
  struct pushing {
    device_ref device{};
    std::optional<mono_time> written{}; // it is durable since then that it leaves
    bool unanswered = false;            // its turn ends with what is found out of it
  };
  using pushes = std::map<command_id, pushing>;

  // On their way in.
  std::optional<error> refuses(device_ref which, moment now);
  void brake(device_ref which, command made, delivery_number number, const error& why, moment now);
  void store(command_entry& one, device_ref which, moment now);
  void on_stored(const command_id& id, const result<void>& outcome, moment now);

  // What becomes of one.
  void move(command_entry& one, command_event what, const report_cause& cause, moment now);
  void take_effect(command_entry& one, const command_effect& effect, const report_cause& cause,
                   std::optional<ticket> told_by, moment now);
  void on_moved(command_entry& one, command_stage from, std::string_view refusal, moment now);
  void tell(const command_entry& one, std::string_view refusal, moment now);
  void schedule(command_entry& one, moment now);
  void on_due(command_entry& one, moment now);
  void forget(const command_id& id);
  // Ours that stood in the device's queue at that time are not there any more; how many.
  std::size_t leave_queue(const device_key& of, const command_entry* but, wall_time then, command_event how,
                          moment now);

  // Pushes.
  void enter(command_entry& one, moment now);
  void pump(moment now);
  void start_push(const push_entry& turn, moment now);
  void on_written(const command_id& id, const result<void>& outcome, moment now);
  void on_unanswered(command_entry& one, pushes::iterator push, const push_outcome& what, moment now);
  void on_finding(const command_id& which, const command_looks::finding& found, moment now);
  void on_clearing(const command_id& which, const push_outcome& what, moment now);
  void resume(command_entry& one, moment now);

  options options_;
  grounds on_;
  outlets to_;
  ledger book_;
  command_saves saves_;
  push_turns turns_;
  queue_clearings clearings_;
  command_looks looks_;
  device_classes classes_;
  model::command_totals totals_;
  command_times times_;
  command_senders senders_;
  command_refusals refusals_;
  c2d_gate gate_;
  progress_watch progress_;
  clock_wait unsure_;
  pushes pushes_;   // from their turn's begin to its end
  mono_time now_{}; // of the last call
  bool closed_ = false;
  bool pumping_ = false;
};

} // namespace causeway::core
