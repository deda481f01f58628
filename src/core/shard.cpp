// SPDX-License-Identifier: Apache-2.0
#include "core/shard.h"

#include "base/check.h"
#include "base/earliest.h"
#include "core/appends.h"
#include "core/backlog.h"
#include "core/census.h"
#include "core/command_side.h"
#include "core/commands.h"
#include "core/delivery.h"
#include "core/device_table.h"
#include "core/device_view.h"
#include "core/doorman.h"
#include "core/draft.h"
#include "core/gates.h"
#include "core/holdings.h"
#include "core/intake.h"
#include "core/journey.h"
#include "core/naming.h"
#include "core/open_time.h"
#include "core/outbox.h"
#include "core/outlet.h"
#include "core/reception.h"
#include "core/room.h"
#include "core/rule_book.h"
#include "core/rule_change.h"
#include "core/spool_room.h"
#include "core/twins.h"

#include <algorithm>
#include <set>
#include <utility>

namespace causeway::core {

// The core's other face: each call an event, like those of the shard itself.
class shard::commands_here final : public command_side {
public:
  explicit commands_here(shard& of) : of_{of} {}

  void on_c2d(device_ref which, c2d_message what, moment now) override;
  void on_method(device_ref which, method_call what, moment now) override;
  void on_twin_open(device_ref which, moment now) override;
  void on_twin_changed(device_ref which, std::string patch, moment now) override;
  void on_twin_read(device_ref which, result<std::string> document, moment now) override;
  void on_twin_reported(device_ref which, result<void> outcome, moment now) override;
  bool may_leave(const command_id& which, moment now) override;
  void on_push_outcome(const command_id& which, const push_outcome& what, moment now) override;
  void on_queue_read(const command_id& which, const queue_reading& what, moment now) override;
  void on_record_read(const command_id& which, const record_reading& what, moment now) override;
  void close(moment now) override;
  model::command_totals totals() const override;
  const ledger& book() const override;
  void cancel(const command_id& which, calling_told told, moment now) override;
  void clear(const device_key& of, clearing_told told, moment now) override;

private:
  shard& of_;
};

struct shard::organs {
  struct outlets {
    outlet<model::journal> disk;
    outlet<model::hub_link> hub;
    outlet<model::provisioner> provisioner;
    outlet<model::registry> registry;
    outlet<model::formatter> formatter;
    outlet<model::answers> answers;
    outlet<model::downlinks> stack;
    outlet<model::command_translator> words;
    outlet<command_watch> watch;
  };

  organs(shard& of, std::vector<application_rules> by, shard_options chosen, moment now)
      : options{std::move(chosen)},
        rules{std::move(by)},
        time{now},
        counts{rules.size(), table, options.max_devices, options.limits.application_share},
        bodies{options.body_cache_bytes},
        account{options.limits, rules.size()},
        here{rules, options.tenure},
        held{options.refusals, table, rules, options.random},
        space{options.limits, rules, table, waiting, held, book, time, totals},
        out{{options.read_back_batch, options.timeline},
            rules,
            table,
            waiting,
            held,
            here,
            book,
            to.disk,
            to.hub,
            time,
            totals},
        ways{{rules, names, table, counts, waiting, held, out, here, book, stored, time, totals},
             {to.hub, to.provisioner, to.registry},
             options.pauses,
             options.random},
        desk{rules, names, table, counts, waiting, time, here, ways, totals},
        change{{rules, names, table, counts, waiting, time, ways}},
        in{options.max_in_progress,    names, table, ways.heirs(), waiting, space, stored,
           {to.formatter, to.answers}, totals},
        down{{options.commands, options.random, options.fresh_id, options.service_time, options.timeline},
             {rules, names, table, here, ways.heirs(), account, book, stored, time, totals},
             {to.hub, to.stack, to.words, to.answers, to.watch}},
        desired{down, {rules, names, table, book, stored}, {to.hub, to.words}, options.random},
        side{of},
        view{rules, names, table, ways.refused(), ways.to_hub()} {
    to.watch.bind(desired);
  }

  shard_options options;
  outlets to;
  rule_book rules;
  draft book{to.disk};
  open_time time;
  appends stored{to.disk, book, time};
  shard_totals totals;
  device_table table;
  naming names{rules, table};
  census counts;
  outbox queue;
  body_cache bodies;
  spool_room account;
  backlog waiting{queue, bodies, account};
  holdings here;
  gates held;
  room space;
  delivery out;
  journey ways;
  doorman door{rules};
  reception desk;
  rule_change change;
  intake in;
  core::commands down;
  twins desired;
  commands_here side;
  device_view view;
  bool has_time = false;          // of a tenure: the open time is known
  std::optional<mono_time> armed; // what ring_at was asked for last, until then

  // Something of them is on its way to the disk, or to the stack.
  std::set<device_ref> busy() const {
    auto all = in.in_storing();
    down.add_busy(all);
    return all;
  }
  std::optional<mono_time> deadline() const {
    return earliest(
        {ways.deadline(), space.deadline(), change.deadline(), down.deadline(), desired.deadline()});
  }
  // Events come and go and each may move the time; one that rings too early finds nothing to do.
  void arm() {
    if (!options.ring_at) return;
    const auto due = deadline();
    if (!due || (armed && *armed <= *due)) return;
    armed = due;
    options.ring_at(*due);
  }
  void take_in(shard_number which, start_image image, moment now) {
    stored.last_row = std::max(stored.last_row, image.next_seq - 1);
    const auto there = desk.restore(image, now);
    for (const auto& stray : there.strays)
      space.keep_stray(stray);
    for (const auto seq : there.duplicates)
      book.done(seq);
    desired.begin(image.commands);
    down.begin(std::move(image.commands), now);
    ways.begin(which, std::move(image), now);
  }
};

// An event: at its end its change is committed, and the timer set.
class shard::turn {
public:
  explicit turn(shard& of) : of_{of}, change_{of.it_->book} {}
  ~turn() {
    if (change_.is_last()) of_.it_->arm();
  }
  turn(const turn&) = delete;
  turn& operator=(const turn&) = delete;

private:
  shard& of_;
  draft::event change_;
};

void shard::commands_here::on_c2d(device_ref which, c2d_message what, moment now) {
  const turn under_way{of_};
  if (of_.it_->table.contains(which)) of_.it_->down.on_c2d(which, std::move(what), now);
}

void shard::commands_here::on_method(device_ref which, method_call what, moment now) {
  const turn under_way{of_};
  if (of_.it_->table.contains(which)) of_.it_->down.on_method(which, what, now);
}

void shard::commands_here::on_twin_open(device_ref which, moment now) {
  const turn under_way{of_};
  if (of_.it_->table.contains(which)) of_.it_->desired.on_open(which, now);
}

void shard::commands_here::on_twin_changed(device_ref which, std::string patch, moment now) {
  const turn under_way{of_};
  if (of_.it_->table.contains(which)) of_.it_->desired.on_changed(which, patch, now);
}

void shard::commands_here::on_twin_read(device_ref which, result<std::string> document, moment now) {
  const turn under_way{of_};
  if (of_.it_->table.contains(which)) of_.it_->desired.on_read(which, document, now);
}

void shard::commands_here::on_twin_reported(device_ref which, result<void> outcome, moment now) {
  const turn under_way{of_};
  if (of_.it_->table.contains(which)) of_.it_->desired.on_reported(which, outcome, now);
}

bool shard::commands_here::may_leave(const command_id& which, moment now) {
  return of_.it_->down.may_leave(which, now);
}

void shard::commands_here::on_push_outcome(const command_id& which, const push_outcome& what, moment now) {
  const turn under_way{of_};
  of_.it_->down.on_push_outcome(which, what, now);
}

void shard::commands_here::on_queue_read(const command_id& which, const queue_reading& what, moment now) {
  const turn under_way{of_};
  of_.it_->down.on_queue_read(which, what, now);
}

void shard::commands_here::on_record_read(const command_id& which, const record_reading& what, moment now) {
  const turn under_way{of_};
  of_.it_->down.on_record_read(which, what, now);
}

void shard::commands_here::close(moment now) {
  const turn under_way{of_};
  of_.it_->down.close(now);
}

model::command_totals shard::commands_here::totals() const {
  return of_.it_->down.totals();
}

void shard::commands_here::cancel(const command_id& which, calling_told told, moment now) {
  const turn under_way{of_};
  of_.it_->down.cancel(which, std::move(told), now);
}

void shard::commands_here::clear(const device_key& of, clearing_told told, moment now) {
  const turn under_way{of_};
  of_.it_->down.clear(of, std::move(told), now);
}

const ledger& shard::commands_here::book() const {
  return of_.it_->down.book();
}

shard::shard(std::vector<application_rules> rules, shard_options options, moment now)
    : it_{std::make_unique<organs>(*this, std::move(rules), std::move(options), now)} {}

shard::~shard() = default;

void shard::connect(const shard_ports& ports) {
  it_->to.disk.bind(ports.disk);
  it_->to.hub.bind(ports.hub);
  it_->to.provisioner.bind(ports.provisioner);
  it_->to.registry.bind(ports.registry);
  it_->to.formatter.bind(ports.formatter);
  it_->to.answers.bind(ports.answers);
  it_->to.stack.bind(ports.stack);
  it_->to.words.bind(ports.words);
}

void shard::begin(start_image image, moment now) {
  const turn under_way{*this};
  it_->time.restore(image.open_seconds);
  it_->space.on_dead_letters_counted(image.dead_letters);
  it_->take_in(shard_number{}, std::move(image), now);
}

void shard::adopt(shard_number which, start_image image, moment now) {
  const turn under_way{*this};
  CAUSEWAY_CHECK(!it_->here.has(which));
  it_->here.take(which);
  if (!it_->has_time)
    it_->time.restore(image.open_seconds - std::min(image.open_seconds, it_->time.seconds_at(now)));
  it_->has_time = true;
  it_->desk.make_places(image);
  it_->take_in(which, std::move(image), now);
}

void shard::release(shard_number which, mono_time until, moment now) {
  const turn under_way{*this};
  CAUSEWAY_CHECK(it_->here.has(which) && !it_->here.is_leaving(which) && until >= now.mono);
  it_->here.leave(which);
  it_->ways.to_hub().close(which, until);
}

void shard::fence(shard_number which, moment now) {
  const turn under_way{*this};
  if (!it_->here.has(which)) return;
  it_->here.lose(which);
  it_->ways.to_hub().close(which, now.mono);
  it_->ways.let_go(which, now);
}

void shard::on_shard_closed(shard_number which, moment now) {
  const turn under_way{*this};
  if (!it_->here.is_leaving(which)) return; // it was fenced
  it_->here.lose(which);
  it_->ways.let_go(which, now);
  it_->book.release(which);
}

bool shard::start_some(std::size_t most, moment now) {
  const turn under_way{*this};
  return it_->ways.start_some(most, now);
}

void shard::on_event(ticket which, model::event event, moment now) {
  const turn under_way{*this};
  ++it_->totals.received[static_cast<std::size_t>(event.kind)];
  if (it_->down.take(which, event, now)) return; // told as a report
  const auto application = it_->door.application_of(event);
  if (!application) return it_->in.answer_now(which, answer::unwanted);
  if (!it_->here.has(it_->here.of(event.from))) {
    if (is_control_frame(event)) return it_->in.answer_now(which, answer::control);
    if (it_->in.is_full()) return it_->in.answer_now(which, answer::full);
    return it_->in.take(which, std::nullopt, *application, std::move(event), now);
  }
  const auto known = it_->table.find(*application, event.from.device.str());
  if (const auto instead = it_->desk.refuses(event, *application, known, it_->in.is_full(), now))
    return it_->in.answer_now(which, *instead);
  const auto device = it_->desk.meet(event, *application, known, now);
  if (event.kind == event_kind::uplink) it_->desired.on_uplink(device, event, now);
  it_->in.take(which, device, *application, std::move(event), now);
}

void shard::on_formatted(ticket which, result<std::vector<message>> messages, moment now) {
  const turn under_way{*this};
  it_->in.on_formatted(which, std::move(messages), now);
}

void shard::on_appended(const std::vector<appended>& what, moment now) {
  const turn under_way{*this};
  for (const auto& one : what) {
    it_->stored.on_answered(one.id);
    if (!it_->down.on_appended(one, now) && !it_->desired.on_appended(one, now))
      it_->in.on_appended(one, now);
  }
}

void shard::on_rows(std::vector<fresh_row> rows, moment now) {
  const turn under_way{*this};
  for (auto& row : rows) {
    const auto device = row.owner ? it_->desk.meet(*row.owner, now) : row.device;
    if (!device) continue;
    CAUSEWAY_CHECK(it_->table.contains(*device));
    const auto seq = row.seq;
    const auto by = row.by;
    it_->stored.last_row = std::max(it_->stored.last_row, seq);
    if (row.owner && it_->out.passes_over(*device, row)) continue;
    const bool first_waits = it_->out.take(*device, std::move(row));
    it_->ways.on_row(*device, seq, by, first_waits, now);
  }
}

void shard::replay(ticket which, std::uint64_t letter, const device_key& from, message what, moment now) {
  const turn under_way{*this};
  if (size_of(what) > max_message_bytes) return it_->in.answer_now(which, answer::dead_lettered);
  const auto met = it_->desk.meet_again(from, it_->door.application_of(from), it_->in.is_full(), now);
  if (!met.device) return it_->in.answer_now(which, met.instead);
  it_->in.replay(which, letter, *met.device, std::move(what), now);
}

void shard::replay(ticket which, std::uint64_t letter, model::event event, moment now) {
  const turn under_way{*this};
  if (is_control_frame(event)) return it_->in.answer_now(which, answer::unwanted);
  const auto met = it_->desk.meet_again(event.from, it_->door.application_of(event), it_->in.is_full(), now);
  if (!met.device) return it_->in.answer_now(which, met.instead);
  it_->in.replay(which, letter, *met.device, std::move(event), now);
}

void shard::on_read_back(std::vector<spool_row> rows, const std::vector<spool_seq>& gone, moment now) {
  const turn under_way{*this};
  it_->ways.on_read_back(std::move(rows), gone, now);
}

void shard::on_dead_letters_counted(const dead_letter_amounts& are) {
  it_->space.on_dead_letters_counted(are);
}

void shard::on_assignment(device_ref which, result<assignment> where, moment now) {
  const turn under_way{*this};
  it_->ways.on_assignment(which, std::move(where), now);
}

void shard::on_registered(const registered_device& what, moment now) {
  const turn under_way{*this};
  it_->desk.on_registered(what, now);
}

void shard::on_listed(const application_id& application, moment now) {
  const turn under_way{*this};
  it_->desk.on_listed(application, now);
}

void shard::on_looked_up(device_ref which, result<registered_device> what, moment now) {
  const turn under_way{*this};
  it_->desk.on_looked_up(which, std::move(what), now);
}

void shard::on_device_attached(device_ref which, moment now) {
  const turn under_way{*this};
  it_->ways.on_attached(which, now);
}

void shard::on_device_detached(device_ref which, const error& why, bool link_retries, moment now) {
  const turn under_way{*this};
  it_->ways.on_detached(which, why, link_retries, now);
}

void shard::on_send_outcome(device_ref which, spool_seq seq, const result<void>& outcome, moment now) {
  const turn under_way{*this};
  it_->ways.on_outcome(which, seq, outcome, now);
}

void shard::on_tick(moment now) {
  it_->armed.reset();
  const turn under_way{*this};
  it_->ways.tick(now);
  it_->space.tick(now);
  it_->change.tick(now);
  it_->down.tick(now);
  it_->desired.tick(now);
}

void shard::take_rules(std::vector<application_rules> rules, moment now) {
  const turn under_way{*this};
  it_->change.take(std::move(rules), now);
}

void shard::on_clock_set(moment now) {
  const turn under_way{*this};
  it_->ways.on_clock_set(now);
}

std::optional<mono_time> shard::deadline() const {
  return it_->deadline();
}

forgetting shard::forget(const device_key& key, bool drop_messages, moment now) {
  const turn under_way{*this};
  const auto application = it_->rules.number_of(key.application);
  const auto which = application ? it_->table.find(*application, key.device.str()) : std::nullopt;
  if (!which) return forgetting::unknown;
  if (it_->busy().contains(*which)) return forgetting::busy;
  if (it_->table.at(*which).waiting != 0 && !drop_messages) return forgetting::messages_wait;
  it_->ways.erase(*which, now);
  it_->desired.on_forgotten(*which, key);
  it_->down.on_forgotten(*which, key, now);
  return forgetting::forgotten;
}

forget_page shard::forget_some(const application_id& application, forgettable which, bool drop_messages,
                               std::optional<device_ref> after, std::size_t limit, moment now) {
  const turn under_way{*this};
  constexpr std::uint32_t most_looked_at = 65'536;
  forget_page page;
  const auto index = it_->rules.number_of(application);
  if (!index) return page;
  const auto busy = it_->busy();
  const std::uint32_t first = after ? index_of(*after) + 1 : 0;
  for (auto i = first; i < it_->table.places(); ++i) {
    if (page.forgotten >= limit || i - first >= most_looked_at) {
      page.next = make_ref(i - 1, 0); // a place, whoever has it
      return page;
    }
    const auto here = it_->table.at_place(i);
    if (!here) continue;
    const auto ref = *here;
    const auto& d = it_->table.at(ref);
    const bool is_meant = d.application == *index &&
                          (which == forgettable::unlisted ? it_->rules.of(d).follows_registry && !d.listed
                                                          : !d.was_attached() && !d.listed);
    if (!is_meant) continue;
    if (busy.contains(ref) || (d.waiting != 0 && !drop_messages)) {
      ++page.left;
      continue;
    }
    page.letters += d.waiting;
    const auto key = it_->names.key_of(d);
    it_->ways.erase(ref, now);
    it_->desired.on_forgotten(ref, key);
    it_->down.on_forgotten(ref, key, now);
    it_->book.commit_if_long();
    ++page.forgotten;
  }
  return page;
}

bool shard::is_formatting(ticket which) const {
  return it_->in.is_formatting(which);
}

std::uint32_t shard::open_seconds(moment now) const {
  return it_->time.seconds_at(now);
}

command_side& shard::commands() const {
  return it_->side;
}

const device_table& shard::devices() const {
  return it_->table;
}

shard_totals shard::totals() const {
  auto totals = it_->totals;
  totals.waiting_messages = it_->queue.messages();
  totals.waiting_bytes = it_->queue.bytes();
  totals.refused_unknown = it_->held.refusals();
  totals.applications_paused = it_->held.closed();
  totals.last_row = it_->stored.last_row;
  return totals;
}

std::vector<spool_use> shard::spool_by_application() const {
  std::vector<spool_use> all;
  for (std::uint32_t i = 0; i < it_->rules.size(); ++i)
    all.push_back({it_->rules.at(i).id, it_->account.of(i), it_->account.letters_of(i),
                   it_->account.letters_part(i), it_->space.refusals_of(i), it_->space.drops_of(i),
                   it_->counts.devices_of(i), it_->counts.refusals_of(i)});
  return all;
}

std::optional<seconds> shard::oldest_age(moment now) const {
  return it_->space.oldest_age(now);
}

bool shard::is_sending(spool_seq before) const {
  return it_->out.is_sending(before);
}

std::optional<device_status> shard::status(const device_key& key) const {
  return it_->view.status(key);
}

device_page shard::list(std::optional<device_ref> after, std::size_t limit,
                        const device_filter& wanted) const {
  return it_->view.list(after, limit, wanted);
}

} // namespace causeway::core
