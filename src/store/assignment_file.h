// SPDX-License-Identifier: Apache-2.0
// assignments.db: the cache of where devices live in Azure, a file of its own so that damage to it never
// touches the spool. It can be rebuilt from DPS: a damaged file is moved aside, never a reason not to start.
// One thread at a time.
#pragma once

#include "model/start_image.h"
#include "store/database.h"

#include <filesystem>
#include <optional>
#include <vector>

namespace causeway::store {

using stored_assignment = model::start_image::assigned;

class assignment_file {
public:
  assignment_file() = default; // of no file: every call is a fault
  // Reads everything and checks it: the file's structure and a digest per row. Damage moves the file aside as
  // <file>.damaged-<n>, logs a warning and starts an empty one; so does a file of a newer Causeway.
  // Errors: state_unusable (names the file).
  static result<assignment_file> open(const std::filesystem::path& file,
                                      std::vector<stored_assignment>& loaded);

  database& db() { return db_; }
  // Both belong into a transaction of db().
  result<void> save(const model::device_key& key, const model::assignment& where);
  result<void> forget(const model::device_key& key);

private:
  assignment_file(database db, statement save, statement forget)
      : db_{std::move(db)}, save_{std::move(save)}, forget_{std::move(forget)} {}
  static result<assignment_file> try_open(const std::filesystem::path& file,
                                          std::vector<stored_assignment>& loaded, bool& damaged);

  database db_; // before the statements: they must go first
  statement save_, forget_;
};

} // namespace causeway::store
