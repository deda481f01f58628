// SPDX-License-Identifier: Apache-2.0
#include "store/spool_file.h"

#include "base/log.h"
#include "store/lock.h"
#include "store/migrations.h"
#include "store/seal.h"

#include <algorithm>
#include <array>
#include <limits>
#include <utility>

namespace causeway::store {
namespace {

error unusable(const std::filesystem::path& file, error cause, bool damaged) {
  if (cause.code() == errc::state_newer) return std::move(cause).in(file.string());
  if (!damaged) return error{errc::state_unusable, file.string() + ": " + cause.detail()};
  return error{
      errc::state_unusable,
      file.string() + ": " + cause.detail() +
          "; with no gateway running, `causeway spool salvage` brings what can be read into a new one"};
}

std::array<char, 8> bytes_of(std::uint64_t hash) {
  std::array<char, 8> bytes{};
  for (std::size_t i = 0; i < bytes.size(); ++i)
    bytes[i] = static_cast<char>((hash >> (8 * i)) & 0xffU);
  return bytes;
}

std::int64_t milliseconds_of(wall_time at) {
  return std::chrono::duration_cast<milliseconds>(at.time_since_epoch()).count();
}

// A file of an earlier version keeps the pages that become free. Small, it is written anew as one that does
// not; large, it stays as it is: its start must not take minutes.
void let_give_back(database& db) {
  constexpr std::int64_t most_pages = 16'384;
  const auto kind = db.integer("PRAGMA auto_vacuum");
  const auto pages = db.integer("PRAGMA page_count");
  if (!kind || !pages || *kind != 0 || *pages > most_pages) return;
  if (auto done = db.execute("PRAGMA auto_vacuum=INCREMENTAL; VACUUM"); !done)
    log::warning("spool_not_compacted", {{"error", done.fault().name()}, {"detail", done.fault().detail()}});
}

constexpr std::uint64_t first_log = 64 * 1024; // bytes
constexpr std::int64_t not_said = -1;

std::int64_t number_of(const std::optional<bool>& integration) {
  if (!integration) return not_said;
  return *integration ? 1 : 0;
}

} // namespace

void log_number_taken(stored_number number, const model::device_record& record) {
  log::error("device_ref_taken", {{"ref", static_cast<std::uint32_t>(number)},
                                  {"application", record.key.application},
                                  {"device", record.key.device}});
}

result<spool_file> spool_file::open(const std::filesystem::path& file, std::int64_t max_pages) {
  bool ignored = false;
  return open(file, max_pages, ignored);
}

result<spool_file> spool_file::open(const std::filesystem::path& file, std::int64_t max_pages,
                                    bool& damaged) {
  damaged = false;
  if (auto made = make_private_file(file); !made) return std::move(made).fault();
  database_settings settings{
      .file = file, .application_id = spool_application_id, .max_pages = max_pages, .gives_back = true};
  auto db = database::open(settings, damaged);
  if (!db) return unusable(file, std::move(db).fault(), damaged);
  const auto failed = [&](error fault) {
    damaged = fault.code() != errc::state_newer && (fault.code() == errc::store_damaged || db->damaged());
    return unusable(file, std::move(fault), damaged);
  };
  // A file that cannot be written says so here, not at the first message.
  if (auto trial = transaction::begin(*db); !trial) return failed(std::move(trial).fault());
  const auto version = db->integer("PRAGMA user_version");
  if (!version) return failed(version.fault());
  if (auto done = migrate(*db, spool_steps()); !done) return failed(std::move(done).fault());
  let_give_back(*db);
  auto prepared = prepare(*db);
  if (!prepared) return failed(std::move(prepared).fault());
  auto commands = command_rows::prepare(*db);
  if (!commands) return failed(std::move(commands).fault());
  spool_file made{*std::move(db), *std::move(prepared), *std::move(commands)};
  made.version_found_ = *version;
  if (auto done = made.load_tally(); !done) return unusable(file, std::move(done).fault(), false);
  const auto keyed = made.db_.integer("SELECT EXISTS (SELECT 1 FROM dead_letter WHERE key IS NOT NULL)");
  if (!keyed && !made.db_.is_corrupt()) {
    damaged = made.db_.damaged();
    return unusable(file, keyed.fault(), damaged);
  }
  if (!keyed) made.damage_.note("dead letters: " + keyed.fault().detail());
  made.may_have_keyed_letters_ = !keyed || *keyed != 0;
  made.begin_log();
  return made;
}

result<spool_file::statements> spool_file::prepare(database& db) {
  // substr and || on blobs: the newest hash goes in front, the 33rd falls off the end. SQLite's || makes text
  // of blobs byte for byte, hence the cast back.
  constexpr std::array<std::string_view, 19> texts{
      "INSERT INTO spool (seq, device, size, at, digest, open) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
      "INSERT INTO record VALUES (?1, ?2)",
      "INSERT INTO key_ring VALUES (?1, ?2) ON CONFLICT (id) DO UPDATE "
      "SET hashes = substr(CAST(excluded.hashes || hashes AS BLOB), 1, 256)",
      "SELECT count(*), total(size) FROM spool WHERE seq BETWEEN ?1 AND ?2",
      "DELETE FROM spool WHERE seq BETWEEN ?1 AND ?2",
      "DELETE FROM record WHERE seq BETWEEN ?1 AND ?2",
      "INSERT OR REPLACE INTO tally (id, next_seq, next_device, waiting, sealed_from, "
      "commands, next_command, digest) "
      "VALUES (1, ?1, ?2, ?3, ?4, ?5, ?6, ?7)",
      "INSERT INTO device (ref, application, device, dev_eui, listed, integration, model_id, digest, "
      "deleted, "
      "refused_at, former_until, attached) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12) ON "
      "CONFLICT (ref) DO UPDATE SET dev_eui = excluded.dev_eui, listed = excluded.listed, integration = "
      "excluded.integration, model_id = excluded.model_id, digest = excluded.digest, deleted = "
      "excluded.deleted, refused_at = excluded.refused_at, former_until = excluded.former_until, attached = "
      "excluded.attached "
      "WHERE application = excluded.application AND device = excluded.device",
      "INSERT INTO dead_letter (at, application, device, reason, detail, size, message) "
      "SELECT ?2, coalesce(d.application, ''), coalesce(d.device, ''), ?3, ?4, s.size, r.message "
      "FROM spool s JOIN record r USING (seq) LEFT JOIN device d ON d.ref = s.device WHERE s.seq = ?1",
      "INSERT INTO dead_letter (at, application, device, reason, detail, size, event, key) VALUES (?1, ?2, "
      "?3, ?4, ?5, ?6, ?7, ?8)",
      "DELETE FROM dead_letter WHERE id = ?1",
      "SELECT s.device, s.size, s.at, s.digest, r.seq IS NOT NULL, r.message, d.ref IS NOT NULL, "
      "d.application, d.device, typeof(r.message) = 'blob' "
      "FROM spool s LEFT JOIN record r ON r.seq = s.seq LEFT JOIN device d ON d.ref = s.device WHERE s.seq "
      "= "
      "?1",
      "SELECT application, device FROM device WHERE ref = ?1",
      "INSERT INTO cursor (application, at, digest) VALUES (?1, ?2, ?3) ON CONFLICT (application) DO UPDATE "
      "SET "
      "at = excluded.at, digest = excluded.digest",
      "SELECT id, size FROM dead_letter WHERE key = ?1",
      "DELETE FROM device WHERE ref = ?1",
      "DELETE FROM recent_key WHERE device = ?1",
      "DELETE FROM key_ring WHERE id BETWEEN ?1 AND ?2",
      "INSERT INTO open_time VALUES (1, ?1, ?2) ON CONFLICT (id) DO UPDATE SET seconds = excluded.seconds, "
      "digest = excluded.digest WHERE excluded.seconds > seconds",
  };
  std::vector<statement> made;
  made.reserve(texts.size());
  for (const auto text : texts) {
    auto one = db.prepare(text);
    if (!one) return std::move(one).fault();
    made.push_back(*std::move(one));
  }
  auto next = made.begin();
  // Braces evaluate from left to right, in the order of the members.
  return statements{std::move(*next++), std::move(*next++), std::move(*next++), std::move(*next++),
                    std::move(*next++), std::move(*next++), std::move(*next++), std::move(*next++),
                    std::move(*next++), std::move(*next++), std::move(*next++), std::move(*next++),
                    std::move(*next++), std::move(*next++), std::move(*next++), std::move(*next++),
                    std::move(*next++), std::move(*next++), std::move(*next++)};
}

result<void> spool_file::save_tally() {
  if (tally_ == saved_) return {};
  const auto digest = row_digest{}
                          .add(static_cast<std::int64_t>(tally_.next_seq))
                          .add(std::int64_t{tally_.next_device})
                          .add(static_cast<std::int64_t>(tally_.waiting))
                          .add(static_cast<std::int64_t>(tally_.sealed_from))
                          .add(static_cast<std::int64_t>(tally_.commands))
                          .add(tally_.next_command)
                          .value();
  if (auto done = sql_.save_tally
                      .with(tally_.next_seq, tally_.next_device, tally_.waiting, tally_.sealed_from,
                            tally_.commands, tally_.next_command, digest)
                      .run();
      !done)
    return done;
  saved_ = tally_;
  return {};
}

result<void> spool_file::save_device(stored_number number, const model::device_record& record) {
  const auto ref = static_cast<std::uint32_t>(number);
  const auto listed = record.listed ? 1 : 0;
  const auto digest = row_digest{}
                          .add(std::int64_t{ref})
                          .add(record.key.application.str())
                          .add(record.key.device.str())
                          .add(record.dev_eui.str())
                          .add(listed)
                          .add(number_of(record.integration))
                          .add(record.model_id)
                          .add(record.deleted ? 1 : 0)
                          .add(std::int64_t{record.refused_at})
                          .add(static_cast<std::int64_t>(record.former_until))
                          .add(record.attached ? 1 : 0)
                          .value();
  if (auto done =
          sql_.save_device
              .with(ref, record.key.application.str(), record.key.device.str(), record.dev_eui.str(), listed,
                    number_of(record.integration), record.model_id, digest, record.deleted ? 1 : 0,
                    record.refused_at, record.former_until, record.attached ? 1 : 0)
              .run();
      !done)
    return done;
  if (db_.changes() == 0) log_number_taken(number, record);
  return {};
}

result<void> spool_file::forget_device(stored_number device) {
  const auto ref = static_cast<std::uint32_t>(device);
  if (auto done = sql_.forget_keys.with(ref).run(); !done) return done;
  const auto first = std::int64_t{ref} << 8; // as in add_key
  if (auto done = sql_.forget_ring.with(first, first | 0xff).run(); !done) return done;
  return sql_.forget_device.with(ref).run();
}

result<void> spool_file::save_open_seconds(std::uint32_t open) {
  return sql_.save_open.with(open, row_digest{}.add(std::int64_t{open}).value()).run();
}

void spool_file::note_next_device(std::uint32_t next) {
  tally_.next_device = std::max(tally_.next_device, next);
}

result<void> spool_file::append(const model::append_request& request, stored_number device, spool_seq first,
                                wall_time at, append_effect& effect) {
  if (request.refused) return bury_event(request, first, at, effect);
  const auto accepted = milliseconds_of(at);
  const auto ref = std::int64_t{static_cast<std::uint32_t>(device)};
  auto number = first;
  for (const auto& message : request.messages) {
    const auto size = static_cast<std::int64_t>(model::size_of(message));
    const auto seq = static_cast<std::int64_t>(number++);
    if (auto done =
            sql_.insert_row
                .with(seq, ref, size, accepted, waiting_digest(seq, ref, size, accepted), request.accepted_at)
                .run();
        !done)
      return done;
    ++tally_.waiting;
    const auto record = seal({static_cast<spool_seq>(seq), accepted, request.from.application.str(),
                              request.from.device.str(), request.dev_eui},
                             model::encode_message(message));
    if (auto done = sql_.insert_record.with(seq, blob_view{record}).run(); !done) return done;
  }
  const auto letter = find_letter(request.key);
  if (!letter) return letter.fault();
  if (*letter) {
    if (auto taken = take_dead_letter((*letter)->id); !taken) return std::move(taken).fault();
    effect.gone = true;
  }
  if (!request.key) return {};
  return add_key(device, *request.key);
}

result<void> spool_file::add_key(stored_number device, const model::kept_key& key) {
  const auto hash = bytes_of(key.hash);
  const auto id = std::int64_t{static_cast<std::uint32_t>(device)} << 8 | static_cast<std::uint8_t>(key.kind);
  return sql_.add_key.with(id, blob_view{{hash.data(), hash.size()}}).run();
}

result<std::optional<spool_file::keyed_letter>>
spool_file::find_letter(const std::optional<model::kept_key>& key) {
  if (!key || !may_have_keyed_letters_) return std::optional<keyed_letter>{};
  auto row = sql_.keyed_letter.with(static_cast<std::int64_t>(key->hash)).step();
  if (!row) return std::move(row).fault();
  if (!*row) return std::optional<keyed_letter>{};
  const keyed_letter found{static_cast<std::uint64_t>(sql_.keyed_letter.integer(0)),
                           static_cast<std::uint64_t>(sql_.keyed_letter.integer(1))};
  sql_.keyed_letter.reset();
  return std::optional{found};
}

// One a key: the longer of two copies has what a field mask has cut from the other.
result<void> spool_file::bury_event(const model::append_request& request, spool_seq number, wall_time at,
                                    append_effect& effect) {
  const auto bytes = request.refused->raw.size();
  const auto letter = find_letter(request.key);
  if (!letter) return letter.fault();
  if (*letter) {
    if ((*letter)->bytes >= bytes) return {};
    if (auto taken = take_dead_letter((*letter)->id); !taken) return std::move(taken).fault();
    effect.gone = true;
  }
  effect.letters += {1, bytes};
  return insert_refused(request, number, at);
}

// So that there is a log, whose room serves to erase what is delivered, before the disk is full. Without room
// for one the first commit says so.
void spool_file::begin_log() {
  auto change = transaction::begin(db_);
  if (!change || !try_out(first_log)) return;
  if (!db_.reserve()) return;
  static_cast<void>(change->commit());
}

result<void> spool_file::try_out(std::uint64_t bytes) {
  const auto text = "INSERT INTO record VALUES (0, zeroblob(" + std::to_string(bytes) +
                    ")); DELETE FROM record WHERE seq = 0";
  return db_.execute(text.c_str());
}

void spool_file::note_next_seq(spool_seq next) {
  tally_.next_seq = std::max(tally_.next_seq, next);
}

result<void> spool_file::erase(const std::vector<spool_seq>& seqs, amount& gone) {
  for (std::size_t first = 0; first < seqs.size();) {
    std::size_t last = first;
    while (last + 1 < seqs.size() && seqs[last + 1] <= seqs[last] + 1)
      ++last;
    if (auto done = erase_range(seqs[first], seqs[last], gone); !done) return done;
    first = last + 1;
  }
  return {};
}

result<void> spool_file::erase_range(spool_seq first, spool_seq last, amount& gone) {
  auto row = sql_.sum_rows.with(first, last).step();
  if (!row) return std::move(row).fault();
  const amount there{static_cast<std::uint64_t>(sql_.sum_rows.integer(0)),
                     static_cast<std::uint64_t>(sql_.sum_rows.integer(1))};
  gone += there;
  tally_.waiting -= std::min(tally_.waiting, there.messages);
  sql_.sum_rows.reset();
  if (auto done = sql_.erase_rows.with(first, last).run(); !done) return done;
  return sql_.erase_records.with(first, last).run();
}

result<void> spool_file::dead_letter(spool_seq seq, const error& reason, wall_time at, amount& gone) {
  if (auto done = sql_.move_row.with(seq, milliseconds_of(at), reason.name(), reason.detail()).run(); !done)
    return done;
  return erase_range(seq, seq, gone);
}

result<void> spool_file::insert_refused(const model::append_request& request, spool_seq number,
                                        wall_time at) {
  const auto& what = *request.refused;
  const auto event = seal(
      {number, milliseconds_of(at), what.from.application.str(), what.from.device.str(), request.dev_eui},
      what.raw);
  std::optional<std::int64_t> key;
  if (request.key) key = static_cast<std::int64_t>(request.key->hash);
  may_have_keyed_letters_ = may_have_keyed_letters_ || key;
  return sql_.insert_raw
      .with(milliseconds_of(at), what.from.application.str(), what.from.device.str(), what.reason.name(),
            what.reason.detail(), what.raw.size(), blob_view{event}, key)
      .run();
}

result<void> spool_file::save_cursor(const application_id& application, wall_time at) {
  const auto time = milliseconds_of(at);
  const auto digest = row_digest{}.add(application.str()).add(time).value();
  return sql_.save_cursor.with(application.str(), time, digest).run();
}

result<void> spool_file::keep_command(const model::kept_command& what, wall_time at) {
  const auto is_new = commands_.keep(db_, what, tally_.next_command, at);
  if (!is_new) return is_new.fault();
  tally_.commands += *is_new ? 1 : 0;
  tally_.next_command += *is_new ? 1 : 0;
  return {};
}

result<void> spool_file::forget_command(const model::command_id& which) {
  const auto was_there = commands_.forget(db_, which);
  if (!was_there) return was_there.fault();
  if (*was_there && tally_.commands > 0) --tally_.commands;
  return {};
}

result<bool> spool_file::take_dead_letter(std::uint64_t id) {
  if (auto done = sql_.drop_dead_letter.with(id).run(); !done) return std::move(done).fault();
  return db_.changes() != 0;
}

result<std::optional<model::device_key>> spool_file::find_device(stored_number device) {
  auto row = sql_.find_device.with(static_cast<std::uint32_t>(device)).step();
  if (!row) return std::move(row).fault();
  if (!*row) return std::optional<model::device_key>{};
  model::device_key key{application_id{std::string{sql_.find_device.text(0)}},
                        device_id{std::string{sql_.find_device.text(1)}}};
  sql_.find_device.reset();
  return std::optional{std::move(key)};
}

spool_file& spool_file::operator=(spool_file&& other) noexcept {
  close();
  db_ = std::move(other.db_);
  sql_ = std::move(other.sql_);
  commands_ = std::move(other.commands_);
  may_have_keyed_letters_ = other.may_have_keyed_letters_;
  version_found_ = other.version_found_;
  tally_ = other.tally_;
  saved_ = other.saved_;
  damage_ = std::move(other.damage_);
  return *this;
}

void spool_file::close() {
  sql_ = {};
  commands_ = {};
  db_ = {};
}

result<spool_file::file_pages> spool_file::pages() {
  const auto all = db_.integer("PRAGMA page_count");
  if (!all) return all.fault();
  const auto free = db_.integer("PRAGMA freelist_count");
  if (!free) return free.fault();
  return file_pages{static_cast<std::uint64_t>(*all), static_cast<std::uint64_t>(*free)};
}

result<void> spool_file::give_back(std::uint64_t pages) {
  return db_.execute(("PRAGMA incremental_vacuum(" + std::to_string(pages) + ")").c_str());
}

result<model::dead_letter_amounts> spool_file::count_dead_letters() {
  auto query = db_.prepare("SELECT application, letters, bytes FROM dead_letter_sum WHERE letters > 0");
  if (!query) return std::move(query).fault();
  model::dead_letter_amounts amounts;
  for (;;) {
    auto row = query->step();
    if (!row && db_.is_corrupt()) damage_.note("dead letters: " + row.fault().detail());
    if (!row && !db_.is_corrupt()) return std::move(row).fault();
    if (!row || !*row) break;
    amounts.emplace(
        application_id{std::string{query->text(0)}},
        amount{static_cast<std::uint64_t>(query->integer(1)), static_cast<std::uint64_t>(query->integer(2))});
  }
  compare_dead_letters(amounts);
  return amounts;
}

// The sums are kept beside the letters, so letters that a damaged page no longer shows are missed. Not where
// it would take long.
void spool_file::compare_dead_letters(const model::dead_letter_amounts& by_sum) {
  constexpr std::uint64_t most_bytes = 64ULL * 1024 * 1024;
  amount all;
  for (const auto& [application, there] : by_sum)
    all += there;
  if (damage_.any() || all.bytes > most_bytes) return;
  const auto rows = db_.integer("SELECT count(*) FROM dead_letter");
  if (!rows && !db_.is_corrupt()) return;
  if (rows && static_cast<std::uint64_t>(*rows) == all.messages) return;
  damage_.note(rows ? std::to_string(*rows) + " dead letters lie where " + std::to_string(all.messages) +
                          " should"
                    : "dead letters: " + rows.fault().detail());
}

} // namespace causeway::store
