// SPDX-License-Identifier: Apache-2.0
#include "conversation/stepped_store.h"

#include "store/faulty_disk.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>

namespace causeway::conversation {
namespace {

constexpr milliseconds commit_time{5};
constexpr std::size_t read_bytes = 16 * 1024; // less than the shard asks for, so that it has to ask again

[[maybe_unused]] const auto& first_use = store::faulty_disk::it(); // before the first database is opened

} // namespace

stepped_store::stepped_store(const manual_clock& clock) : clock_{clock} {
  auto pattern = (std::filesystem::path{testing::TempDir()} / "conversation-XXXXXX").string();
  directory_ = ::mkdtemp(pattern.data());
  store::faulty_disk::it().skip_syncs(true); // no power is cut here
}

stepped_store::~stepped_store() {
  store::faulty_disk::it().fail_writes(directory_, {});
  store_.reset();
  std::error_code ignored;
  std::filesystem::remove_all(directory_, ignored);
}

model::start_image stepped_store::load() {
  store::store_options options;
  options.directory = directory_;
  options.read_bytes = read_bytes;
  auto opened = store::store::open(
      options, clock_, [this](std::function<void()> work) { posted_.push_back(std::move(work)); });
  EXPECT_TRUE(opened) << opened.fault().message();
  store_ = *std::move(opened);
  auto image = store_->load();
  EXPECT_TRUE(image) << image.fault().message();
  rows_.clear();
  for (const auto& row : image->waiting)
    rows_.insert(row.seq);
  store_->start_by_hand(*this, *this);
  return *std::move(image);
}

void stepped_store::crash(crash_point where) {
  posted_.clear(); // a commit that nobody has told the writer of yet
  if (where == crash_point::after_commit) {
    while (store_->step(clock_.now()))
      posted_.clear();
  }
  rows_done_ += store_->counters().erased_total;
  store_.reset();
  posted_.clear();
  commit_at_.reset();
  shard_ = nullptr;
}

bool stepped_store::step() {
  const auto now = clock_.now().mono;
  bool any = false;
  for (const auto& work : std::exchange(posted_, {})) {
    work();
    any = true;
  }
  if (commit_at_ && *commit_at_ <= now) {
    commit_at_.reset();
    any = store_->step(clock_.now()) || any;
  }
  if (!commit_at_ && store_->next_step() <= now) commit_at_ = now + commit_time;
  return any;
}

std::optional<mono_time> stepped_store::deadline() const {
  if (!posted_.empty()) return clock_.now().mono;
  if (commit_at_) return commit_at_;
  const auto next = store_->next_step();
  return next == mono_time::max() ? std::nullopt : std::optional{next};
}

void stepped_store::fail_writes(std::deque<std::size_t> after) {
  store::faulty_disk::it().fail_writes(directory_, std::move(after));
}

std::size_t stepped_store::writes_failed() const {
  return store::faulty_disk::it().writes_failed();
}

std::size_t stepped_store::writes() const {
  return store::faulty_disk::it().writes();
}

void stepped_store::on_appended(const std::vector<model::appended>& what, moment now) {
  largest_group_ = std::max(largest_group_, what.size());
  shard_->on_appended(what, now);
}

void stepped_store::on_rows(std::vector<model::fresh_row> rows, moment now) {
  for (const auto& row : rows)
    rows_.insert(row.seq);
  shard_->on_rows(std::move(rows), now);
}

void stepped_store::on_read_back(std::vector<model::spool_row> rows, const std::vector<spool_seq>& gone,
                                 moment now) {
  rows_read_back_ += rows.size();
  shard_->on_read_back(std::move(rows), gone, now);
}

void stepped_store::on_dead_letters_counted(const model::dead_letter_amounts& are) {
  shard_->on_dead_letters_counted(are);
}

void stepped_store::on_store_fault(const error&) {
  ++episodes_;
}

void stepped_store::take_row(spool_seq seq) {
  if (rows_.erase(seq) == 0) ++marks_without_row_;
}

result<void> stepped_store::append(model::append_request request) {
  return store_->append(std::move(request));
}

void stepped_store::commit(model::change what) {
  for (const auto seq : what.done)
    take_row(seq);
  for (const auto& letter : what.dead_letters)
    take_row(letter.seq);
  store_->commit(std::move(what));
}

void stepped_store::read_back(std::vector<spool_seq> seqs) {
  store_->read_back(std::move(seqs));
}

} // namespace causeway::conversation
