// SPDX-License-Identifier: Apache-2.0
// The writer's commits of assignments.db, apart from the spool's.
#include "store/writer.h"

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

void writer::commit_assignments() {
  auto outcome = apply_assignments();
  if (outcome) {
    assignments_retry_at_ = {};
    if (std::exchange(assignments_failing_, false)) log::info("assignments_healed");
    return;
  }
  assignments_retry_at_ = now() + side_retry;
  if (!std::exchange(assignments_failing_, true))
    log::error("assignments_failing",
               {{"error", outcome.fault().name()}, {"detail", outcome.fault().detail()}});
}

// Before the spool says that a device is another now, or gone: after a crash between the two files it would
// find what was the former's.
void writer::commit_forgets() {
  for (auto before = std::numeric_limits<std::size_t>::max(); forgets_wait_;) {
    const auto left = assignments_.size() + forgotten_.size();
    if (left >= before || now() < assignments_retry_at_) return;
    before = left;
    commit_assignments();
    forgets_wait_ = !forgotten_.empty() || std::any_of(assignments_.begin(), assignments_.end(),
                                                       [](const auto& one) { return !one.second; });
  }
}

result<void> writer::apply_assignments() {
  auto change = transaction::begin(assignment_file_.db());
  if (!change) return std::move(change).fault();
  const auto forgotten = std::min(forgotten_.size(), most_assignments);
  for (std::size_t i = 0; i < forgotten; ++i)
    if (auto done = assignment_file_.forget(forgotten_[i]); !done) return done;
  std::vector<device_ref> written;
  for (const auto& [device, where] : assignments_) {
    if (written.size() >= most_assignments) break;
    auto key = spool_.find_device(device);
    if (!key) return std::move(key).fault();
    if (!*key && devices_.contains(device)) continue; // saved first
    written.push_back(device);
    if (!*key) {
      log::error("assignment_without_device", {{"ref", index_of(device)}});
      continue;
    }
    auto done = where ? assignment_file_.save(**key, *where) : assignment_file_.forget(**key);
    if (!done) return done;
  }
  if (auto done = change->commit(); !done) return done;
  for (const auto device : written)
    assignments_.erase(device);
  forgotten_.erase(forgotten_.begin(), forgotten_.begin() + static_cast<std::ptrdiff_t>(forgotten));
  const bool more = written.size() >= most_assignments || !forgotten_.empty();
  assignments_due_ = now() + (more ? milliseconds{0} : options_.mark_delay);
  return {};
}

} // namespace causeway::store
