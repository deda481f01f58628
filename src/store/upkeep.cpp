// SPDX-License-Identifier: Apache-2.0
#include "store/upkeep.h"

#include <algorithm>

namespace causeway::store {

void upkeep::on_commit(mono_time now) {
  last_commit_ = now;
  if (due_ == never) due_ = now + options_.upkeep_delay;
}

report upkeep::work(mono_time now, bool spool_fails) {
  report out;
  const bool is_quiet = now >= last_commit_ + options_.upkeep_delay;
  due_ = is_quiet ? never : now + options_.upkeep_delay;
  if (spool_fails) return out;
  auto& file = spool_.file();
  auto there = file.pages();
  if (there && there->free >= options_.upkeep_from && there->free >= there->all / (is_quiet ? 8 : 2)) {
    give_back(*there, now);
    there = file.pages();
    gave_back_ = true;
  } else if (is_quiet) {
    // A short log is left alone: folding it after each message would double what a quiet gateway writes.
    constexpr std::uint64_t short_log = 256;
    if (gave_back_ || file.db().log_pages() > short_log) gave_back_ = !file.db().fold();
  }
  if (there) out.pages = *there;
  out.fsyncs = spool_.take_syncs();
  return out;
}

void upkeep::give_back(const spool_file::file_pages& there, mono_time now) {
  constexpr milliseconds short_time{2}, long_time{4};
  constexpr std::uint64_t most_pages = 2048;
  constexpr milliseconds pause{20};
  const auto began = std::chrono::steady_clock::now();
  const bool done = spool_.file().give_back(std::min(slice_, there.free)).has_value();
  const auto took = std::chrono::steady_clock::now() - began;
  if (took > long_time) slice_ = std::max<std::uint64_t>(1, slice_ / 2);
  if (took < short_time) slice_ = std::min(most_pages, slice_ * 2);
  due_ = now + took + (done ? pause : options_.upkeep_delay);
}

} // namespace causeway::store
