// SPDX-License-Identifier: Apache-2.0
#include "store/writer.h"

#include <algorithm>
#include <utility>

namespace causeway::store {
namespace {

constexpr mono_time never = mono_time::max();

mono_time now_mono() {
  return std::chrono::steady_clock::now();
}

} // namespace

writer::writer(const store_options& options, opened_state state, report_function tell)
    : options_{options},
      tell_{std::move(tell)},
      spool_{std::move(state.lock), std::move(state.spool), std::move(state.witness), options.max_pages},
      commits_{options_, spool_, gone_},
      assignments_{options_, std::move(state.assignments), spool_, commits_},
      reading_{options_, spool_, commits_, gone_},
      upkeep_{options_, spool_} {}

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
  put_last(inbox_.devices, record);
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
    if (commits_.is_due(now, hurried_)) {
      assignments_.commit_forgets(now);
      auto done = commits_.commit();
      upkeep_.on_commit(now_mono());
      tell_(std::move(done));
      commits_.bear_witness();
    }
    if (assignments_.is_due(now_mono(), hurried_)) assignments_.commit(now_mono());
    if (reading_.is_read_due(now))
      if (auto read = reading_.read(now_mono())) tell_(*std::move(read));
    if (reading_.has_questions()) tell_(reading_.reply());
    if (!hurried_ && now_mono() >= upkeep_.due()) tell_(upkeep_.work(now_mono(), commits_.is_failing()));
  }
  auto last = commits_.give_up();
  left_something_ = !idle() || !last.spooled.empty();
  if (!last.spooled.empty()) tell_(std::move(last));
  if (!spool_.fold_for_good()) left_something_ = true;
  assignments_.fold_for_good();
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
      reading_.call_off(); // nobody sends any more
      if (idle() || abandon_) return false;
    }
    const auto now = now_mono();
    const bool commit = commits_.is_due(now, hurried_);
    if (commit && !lingered && !hurried_ && commits_.may_wait_for_company()) {
      lingered = true;
      filled_.wait_for(held, options_.linger, [this] { return stopping_; });
      continue;
    }
    const bool upkeep_due = !hurried_ && now >= upkeep_.due();
    if (commit || upkeep_due || reading_.has_questions() || reading_.is_read_due(now) ||
        assignments_.is_due(now, hurried_))
      return true;
    sleep(held);
  }
}

void writer::sleep(std::unique_lock<std::mutex>& held) {
  sleeping_ = true;
  minds_marks_ = commits_.has_marks();
  const auto woken = [this] { return !sleeping_ || abandon_ || (stopping_ && !hurried_); };
  const auto until = next_due();
  if (until == never) {
    filled_.wait(held, woken);
  } else {
    filled_.wait_until(held, until, woken);
  }
  sleeping_ = false;
  minds_marks_ = false;
}

void writer::empty_inbox() {
  const auto now = now_mono();
  for (auto& one : inbox_.pieces)
    commits_.put(std::move(one));
  inbox_.pieces.clear();
  commits_.put(std::exchange(inbox_.devices, {}));
  commits_.put(inbox_.marks, now);
  inbox_.marks.clear();
  reading_.put(std::exchange(inbox_.reads, {}), std::exchange(inbox_.questions, {}));
  assignments_.put(std::exchange(inbox_.assignments, {}), std::exchange(inbox_.forgotten, {}), now);
}

mono_time writer::next_due() const {
  const auto next = std::min({commits_.next_due(), reading_.next_due(), assignments_.next_due()});
  return hurried_ ? next : std::min(next, upkeep_.due());
}

} // namespace causeway::store
