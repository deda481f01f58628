// SPDX-License-Identifier: Apache-2.0
#include "store/writer.h"

#include <algorithm>
#include <utility>

namespace causeway::store {
namespace {

constexpr mono_time never = mono_time::max();

} // namespace

writer::writer(const store_options& options, opened_state state, report_function tell)
    : options_{options},
      tell_{std::move(tell)},
      spool_{std::move(state.lock), std::move(state.spool), std::move(state.witness), options.max_pages},
      commits_{options_, spool_, gone_, [this] { return now(); }},
      assignments_{options_, std::move(state.assignments), spool_, commits_},
      reading_{options_, spool_, commits_, gone_},
      upkeep_{options_, spool_} {}

writer::~writer() {
  static_cast<void>(stop(now().mono));
}

void writer::start() {
  thread_ = std::thread{[this] { run(); }};
}

// Let go first: woken under the lock the thread would go back to sleep at once, to wait for it.
void writer::rouse(std::unique_lock<std::mutex> held) {
  const bool sleeps = std::exchange(sleep_.now, false);
  held.unlock();
  if (sleeps) filled_.notify_one();
}

void writer::push(work what) {
  std::unique_lock held{mutex_};
  inbox_.pieces.push_back(std::move(what));
  inbox_.ready = true;
  rouse(std::move(held));
}

void writer::push_quietly(work what) {
  const std::lock_guard held{mutex_};
  inbox_.pieces.push_back(std::move(what));
}

void writer::wake() {
  std::unique_lock held{mutex_};
  inbox_.ready = true;
  rouse(std::move(held));
}

// Assignments are of another file, and marks alone wait for company.
void writer::push(queued_change change) {
  const bool has_more = !change.devices.empty() || !change.dead_letters.empty() || !change.gone.empty() ||
                        !change.forgotten_commands.empty();
  const bool is_marks_alone = !has_more && change.assignments.empty();
  std::unique_lock held{mutex_};
  for (auto& one : change.assignments)
    inbox_.assignments.insert_or_assign(one.device, std::move(one.where));
  change.assignments.clear();
  inbox_.forgotten.insert(inbox_.forgotten.end(), change.gone.begin(), change.gone.end());
  inbox_.ready = inbox_.ready || has_more;
  if (has_more)
    inbox_.pieces.emplace_back(std::move(change));
  else
    inbox_.marks.insert(inbox_.marks.end(), change.done.begin(), change.done.end());
  if (is_marks_alone && sleep_.minds_marks && inbox_.marks.size() < enough_marks) return;
  rouse(std::move(held));
}

void writer::push_read(std::vector<spool_seq> seqs) {
  std::unique_lock held{mutex_};
  inbox_.reads.push_back(std::move(seqs));
  rouse(std::move(held));
}

void writer::push_question(question what) {
  std::unique_lock held{mutex_};
  inbox_.questions.push_back(std::move(what));
  rouse(std::move(held));
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

moment writer::now() const {
  return stepped_at_ ? *stepped_at_ : system_clock{}.now();
}

bool writer::step(moment at) {
  stepped_at_ = at;
  {
    const std::lock_guard held{mutex_};
    if (sleep_.now && at.mono < sleep_.until) return false;
    empty_inbox();
    if (!is_anything_due(at.mono)) {
      fall_asleep();
      return false;
    }
    sleep_ = {};
  }
  do_what_is_due();
  return true;
}

mono_time writer::next_step() {
  const std::lock_guard held{mutex_};
  return sleep_.now ? sleep_.until : mono_time::min();
}

bool writer::is_anything_due(mono_time at) const {
  return commits_.is_due(at, hurried_) || reading_.has_questions() || reading_.is_read_due(at) ||
         assignments_.is_due(at, hurried_) || (!hurried_ && at >= upkeep_.due());
}

void writer::do_what_is_due() {
  const auto began = now();
  if (commits_.is_due(began.mono, hurried_)) {
    assignments_.commit_forgets(began.mono);
    auto done = commits_.commit();
    upkeep_.on_commit(now().mono);
    tell_(std::move(done));
    commits_.bear_witness();
  }
  if (assignments_.is_due(now().mono, hurried_)) assignments_.commit(now().mono);
  if (reading_.is_read_due(began.mono))
    if (auto read = reading_.read(now())) tell_(*std::move(read));
  if (reading_.has_questions()) tell_(reading_.reply());
  if (!hurried_ && now().mono >= upkeep_.due()) tell_(upkeep_.work(now().mono, commits_.is_failing()));
}

void writer::run() {
  while (take())
    do_what_is_due();
  auto last = commits_.give_up();
  left_something_ = !idle() || !last.appends.empty();
  if (!last.appends.empty()) tell_(std::move(last));
  if (!spool_.fold_for_good()) left_something_ = true;
  assignments_.fold_for_good();
  const std::lock_guard held{mutex_};
  has_ended_ = true;
  ended_.notify_all();
}

bool writer::take() {
  std::unique_lock held{mutex_};
  for (;;) {
    empty_inbox();
    if (stopping_) {
      hurried_ = true;
      reading_.call_off(); // nobody sends any more
      if (idle() || abandon_) return false;
    }
    const auto at = now().mono;
    if (is_anything_due(at)) return true;
    fall_asleep();
    const auto woken = [this] { return !sleep_.now || abandon_ || (stopping_ && !hurried_); };
    if (sleep_.until == never) {
      filled_.wait(held, woken);
    } else {
      filled_.wait_until(held, sleep_.until, woken);
    }
    sleep_ = {};
  }
}

// Precondition: mutex_ is held, and nothing is due.
void writer::fall_asleep() {
  sleep_.now = true;
  sleep_.minds_marks = commits_.minds_marks();
  sleep_.until = std::min({commits_.next_due(), reading_.next_due(), assignments_.next_due()});
  if (!hurried_) sleep_.until = std::min(sleep_.until, upkeep_.due());
}

void writer::empty_inbox() {
  const auto at = now().mono;
  if (std::exchange(inbox_.ready, false) || stopping_) {
    for (auto& one : inbox_.pieces)
      commits_.put(std::move(one));
    inbox_.pieces.clear();
  }
  commits_.put(inbox_.marks, at);
  inbox_.marks.clear();
  reading_.put(std::exchange(inbox_.reads, {}), std::exchange(inbox_.questions, {}));
  assignments_.put(std::exchange(inbox_.assignments, {}), std::exchange(inbox_.forgotten, {}), at);
}

} // namespace causeway::store
