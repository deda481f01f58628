// SPDX-License-Identifier: Apache-2.0
#include "store/reading.h"

#include "base/log.h"
#include "store/dead_letters.h"

#include <utility>

namespace causeway::store {
namespace {

constexpr milliseconds read_retry{1000};

}

reading::reading(const store_options& options, working_spool& spool, group_commit& commits, gone_rows& gone)
    : options_{options}, spool_{spool}, commits_{commits}, gone_{gone} {}

void reading::put(std::vector<std::vector<spool_seq>> reads, std::vector<question> questions) {
  for (auto& one : reads)
    reads_.push_back(std::move(one));
  for (auto& one : questions)
    questions_.push_back(std::move(one));
  gone_.wanted = !reads_.empty();
}

void reading::call_off() {
  reads_.clear();
  questions_.clear();
}

std::optional<report> reading::read(moment now) {
  report out;
  out.has_read = true;
  auto outcome = read_rows(reads_.front(), now.wall, out);
  if (!outcome) {
    retry_at_ = now.mono + read_retry;
    if (!std::exchange(failing_, true))
      log::error("read_back_failing",
                 {{"error", outcome.fault().name()}, {"detail", outcome.fault().detail()}});
    if (!spool_.is_mended()) return std::nullopt;
    report found; // what is missing is told of once, whatever becomes of the read
    found.missing = out.missing;
    found.missing_commands = out.missing_commands;
    found.missing_unknown = out.missing_unknown;
    spool_.count_after_mending(found);
    return found;
  }
  failing_ = false;
  reads_.pop_front();
  if (reads_.empty()) gone_ = {};
  spool_.count_after_mending(out);
  return out;
}

report reading::reply() {
  const auto asked = std::move(questions_.front());
  questions_.pop_front();
  report out;
  if (asked.id == 0) {
    out.replies.push_back({asked.request, list_dead_letters(spool_.file().db(), asked.query)});
    return out;
  }
  auto found = read_dead_letter(spool_.file().db(), asked.id);
  if (!found) {
    out.replies.push_back({asked.request, std::move(found).fault()});
    return out;
  }
  model::dead_letter_page page;
  if (*found) page.letters.push_back(*std::move(*found));
  out.replies.push_back({asked.request, std::move(page)});
  return out;
}

result<void> reading::read_rows(const std::vector<spool_seq>& seqs, wall_time now, report& out) {
  // A row that is marked is gone, although it may still lie there.
  commits_.sort_marks();
  std::size_t bytes = 0;
  bool mended = false;
  for (const auto seq : seqs) {
    if (bytes >= options_.read_bytes) break;
    if (commits_.is_marked(seq) || gone_.seqs.contains(seq)) {
      out.gone.push_back(seq);
      continue;
    }
    auto read = read_one(seq, now, out, bytes, mended);
    if (!read) return std::move(read).fault();
    if (!*read) out.gone.push_back(seq);
  }
  return {};
}

// False: it cannot be sent.
result<bool> reading::read_one(spool_seq seq, wall_time now, report& out, std::size_t& bytes, bool& mended) {
  auto row = spool_.file().read(seq);
  // What a mended spool lacks has been told of.
  if (row && !*row) {
    const auto complete = spool_.file().is_complete();
    if (!complete) return complete.fault();
    if (*complete) return false;
  }
  if (row && !*row)
    row = error{errc::store_damaged, "message " + std::to_string(seq) + ": its row is not there"};
  if (!row && row.fault().code() == errc::store_damaged && !mended) {
    mended = true;
    if (spool_.mend(row.fault(), now, out)) {
      row = spool_.file().read(seq);
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
    queued_change change;
    change.at = now;
    change.dead_letters.push_back({seq, fault});
    commits_.put(std::move(change));
  }
  return false;
}

} // namespace causeway::store
