// SPDX-License-Identifier: Apache-2.0
// What is kept of a device on disk, beside its assignment and keys. Keeps nothing itself. Owned by the
// shard; one thread.
#pragma once

#include "core/words.h"
#include "model/journal.h"

namespace causeway::core {

class device_table;
class draft;
class grace;
class naming;
class successions;

class records {
public:
  // All must live as long.
  records(const naming& names, const device_table& table, const grace& refused, const successions& heirs,
          draft& book)
      : names_{names}, table_{table}, grace_{refused}, heirs_{heirs}, book_{book} {}

  // Precondition: it is in the table.
  void save(device_ref which) const;

private:
  const naming& names_;
  const device_table& table_;
  const grace& grace_;
  const successions& heirs_;
  draft& book_;
};

} // namespace causeway::core
