// SPDX-License-Identifier: Apache-2.0
// What is whole of the ledger in a damaged spool.
#include "store/survey_state.h"

#include <algorithm>
#include <tuple>

namespace causeway::store {

std::optional<command_row> command_of(const found_row& row) {
  const auto id = text_of(row, 1), application = text_of(row, 2), device = text_of(row, 3);
  const auto content = blob_of(row, 4);
  const auto revision = number_of(row, 5);
  if (row.columns.size() != 7 || !id || !application || !device || !content || !revision) return std::nullopt;
  return command_row{row.rowid, *id, *application, *device, *content, *revision};
}

bool survey::state::prove_command(const found_row& row) {
  const auto one = command_of(row);
  const auto digest = number_of(row, 6);
  row_digest memory;
  if (!one || !digest || !proven_content(*one, *digest, memory)) return false;
  commands.push_back({std::string{one->id}, one->n, one->revision, row.table == "command", row.place});
  return true;
}

void survey::state::conclude_commands() {
  // Of one that is there twice as it was last: by what it was before it would be pushed again.
  std::sort(commands.begin(), commands.end(), [](const found_command& a, const found_command& b) {
    return std::tie(a.id, b.n, b.revision) < std::tie(b.id, a.n, a.revision);
  });
  std::size_t different = 0;
  for (std::size_t next = 0; next < commands.size(); ++next) {
    if (different > 0 && commands[different - 1].id == commands[next].id) {
      commands[different - 1].in_table = commands[different - 1].in_table || commands[next].in_table;
      continue;
    }
    if (different != next) commands[different] = std::move(commands[next]);
    ++different;
  }
  commands.resize(different);
  // More than there should be: of those that lie in no table some were forgotten, the oldest likeliest.
  std::sort(commands.begin(), commands.end(), [](const found_command& a, const found_command& b) {
    return std::tie(a.in_table, a.n) < std::tie(b.in_table, b.n);
  });
  if (counts_commands && commands.size() > found.counts->commands) {
    const auto strays = std::find_if(commands.begin(), commands.end(),
                                     [](const found_command& one) { return one.in_table; }) -
                        commands.begin();
    const auto more = static_cast<std::ptrdiff_t>(commands.size() - found.counts->commands);
    commands.erase(commands.begin(), commands.begin() + std::min(more, strays));
  }
  std::sort(commands.begin(), commands.end(),
            [](const found_command& a, const found_command& b) { return a.n < b.n; });
  found.commands = commands.size();
  // By the tally; without it none is lost where the table's own pages are all in order, or there is no table.
  const auto& bad = found.pages.bad_tables;
  const bool knows_tables = found.pages.has_schema && !bad.contains("sqlite_schema");
  const bool is_before = version > 0 && version < first_with_commands;
  if (counts_commands)
    found.lost_commands =
        found.counts->commands - std::min<std::uint64_t>(found.counts->commands, commands.size());
  else if (knows_tables && (is_before || (found.bad_commands == 0 && !bad.contains("command"))))
    found.lost_commands = 0;
}

} // namespace causeway::store
