// SPDX-License-Identifier: Apache-2.0
// What the store's thread reads, and what it does when that is damaged.
#include "base/log.h"
#include "store/writer.h"

#include <algorithm>
#include <utility>

namespace causeway::store {
namespace {

constexpr milliseconds read_retry{1000};

}

void writer::serve_read() {
  report out;
  out.has_read = true;
  auto outcome = read_rows(reads_.front(), out);
  if (!outcome) {
    reads_retry_at_ = std::chrono::steady_clock::now() + read_retry;
    if (!std::exchange(reads_failing_, true))
      log::error("read_back_failing",
                 {{"error", outcome.fault().name()}, {"detail", outcome.fault().detail()}});
    if (!mended_) return;
    report found; // what is missing is told of once, whatever becomes of the read
    found.missing = out.missing;
    found.missing_unknown = out.missing_unknown;
    count_after_mending(found);
    tell_(std::move(found));
    return;
  }
  reads_failing_ = false;
  reads_.pop_front();
  if (reads_.empty()) erased_.clear();
  count_after_mending(out);
  tell_(std::move(out));
}

void writer::answer_question() {
  const auto asked = std::move(questions_.front());
  questions_.pop_front();
  report out;
  if (asked.id == 0) {
    out.replies.push_back({asked.request, spool_.list_dead_letters(asked.query)});
  } else {
    auto found = spool_.read_dead_letter(asked.id);
    if (found) {
      model::dead_letter_page page;
      if (*found) page.letters.push_back(*std::move(*found));
      out.replies.push_back({asked.request, std::move(page)});
    } else {
      out.replies.push_back({asked.request, std::move(found).fault()});
    }
  }
  tell_(std::move(out));
}

result<void> writer::read_rows(const std::vector<spool_seq>& seqs, report& out) {
  // A row that is marked is gone, although it may still lie there.
  std::sort(marks_.begin(), marks_.end());
  std::size_t bytes = 0;
  bool mended = false;
  for (const auto seq : seqs) {
    if (bytes >= options_.read_bytes) break;
    if (std::binary_search(marks_.begin(), marks_.end(), seq) || erased_.contains(seq)) {
      out.gone.push_back(seq);
      continue;
    }
    auto read = read_one(seq, out, bytes, mended);
    if (!read) return std::move(read).fault();
    if (!*read) out.gone.push_back(seq);
  }
  return {};
}

// False: it cannot be sent.
result<bool> writer::read_one(spool_seq seq, report& out, std::size_t& bytes, bool& mended) {
  auto row = spool_.read(seq);
  // What a mended spool lacks has been told of.
  if (row && !*row) {
    const auto complete = spool_.is_complete();
    if (!complete) return complete.fault();
    if (*complete) return false;
  }
  if (row && !*row)
    row = error{errc::store_damaged, "message " + std::to_string(seq) + ": its row is not there"};
  if (!row && row.fault().code() == errc::store_damaged && !mended) {
    mended = true;
    if (mend(row.fault(), out)) {
      row = spool_.read(seq);
      // The replacement has told of it, and has its dead letter.
      if (row && !*row) return false;
    }
  }
  if (row && *row) {
    bytes += model::size_of((*row)->body);
    out.rows.push_back(**std::move(row));
    return true;
  }
  const auto fault = row ? error{errc::store_damaged, "its row is not there"} : row.fault();
  if (fault.code() != errc::record_corrupt && fault.code() != errc::store_damaged) return fault;
  ++out.unreadable;
  log::error("record_corrupt", {{"seq", seq}, {"error", fault.name()}, {"detail", fault.detail()}});
  // What cannot even be found stays where it is: to move it could fail for ever.
  if (fault.code() == errc::record_corrupt) {
    const auto at = std::chrono::system_clock::now();
    work_.emplace_back(queued_dead_letter{seq, {at, std::string{fault.name()}, fault.detail()}});
  }
  return false;
}

// True: a new spool is open, made of what is whole in the one that was.
bool writer::mend(const error& why, report& out) {
  const auto file = lock_.directory() / "spool.db";
  static_cast<void>(spool_.db().fold());
  spool_.close();
  mended_ = true;
  const auto missing = mend_spool(file, why.detail(), std::chrono::system_clock::now());
  auto opened = spool_file::open(file, options_.max_pages);
  if (opened) spool_ = *std::move(opened);
  if (!opened)
    log::error("store_failing", {{"error", opened.fault().name()}, {"detail", opened.fault().detail()}});
  if (missing) {
    out.missing += missing->missing;
    out.missing_unknown = missing->unknown;
  }
  return missing && spool_.db().is_open();
}

void writer::count_after_mending(report& out) {
  if (!std::exchange(mended_, false)) return;
  if (const auto counted = spool_.count_waiting()) out.waiting = *counted;
}

} // namespace causeway::store
