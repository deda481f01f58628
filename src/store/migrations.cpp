// SPDX-License-Identifier: Apache-2.0
#include "store/migrations.h"

#include <string>

namespace causeway::store {
namespace {

// spool.db
//   counter      what had to outlive deleted rows: next_seq and next_device until version 7, undated_at until
//   8 open_time    one row: for how many seconds the store has been open in all; times of giving up are
//   counted in it device       stable small numbers for (application, device); listed, integration (-1 = not
//   said) and
//                model_id are the registry's last word
//   spool        what waits, without bodies: a start reads this whole; at = accepted, milliseconds since 1970
//   tally        one row, in each commit: what has been given out and what there is, so that rows which a
//   damaged
//                page no longer shows are missed; sealed_from: from this seq on each record is sealed
//   record       the bodies, model::encode_message in a seal (seal.h); apart from spool so that a start need
//   not
//                read them
//   digest       of a row, over its other columns in their order: row_digest, of spool waiting_digest
//   key_ring     the last 32 key hashes of a device and kind, newest first, 8 bytes each, least significant
//                byte first; id = 256 * device + the kind's letter (model::letter_of)
//   recent_key   the same of a device, as the versions before key_ring left them (model::former_hash); only
//                read, and not any more when a kind has 32 newer ones
//   cursor       of an application: milliseconds since 1970, stack/backfill_window.h
//   dead_letter_sum  how many dead letters of an application there are, and their bytes: kept by the triggers
//   dead_letter  message (a record) or event (the raw body in a seal), never both, or neither where damage
//   has
//                left nothing of it; at = milliseconds since 1970; key = what the event is de-duplicated by
//                (kept_key::hash), where it has one
//   command      of the ledger (model::kept_command): n in the order in which they were first kept, never
//   used
//                again; content in a seal with n and the time when it was written; revision: of one command
//                each as it was last has the highest, so that a copy elsewhere in a damaged file is never
//                taken for it. tally.commands says how many there are, next_command which n is next
constexpr const char* spool_1 = R"(
CREATE TABLE counter (name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
INSERT INTO counter VALUES ('next_seq', 1), ('next_device', 0);
CREATE TABLE device (ref INTEGER PRIMARY KEY, application TEXT NOT NULL, device TEXT NOT NULL, dev_eui TEXT NOT NULL);
CREATE TABLE spool (seq INTEGER PRIMARY KEY, device INTEGER NOT NULL, size INTEGER NOT NULL);
CREATE TABLE record (seq INTEGER PRIMARY KEY, message BLOB NOT NULL);
CREATE TABLE recent_key (device INTEGER PRIMARY KEY, hashes BLOB NOT NULL);
CREATE TABLE dead_letter (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  at INTEGER NOT NULL,
  application TEXT NOT NULL,
  device TEXT NOT NULL,
  reason TEXT NOT NULL,
  detail TEXT NOT NULL,
  size INTEGER NOT NULL,
  message BLOB,
  event BLOB
);
)";

constexpr const char* spool_2 = R"(
ALTER TABLE device ADD COLUMN listed INTEGER NOT NULL DEFAULT 0;
ALTER TABLE device ADD COLUMN integration INTEGER NOT NULL DEFAULT -1;
ALTER TABLE device ADD COLUMN model_id TEXT NOT NULL DEFAULT '';
)";

constexpr const char* spool_3 = R"(
CREATE TABLE cursor (application TEXT PRIMARY KEY, at INTEGER NOT NULL) WITHOUT ROWID;
)";

// Rows from before have 0: they counted as accepted when the file came to this version.
constexpr const char* spool_4 = R"(
ALTER TABLE spool ADD COLUMN at INTEGER NOT NULL DEFAULT 0;
INSERT INTO counter VALUES ('undated_at', 1000 * CAST(strftime('%s', 'now') AS INTEGER));
)";

constexpr const char* spool_5 = R"(
CREATE TABLE dead_letter_sum (application TEXT PRIMARY KEY, letters INTEGER NOT NULL, bytes INTEGER NOT NULL) WITHOUT ROWID;
INSERT INTO dead_letter_sum SELECT application, count(*), coalesce(sum(size), 0) FROM dead_letter GROUP BY application;
CREATE TRIGGER dead_letter_in AFTER INSERT ON dead_letter BEGIN
  INSERT INTO dead_letter_sum VALUES (new.application, 1, new.size)
    ON CONFLICT (application) DO UPDATE SET letters = letters + 1, bytes = bytes + excluded.bytes;
END;
CREATE TRIGGER dead_letter_out AFTER DELETE ON dead_letter BEGIN
  UPDATE dead_letter_sum SET letters = letters - 1, bytes = bytes - old.size WHERE application = old.application;
END;
)";

// No copy of recent_key's hashes: a file of half a million devices must not take a minute to open.
constexpr const char* spool_6 = R"(
CREATE TABLE key_ring (id INTEGER PRIMARY KEY, hashes BLOB NOT NULL);
ALTER TABLE dead_letter ADD COLUMN key INTEGER;
CREATE INDEX dead_letter_key ON dead_letter (key) WHERE key IS NOT NULL;
)";

// Checks against damage. Records from before stay without a seal: writing them anew would take as long as
// they are many.
constexpr const char* spool_7 = R"(
ALTER TABLE spool ADD COLUMN digest INTEGER NOT NULL DEFAULT 0;
ALTER TABLE device ADD COLUMN digest INTEGER NOT NULL DEFAULT 0;
ALTER TABLE cursor ADD COLUMN digest INTEGER NOT NULL DEFAULT 0;
CREATE TABLE tally (
  id INTEGER PRIMARY KEY,
  next_seq INTEGER NOT NULL,
  next_device INTEGER NOT NULL,
  waiting INTEGER NOT NULL,
  sealed_from INTEGER NOT NULL,
  digest INTEGER NOT NULL
);
INSERT INTO tally
  SELECT 1, s.value, min(d.value, 1000001 + (SELECT coalesce(max(ref), -1) FROM device WHERE ref < d.value)),
         (SELECT count(*) FROM spool), s.value, 0
  FROM counter s, counter d WHERE s.name = 'next_seq' AND d.name = 'next_device';
DELETE FROM counter WHERE name IN ('next_seq', 'next_device');
UPDATE tally SET digest = row_digest(next_seq, next_device, waiting, sealed_from);
UPDATE spool SET digest = row_digest(seq, device, size, at) >> 32;
UPDATE device SET digest = row_digest(ref, application, device, dev_eui, listed, integration, model_id);
UPDATE cursor SET digest = row_digest(application, at);
)";

// spool.open and device.refused_at are of open_time (0: before it was counted). spool.open is under no
// digest: a wrong one makes a dead letter of its own row early or late, and nothing is lost.
constexpr const char* spool_8 = R"(
CREATE TABLE open_time (id INTEGER PRIMARY KEY, seconds INTEGER NOT NULL, digest INTEGER NOT NULL);
INSERT INTO open_time VALUES (1, 0, row_digest(0));
ALTER TABLE spool ADD COLUMN open INTEGER NOT NULL DEFAULT 0;
ALTER TABLE device ADD COLUMN deleted INTEGER NOT NULL DEFAULT 0;
ALTER TABLE device ADD COLUMN refused_at INTEGER NOT NULL DEFAULT 0;
ALTER TABLE device ADD COLUMN former_until INTEGER NOT NULL DEFAULT 0;
ALTER TABLE device ADD COLUMN attached INTEGER NOT NULL DEFAULT 0;
UPDATE device SET digest = row_digest(ref, application, device, dev_eui, listed, integration, model_id,
                                      deleted, refused_at, former_until, attached)
  WHERE digest = row_digest(ref, application, device, dev_eui, listed, integration, model_id);
)";

// Nothing is written anew but one row: a file of half a million devices must not take a minute to open.
constexpr const char* spool_9 = R"(
CREATE TABLE command (
  n INTEGER PRIMARY KEY,
  id TEXT NOT NULL,
  application TEXT NOT NULL,
  device TEXT NOT NULL,
  content BLOB NOT NULL,
  revision INTEGER NOT NULL,
  digest INTEGER NOT NULL
);
CREATE UNIQUE INDEX command_id ON command (id);
ALTER TABLE tally ADD COLUMN commands INTEGER NOT NULL DEFAULT 0;
ALTER TABLE tally ADD COLUMN next_command INTEGER NOT NULL DEFAULT 1;
UPDATE tally SET digest = row_digest(next_seq, next_device, waiting, sealed_from, commands, next_command)
  WHERE digest = row_digest(next_seq, next_device, waiting, sealed_from);
)";

// assignments.db
//   digest: the first 8 bytes of SHA-256 over the other columns, so that a changed byte never becomes a wrong
//   hub
constexpr const char* assignment_1 = R"(
CREATE TABLE assignment (
  application TEXT NOT NULL,
  device TEXT NOT NULL,
  hub TEXT NOT NULL,
  identity TEXT NOT NULL,
  section TEXT NOT NULL,
  assigned_at INTEGER NOT NULL,
  fingerprint TEXT NOT NULL,
  digest BLOB NOT NULL,
  PRIMARY KEY (application, device)
) WITHOUT ROWID;
)";

constexpr const char* all_spool_steps[] = {spool_1, spool_2, spool_3, spool_4, spool_5,
                                           spool_6, spool_7, spool_8, spool_9};
constexpr const char* all_assignment_steps[] = {assignment_1};

} // namespace

result<void> check_version(std::int64_t version, std::span<const char* const> steps) {
  if (version >= 0 && static_cast<std::size_t>(version) <= steps.size()) return {};
  return error{errc::state_newer, "version " + std::to_string(version) + "; this Causeway knows up to " +
                                      std::to_string(steps.size())};
}

result<void> migrate(database& file, std::span<const char* const> steps) {
  auto version = file.integer("PRAGMA user_version");
  if (!version) return std::move(version).fault();
  if (auto known = check_version(*version, steps); !known) return known;
  for (auto next = static_cast<std::size_t>(*version); next < steps.size(); ++next) {
    auto change = transaction::begin(file);
    if (!change) return std::move(change).fault();
    // Said in the error: the rollback makes SQLite forget its last fault.
    if (auto done = file.execute(steps[next]); !done)
      return file.damaged() ? error{errc::store_damaged, done.fault().detail()} : done.fault();
    const auto mark = "PRAGMA user_version=" + std::to_string(next + 1);
    if (auto done = file.execute(mark.c_str()); !done) return done;
    if (auto done = change->commit(); !done) return done;
  }
  return {};
}

std::span<const char* const> spool_steps() {
  return all_spool_steps;
}

std::span<const char* const> assignment_steps() {
  return all_assignment_steps;
}

} // namespace causeway::store
