// SPDX-License-Identifier: Apache-2.0
#include "conversation/memory_journal.h"

#include "base/check.h"

#include <algorithm>
#include <cstdio>
#include <utility>

namespace causeway::conversation {
namespace {

constexpr milliseconds commit_time{5};
constexpr milliseconds mark_delay{20}; // marks alone wait for company
constexpr milliseconds poll_time{2};   // until an owner sees what another process has committed
constexpr std::size_t read_rows = 4;   // less than the core asks for, so that it has to ask again
constexpr std::size_t kept_keys = 32;  // of a device and kind

std::string eui_text(std::uint64_t eui) {
  char digits[17];
  std::snprintf(digits, sizeof digits, "%016llX", static_cast<unsigned long long>(eui));
  return digits;
}

std::optional<mono_time> earlier(std::optional<mono_time> one, std::optional<mono_time> other) {
  if (!one || !other) return one ? one : other;
  return std::min(*one, *other);
}

} // namespace

memory_journal::memory_journal(const manual_clock& clock, std::uint16_t shards)
    : clock_{clock}, began_{clock.now().mono}, places_(shards) {}

model::shard_number memory_journal::shard_of(const model::device_key& key) const {
  return model::shard_of(key.application.str(), key.device.str(), shards());
}

std::size_t memory_journal::waiting_rows(model::shard_number which) const {
  return static_cast<std::size_t>(
      std::count_if(rows_.begin(), rows_.end(), [&](const auto& one) { return one.second.shard == which; }));
}

void memory_journal::end_tenure(model::shard_number which) {
  auto& at = place_of(which);
  if (at.owner != nullptr)
    std::erase_if(at.owner->coming_, [&](const auto& one) { return one.shard == which; });
  at.owner = nullptr;
  ++at.since;
}

void memory_journal::take_away(model::shard_number which) {
  end_tenure(which);
}

model::start_image memory_journal::give(model::shard_number which, member& to) {
  end_tenure(which);
  auto& at = place_of(which);
  at.owner = &to;
  to.held_[static_cast<std::size_t>(which)] = at.since;
  return image_of(which);
}

model::start_image memory_journal::image_of(model::shard_number which) const {
  model::start_image image;
  std::map<model::device_key, device_ref> refs;
  // Who is known by a row alone is a device as well.
  const auto ref_of = [&](const model::device_key& key) {
    const auto [found, is_new] = refs.try_emplace(key, make_ref(static_cast<std::uint32_t>(refs.size()), 0));
    if (is_new) {
      image.devices.emplace_back();
      image.devices.back().key = key;
      image.devices.back().ref = found->second;
    }
    return found->second;
  };
  for (const auto& [key, device] : devices_) {
    if (shard_of(key) != which) continue;
    if (device.record) {
      const auto ref = ref_of(key);
      image.devices.back() = *device.record;
      image.devices.back().ref = ref;
    }
    if (device.where) image.assignments.push_back({key, *device.where});
    for (const auto& [kind, hashes] : device.keys)
      for (const auto hash : hashes)
        image.recent_keys.push_back({ref_of(key), {kind, hash}});
  }
  for (auto next = rows_.begin(); next != rows_.end(); ++next) {
    const auto& [seq, row] = *next;
    if (row.shard != which) continue;
    const auto known = refs.size();
    const auto ref = ref_of(row.key);
    if (refs.size() != known && row.dev_eui)
      image.devices.back().dev_eui = causeway::dev_eui{eui_text(*row.dev_eui)};
    image.waiting.push_back(
        {seq, ref, static_cast<std::uint32_t>(model::size_of(row.body)), row.accepted_at});
    if (!row.event) continue;
    std::uint32_t of_event = 1;
    for (auto more = std::next(next); more != rows_.end() && more->second.goes_on; ++more)
      ++of_event;
    image.row_keys.push_back({seq, *row.event, of_event});
  }
  std::map<std::uint64_t, const model::kept_command*> in_order;
  for (const auto& [id, one] : commands_)
    if (shard_of(one.what.of) == which) in_order.emplace(one.n, &one.what);
  for (const auto& [n, what] : in_order)
    image.commands.push_back(*what);
  for (const auto& [id, one] : letters_)
    if (shard_of(one.from) == which) image.dead_letters[one.from.application] += {1, one.bytes};
  image.open_seconds =
      static_cast<std::uint32_t>(std::chrono::duration_cast<seconds>(clock_.now().mono - began_).count());
  image.next_seq = next_seq_;
  return image;
}

bool memory_journal::step() {
  bool any = false;
  for (;;) {
    member* first = nullptr;
    for (auto* one : members_)
      if (one->commit_at_ && *one->commit_at_ <= clock_.now().mono &&
          (first == nullptr || *one->commit_at_ < *first->commit_at_))
        first = one;
    if (first == nullptr) return any;
    commit(*first);
    any = true;
  }
}

std::optional<mono_time> memory_journal::deadline() const {
  std::optional<mono_time> due;
  for (const auto* one : members_)
    due = earlier(due, one->commit_at_);
  return due;
}

void memory_journal::commit(member& by) {
  by.commit_at_.reset();
  const auto letters_before = last_letter_ + letters_.size();
  member::report told;
  for (; by.under_way_ > 0; --by.under_way_) {
    auto next = std::move(by.queue_.front());
    by.queue_.pop_front();
    if (auto* const request = std::get_if<model::append_request>(&next.what))
      told.appends.push_back(apply(by, next, *request));
    else
      apply(by, next, std::get<model::change>(next.what));
  }
  told.letters_changed = last_letter_ + letters_.size() != letters_before;
  by.told_next_ = std::move(told);
}

bool memory_journal::take_letter(const model::kept_key& key) {
  return std::erase_if(letters_, [&](const auto& one) { return one.second.key == key; }) != 0;
}

// One a key: the longer copy stays.
model::amount memory_journal::bury_event(const model::append_request& what) {
  const auto bytes = what.refused->raw.size();
  if (what.key) {
    for (const auto& [id, there] : letters_)
      if (there.key == what.key && there.bytes >= bytes) return {};
    take_letter(*what.key);
  }
  letters_[++last_letter_] = {what.from, bytes, what.key};
  return {1, bytes};
}

// Of commands an owner speaks alone: one that is none any more keeps nothing of it all.
bool memory_journal::may_append(const member& by, const piece& from, const model::append_request& what) {
  for (const auto& one : what.commands)
    if (!owns(by, from, shard_of(one.of), "a command")) return false;
  return true;
}

void memory_journal::keep_commands(model::append_request& what) {
  for (auto& one : what.commands) {
    auto& kept = commands_[one.id];
    if (kept.n == 0) kept.n = ++last_command_;
    kept.what = std::move(one);
  }
}

model::appended memory_journal::apply(member& by, const piece& from, model::append_request& what) {
  if (!may_append(by, from, what))
    return {what.id, error{errc::store_unavailable, "its shard is another's"}, {}};
  if (what.replays && letters_.erase(*what.replays) == 0)
    return {what.id, error{errc::not_found, "the dead letter is gone"}, {}};
  keep_commands(what);
  if (what.refused) return {what.id, {}, bury_event(what)};
  if (what.key) take_letter(*what.key);
  const auto shard = shard_of(what.from);
  bool goes_on = false;
  for (auto& body : what.messages) {
    const auto seq = next_seq_++;
    rows_[seq] = {shard, what.from, what.dev_eui, std::move(body), what.accepted_at, what.key, goes_on};
    all_rows_[seq] = shard;
    by.last_rows_[what.id] = seq;
    tell_owner(by, what, seq);
    what.key.reset();
    goes_on = true;
  }
  return {what.id, {}, {}};
}

void memory_journal::tell_owner(member& by, const model::append_request& what, spool_seq seq) {
  const auto& row = rows_.at(seq);
  auto* const to = place_of(row.shard).owner;
  if (to == nullptr) return; // it is in the next image
  model::fresh_row fresh;
  fresh.seq = seq;
  fresh.key = row.event;
  fresh.accepted_at = row.accepted_at;
  fresh.body = row.body;
  if (to == &by) {
    fresh.by = what.id;
    fresh.accepted = what.accepted;
  }
  fresh.owner = std::make_unique<model::row_owner>();
  *fresh.owner = {row.key, row.dev_eui, row.goes_on};
  to->coming_.push_back({row.shard, std::move(fresh)});
  if (!to->read_at_) to->read_at_ = clock_.now().mono + poll_time;
}

bool memory_journal::owns(const member& by, const piece& from, model::shard_number which, const char* what) {
  const auto held = from.held[static_cast<std::size_t>(which)];
  const auto& at = place_of(which);
  if (held != 0 && held == at.since && at.owner == &by) return true;
  if (held == 0)
    faults_.push_back(std::string{what} + " of shard " + std::to_string(static_cast<unsigned>(which)) +
                      ", which its writer did not have");
  else
    ++dropped_;
  return false;
}

std::optional<memory_journal::kept_row> memory_journal::take_row(const member& by, const piece& from,
                                                                 spool_seq seq) {
  const auto shard = all_rows_.find(seq);
  if (shard == all_rows_.end()) {
    faults_.push_back("a mark of row " + std::to_string(seq) + ", which never was");
    return std::nullopt;
  }
  if (!owns(by, from, shard->second, "a mark")) return std::nullopt;
  auto node = rows_.extract(seq);
  if (node.empty()) {
    faults_.push_back("a mark of row " + std::to_string(seq) + ", which is gone");
    return std::nullopt;
  }
  keep_key(node.mapped(), seq);
  return std::move(node.mapped());
}

// The key of a copy that the owner has dropped stays with the first, while that waits: its next owner would
// take it for a copy of itself.
void memory_journal::keep_key(const kept_row& of, spool_seq seq) {
  if (!of.event) return;
  const bool is_copy = std::any_of(rows_.begin(), rows_.lower_bound(seq), [&](const auto& other) {
    return other.second.key == of.key && other.second.event == of.event;
  });
  if (is_copy) return;
  auto& hashes = devices_[of.key].keys[of.event->kind];
  std::erase(hashes, of.event->hash);
  hashes.push_back(of.event->hash);
  if (hashes.size() > kept_keys) hashes.pop_front();
}

void memory_journal::apply(member& by, const piece& from, model::change& what) {
  for (const auto seq : what.done)
    if (take_row(by, from, seq)) ++rows_done_;
  for (const auto& one : what.dead_letters)
    if (const auto gone = take_row(by, from, one.seq))
      letters_[++last_letter_] = {gone->key, model::size_of(gone->body), {}};
  for (const auto& one : what.gone)
    if (owns(by, from, shard_of(one.key), "a word that a device is gone")) devices_.erase(one.key);
  for (auto& one : what.assignments)
    if (owns(by, from, shard_of(one.key), "an assignment")) devices_[one.key].where = std::move(one.where);
  for (auto& record : what.devices) {
    const bool is_gone = std::any_of(what.gone.begin(), what.gone.end(),
                                     [&](const auto& one) { return one.device == record.ref; });
    if (is_gone || !owns(by, from, shard_of(record.key), "a record")) continue;
    if (const auto last = by.last_rows_.find(record.former_append); last != by.last_rows_.end())
      record.former_until = std::max(record.former_until, last->second);
    record.former_append = {};
    devices_[record.key].record = std::move(record);
  }
  for (const auto& id : what.forgotten_commands)
    if (const auto found = commands_.find(id);
        found != commands_.end() && owns(by, from, shard_of(found->second.what.of), "a word of a command"))
      commands_.erase(found);
  for (const auto which : what.released)
    if (owns(by, from, which, "a release")) end_tenure(which);
}

model::dead_letter_amounts memory_journal::letters_of(const member& whose) const {
  model::dead_letter_amounts sums;
  for (const auto& [id, one] : letters_)
    if (place_of(shard_of(one.from)).owner == &whose) sums[one.from.application] += {1, one.bytes};
  return sums;
}

memory_journal::member::member(memory_journal& of) : of_{of}, held_(of.shards()) {
  of_.members_.push_back(this);
}

memory_journal::member::~member() {
  std::erase(of_.members_, this);
  for (std::uint16_t i = 0; i < of_.shards(); ++i)
    if (of_.places_[i].owner == this) of_.end_tenure(model::shard_number{i});
}

void memory_journal::member::finish_commit() {
  if (commit_at_) of_.commit(*this);
}

bool memory_journal::member::has_marks_alone() const {
  return std::all_of(queue_.begin(), queue_.end(), [](const piece& one) {
    const auto* const only = std::get_if<model::change>(&one.what);
    return only != nullptr && only->dead_letters.empty() && only->devices.empty() &&
           only->assignments.empty() && only->gone.empty() && only->forgotten_commands.empty() &&
           only->released.empty();
  });
}

std::optional<mono_time> memory_journal::member::next_commit() const {
  if (queue_.empty() || commit_at_ || told_next_) return std::nullopt;
  return has_marks_alone() ? waits_since_ + mark_delay : waits_since_;
}

bool memory_journal::member::step() {
  const auto now = of_.clock_.now();
  bool any = false;
  if (auto told = std::exchange(told_next_, {})) {
    waits_since_ = now.mono; // for what has come meanwhile
    if (told->letters_changed) events_->on_dead_letters_counted(of_.letters_of(*this));
    if (!told->appends.empty()) events_->on_appended(told->appends, now);
    tell_rows(); // its own at once: nothing may come between an answer and its rows
    any = true;
  }
  if (read_at_ && *read_at_ <= now.mono) {
    tell_rows();
    any = true;
  }
  if (answer_at_ && *answer_at_ <= now.mono) {
    answer_reads();
    any = true;
  }
  if (const auto due = next_commit(); due && *due <= now.mono) {
    under_way_ = queue_.size();
    commit_at_ = now.mono + commit_time;
    any = true;
  }
  return any;
}

std::optional<mono_time> memory_journal::member::deadline() const {
  if (told_next_) return of_.clock_.now().mono;
  return earlier(earlier(next_commit(), read_at_), answer_at_);
}

void memory_journal::member::tell_rows() {
  read_at_.reset();
  std::vector<model::fresh_row> rows;
  for (auto& one : std::exchange(coming_, {})) {
    // One that is being released is in the next owner's image.
    if (held_[static_cast<std::size_t>(one.shard)] != of_.place_of(one.shard).since) continue;
    if (one.row.by == model::append_id{}) one.row.accepted = of_.clock_.now().mono;
    rows.push_back(std::move(one.row));
  }
  if (!rows.empty()) events_->on_rows(std::move(rows), of_.clock_.now());
}

void memory_journal::member::answer_reads() {
  answer_at_.reset();
  for (const auto& seqs : std::exchange(reads_, {})) {
    std::vector<model::spool_row> rows;
    std::vector<spool_seq> gone;
    for (const auto seq : seqs) {
      const auto found = of_.rows_.find(seq);
      if (found == of_.rows_.end())
        gone.push_back(seq);
      else if (rows.size() < read_rows)
        rows.push_back({seq, found->second.body});
    }
    events_->on_read_back(std::move(rows), gone, of_.clock_.now());
  }
}

result<void> memory_journal::member::append(model::append_request request) {
  CAUSEWAY_CHECK(!request.messages.empty() || request.refused || !request.commands.empty());
  CAUSEWAY_CHECK(request.messages.empty() || !request.refused);
  if (queue_.size() == under_way_ || has_marks_alone()) waits_since_ = of_.clock_.now().mono;
  queue_.push_back({held_, std::move(request)});
  return {};
}

void memory_journal::member::commit(model::change what) {
  if (queue_.size() == under_way_) waits_since_ = of_.clock_.now().mono;
  const auto released = what.released;
  queue_.push_back({held_, std::move(what)});
  for (const auto which : released)
    give_up(which);
}

void memory_journal::member::read_back(std::vector<spool_seq> seqs) {
  reads_.push_back(std::move(seqs));
  if (!answer_at_) answer_at_ = of_.clock_.now().mono + poll_time;
}

} // namespace causeway::conversation
