// SPDX-License-Identifier: Apache-2.0
#include "store/assignment_file.h"

#include "base/clock.h"
#include "base/digest.h"
#include "base/log.h"
#include "store/lock.h"
#include "store/migrations.h"

#include <algorithm>
#include <string>
#include <system_error>
#include <utility>

namespace causeway::store {
namespace {

constexpr int most_kept_aside = 1000;
// To be ready for as many rows as there can be at most of the usual length.
constexpr std::size_t page_bytes = 4096, row_bytes = 80, most_reserved = 1'000'000;

std::int64_t milliseconds_of(wall_time at) {
  return std::chrono::duration_cast<milliseconds>(at.time_since_epoch()).count();
}

// at: milliseconds since 1970, apart from `where`, because a damaged number may be no time at all. all: what
// it is made of; whoever asks for many keeps its memory.
std::string digest_of(const model::device_key& key, const model::assignment& where, std::int64_t at,
                      std::string& all) {
  all.clear();
  for (const auto* field : {&key.application.str(), &key.device.str(), &where.hub.str(),
                            &where.identity.str(), &where.section.str(), &where.fingerprint}) {
    all.append(*field);
    all.push_back('\0');
  }
  all.append(std::to_string(at));
  const auto full = sha256(all);
  return {full.begin(), full.begin() + 8};
}

result<std::vector<stored_assignment>> load(database& db, bool& damaged) {
  auto query =
      db.prepare("SELECT application, device, hub, identity, section, assigned_at, fingerprint, digest "
                 "FROM assignment ORDER BY application, device");
  if (!query) return std::move(query).fault();
  std::vector<stored_assignment> all;
  const auto pages = db.integer("PRAGMA page_count");
  if (!pages) return pages.fault();
  all.reserve(std::min(static_cast<std::size_t>(*pages) * page_bytes / row_bytes, most_reserved));
  std::string scratch;
  for (;;) {
    auto row = query->step();
    if (!row) return std::move(row).fault();
    if (!*row) return all;
    const auto text = [&](int column) { return std::string{query->text(column)}; };
    stored_assignment one{{application_id{text(0)}, device_id{text(1)}},
                          {hub_host{text(2)}, identity{text(3)}, azure_name{text(4)}, {}, text(6)}};
    const auto at = query->integer(5);
    if (digest_of(one.key, one.where, at, scratch) != query->text(7)) {
      damaged = true;
      return error{errc::store_unavailable, "a row does not match its digest"};
    }
    one.where.assigned_at = wall_time{milliseconds{at}};
    all.push_back(std::move(one));
  }
}

result<void> check_structure(database& db, bool& damaged) {
  auto query = db.prepare("PRAGMA integrity_check(1)");
  if (!query) return std::move(query).fault();
  auto row = query->step();
  if (!row) return std::move(row).fault();
  if (*row && query->text(0) == "ok") return {};
  damaged = true;
  return error{errc::store_unavailable, std::string{query->text(0)}};
}

// The log is part of the file: left behind, it would be replayed into the new one.
result<std::filesystem::path> move_aside(const std::filesystem::path& file) {
  for (int n = 1; n <= most_kept_aside; ++n) {
    const std::filesystem::path aside = file.string() + ".damaged-" + std::to_string(n);
    std::error_code fault;
    if (std::filesystem::exists(aside, fault)) continue;
    std::filesystem::rename(file, aside, fault);
    if (fault) return error{errc::state_unusable, file.string() + ": " + fault.message()};
    for (const char* side : {"-wal", "-journal"}) {
      const std::filesystem::path from = file.string() + side;
      if (!std::filesystem::exists(from, fault)) continue;
      std::filesystem::rename(from, aside.string() + side, fault);
      if (fault) return error{errc::state_unusable, from.string() + ": " + fault.message()};
    }
    return aside;
  }
  return error{errc::state_unusable, file.string() + ": too many damaged copies lie beside it; remove them"};
}

} // namespace

result<assignment_file> assignment_file::try_open(const std::filesystem::path& file,
                                                  std::vector<stored_assignment>& loaded, bool& damaged) {
  if (auto made = make_private_file(file); !made) return std::move(made).fault();
  database_settings settings{
      .file = file, .application_id = assignment_application_id, .autocheckpoint = 1000};
  auto db = database::open(settings, damaged);
  if (!db) return std::move(db).fault();
  // A newer file is no damage, but a cache that this version cannot read is worth as little.
  const auto judged = [&](error fault) {
    damaged =
        damaged || fault.code() == errc::state_newer || fault.code() == errc::store_damaged || db->damaged();
    return fault;
  };
  if (auto trial = transaction::begin(*db); !trial) return judged(std::move(trial).fault());
  if (auto done = check_structure(*db, damaged); !done) return judged(std::move(done).fault());
  if (auto done = migrate(*db, assignment_steps()); !done) return judged(std::move(done).fault());
  auto rows = load(*db, damaged);
  if (!rows) return judged(std::move(rows).fault());
  auto save = db->prepare("INSERT OR REPLACE INTO assignment VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)");
  if (!save) return judged(std::move(save).fault());
  auto forget = db->prepare("DELETE FROM assignment WHERE application = ?1 AND device = ?2");
  if (!forget) return judged(std::move(forget).fault());
  loaded = *std::move(rows);
  return assignment_file{*std::move(db), *std::move(save), *std::move(forget)};
}

result<assignment_file> assignment_file::open(const std::filesystem::path& file,
                                              std::vector<stored_assignment>& loaded) {
  const auto explain = [&](const error& fault) {
    return error{errc::state_unusable, file.string() + ": " + fault.detail()};
  };
  bool damaged = false;
  auto first = try_open(file, loaded, damaged);
  if (first) return first;
  if (!damaged) return explain(first.fault());
  auto aside = move_aside(file);
  if (!aside) return std::move(aside).fault();
  log::warning("assignments_damaged",
               {{"file", file.string()}, {"moved_to", aside->string()}, {"detail", first.fault().detail()}});
  auto second = try_open(file, loaded, damaged);
  if (!second) return explain(second.fault());
  return second;
}

result<void> assignment_file::save(const model::device_key& key, const model::assignment& where) {
  std::string all;
  const auto digest = digest_of(key, where, milliseconds_of(where.assigned_at), all);
  return save_
      .with(key.application.str(), key.device.str(), where.hub.str(), where.identity.str(),
            where.section.str(), milliseconds_of(where.assigned_at), where.fingerprint, blob_view{digest})
      .run();
}

result<void> assignment_file::forget(const model::device_key& key) {
  return forget_.with(key.application.str(), key.device.str()).run();
}

} // namespace causeway::store
