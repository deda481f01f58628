// SPDX-License-Identifier: Apache-2.0
// What can be told of the ledger's commands. Pure; one thread.
#pragma once

#include "core/words.h"
#include "model/command.h"
#include "model/command_view.h"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

namespace causeway::core {

struct command_entry;
class ledger;

command_status status_of(const command_entry& one, std::uint32_t open_seconds);
// Nothing: it is not here.
std::optional<command_status> status_of(const ledger& book, const command_id& which,
                                        std::uint32_t open_seconds);
// Looks at 65,536 at most, so a page may be short, even empty, and yet have a next one.
command_page page_of(const ledger& book, const command_query& asked, std::uint32_t open_seconds);
// A device's last ones, the newest first.
std::vector<command_status> last_of(const ledger& book, const device_key& device, std::size_t most,
                                    std::uint32_t open_seconds);

} // namespace causeway::core
