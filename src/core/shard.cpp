// SPDX-License-Identifier: Apache-2.0
#include "core/shard.h"

#include "base/check.h"

#include <algorithm>
#include <utility>

namespace causeway::core {

shard::shard(std::vector<application_rules> rules, shard_options options, moment now)
    : options_{std::move(options)},
      rules_{std::move(rules)},
      time_{now},
      census_{rules_.size(), table_, options_.max_devices, options_.limits.application_share},
      waiting_{{}, body_cache{options_.body_cache_bytes}, spool_room{options_.limits, rules_.size()}},
      gates_{options_.refusals, table_, rules_, options_.random},
      room_{options_.limits, rules_, table_, waiting_, gates_, book_, time_, totals_},
      delivery_{{options_.read_back_batch, options_.timeline},
                rules_,
                table_,
                waiting_,
                gates_,
                book_,
                to_.disk,
                to_.hub,
                time_,
                totals_},
      journey_{{rules_, names_, table_, census_, waiting_, gates_, delivery_, book_, stored_, time_, totals_},
               {to_.hub, to_.provisioner, to_.registry},
               options_.pauses,
               options_.random},
      reception_{rules_, names_, table_, census_, waiting_, time_, journey_, totals_},
      intake_{options_.max_in_progress,
              names_,
              table_,
              waiting_,
              room_,
              book_,
              stored_,
              {to_.disk, to_.formatter, to_.answers},
              time_,
              totals_},
      view_{rules_, names_, table_, journey_.refused(), journey_.ways()} {}

shard::shard(std::vector<application_rules> rules, const shard_ports& ports, shard_options options,
             moment now)
    : shard{std::move(rules), std::move(options), now} {
  connect(ports);
}

void shard::connect(const shard_ports& ports) {
  to_.disk.bind(ports.disk);
  to_.hub.bind(ports.hub);
  to_.provisioner.bind(ports.provisioner);
  to_.registry.bind(ports.registry);
  to_.formatter.bind(ports.formatter);
  to_.answers.bind(ports.answers);
}

void shard::start(start_image image, moment now) {
  begin(std::move(image), now);
  while (start_some(std::numeric_limits<std::size_t>::max(), now)) {
  }
}

void shard::begin(start_image image, moment now) {
  const turn under_way{*this};
  stored_.last_row = image.next_seq - 1;
  time_.restore(image.open_seconds);
  for (const auto& stray : reception_.restore(image, now))
    room_.keep_stray(stray);
  room_.on_dead_letters_counted(image.dead_letters);
  journey_.begin(std::move(image), now);
}

bool shard::start_some(std::size_t most, moment now) {
  const turn under_way{*this};
  return journey_.start_some(most, now);
}

void shard::on_event(ticket which, model::event event, moment now) {
  const turn under_way{*this};
  ++totals_.received[static_cast<std::size_t>(event.kind)];
  const auto application = doorman_.application_of(event);
  if (!application) return intake_.answer_now(which, answer::unwanted);
  const auto known = table_.find(*application, event.from.device.str());
  if (const auto instead = reception_.refuses(event, *application, known, intake_.is_full(), now))
    return intake_.answer_now(which, *instead);
  const auto device = reception_.meet(event, *application, known, now);
  intake_.take(which, device, std::move(event), now);
}

void shard::on_formatted(ticket which, result<std::vector<message>> messages, moment now) {
  const turn under_way{*this};
  intake_.on_formatted(which, std::move(messages), now);
}

void shard::on_appended(const std::vector<appended>& what, moment now) {
  const turn under_way{*this};
  for (const auto& one : what)
    intake_.on_appended(one, now);
}

void shard::on_rows(std::vector<fresh_row> rows, moment now) {
  const turn under_way{*this};
  for (auto& row : rows) {
    const auto device = row.device;
    const auto seq = row.seq;
    const auto by = row.by;
    CAUSEWAY_CHECK(table_.contains(device) && seq > stored_.last_row);
    stored_.last_row = seq;
    const bool first_waits = delivery_.take(std::move(row));
    journey_.on_row(device, seq, by, first_waits, now);
  }
}

std::optional<device_ref> shard::replay_to(ticket which, const device_key& from,
                                           std::optional<std::uint32_t> application, moment now) {
  const auto met =
      application ? reception_.meet_again(from, *application, intake_.is_full(), now) : reception::met{};
  if (!met.device) intake_.answer_now(which, met.instead);
  return met.device;
}

void shard::replay(ticket which, std::uint64_t letter, const device_key& from, message what, moment now) {
  const turn under_way{*this};
  if (size_of(what) > max_message_bytes) return intake_.answer_now(which, answer::dead_lettered);
  if (const auto device = replay_to(which, from, doorman_.application_of(from), now))
    intake_.replay(which, letter, *device, std::move(what), now);
}

void shard::replay(ticket which, std::uint64_t letter, model::event event, moment now) {
  const turn under_way{*this};
  if (is_control_frame(event)) return intake_.answer_now(which, answer::unwanted);
  if (const auto device = replay_to(which, event.from, doorman_.application_of(event), now))
    intake_.replay(which, letter, *device, std::move(event), now);
}

void shard::on_read_back(std::vector<spool_row> rows, const std::vector<spool_seq>& gone, moment now) {
  const turn under_way{*this};
  journey_.on_read_back(std::move(rows), gone, now);
}

void shard::on_dead_letters_counted(const dead_letter_amounts& are) {
  room_.on_dead_letters_counted(are);
}

void shard::on_assignment(device_ref which, result<assignment> where, moment now) {
  const turn under_way{*this};
  journey_.on_assignment(which, std::move(where), now);
}

void shard::on_registered(const registered_device& what, moment now) {
  const turn under_way{*this};
  reception_.on_registered(what, now);
}

void shard::on_listed(const application_id& application, moment now) {
  const turn under_way{*this};
  reception_.on_listed(application, now);
}

void shard::on_looked_up(device_ref which, result<registered_device> what, moment now) {
  const turn under_way{*this};
  reception_.on_looked_up(which, std::move(what), now);
}

void shard::on_device_attached(device_ref which, moment now) {
  const turn under_way{*this};
  journey_.on_attached(which, now);
}

void shard::on_device_detached(device_ref which, const error& why, bool link_retries, moment now) {
  const turn under_way{*this};
  journey_.on_detached(which, why, link_retries, now);
}

void shard::on_send_outcome(device_ref which, spool_seq seq, const result<void>& outcome, moment now) {
  const turn under_way{*this};
  journey_.on_outcome(which, seq, outcome, now);
}

void shard::on_tick(moment now) {
  armed_.reset();
  const turn under_way{*this};
  journey_.tick(now);
  room_.tick(now);
}

void shard::on_clock_set(moment now) {
  const turn under_way{*this};
  journey_.on_clock_set(now);
}

// Events come and go and each may move the time; one that rings too early finds nothing to do.
void shard::arm() {
  if (!options_.ring_at) return;
  const auto due = deadline();
  if (!due || (armed_ && *armed_ <= *due)) return;
  armed_ = due;
  options_.ring_at(*due);
}

std::optional<mono_time> shard::deadline() const {
  const auto of_ways = journey_.deadline(), of_room = room_.deadline();
  if (of_ways && of_room) return std::min(*of_ways, *of_room);
  return of_ways ? of_ways : of_room;
}

forgetting shard::forget(const device_key& key, bool drop_messages, moment now) {
  const turn under_way{*this};
  const auto application = rules_.find(key.application);
  const auto which = application ? table_.find(*application, key.device.str()) : std::nullopt;
  if (!which) return forgetting::unknown;
  if (intake_.in_storing().contains(*which)) return forgetting::busy;
  if (table_.at(*which).waiting != 0 && !drop_messages) return forgetting::messages_wait;
  journey_.erase(*which, now);
  return forgetting::forgotten;
}

forget_page shard::forget_some(const application_id& application, forgettable which, bool drop_messages,
                               std::optional<device_ref> after, std::size_t limit, moment now) {
  const turn under_way{*this};
  constexpr std::uint32_t most_looked_at = 65'536;
  forget_page page;
  const auto index = rules_.find(application);
  if (!index) return page;
  const auto busy = intake_.in_storing();
  const std::uint32_t first = after ? index_of(*after) + 1 : 0;
  for (auto i = first; i < table_.places(); ++i) {
    if (page.forgotten >= limit || i - first >= most_looked_at) {
      page.next = make_ref(i - 1, 0); // a place, whoever has it
      return page;
    }
    const auto here = table_.at_place(i);
    if (!here) continue;
    const auto ref = *here;
    const auto& d = table_.at(ref);
    const bool is_meant = d.application == *index &&
                          (which == forgettable::unlisted ? rules_.of(d).follows_registry && !d.listed
                                                          : !d.was_attached() && !d.listed);
    if (!is_meant) continue;
    if (busy.contains(ref) || (d.waiting != 0 && !drop_messages)) {
      ++page.left;
      continue;
    }
    page.letters += d.waiting;
    journey_.erase(ref, now);
    book_.commit_if_long();
    ++page.forgotten;
  }
  return page;
}

shard_totals shard::totals() const {
  auto totals = totals_;
  totals.waiting_messages = waiting_.queue.messages();
  totals.waiting_bytes = waiting_.queue.bytes();
  totals.refused_unknown = gates_.refusals();
  totals.applications_paused = gates_.closed();
  return totals;
}

std::vector<spool_use> shard::spool_by_application() const {
  std::vector<spool_use> all;
  for (std::uint32_t i = 0; i < rules_.size(); ++i)
    all.push_back({rules_.at(i).id, waiting_.account.of(i), waiting_.account.letters_of(i),
                   waiting_.account.letters_part(i), room_.refusals_of(i), room_.drops_of(i),
                   census_.devices_of(i), census_.refusals_of(i)});
  return all;
}

std::optional<seconds> shard::oldest_age(moment now) const {
  return room_.oldest_age(now);
}

bool shard::is_sending(spool_seq before) const {
  return delivery_.is_sending(before);
}

std::optional<device_status> shard::status(const device_key& key) const {
  return view_.status(key);
}

device_page shard::list(std::optional<device_ref> after, std::size_t limit,
                        std::optional<device_state> state) const {
  return view_.list(after, limit, state);
}

} // namespace causeway::core
