// SPDX-License-Identifier: Apache-2.0
#include "store/opening.h"

#include "base/log.h"
#include "store/log_scan.h"
#include "store/migrations.h"
#include "store/page_image.h"
#include "store/salvage.h"
#include "store/spool_loader.h"

#include <algorithm>
#include <functional>
#include <future>

namespace causeway::store {
namespace {

namespace fs = std::filesystem;

// What stood there before anything was opened.
struct circumstances {
  bool used = false;      // somebody has run here
  bool has_spool = false; // with something in it
  std::optional<witnessed> witness;
};

std::uintmax_t size_of_file(const fs::path& file) {
  std::error_code fault;
  const auto size = fs::file_size(file, fault);
  return fault ? 0 : size;
}

circumstances look(const fs::path& directory) {
  circumstances out;
  const auto spool = directory / "spool.db";
  out.has_spool = size_of_file(spool) > 0 || size_of_file(spool.string() + "-wal") > 0;
  out.used = out.has_spool || size_of_file(directory / "assignments.db") > 0 ||
             size_of_file(directory / "witness") > 0 || size_of_file(directory / "lock") > 0;
  out.witness = witness_file::read(directory / "witness");
  return out;
}

// Where nobody has run, or a version without one: what such a start leaves when it is cut short must not look
// like a state that has lost its witness.
bool is_before_witness(const fs::path& file, const circumstances& before) {
  if (before.witness) return false;
  if (!before.used) return true;
  const auto image = page_image::open(file);
  const auto version = image ? image->version(spool_application_id) : std::nullopt;
  return version && *version > 0 && *version < std::int64_t{first_with_witness};
}

// Of nothing: late, as a witness may be.
result<void> make_witness(const fs::path& file) {
  auto made = witness_file::open(file);
  if (!made) return std::move(made).fault();
  made->write({});
  made->sync();
  return {};
}

error unusable(const fs::path& directory, const error& cause) {
  return error{errc::state_unusable, directory.string() + ": " + cause.detail()};
}

// What a start needs; what is damaged is noted in the spool's damage(). numbers: of the image's devices.
result<void> load(spool_file& spool, model::start_image& image, std::vector<stored_number>& numbers,
                  std::map<application_id, wall_time>& cursors_of) {
  image = {};
  spool_loader loads{spool};
  auto devices = loads.devices();
  if (!devices) return std::move(devices).fault();
  image.devices = *std::move(devices);
  const auto take_row = [&](const stored_row& row) {
    if (const auto device = loads.ref_of(row.device))
      image.waiting.push_back({row.seq, *device, row.bytes, row.accepted_at});
    else
      spool.damage().note("message " + std::to_string(row.seq) + " waits for a device that is not there");
  };
  if (auto done = loads.waiting(take_row); !done) return done;
  const auto take_key = [&](const stored_key& one) {
    if (const auto device = loads.ref_of(one.device)) image.recent_keys.push_back({*device, one.key});
  };
  if (auto done = loads.keys(take_key); !done) return done;
  numbers = loads.numbers();
  constexpr std::uint64_t most_reserved = 1'000'000; // before it is seen whether there are as many
  image.commands.reserve(std::min(spool.counts().commands, most_reserved));
  const auto take_command = [&](model::kept_command one) { image.commands.push_back(std::move(one)); };
  if (auto done = loads.commands(take_command); !done) return done;
  auto cursors = loads.cursors();
  if (!cursors) return std::move(cursors).fault();
  cursors_of = *std::move(cursors);
  auto open = loads.open_seconds();
  if (!open) return std::move(open).fault();
  image.open_seconds = *open;
  auto letters = spool.count_dead_letters();
  if (!letters) return std::move(letters).fault();
  image.dead_letters = *std::move(letters);
  image.next_seq = spool.counts().next_seq;
  return {};
}

error needs_mending(const fs::path& file, const std::string& why) {
  return error{errc::state_unusable, file.string() + " is damaged: " + why +
                                         "; a start of the gateway mends it, or `causeway spool salvage`"};
}

// Whether what SQLite does not open is worth a replacement: something in it is ours, or it is too short for
// anything. Errors: of survey::judge.
result<bool> can_be_mended(const fs::path& file) {
  const auto found = survey::make(file);
  if (!found) return false;
  if (auto judged = found->judge(); !judged) return std::move(judged).fault();
  const auto& all = found->findings();
  return all.ours || all.pages.pages == 0;
}

// once_open: called when it is one that this version may use, before what is in it is read.
result<void> open_spool(opened_state& into, const fs::path& file, std::int64_t max_pages, bool mends,
                        wall_time now, const std::function<void()>& once_open) {
  const auto mend = [&](const std::string& why) -> result<void> {
    if (!mends) return needs_mending(file, why);
    into.spool.close();
    const auto missing = mend_spool(file, why, now);
    if (!missing)
      return error{errc::state_unusable,
                   file.string() + " is damaged: " + why +
                       "; it could not be mended: see the lines before, and `causeway spool check`"};
    into.missing += missing->missing;
    into.missing_commands += missing->commands;
    into.missing_unknown = into.missing_unknown || missing->unknown;
    return {};
  };
  if (mends)
    if (auto done = finish_replacement(file); !done) return done;
  const auto log = look_first(file);
  if (!log) return log.fault();
  if (log->pages != 0 && size_of_file(file) == 0)
    if (auto done = mend("it is empty or gone, and its log is not"); !done) return done;
  if (log->damaged)
    if (auto done = mend("its log has " + std::to_string(log->bad) + " bad frame(s) before good ones"); !done)
      return done;
  bool damaged = false;
  auto opened = spool_file::open(file, max_pages, damaged);
  if (!opened && damaged) {
    const auto worth_it = can_be_mended(file);
    if (!worth_it) return worth_it.fault();
    if (*worth_it) {
      if (auto done = mend(opened.fault().detail()); !done) return done;
      opened = spool_file::open(file, max_pages);
    }
  }
  if (!opened) return std::move(opened).fault();
  into.spool = *std::move(opened);
  once_open();
  if (auto done = load(into.spool, into.image, into.numbers, into.cursors); !done)
    return unusable(file, done.fault());
  // Once: what is still not there after a mending is for the one who reads it.
  if (auto done = spool_loader{into.spool}.try_records(into.image.waiting); !done)
    return unusable(file, done.fault());
  if (!into.spool.damage().any()) return {};
  if (auto done = mend(into.spool.damage().detail); !done) return done;
  auto again = spool_file::open(file, max_pages);
  if (!again) return std::move(again).fault();
  into.spool = *std::move(again);
  if (auto done = load(into.spool, into.image, into.numbers, into.cursors); !done)
    return unusable(file, done.fault());
  if (into.spool.damage().any()) return needs_mending(file, into.spool.damage().detail);
  return {};
}

// Says what the witness knows and the spool does not. Numbers go on above it.
result<void> hear_witness(opened_state& into, const fs::path& directory, const circumstances& before,
                          bool mends) {
  const auto own = into.spool.counts().next_seq;
  const auto version = into.spool.version_found();
  const bool is_older = version > 0 && version < first_with_witness;
  // A log that is gone may have had all there was: the file alone is as empty as a new one.
  const bool is_missing = before.used && (!before.has_spool || version == 0);
  if (before.witness && before.witness->highest >= own) {
    const auto lost = before.witness->highest - own + 1;
    into.missing += lost;
    log::error("messages_missing",
               {{"directory", directory.string()},
                {"lost_at_most", lost},
                {"waited", before.witness->waiting},
                {"detail", is_missing ? "spool.db is empty or gone; `waited` is how many messages "
                                        "waited in it when it was last written"
                                      : "the spool ends before the number that was acknowledged "
                                        "last: it, or its log, was cut short or is an older copy"}});
    if (!mends) return {};
    auto change = transaction::begin(into.spool.db());
    if (!change) return std::move(change).fault();
    into.spool.note_next_seq(before.witness->highest + 1);
    if (auto saved = into.spool.save_tally(); !saved) return saved;
    if (auto done = change->commit(); !done) return done;
    into.image.next_seq = into.spool.counts().next_seq;
  } else if (!before.witness && (is_missing || (before.used && !is_older))) {
    into.missing_unknown = true;
    log::error(is_missing ? "spool_missing" : "witness_missing",
               {{"directory", directory.string()},
                {"detail",
                 is_missing ? "spool.db is empty or gone where a gateway has run, and there is no witness: "
                              "cannot tell whether messages are lost"
                            : "there is no witness that can be read: cannot tell whether the spool is "
                              "whole up to the last message that was acknowledged"}});
  }
  return {};
}

} // namespace

std::string look_as_a_start(const fs::path& file) {
  const auto log = scan_log(file.string() + "-wal");
  if (!log) return log.fault().detail();
  if (log->pages != 0 || log->damaged || size_of_file(file) == 0) return {};
  {
    auto db = database::open_to_look(file);
    if (!db) return db.fault().detail();
    auto check = db->prepare("PRAGMA quick_check(1)");
    if (!check) return check.fault().detail();
    const auto row = check->step();
    if (!row) return row.fault().detail();
    if (std::string words{check->text(0)}; *row && words != "ok") {
      std::replace(words.begin(), words.end(), '\n', ' ');
      return words;
    }
    const auto owner = db->integer("PRAGMA application_id");
    if (!owner) return owner.fault().detail();
    if (*owner != static_cast<std::int64_t>(spool_application_id))
      return "it is not marked as a file of Causeway";
    const auto version = db->integer("PRAGMA user_version");
    if (!version) return version.fault().detail();
    if (auto known = check_version(*version, spool_steps()); !known) return known.fault().detail();
    if (*version != static_cast<std::int64_t>(spool_steps().size()))
      return {}; // a start brings it there first
  }
  auto spool = spool_file::open_to_look(file);
  if (!spool) return spool.fault().detail();
  model::start_image image;
  std::vector<stored_number> numbers;
  std::map<application_id, wall_time> cursors;
  auto done = load(*spool, image, numbers, cursors);
  if (done) done = spool_loader{*spool}.try_records(image.waiting);
  return done ? spool->damage().detail : done.fault().detail();
}

std::optional<mended_spool> mend_spool(const fs::path& file, const std::string& why, wall_time now) {
  const auto give_up = [&](const std::string& reason) {
    log::error("spool_damaged", {{"file", file.string()}, {"detail", why}, {"not_mended", reason}});
    return std::nullopt;
  };
  if (kept_aside(file) >= most_kept_aside)
    return give_up("so many damaged copies lie beside it; look at them, and move them away");
  auto found = survey::make(file);
  if (!found) return give_up(found.fault().detail());
  const auto aside = found->replace(1, now);
  if (!aside) return give_up(aside.fault().detail());
  const auto& all = found->findings();
  // Dead letters were acknowledged, too.
  const auto missing =
      std::max(all.lost.value_or(all.unreadable), all.unreadable) + all.lost_letters.value_or(0);
  log::error("spool_damaged",
             {{"file", file.string()},
              {"detail", why},
              {"kept_as", aside->string()},
              {"version", all.version ? std::to_string(*all.version) : "cannot tell"},
              {"messages_whole", all.whole},
              {"messages_lost", all.lost ? std::to_string(*all.lost) : "cannot tell"},
              {"messages_unreadable", all.unreadable},
              {"dead_letters", all.letters},
              {"dead_letters_lost", all.lost_letters ? std::to_string(*all.lost_letters) : "cannot tell"},
              {"commands", all.commands},
              {"commands_lost", all.lost_commands ? std::to_string(*all.lost_commands) : "cannot tell"},
              {"rows_left_out", all.bad_rows + all.bad_commands + all.misplaced}});
  const bool unknown = !all.lost || !all.lost_letters || !all.lost_commands;
  return mended_spool{missing, unknown, all.lost_commands.value_or(0)};
}

result<opened_state> open_state(const store_options& options, wall_time now) {
  const auto& directory = options.directory;
  const bool mends = options.mends;
  const auto before = look(directory);
  auto lock = directory_lock::acquire(directory);
  if (!lock) return std::move(lock).fault();
  if (options.once_locked)
    if (auto done = options.once_locked(); !done) return std::move(done).fault();
  const auto place = lock->directory();
  // No more than a warning: container platforms hand out volumes like this.
  constexpr auto others_write = fs::perms::group_write | fs::perms::others_write;
  if (std::error_code ignored;
      mends && (fs::status(place, ignored).permissions() & others_write) != fs::perms::none)
    log::warning("state_directory_open",
                 {{"directory", directory.string()},
                  {"detail", "others may write in it, and so replace what it holds; chmod 700"}});
  opened_state out{*std::move(lock), {}, {}, {}, {}, {}, {}, {}, 0, false, 0};
  if (mends && is_before_witness(place / "spool.db", before))
    if (auto made = make_witness(place / "witness"); !made) return std::move(made).fault();
  // Beside the spool's rows on a thread of its own: which gateway starts soon matters to those who wait at
  // its door.
  std::future<result<assignment_file>> assignments_read;
  const auto read_assignments = [&] {
    assignments_read = std::async(std::launch::async, [file = place / "assignments.db", into = &out.known] {
      return assignment_file::open(file, *into);
    });
  };
  if (auto done = open_spool(out, place / "spool.db", options.max_pages, mends, now, read_assignments); !done)
    return std::move(done).fault();
  if (auto done = hear_witness(out, directory, before, mends); !done)
    return unusable(directory, done.fault());
  auto assignments = assignments_read.get();
  if (!assignments) return std::move(assignments).fault();
  out.assignments = *std::move(assignments);
  if (!mends) return out;
  auto witness = witness_file::open(place / "witness");
  if (!witness) return std::move(witness).fault();
  out.witness = *std::move(witness);
  out.witness.write({out.image.next_seq - 1, out.image.waiting.size()});
  out.witness.sync();
  return out;
}

} // namespace causeway::store
