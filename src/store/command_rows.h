// SPDX-License-Identifier: Apache-2.0
// The rows of the ledger's commands in spool.db. One thread at a time; they must go before their database.
#pragma once

#include "base/clock.h"
#include "model/journal.h"
#include "store/database.h"
#include "store/seal.h"

#include <cstdint>
#include <optional>
#include <string_view>

namespace causeway::store {

// As it lies in the file; views into what was read.
struct command_row {
  std::int64_t n = 0; // in the order in which they were first kept
  std::string_view id, application, device;
  std::string_view content; // in its seal
  std::int64_t revision = 0;
};

// Over all of the row. in: memory to be used again.
std::int64_t command_digest(const command_row& row, row_digest& in);
// What was kept, where the row is what was stored: its digest says so, and its content names no other one.
std::optional<std::string_view> proven_content(const command_row& row, std::int64_t digest, row_digest& in);

class command_rows {
public:
  command_rows() = default; // of no database: every call is a fault
  static result<command_rows> prepare(database& db);

  // Both belong into a transaction of the database they were prepared for. Errors: store_damaged, when the
  // file's order is broken; store_unavailable.
  // In place of what was kept of it, whose n it keeps; a new one has the n that is given. True: it is new.
  result<bool> keep(database& db, const model::kept_command& what, std::int64_t next, wall_time at);
  // False: it is not there.
  result<bool> forget(database& db, const model::command_id& which);

private:
  struct place {
    std::int64_t n = 0, revision = 0;
  };
  result<std::optional<place>> find(const model::command_id& which);

  statement find_, insert_, update_, erase_;
  row_digest digest_;
};

} // namespace causeway::store
