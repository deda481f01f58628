// SPDX-License-Identifier: Apache-2.0
#include "causeway/verb_spool.h"

#include "causeway/admin_client.h"
#include "causeway/load_configuration.h"
#include "store/lock.h"
#include "store/opening.h"
#include "store/salvage.h"
#include "store/witness.h"

#include <fmt/format.h>

#include <filesystem>
#include <optional>

namespace causeway {
namespace {

namespace fs = std::filesystem;

struct place {
  store::directory_lock lock;
  fs::path file() const { return lock.directory() / "spool.db"; }
};

// Nothing: code says how to end.
std::optional<place> open_place(const spool_options& options, const char* what, int& code) {
  code = 2;
  fs::path directory = options.directory;
  if (directory.empty()) {
    const auto settings = load_configuration(options.configuration);
    if (!settings) return std::nullopt;
    directory = settings->state.directory;
  }
  code = 1;
  std::error_code ignored;
  if (!fs::is_directory(directory, ignored)) { // to look must not make it
    report(what, error{errc::state_unusable, directory.string() + ": no such directory"});
    return std::nullopt;
  }
  if (!fs::exists(directory / "spool.db", ignored) && !fs::exists(directory / "spool.db-wal", ignored)) {
    report(what, error{errc::state_unusable, directory.string() + ": there is no spool.db"});
    return std::nullopt;
  }
  auto lock = store::directory_lock::acquire(directory);
  if (!lock) {
    report(what, lock.fault());
    return std::nullopt;
  }
  return place{*std::move(lock)};
}

// Whether there is something to tell.
bool tell(const store::spool_findings& found, const std::string& at_a_start, const place& of) {
  fmt::print("{}: {} pages, {} messages wait, {} dead letters, {} devices\n", of.file().string(),
             found.pages.pages, found.whole, found.letters, found.devices);
  if (found.unprotected != 0)
    fmt::print("{} of the messages are of a version without checksums\n", found.unprotected);
  auto faults = found.faults();
  const auto witness = store::witness_file::read(of.lock.directory() / "witness");
  const auto next = found.counts ? found.counts->next_seq : found.highest + 1;
  if (witness && witness->highest >= next)
    faults.push_back(
        fmt::format("at most {} messages are missing: {} was acknowledged last, and the spool ends at {}; {} "
                    "waited then",
                    witness->highest - next + 1, witness->highest, next - 1, witness->waiting));
  if (!at_a_start.empty()) faults.push_back("a start would find: " + at_a_start);
  if (!witness && (found.pages.version == 0 || found.pages.version >= store::first_with_witness))
    faults.push_back(
        "cannot tell whether the spool is whole up to the last message that was acknowledged: there is "
        "no witness that can be read");
  if (found.damaged() && !found.lost) faults.push_back("cannot tell whether more messages are missing");
  for (const auto& one : faults)
    fmt::print("damaged: {}\n", one);
  if (faults.empty()) fmt::print("good: everything is as it was stored\n");
  return !faults.empty();
}

} // namespace

int verb_spool_check(const spool_options& options) {
  int code = 0;
  const auto at = open_place(options, "spool check", code);
  if (!at) return code;
  const auto found = store::survey::make(at->file());
  if (!found) return report("spool check", found.fault());
  if (const auto judged = found->judge(); !judged) return report("spool check", judged.fault());
  return tell(found->findings(), store::look_as_a_start(at->file()), *at) ? 1 : 0;
}

int verb_spool_salvage(const spool_options& options) {
  int code = 0;
  const auto at = open_place(options, "spool salvage", code);
  if (!at) return code;
  if (auto done = store::finish_replacement(at->file()); !done) return report("spool salvage", done.fault());
  auto found = store::survey::make(at->file());
  if (!found) return report("spool salvage", found.fault());
  if (const auto judged = found->judge(); !judged) return report("spool salvage", judged.fault());
  const auto at_a_start = store::look_as_a_start(at->file());
  tell(found->findings(), at_a_start, *at);
  std::error_code ignored;
  const bool unreadable =
      found->findings().pages.pages == 0 && fs::file_size(at->file(), ignored) > 0 && !ignored;
  if (!found->findings().damaged() && !unreadable && at_a_start.empty()) return 0;
  if (at_a_start.empty() && !unreadable && found->findings().bad_letters != 0 &&
      found->findings().faults().size() == 1) {
    fmt::print(
        "a dead letter that is not what was stored is kept as it is: a new spool would have the same\n");
    return 0;
  }
  const auto kept = found->replace(1, system_clock{}.now().wall);
  if (!kept) return report("spool salvage", kept.fault());
  const auto& all = found->findings();
  fmt::print("a new spool has {} messages and {} dead letters; {} messages that could not be read are dead "
             "letters with "
             "the reason record_corrupt\n",
             all.whole, all.letters, all.unreadable);
  fmt::print("the damaged one is kept as {}\n", kept->string());
  return 0;
}

} // namespace causeway
