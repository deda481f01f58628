// SPDX-License-Identifier: Apache-2.0
#include "store/assignment_commits.h"

#include "base/log.h"

#include <algorithm>
#include <limits>
#include <utility>

namespace causeway::store {
namespace {

// A commit's most; a large fleet's come in several, so that appends need not wait for all of them.
constexpr std::size_t most_assignments = 2000;
constexpr milliseconds side_retry{1000};

} // namespace

assignment_commits::assignment_commits(const store_options& options, assignment_file file,
                                       working_spool& spool, const group_commit& commits)
    : options_{options}, file_{std::move(file)}, spool_{spool}, commits_{commits} {}

void assignment_commits::put(queued_assignments assignments, std::vector<queued_change::forgotten> forgotten,
                             mono_time now) {
  if (assignments_.empty() && !assignments.empty()) due_ = now + options_.mark_delay;
  for (auto& [device, where] : assignments) {
    forgets_wait_ = forgets_wait_ || !where;
    assignments_.insert_or_assign(device, std::move(where));
  }
  if (forgotten_.empty() && !forgotten.empty()) due_ = now + options_.mark_delay;
  forgets_wait_ = forgets_wait_ || !forgotten.empty();
  for (auto& [device, key] : forgotten) {
    assignments_.erase(device);
    forgotten_.push_back(std::move(key));
  }
}

bool assignment_commits::is_due(mono_time now, bool hurried) const {
  return !is_empty() && now >= retry_at_ && (hurried || now >= due_);
}

mono_time assignment_commits::next_due() const {
  return is_empty() ? mono_time::max() : std::max(due_, retry_at_);
}

void assignment_commits::commit(mono_time now) {
  auto outcome = apply(now);
  if (outcome) {
    retry_at_ = {};
    if (std::exchange(failing_, false)) log::info("assignments_healed");
    return;
  }
  retry_at_ = now + side_retry;
  if (!std::exchange(failing_, true))
    log::error("assignments_failing",
               {{"error", outcome.fault().name()}, {"detail", outcome.fault().detail()}});
}

void assignment_commits::commit_forgets(mono_time now) {
  for (auto before = std::numeric_limits<std::size_t>::max(); forgets_wait_;) {
    const auto left = assignments_.size() + forgotten_.size();
    if (left >= before || now < retry_at_) return;
    before = left;
    commit(now);
    forgets_wait_ = !forgotten_.empty() || std::any_of(assignments_.begin(), assignments_.end(),
                                                       [](const auto& one) { return !one.second; });
  }
}

void assignment_commits::fold_for_good() {
  static_cast<void>(file_.db().execute("PRAGMA wal_checkpoint(TRUNCATE)"));
}

result<void> assignment_commits::apply(mono_time now) {
  auto change = transaction::begin(file_.db());
  if (!change) return std::move(change).fault();
  const auto forgotten = std::min(forgotten_.size(), most_assignments);
  for (std::size_t i = 0; i < forgotten; ++i)
    if (auto done = file_.forget(forgotten_[i]); !done) return done;
  std::vector<stored_number> written;
  for (const auto& [device, where] : assignments_) {
    if (written.size() >= most_assignments) break;
    auto key = spool_.file().find_device(device);
    if (!key) return std::move(key).fault();
    if (!*key && commits_.has_device(device)) continue; // saved first
    written.push_back(device);
    if (!*key) {
      log::error("assignment_without_device", {{"ref", static_cast<std::uint32_t>(device)}});
      continue;
    }
    auto done = where ? file_.save(**key, *where) : file_.forget(**key);
    if (!done) return done;
  }
  if (auto done = change->commit(); !done) return done;
  for (const auto device : written)
    assignments_.erase(device);
  forgotten_.erase(forgotten_.begin(), forgotten_.begin() + static_cast<std::ptrdiff_t>(forgotten));
  const bool more = written.size() >= most_assignments || !forgotten_.empty();
  due_ = now + (more ? milliseconds{0} : options_.mark_delay);
  return {};
}

} // namespace causeway::store
