// SPDX-License-Identifier: Apache-2.0
// The heart: decides what becomes of each event, and brings each device to its hub. Knows no wire, disk,
// clock or thread: events come in, calls on the ports go out, time is a parameter. Never waits, never throws.
// One thread.
//
// One machine has all devices, from `begin` on. Of several, each has those of the shards that it owns
// (tenure.h), all in this one object with its one table; an event of any other device is formatted and
// appended for its owner.
//
// It owns its organs and passes on what one says to the next; each organ is a class of its own with its
// rules: doorman, reception, intake, room, delivery, gates, and journey with what is on a device's way.
//
// Promise: an event whose ticket was answered `stored` is in the spool until the hub has accepted it or it is
// a dead letter; the one exception is what the operator has asked for with spool_limits (drop_oldest,
// max_age): the oldest that is not with the hub is given up, counted and logged. Order: for each device in
// the order accepted, one message in flight, always.
#pragma once

#include "core/device_view.h"
#include "core/limits.h"
#include "core/rules.h"
#include "model/command_translator.h"
#include "model/device_filter.h"
#include "model/device_status.h"
#include "model/door.h"
#include "model/downlinks.h"
#include "model/forgetting.h"
#include "model/formatter.h"
#include "model/hub_link.h"
#include "model/journal.h"
#include "model/provisioner.h"
#include "model/registry.h"
#include "model/start_image.h"
#include "model/tenure.h"
#include "model/timeline.h"
#include "model/totals.h"

#include <array>
#include <functional>
#include <limits>
#include <memory>
#include <optional>
#include <vector>

namespace causeway::core {

class command_side;
class device_table;

struct shard_ports {
  model::journal& disk;
  model::hub_link& hub;
  model::provisioner& provisioner;
  model::registry& registry;
  model::formatter& formatter;
  model::answers& answers;
  model::downlinks& stack;
  model::command_translator& words;
};

struct shard_options {
  std::size_t body_cache_bytes = 32 * 1024 * 1024;
  std::size_t read_back_batch = 256;
  // Of several applications one may have spool_limits::application_share of them. The
  // events of further ones are answered `devices_full` or `device_share_full`; further ones of a listing are
  // left.
  std::uint32_t max_devices = devices_of_a_hub;
  std::size_t max_in_progress = 100'000; // events being formatted or stored; further ones are answered `full`
  connect_pauses pauses{};
  std::function<double()> random{};    // uniform in [0, 1)
  model::timeline* timeline = nullptr; // gets phase::first_send and those of commands; nothing = off
  // The owner's one timer: on_tick is to be called at this time, or as soon after as it can be; the earliest
  // counts. Nothing: the owner looks at deadline() itself.
  std::function<void(mono_time)> ring_at{};
  spool_limits limits{};
  refusal_limits refusals{};
  const model::tenure* tenure = nullptr; // must live as long; nothing: one machine
  command_limits commands{};
  std::function<std::array<std::uint8_t, 16>()> fresh_id{}; // random bits, for calls without an id
  // What time it is by services' clocks; nothing: none has told it.
  std::function<std::optional<wall_time>(moment)> service_time{};
};

class shard final : public door,
                    public journal_events,
                    public formatter_events,
                    public registry_events,
                    public hub_link_events,
                    public provisioner_events,
                    public tenure_events {
public:
  // Before its ports, which can be given its events then; connect, once, before the first event.
  shard(std::vector<application_rules> rules, shard_options options, moment now);
  ~shard() override;
  void connect(const shard_ports& ports);

  // Once, before any other event. Devices with an assignment that still fits are attached, those with waiting
  // messages first. Of the others, those that the registry has named (and has not switched off), that wait to
  // send or whose hub is found at no cost are provisioned. Where the registry is followed and has not named a
  // device, the device waits for it; a record that was listed tells that there is a list to go by.
  // In pieces, so that events are taken meanwhile: first this, then start_some for at most so many devices,
  // until it says false. No device is connected before all have the assignments that are on disk.
  void begin(start_image image, moment now);
  bool start_some(std::size_t most, moment now);
  // The same for a shard, of several machines, instead of begin; start_some follows.
  void adopt(shard_number which, start_image image, moment now) override;
  void release(shard_number which, mono_time until, moment now) override;
  void fence(shard_number which, moment now) override;

  // From the door.
  void on_event(ticket which, model::event event, moment now) override;
  // Its format has not answered yet.
  bool is_formatting(ticket which) const override;
  void on_formatted(ticket which, result<std::vector<message>> messages, moment now) override;
  // From the operator: a dead letter is tried again, and goes in the transaction that stores what has become
  // of it. Answered by answers::on_answer: stored; duplicate (it is not there any more); unwanted (its
  // application, kind or device is not, or its format makes nothing of it), dead_lettered (it would be
  // refused again), full, share_full, unavailable: the dead letter stays as it is. The message keeps its id
  // and goes to the end of its device's queue; the event goes through its format, and nothing is a duplicate
  // of it but the copy that is on its way meanwhile: then it is answered `unavailable`.
  void replay(ticket which, std::uint64_t letter, const device_key& from, message what, moment now);
  void replay(ticket which, std::uint64_t letter, model::event event, moment now);
  // From the journal.
  void on_appended(const std::vector<appended>& what, moment now) override;
  void on_rows(std::vector<fresh_row> rows, moment now) override;
  void on_read_back(std::vector<spool_row> rows, const std::vector<spool_seq>& gone, moment now) override;
  void on_dead_letters_counted(const dead_letter_amounts& are) override;
  // From the provisioner.
  void on_assignment(device_ref which, result<assignment> where, moment now) override;
  // From the registry: registry_events. Until an application's first listing is whole a device that no
  // listing ever named waits with its messages.
  void on_registered(const registered_device& what, moment now) override;
  void on_listed(const application_id& application, moment now) override;
  void on_suspected(const device_key& which, moment now) override;
  void on_looked_up(device_ref which, result<registered_device> what, moment now) override;
  // From the hub link.
  void on_device_attached(device_ref which, moment now) override;
  void on_device_detached(device_ref which, const error& why, bool link_retries, moment now) override;
  void on_send_outcome(device_ref which, spool_seq seq, const result<void>& outcome, moment now) override;
  void on_shard_closed(shard_number which, moment now) override;
  // From the operator: the device goes, with its assignment, and comes back when it sends something or the
  // registry names it. drop_messages: what waits for it becomes dead letters; else such a device stays.
  forgetting forget(const device_key& key, bool drop_messages, moment now);
  // Those of an application behind `after`, at most `limit`; looks at 65,536 places at most.
  forget_page forget_some(const application_id& application, forgettable which, bool drop_messages,
                          std::optional<device_ref> after, std::size_t limit, moment now);
  // The operator has configured other rules, all of them: they count from now on or, where many devices are
  // concerned or a start is under way, as soon as what does not fit them has ended; of several that wait the
  // last. Who finds hubs must know their sections already. docs/decisions/0033-snapshots.md.
  void take_rules(std::vector<application_rules> rules, moment now);
  // At deadline() or later.
  void on_tick(moment now);
  // The wall time has jumped: devices that were refused because of their tokens, which have a time in them,
  // are tried again now.
  void on_clock_set(moment now);
  std::optional<mono_time> deadline() const;

  // For hubs' commands and what becomes of them.
  command_side& commands() const;

  shard_totals totals() const;
  // By application, in the order in which they came; of those that are not configured any more, too.
  std::vector<spool_use> spool_by_application() const;
  // How long the oldest message that is not with a hub has waited; nothing when there is none.
  std::optional<seconds> oldest_age(moment now) const;
  // For how long this store has been open in all its life, as far as it knows; to be saved each minute. The
  // only clock by which anything is given up: neither a stopped process nor a machine's wrong clock moves it.
  std::uint32_t open_seconds(moment now) const;
  // Whether a device that is online still has messages that only wait for their turn, of those accepted
  // this row: what a stop may wait for.
  bool is_sending(spool_seq before = std::numeric_limits<spool_seq>::max()) const;
  // Devices, one by one and in pages.
  const device_view& view() const;
  const device_table& devices() const;

private:
  struct organs;
  class turn;
  class commands_here;
  std::unique_ptr<organs> it_; // out of sight: a change of one is nothing to who uses the shard
};

} // namespace causeway::core
