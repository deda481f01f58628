// SPDX-License-Identifier: Apache-2.0
#include "store/working_spool.h"

#include "base/log.h"
#include "store/disk.h"
#include "store/opening.h"

#include <utility>

namespace causeway::store {
namespace {

constexpr std::uint64_t most_log_pages = 4ULL * pages_of_log;

}

working_spool::working_spool(directory_lock lock, spool_file file, witness_file witness,
                             std::int64_t max_pages)
    : lock_{std::move(lock)},
      file_{std::move(file)},
      witness_{std::move(witness)},
      max_pages_{max_pages},
      syncs_seen_{syncs_so_far()} {}

result<void> working_spool::make_ready() {
  if (!lock_.holds())
    return error{errc::store_unavailable,
                 lock_.directory().string() +
                     " was moved away or replaced under the running gateway; stop it, or put it back"};
  if (!file_.db().is_open()) {
    auto opened = spool_file::open(lock_.directory() / "spool.db", max_pages_);
    if (!opened) return error{errc::store_unavailable, opened.fault().detail()};
    file_ = *std::move(opened);
  }
  // A log that cannot be folded must not grow for ever.
  if (file_.db().log_pages() > most_log_pages) return file_.db().fold();
  return {};
}

void working_spool::bear_witness(spool_seq last) {
  witness_.write({last, file_.counts().waiting});
}

bool working_spool::mend(const error& why, wall_time now, report& out) {
  const auto path = lock_.directory() / "spool.db";
  static_cast<void>(file_.db().fold());
  file_.close();
  mended_ = true;
  const auto missing = mend_spool(path, why.detail(), now);
  auto opened = spool_file::open(path, max_pages_);
  if (opened)
    file_ = *std::move(opened);
  else
    log::error("store_failing", {{"error", opened.fault().name()}, {"detail", opened.fault().detail()}});
  if (missing) {
    out.missing += missing->missing;
    out.missing_commands += missing->commands;
    out.missing_unknown = missing->unknown;
  }
  return missing && file_.db().is_open();
}

void working_spool::count_after_mending(report& out) {
  if (!std::exchange(mended_, false)) return;
  if (const auto counted = file_.count_waiting()) out.waiting = *counted;
}

std::uint64_t working_spool::take_syncs() {
  const auto syncs = syncs_so_far();
  return syncs - std::exchange(syncs_seen_, syncs);
}

bool working_spool::fold_for_good() {
  return file_.db().execute("PRAGMA wal_checkpoint(TRUNCATE)").has_value();
}

} // namespace causeway::store
