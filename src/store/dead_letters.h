// SPDX-License-Identifier: Apache-2.0
// The dead letters in spool.db, for who looks at them. One thread at a time.
#pragma once

#include "model/dead_letter.h"
#include "store/database.h"

#include <optional>

namespace causeway::store {

// Looks at 1,000 of them at most, and no longer than some milliseconds.
result<model::dead_letter_page> list_dead_letters(database& db, const model::dead_letter_query& query);
// With its content, out of its seal; what does not match its seal stays in it, as a message that cannot be
// decoded. Nothing when there is none of this id.
result<std::optional<model::dead_letter>> read_dead_letter(database& db, std::uint64_t id);

} // namespace causeway::store
