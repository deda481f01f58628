// SPDX-License-Identifier: Apache-2.0
#include "store/command_rows.h"

#include <array>
#include <string>
#include <utility>

namespace causeway::store {
namespace {

// The index by id led to a row that is not this command's: nothing of it may be touched.
error misled(const model::command_id& which) {
  return error{errc::store_damaged, "command " + which.str() + ": another's row stands in its place"};
}

} // namespace

std::int64_t command_digest(const command_row& row, row_digest& in) {
  return in.begin()
      .add(row.n)
      .add(row.id)
      .add(row.application)
      .add(row.device)
      .add(row.content)
      .add(row.revision)
      .value();
}

std::optional<std::string_view> proven_content(const command_row& row, std::int64_t digest, row_digest& in) {
  if (command_digest(row, in) != digest) return std::nullopt;
  const auto inside = unseal(row.content);
  if (!inside || inside->seal.seq != static_cast<spool_seq>(row.n) ||
      inside->seal.application != row.application || inside->seal.device != row.device)
    return std::nullopt;
  return inside->content;
}

result<command_rows> command_rows::prepare(database& db) {
  command_rows made;
  // +id: as the row has it, not the index.
  const std::array texts{
      std::pair{&made.find_, "SELECT n, revision FROM command WHERE id = ?1"},
      std::pair{&made.insert_, "INSERT INTO command (n, id, application, device, content, revision, digest) "
                               "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)"},
      std::pair{&made.update_, "UPDATE command SET application = ?3, device = ?4, content = ?5, "
                               "revision = ?6, digest = ?7 WHERE n = ?1 AND +id = ?2"},
      std::pair{&made.erase_, "DELETE FROM command WHERE n = ?1 AND +id = ?2"},
  };
  for (const auto& [where, sql] : texts) {
    auto prepared = db.prepare(sql);
    if (!prepared) return std::move(prepared).fault();
    *where = *std::move(prepared);
  }
  return made;
}

result<std::optional<command_rows::place>> command_rows::find(const model::command_id& which) {
  auto row = find_.with(which.str()).step();
  if (!row) return std::move(row).fault();
  if (!*row) return std::optional<place>{};
  const place found{find_.integer(0), find_.integer(1)};
  find_.reset();
  return std::optional{found};
}

result<bool> command_rows::keep(database& db, const model::kept_command& what, std::int64_t next,
                                wall_time at) {
  const auto before = find(what.id);
  if (!before) return before.fault();
  const auto& application = what.of.application.str();
  const auto& device = what.of.device.str();
  command_row row{*before ? (*before)->n : next, what.id.str(), application, device, {}, 1};
  if (*before) row.revision += (*before)->revision;
  const auto time = std::chrono::duration_cast<milliseconds>(at.time_since_epoch()).count();
  const auto content =
      seal({static_cast<spool_seq>(row.n), time, application, device, std::nullopt}, what.content);
  row.content = content;
  auto& put = *before ? update_ : insert_;
  if (auto done = put.with(row.n, row.id, application, device, blob_view{content}, row.revision,
                           command_digest(row, digest_))
                      .run();
      !done)
    return db.refused_row() ? misled(what.id) : std::move(done).fault();
  if (*before && db.changes() == 0) return misled(what.id);
  return !*before;
}

result<bool> command_rows::forget(database& db, const model::command_id& which) {
  const auto there = find(which);
  if (!there) return there.fault();
  if (!*there) return false;
  if (auto done = erase_.with((*there)->n, which.str()).run(); !done) return std::move(done).fault();
  if (db.changes() == 0) return misled(which);
  return true;
}

} // namespace causeway::store
