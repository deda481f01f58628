// SPDX-License-Identifier: Apache-2.0
#include "store/writer.h"

#include "base/log.h"

#include <algorithm>
#include <utility>

namespace causeway::store {
namespace {

constexpr std::size_t most_marks = 4000;   // a commit's
constexpr std::size_t enough_marks = 2000; // for a commit of their own before their time
// Beside appends; alone, a commit takes as many devices as rows.
constexpr std::size_t least_devices = 200;
constexpr milliseconds side_retry{1000};
constexpr std::uint64_t least_trial = 64ULL * 1024; // bytes
constexpr std::uint64_t most_log_pages = 4ULL * pages_of_log;
constexpr backoff_policy retry_policy{milliseconds{100}, milliseconds{5000}, 2.0, 0.0};

mono_time now_mono() {
  return std::chrono::steady_clock::now();
}

const queued_append* as_append(const work& what) {
  return std::get_if<queued_append>(&what);
}

model::dead_letter_page page_of(const std::vector<std::uint64_t>& ids) {
  model::dead_letter_page page;
  for (const auto id : ids) {
    page.letters.emplace_back();
    page.letters.back().id = id;
  }
  return page;
}

// As in the file: a ref keeps its key for ever.
void put(queued_devices& into, model::device_record record) {
  const auto [place, is_new] = into.try_emplace(record.ref);
  if (is_new || place->second.key == record.key)
    place->second = std::move(record);
  else
    log_ref_taken(record);
}

} // namespace

writer::writer(const store_options& options, opened_state state, report_function tell)
    : options_{options},
      tell_{std::move(tell)},
      lock_{std::move(state.lock)},
      spool_{std::move(state.spool)},
      assignment_file_{std::move(state.assignments)},
      witness_{std::move(state.witness)},
      retry_{retry_policy},
      most_pieces_{options.batch_rows},
      trial_bytes_{least_trial},
      syncs_seen_{syncs_so_far()} {}

writer::~writer() {
  static_cast<void>(stop(now_mono()));
}

void writer::start() {
  thread_ = std::thread{[this] { run(); }};
}

// Precondition: mutex_ is held.
void writer::rouse() {
  if (std::exchange(sleeping_, false)) filled_.notify_one();
}

void writer::push(work what) {
  const std::lock_guard held{mutex_};
  inbox_.pieces.push_back(std::move(what));
  rouse();
}

void writer::push_quietly(work what) {
  const std::lock_guard held{mutex_};
  inbox_.pieces.push_back(std::move(what));
}

void writer::wake() {
  const std::lock_guard held{mutex_};
  rouse();
}

void writer::push_device(const model::device_record& record) {
  const std::lock_guard held{mutex_};
  put(inbox_.devices, record);
  rouse();
}

void writer::push_mark(spool_seq seq) {
  const std::lock_guard held{mutex_};
  inbox_.marks.push_back(seq);
  if (minds_marks_ && inbox_.marks.size() < enough_marks) return;
  rouse();
}

void writer::push_read(std::vector<spool_seq> seqs) {
  const std::lock_guard held{mutex_};
  inbox_.reads.push_back(std::move(seqs));
  rouse();
}

void writer::push_question(question what) {
  const std::lock_guard held{mutex_};
  inbox_.questions.push_back(std::move(what));
  rouse();
}

void writer::push_assignment(device_ref device, std::optional<model::assignment> where) {
  const std::lock_guard held{mutex_};
  inbox_.assignments.insert_or_assign(device, std::move(where));
  rouse();
}

void writer::push_forgotten(device_ref device, const model::device_key& key) {
  const std::lock_guard held{mutex_};
  inbox_.pieces.emplace_back(queued_forgotten{device});
  inbox_.forgotten.emplace_back(device, key);
  rouse();
}

bool writer::stop(mono_time deadline) {
  if (!thread_.joinable()) return !left_something_;
  {
    std::unique_lock held{mutex_};
    stopping_ = true;
    filled_.notify_one();
    if (!ended_.wait_until(held, deadline, [this] { return has_ended_; })) {
      abandon_ = true;
      filled_.notify_one();
    }
  }
  thread_.join();
  return !left_something_;
}

void writer::run() {
  while (take()) {
    const auto now = now_mono();
    if (commit_is_due(now)) {
      if (forgets_wait_) commit_forgets();
      commit_group();
    }
    if (assignments_are_due(now_mono())) commit_assignments();
    if (read_is_due(now)) serve_read();
    if (!questions_.empty()) answer_question();
    if (now_mono() >= upkeep_at_ && !hurried_) upkeep();
  }
  report last;
  conclude(work_.size(), error{errc::store_unavailable, "stopped before it could be written"}, {}, last);
  left_something_ = !work_.empty() || !devices_.empty() || !marks_.empty() || !assignments_.empty() ||
                    !forgotten_.empty() || !last.spooled.empty();
  if (!last.spooled.empty()) tell_(std::move(last));
  if (!spool_.db().execute("PRAGMA wal_checkpoint(TRUNCATE)")) left_something_ = true;
  static_cast<void>(assignment_file_.db().execute("PRAGMA wal_checkpoint(TRUNCATE)"));
  const std::lock_guard held{mutex_};
  has_ended_ = true;
  ended_.notify_all();
}

bool writer::take() {
  std::unique_lock held{mutex_};
  bool lingered = options_.linger.count() == 0;
  for (;;) {
    empty_inbox();
    if (stopping_) {
      hurried_ = true;
      reads_.clear(); // nobody sends any more
      questions_.clear();
      if (idle() || abandon_) return false;
    }
    const auto now = now_mono();
    const bool commit = commit_is_due(now);
    if (commit && fresh_append_ && !lingered && !hurried_ && group() == work_.size()) {
      lingered = true;
      filled_.wait_for(held, options_.linger, [this] { return stopping_; });
      continue;
    }
    const bool upkeep_due = now >= upkeep_at_ && !hurried_;
    if (commit || upkeep_due || !questions_.empty() || read_is_due(now) || assignments_are_due(now))
      return true;
    sleeping_ = true;
    minds_marks_ = !marks_.empty();
    const auto woken = [this] { return !sleeping_ || abandon_ || (stopping_ && !hurried_); };
    const auto until = std::min(next_due(), hurried_ ? never : upkeep_at_);
    if (until == never) {
      filled_.wait(held, woken);
    } else {
      filled_.wait_until(held, until, woken);
    }
    sleeping_ = false;
    minds_marks_ = false;
  }
}

void writer::empty_inbox() {
  for (auto& one : inbox_.pieces) {
    fresh_append_ = fresh_append_ || as_append(one) != nullptr;
    work_.push_back(std::move(one));
  }
  inbox_.pieces.clear();
  if (devices_.empty()) devices_.swap(inbox_.devices);
  for (auto& [device, record] : inbox_.devices)
    put(devices_, std::move(record));
  inbox_.devices.clear();
  if (!inbox_.marks.empty()) {
    if (marks_.empty()) marks_due_ = now_mono() + options_.mark_delay;
    marks_.insert(marks_.end(), inbox_.marks.begin(), inbox_.marks.end());
    inbox_.marks.clear();
  }
  for (auto& one : inbox_.reads)
    reads_.push_back(std::move(one));
  inbox_.reads.clear();
  for (auto& one : inbox_.questions)
    questions_.push_back(std::move(one));
  inbox_.questions.clear();
  if (assignments_.empty() && !inbox_.assignments.empty())
    assignments_due_ = now_mono() + options_.mark_delay;
  for (auto& [device, where] : inbox_.assignments) {
    forgets_wait_ = forgets_wait_ || !where;
    assignments_.insert_or_assign(device, std::move(where));
  }
  inbox_.assignments.clear();
  if (forgotten_.empty() && !inbox_.forgotten.empty()) assignments_due_ = now_mono() + options_.mark_delay;
  forgets_wait_ = forgets_wait_ || !inbox_.forgotten.empty();
  for (auto& [device, key] : inbox_.forgotten) {
    assignments_.erase(device);
    forgotten_.push_back(std::move(key));
  }
  inbox_.forgotten.clear();
}

bool writer::commit_is_due(mono_time now) const {
  if (fresh_append_) return true;
  if (failing_ && now < retry_at_) return false;
  return failing_ || !work_.empty() || !devices_.empty() || marks_.size() >= enough_marks ||
         (!marks_.empty() && (hurried_ || now >= marks_due_));
}

bool writer::assignments_are_due(mono_time now) const {
  return (!assignments_.empty() || !forgotten_.empty()) && now >= assignments_retry_at_ &&
         (hurried_ || now >= assignments_due_);
}

bool writer::read_is_due(mono_time now) const {
  return !reads_.empty() && now >= reads_retry_at_;
}

mono_time writer::next_due() const {
  auto next = mono_time::max();
  if (failing_ || !work_.empty() || !devices_.empty()) next = std::min(next, retry_at_);
  if (!marks_.empty()) next = std::min(next, failing_ ? std::max(retry_at_, marks_due_) : marks_due_);
  if (!reads_.empty()) next = std::min(next, reads_retry_at_);
  if (!assignments_.empty() || !forgotten_.empty())
    next = std::min(next, std::max(assignments_due_, assignments_retry_at_));
  return next;
}

std::size_t writer::group() const {
  std::size_t count = 0;
  amount sum;
  for (const auto& one : work_) {
    const auto* append = as_append(one);
    sum += append == nullptr ? amount{1, 0} : append->queued;
    if (count > 0 &&
        (sum.messages > options_.batch_rows || sum.bytes > options_.batch_bytes || count >= most_pieces_))
      break;
    ++count;
  }
  return count;
}

void writer::commit_group() {
  const auto pieces = group();
  // With a device that is forgotten goes all that was delivered of it: its rows would be nobody's.
  const bool forgets =
      std::any_of(work_.begin(), work_.begin() + static_cast<std::ptrdiff_t>(pieces),
                  [](const work& one) { return std::holds_alternative<queued_forgotten>(one); });
  const auto marks = forgets ? marks_.size() : std::min(marks_.size(), most_marks);
  const auto devices = std::max(least_devices, options_.batch_rows - std::min(options_.batch_rows, pieces));
  report out;
  progress done;
  const auto began = now_mono();
  auto outcome = apply(pieces, marks, devices, done);
  if (!outcome && outcome.fault().code() == errc::store_damaged && mend(outcome.fault(), out))
    outcome = apply(pieces, marks, devices, done);
  // A log that has no room to grow begins anew once it is folded into the file, which may have room in it.
  if (!outcome && spool_.db().fold()) outcome = apply(pieces, marks, devices, done);
  if (outcome) {
    note_erased(pieces, marks);
    forget_marks(marks);
    out.commits = 1;
  } else if (erase_alone(marks, out)) {
    outcome = apply(pieces, 0, devices, done);
    out.commits += outcome ? 1 : 0;
  }
  if (outcome) {
    for (const auto saved : done.saved)
      devices_.erase(saved);
    most_pieces_ = options_.batch_rows;
  } else {
    out.commits_failed = 1;
    most_pieces_ = std::max<std::size_t>(1, pieces / 2);
  }
  out.commit_time = std::chrono::duration_cast<std::chrono::microseconds>(now_mono() - began);
  out.erased += done.erased;
  out.dead_letters = done.dead_letters;
  // When the disk refuses, nobody waits for an answer behind what is kept.
  conclude(outcome ? pieces : work_.size(), outcome, done, out);
  if (done.letters_changed)
    if (auto counted = spool_.count_dead_letters()) out.kept_dead_letters = *std::move(counted);
  note_outcome(outcome, out);
  note_commit();
  const auto syncs = syncs_so_far();
  out.fsyncs = syncs - std::exchange(syncs_seen_, syncs);
  count_after_mending(out);
  tell_(std::move(out));
  if (outcome && done.next_seq != 0) witness_.write({done.next_seq - 1, spool_.counts().waiting});
}

// A read that waits finds them gone.
void writer::note_erased(std::size_t pieces, std::size_t marks) {
  if (reads_.empty()) return;
  erased_.insert(marks_.begin(), marks_.begin() + static_cast<std::ptrdiff_t>(marks));
  for (std::size_t i = 0; i < pieces; ++i)
    if (const auto* letter = std::get_if<queued_dead_letter>(&work_[i])) erased_.insert(letter->seq);
}

// Erasing makes room, so it must not fail with what needs room: alone, and fewer at once where the log has
// little. True: something is erased, and the log folded into the file.
bool writer::erase_alone(std::size_t marks, report& out) {
  const auto before = marks_.size();
  auto left = marks;
  int rounds = 16; // the rest is due again soon
  for (auto some = marks; some > 0 && rounds > 0; --rounds) {
    progress done;
    if (apply(0, some, 0, done)) {
      note_erased(0, some);
      forget_marks(some);
      left -= some;
      out.erased += done.erased;
      ++out.commits;
      some = std::min(some, left);
    } else {
      some /= 4;
    }
    if (!spool_.db().fold()) break;
  }
  return marks_.size() < before;
}

void writer::forget_marks(std::size_t first) {
  marks_.erase(marks_.begin(), marks_.begin() + static_cast<std::ptrdiff_t>(first));
}

// All or nothing: after a fault done is empty.
result<void> writer::apply(std::size_t pieces, std::size_t marks, std::size_t devices, progress& done) {
  done = {};
  const auto counts = spool_.counts();
  auto outcome = write(pieces, marks, devices, done);
  if (outcome) return outcome;
  done = {};
  spool_.undo_tally(counts);
  return outcome;
}

result<void> writer::write(std::size_t pieces, std::size_t marks, std::size_t devices, progress& done) {
  if (!lock_.holds())
    return error{errc::store_unavailable,
                 lock_.directory().string() +
                     " was moved away or replaced under the running gateway; stop it, or put it back"};
  if (!spool_.db().is_open()) {
    auto opened = spool_file::open(lock_.directory() / "spool.db", options_.max_pages);
    if (!opened) return error{errc::store_unavailable, opened.fault().detail()};
    spool_ = *std::move(opened);
  }
  // A log that cannot be folded must not grow for ever.
  if (spool_.db().log_pages() > most_log_pages)
    if (auto folded = spool_.db().fold(); !folded) return folded;
  auto change = transaction::begin(spool_.db());
  if (!change) return std::move(change).fault();
  for (std::size_t i = 0; i < pieces; ++i)
    if (auto applied = apply_one(work_[i], done); !applied) return applied;
  for (const auto& [device, record] : devices_) {
    if (done.saved.size() >= devices) break;
    if (auto saved = apply_device(device, done); !saved) return saved;
  }
  if (done.next_seq != 0) spool_.note_next_seq(done.next_seq);
  if (done.next_device != 0) spool_.note_next_device(done.next_device);
  std::vector<spool_seq> seqs(marks_.begin(), marks_.begin() + static_cast<std::ptrdiff_t>(marks));
  std::sort(seqs.begin(), seqs.end());
  if (auto erased = spool_.erase(seqs, done.erased); !erased) return erased;
  // Nothing waits for the disk, and nothing may come before it is known that it takes something again.
  if (failing_ && pieces == 0 && marks == 0)
    if (auto tried = spool_.try_out(trial_bytes_); !tried) return tried;
  if (auto saved = spool_.save_tally(); !saved) return saved;
  if (auto reserved = spool_.db().reserve(); !reserved) return reserved;
  return change->commit();
}

result<void> writer::apply_one(work& what, progress& done) {
  if (const auto* append = as_append(what)) return apply_append(*append, done);
  if (auto* drop = std::get_if<queued_drop>(&what)) {
    drop->dropped.clear();
    done.letters_changed = true;
    for (const auto id : drop->ids) {
      const auto taken = spool_.take_dead_letter(id);
      if (!taken) return taken.fault();
      if (*taken) drop->dropped.push_back(id);
    }
    return {};
  }
  if (const auto* cursor = std::get_if<queued_cursor>(&what))
    return spool_.save_cursor(cursor->application, cursor->at);
  if (const auto* seconds = std::get_if<queued_open_seconds>(&what))
    return spool_.save_open_seconds(seconds->open);
  if (const auto* forgotten = std::get_if<queued_forgotten>(&what)) {
    done.saved.insert(forgotten->device); // what waited to be saved of it goes with it
    done.next_device = std::max(done.next_device, index_of(forgotten->device) + 1);
    return spool_.forget_device(forgotten->device);
  }
  ++done.dead_letters;
  done.letters_changed = true;
  const auto& row = std::get<queued_dead_letter>(what);
  return spool_.dead_letter(row.seq, row.note, done.erased);
}

result<void> writer::apply_append(const queued_append& what, progress& done) {
  const auto& request = what.request;
  done.next_seq = (request.rows.empty() ? request.first : request.rows.back().seq) + 1;
  append_effect effect;
  if (request.replays) {
    done.letters_changed = true;
    const auto taken = spool_.take_dead_letter(*request.replays);
    if (!taken) return taken.fault();
    if (!*taken) {
      done.not_replayed.insert(request.first);
      return {};
    }
  }
  // A row without its device would be nobody's after a crash.
  if (auto saved = apply_device(request.device, done); !saved) return saved;
  if (auto appended = spool_.append(request, what.at, effect); !appended) return appended;
  done.dead_letters += effect.letters.messages;
  done.letters_changed = done.letters_changed || effect.gone;
  if (effect.letters == amount{}) return {};
  done.letters_changed = true;
  done.letters.emplace(request.first, effect.letters);
  return {};
}

// Does nothing when the device does not wait, or has been saved in this transaction.
result<void> writer::apply_device(device_ref which, progress& done) {
  const auto waiting = devices_.find(which);
  if (waiting == devices_.end() || done.saved.contains(which)) return {};
  done.saved.insert(which);
  done.next_device = std::max(done.next_device, index_of(which) + 1);
  return spool_.save_device(waiting->second);
}

// Answers the appends among the first pieces. When they could not be stored, what is no append stays for
// later.
void writer::conclude(std::size_t pieces, const result<void>& outcome, const progress& done, report& out) {
  std::vector<work> kept;
  for (std::size_t i = 0; i < pieces; ++i) {
    auto& one = work_[i];
    if (const auto* append = as_append(one)) {
      const auto first = append->request.first;
      const bool is_gone = outcome && done.not_replayed.contains(first);
      model::spool_result answered{
          first, is_gone ? result<void>{error{errc::not_found, "the dead letter is gone"}} : outcome};
      if (const auto came = done.letters.find(first); outcome && came != done.letters.end())
        answered.letters = came->second;
      out.spooled.push_back(std::move(answered));
      out.concluded += append->queued;
      (outcome && !is_gone ? out.appended : out.refused) += append->what;
    } else if (auto* drop = std::get_if<queued_drop>(&one)) {
      out.replies.push_back({drop->request, outcome ? page_of(drop->dropped)
                                                    : result<model::dead_letter_page>{outcome.fault()}});
    } else if (!outcome && !std::holds_alternative<queued_cursor>(one) &&
               !std::holds_alternative<queued_open_seconds>(one)) {
      kept.push_back(std::move(one));
    }
  }
  work_.erase(work_.begin(), work_.begin() + static_cast<std::ptrdiff_t>(pieces));
  work_.insert(work_.begin(), std::make_move_iterator(kept.begin()), std::make_move_iterator(kept.end()));
  fresh_append_ =
      std::any_of(work_.begin(), work_.end(), [](const work& one) { return as_append(one) != nullptr; });
}

void writer::note_outcome(const result<void>& outcome, report& out) {
  if (outcome) {
    retry_.reset();
    trial_bytes_ = least_trial;
    out.healed = std::exchange(failing_, false);
    if (out.healed) log::info("store_healed");
    return;
  }
  retry_at_ = now_mono() + retry_.next(0.5);
  // As much as was refused: a few free pages in the file are no room.
  trial_bytes_ = std::max(trial_bytes_, std::min<std::uint64_t>(out.refused.bytes, options_.batch_bytes));
  if (std::exchange(failing_, true)) return;
  out.fault = outcome.fault();
  log::error("store_failing", {{"error", outcome.fault().name()}, {"detail", outcome.fault().detail()}});
}

void writer::note_commit() {
  last_commit_ = now_mono();
  if (upkeep_at_ == never) upkeep_at_ = last_commit_ + options_.upkeep_delay;
}

// Between commits.
void writer::upkeep() {
  const auto now = now_mono();
  const bool is_quiet = now >= last_commit_ + options_.upkeep_delay;
  upkeep_at_ = is_quiet ? never : now + options_.upkeep_delay;
  if (failing_) return; // the next commit that succeeds asks again
  auto there = spool_.pages();
  if (there && there->free >= options_.upkeep_from && there->free >= there->all / (is_quiet ? 8 : 2)) {
    give_back(*there);
    there = spool_.pages();
    gave_back_ = true;
  } else if (is_quiet) {
    // A short log is left alone: folding it after each message would double what a quiet gateway writes.
    constexpr std::uint64_t short_log = 256;
    if (gave_back_ || spool_.db().log_pages() > short_log) gave_back_ = !spool_.db().fold();
  }
  report out;
  if (there) out.pages = *there;
  const auto syncs = syncs_so_far();
  out.fsyncs = syncs - std::exchange(syncs_seen_, syncs);
  tell_(std::move(out));
}

void writer::give_back(const spool_file::file_pages& there) {
  constexpr milliseconds short_time{2}, long_time{4};
  constexpr std::uint64_t most_pages = 2048;
  constexpr milliseconds pause{20};
  const auto began = now_mono();
  const bool done = spool_.give_back(std::min(slice_, there.free)).has_value();
  const auto ended = now_mono();
  if (ended - began > long_time) slice_ = std::max<std::uint64_t>(1, slice_ / 2);
  if (ended - began < short_time) slice_ = std::min(most_pages, slice_ * 2);
  upkeep_at_ = ended + (done ? pause : options_.upkeep_delay);
}

} // namespace causeway::store
