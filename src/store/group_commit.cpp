// SPDX-License-Identifier: Apache-2.0
#include "store/group_commit.h"

#include "base/log.h"

#include <algorithm>
#include <utility>

namespace causeway::store {
namespace {

constexpr std::size_t most_marks = 4000; // a commit's
// Beside appends; alone, a commit takes as many devices as rows.
constexpr std::size_t least_devices = 200;
constexpr std::uint64_t least_trial = 64ULL * 1024; // bytes
constexpr backoff_policy retry_policy{milliseconds{100}, milliseconds{5000}, 2.0, 0.0};

const queued_append* as_append(const work& what) {
  return std::get_if<queued_append>(&what);
}

// A commit's most is counted in what is written.
amount weight_of(const work& what) {
  if (const auto* append = as_append(what)) return append->queued;
  const auto* change = std::get_if<queued_change>(&what);
  if (change == nullptr) return {1, 0};
  return {change->done.size() + change->dead_letters.size() + change->devices.size() + change->gone.size() +
              change->forgotten_commands.size(),
          0};
}

bool forgets(const work& what) {
  const auto* change = std::get_if<queued_change>(&what);
  return change != nullptr && !change->gone.empty();
}

model::dead_letter_page page_of(const std::vector<std::uint64_t>& ids) {
  model::dead_letter_page page;
  for (const auto id : ids) {
    page.letters.emplace_back();
    page.letters.back().id = id;
  }
  return page;
}

// With the bodies that are still in memory: nothing need be read.
void hand_over(queued_append stored, std::vector<model::fresh_row>& to) {
  auto& request = stored.request;
  auto number = stored.first;
  for (auto& message : request.messages)
    to.push_back({number++, *request.device, request.id, std::exchange(request.key, {}), request.accepted_at,
                  request.accepted, std::move(message)});
}

} // namespace

group_commit::group_commit(const store_options& options, working_spool& spool, gone_rows& gone,
                           std::function<moment()> now)
    : options_{options},
      spool_{spool},
      gone_{gone},
      now_{std::move(now)},
      retry_{retry_policy},
      most_pieces_{options.batch_rows},
      trial_bytes_{least_trial} {}

void group_commit::put(work piece) {
  if (auto* change = std::get_if<queued_change>(&piece)) return put_change(std::move(*change));
  fresh_append_ = fresh_append_ || as_append(piece) != nullptr;
  work_.push_back(std::move(piece));
}

// The registry's words about a whole fleet are records alone: they go when there is room, the last of each
// device. But what a change says of a device is not overtaken by what is said after it: that goes with it.
void group_commit::put_change(queued_change change) {
  if (change.done.empty() && change.dead_letters.empty() && change.gone.empty() &&
      change.forgotten_commands.empty()) {
    for (auto& one : change.devices)
      put_record(std::move(one));
    return;
  }
  note_named(change, true);
  work_.emplace_back(std::move(change));
}

// So nothing that is said of a device again and again while the disk refuses grows the queue.
void group_commit::put_record(queued_change::saved one) {
  if (!named_.contains(one.device)) return put_last(devices_, std::move(one));
  for (auto at = work_.rbegin(); at != work_.rend(); ++at) {
    auto* const change = std::get_if<queued_change>(&*at);
    if (change == nullptr) continue;
    const auto before =
        std::find_if(change->devices.rbegin(), change->devices.rend(),
                     [&](const queued_change::saved& other) { return other.device == one.device; });
    if (before == change->devices.rend()) continue;
    before->record = std::move(one.record);
    return;
  }
  // It is forgotten by one of them: there is nothing to keep of it.
}

void group_commit::note_named(const queued_change& what, bool are) {
  const auto note = [&](stored_number which) {
    auto& count = named_[which];
    count += are ? 1 : -1;
    if (count == 0) named_.erase(which);
  };
  for (const auto& one : what.devices)
    note(one.device);
  for (const auto& one : what.gone)
    note(one.device);
}

void group_commit::put(const std::vector<spool_seq>& marks, mono_time now) {
  if (marks.empty()) {
    if (now >= marks_due_) expects_marks_ = false;
    return;
  }
  if (marks_.empty() && !std::exchange(expects_marks_, false)) marks_due_ = now + options_.mark_delay;
  marks_.insert(marks_.end(), marks.begin(), marks.end());
}

bool group_commit::is_due(mono_time now, bool hurried) const {
  if (fresh_append_) return true;
  if (failing_ && now < retry_at_) return false;
  return failing_ || !work_.empty() || !devices_.empty() || marks_.size() >= enough_marks ||
         (!marks_.empty() && (hurried || now >= marks_due_));
}

mono_time group_commit::next_due() const {
  auto next = mono_time::max();
  if (failing_ || !work_.empty() || !devices_.empty()) next = std::min(next, retry_at_);
  if (minds_marks()) next = std::min(next, failing_ ? std::max(retry_at_, marks_due_) : marks_due_);
  return next;
}

bool group_commit::is_marked(spool_seq seq) const {
  return std::binary_search(marks_.begin(), marks_.end(), seq);
}

void group_commit::sort_marks() {
  std::sort(marks_.begin(), marks_.end());
}

std::size_t group_commit::group() const {
  std::size_t count = 0;
  amount sum;
  for (const auto& one : work_) {
    sum += weight_of(one);
    if (count > 0 &&
        (sum.messages > options_.batch_rows || sum.bytes > options_.batch_bytes || count >= most_pieces_))
      break;
    ++count;
  }
  return count;
}

group_commit::share group_commit::next_share() const {
  share out;
  out.pieces = group();
  // With a device that is forgotten goes all that was delivered of it: its rows would be nobody's.
  const bool any_forgets =
      std::any_of(work_.begin(), work_.begin() + static_cast<std::ptrdiff_t>(out.pieces), forgets);
  out.marks = any_forgets ? marks_.size() : std::min(marks_.size(), most_marks);
  out.devices = std::max(least_devices, options_.batch_rows - std::min(options_.batch_rows, out.pieces));
  return out;
}

report group_commit::commit() {
  const auto mine = next_share();
  report out;
  progress done;
  const auto began = now_();
  auto outcome = apply(mine, done);
  if (!outcome && outcome.fault().code() == errc::store_damaged &&
      spool_.mend(outcome.fault(), began.wall, out))
    outcome = apply(mine, done);
  // A log that has no room to grow begins anew once it is folded into the file, which may have room in it.
  if (!outcome && spool_.file().db().fold()) outcome = apply(mine, done);
  if (outcome) {
    note_gone(mine.pieces, mine.marks);
    forget_marks(mine.marks);
    out.commits = 1;
  } else if (erase_alone(mine.marks, out)) {
    outcome = apply({mine.pieces, 0, mine.devices}, done);
    out.commits += outcome ? 1 : 0;
  }
  if (outcome) {
    for (const auto saved : done.saved)
      devices_.erase(saved);
    most_pieces_ = options_.batch_rows;
  } else {
    out.commits_failed = 1;
    most_pieces_ = std::max<std::size_t>(1, mine.pieces / 2);
  }
  out.commit_time = std::chrono::duration_cast<std::chrono::microseconds>(now_().mono - began.mono);
  out.erased += done.erased;
  out.dead_letters = done.dead_letters;
  // When the disk refuses, nobody waits for an answer behind what is kept.
  conclude(outcome ? mine.pieces : work_.size(), outcome, done, out);
  if (done.letters_changed)
    if (auto counted = spool_.file().count_dead_letters()) out.kept_dead_letters = *std::move(counted);
  note_outcome(outcome, out);
  if (outcome) reached_ = done.next_seq;
  expect_marks(out);
  out.fsyncs = spool_.take_syncs();
  spool_.count_after_mending(out);
  return out;
}

// What has just been stored is delivered in a moment. To look once by itself costs the thread less than to be
// woken by the first mark after each commit.
void group_commit::expect_marks(const report& told) {
  if (told.appended.messages == 0 || !marks_.empty()) return;
  expects_marks_ = true;
  marks_due_ = now_().mono + options_.mark_delay;
}

void group_commit::bear_witness() {
  if (const auto reached = std::exchange(reached_, 0); reached != 0) spool_.bear_witness(reached - 1);
}

report group_commit::give_up() {
  report out;
  conclude(work_.size(), error{errc::store_unavailable, "stopped before it could be written"}, {}, out);
  return out;
}

// A read that waits finds them gone.
void group_commit::note_gone(std::size_t pieces, std::size_t marks) {
  if (!gone_.wanted) return;
  gone_.seqs.insert(marks_.begin(), marks_.begin() + static_cast<std::ptrdiff_t>(marks));
  for (std::size_t i = 0; i < pieces; ++i) {
    const auto* change = std::get_if<queued_change>(&work_[i]);
    if (change == nullptr) continue;
    gone_.seqs.insert(change->done.begin(), change->done.end());
    for (const auto& letter : change->dead_letters)
      gone_.seqs.insert(letter.seq);
  }
}

// Erasing makes room, so it must not fail with what needs room: alone, and fewer at once where the log has
// little. True: something is erased, and the log folded into the file.
bool group_commit::erase_alone(std::size_t marks, report& out) {
  const auto before = marks_.size();
  auto left = marks;
  int rounds = 16; // the rest is due again soon
  for (auto some = marks; some > 0 && rounds > 0; --rounds) {
    progress done;
    if (apply({0, some, 0}, done)) {
      note_gone(0, some);
      forget_marks(some);
      left -= some;
      out.erased += done.erased;
      ++out.commits;
      some = std::min(some, left);
    } else {
      some /= 4;
    }
    if (!spool_.file().db().fold()) break;
  }
  return marks_.size() < before;
}

void group_commit::forget_marks(std::size_t first) {
  marks_.erase(marks_.begin(), marks_.begin() + static_cast<std::ptrdiff_t>(first));
}

// All or nothing: after a fault done is empty.
result<void> group_commit::apply(const share& of, progress& done) {
  done = {};
  const auto counts = spool_.file().counts();
  auto outcome = write(of, done);
  if (outcome) return outcome;
  done = {};
  spool_.file().undo_tally(counts);
  return outcome;
}

result<void> group_commit::write(const share& of, progress& done) {
  if (auto ready = spool_.make_ready(); !ready) return ready;
  auto& file = spool_.file();
  auto change = transaction::begin(file.db());
  if (!change) return std::move(change).fault();
  for (std::size_t i = 0; i < of.pieces; ++i)
    if (auto applied = apply_one(work_[i], done); !applied) return applied;
  for (const auto& [device, record] : devices_) {
    if (done.saved.size() >= of.devices) break;
    if (auto saved = apply_device(device, done); !saved) return saved;
  }
  if (done.next_seq != 0) file.note_next_seq(done.next_seq);
  if (done.next_device != 0) file.note_next_device(done.next_device);
  std::vector<spool_seq> seqs(marks_.begin(), marks_.begin() + static_cast<std::ptrdiff_t>(of.marks));
  std::sort(seqs.begin(), seqs.end());
  if (auto erased = file.erase(seqs, done.erased); !erased) return erased;
  // Nothing waits for the disk, and nothing may come before it is known that it takes something again.
  if (failing_ && of.pieces == 0 && of.marks == 0)
    if (auto tried = file.try_out(trial_bytes_); !tried) return tried;
  if (auto saved = file.save_tally(); !saved) return saved;
  if (auto reserved = file.db().reserve(); !reserved) return reserved;
  return change->commit();
}

result<void> group_commit::apply_one(work& what, progress& done) {
  if (const auto* append = as_append(what)) return apply_append(*append, done);
  if (auto* drop = std::get_if<queued_drop>(&what)) {
    drop->dropped.clear();
    done.letters_changed = true;
    for (const auto id : drop->ids) {
      const auto taken = spool_.file().take_dead_letter(id);
      if (!taken) return taken.fault();
      if (*taken) drop->dropped.push_back(id);
    }
    return {};
  }
  if (const auto* cursor = std::get_if<queued_cursor>(&what))
    return spool_.file().save_cursor(cursor->application, cursor->at);
  if (const auto* seconds = std::get_if<queued_open_seconds>(&what))
    return spool_.file().save_open_seconds(seconds->open);
  return apply_change(std::get<queued_change>(what), done);
}

// Marks before what they belong to: a device that is forgotten has no rows any more.
result<void> group_commit::apply_change(const queued_change& change, progress& done) {
  auto& file = spool_.file();
  if (auto erased = erase(change.done, done); !erased) return erased;
  for (const auto& letter : change.dead_letters)
    if (auto moved = file.dead_letter(letter.seq, letter.reason, change.at, done.erased); !moved)
      return moved;
  done.dead_letters += change.dead_letters.size();
  done.letters_changed = done.letters_changed || !change.dead_letters.empty();
  const auto note = [&](stored_number which) {
    done.saved.insert(which); // what waited to be saved of it was said before
    done.next_device = std::max(done.next_device, static_cast<std::uint32_t>(which) + 1);
  };
  for (const auto& one : change.devices) {
    note(one.device);
    if (auto saved = file.save_device(one.device, one.record); !saved) return saved;
  }
  for (const auto& one : change.gone) {
    note(one.device);
    if (auto gone = file.forget_device(one.device); !gone) return gone;
  }
  for (const auto& which : change.forgotten_commands)
    if (auto gone = file.forget_command(which); !gone) return gone;
  return {};
}

result<void> group_commit::erase(std::vector<spool_seq> seqs, progress& done) {
  std::sort(seqs.begin(), seqs.end());
  return spool_.file().erase(seqs, done.erased);
}

result<void> group_commit::apply_append(const queued_append& what, progress& done) {
  const auto& request = what.request;
  if (what.numbers != 0) done.next_seq = what.first + what.numbers;
  append_effect effect;
  if (request.replays) {
    done.letters_changed = true;
    const auto taken = spool_.file().take_dead_letter(*request.replays);
    if (!taken) return taken.fault();
    if (!*taken) {
      done.not_replayed.insert(request.id);
      return {};
    }
  }
  // A row without its device would be nobody's after a crash.
  if (request.device)
    if (auto saved = apply_device(what.device, done); !saved) return saved;
  if (auto appended = spool_.file().append(request, what.device, what.first, what.at, effect); !appended)
    return appended;
  for (const auto& command : request.commands)
    if (auto kept = spool_.file().keep_command(command, what.at); !kept) return kept;
  done.dead_letters += effect.letters.messages;
  done.letters_changed = done.letters_changed || effect.gone;
  if (effect.letters == amount{}) return {};
  done.letters_changed = true;
  done.letters.emplace(request.id, effect.letters);
  return {};
}

// Does nothing when the device does not wait, or has been saved in this transaction.
result<void> group_commit::apply_device(stored_number which, progress& done) {
  const auto waiting = devices_.find(which);
  if (waiting == devices_.end() || done.saved.contains(which)) return {};
  done.saved.insert(which);
  done.next_device = std::max(done.next_device, static_cast<std::uint32_t>(which) + 1);
  return spool_.file().save_device(which, waiting->second);
}

// Answers the appends among the first pieces. When they could not be stored, what is no append stays for
// later.
void group_commit::conclude(std::size_t pieces, const result<void>& outcome, const progress& done,
                            report& out) {
  std::vector<work> kept;
  for (std::size_t i = 0; i < pieces; ++i) {
    auto& one = work_[i];
    if (auto* append = std::get_if<queued_append>(&one)) {
      const bool is_gone = outcome && done.not_replayed.contains(append->request.id);
      model::appended answered{append->request.id,
                               is_gone ? result<void>{error{errc::not_found, "the dead letter is gone"}}
                                       : outcome};
      if (const auto came = done.letters.find(append->request.id); outcome && came != done.letters.end())
        answered.letters = came->second;
      out.appends.push_back(std::move(answered));
      if (outcome && !is_gone) hand_over(std::move(*append), out.fresh);
      out.concluded += append->queued;
      (outcome && !is_gone ? out.appended : out.refused) += append->what;
    } else if (auto* drop = std::get_if<queued_drop>(&one)) {
      out.replies.push_back({drop->request, outcome ? page_of(drop->dropped)
                                                    : result<model::dead_letter_page>{outcome.fault()}});
    } else if (auto* change = std::get_if<queued_change>(&one)) {
      if (outcome)
        note_named(*change, false);
      else
        kept.push_back(std::move(one));
    }
  }
  work_.erase(work_.begin(), work_.begin() + static_cast<std::ptrdiff_t>(pieces));
  work_.insert(work_.begin(), std::make_move_iterator(kept.begin()), std::make_move_iterator(kept.end()));
  fresh_append_ =
      std::any_of(work_.begin(), work_.end(), [](const work& one) { return as_append(one) != nullptr; });
}

void group_commit::note_outcome(const result<void>& outcome, report& out) {
  if (outcome) {
    retry_.reset();
    trial_bytes_ = least_trial;
    out.healed = std::exchange(failing_, false);
    if (out.healed) log::info("store_healed");
    return;
  }
  retry_at_ = now_().mono + retry_.next(0.5);
  // As much as was refused: a few free pages in the file are no room.
  trial_bytes_ = std::max(trial_bytes_, std::min<std::uint64_t>(out.refused.bytes, options_.batch_bytes));
  if (std::exchange(failing_, true)) return;
  out.fault = outcome.fault();
  log::error("store_failing", {{"error", outcome.fault().name()}, {"detail", outcome.fault().detail()}});
}

} // namespace causeway::store
