// SPDX-License-Identifier: Apache-2.0
#include "causeway/text_table.h"

#include <algorithm>

namespace causeway {
namespace {

constexpr std::size_t gap = 2;

void append_aligned(std::string& out, const std::vector<std::string>& row,
                    const std::vector<std::size_t>& widths) {
  std::string line;
  for (std::size_t i = 0; i < row.size(); ++i) {
    line += row[i];
    if (i + 1 < row.size()) line.append(widths[i] - std::min(widths[i], row[i].size()) + gap, ' ');
  }
  line.erase(line.find_last_not_of(' ') + 1);
  out += line + '\n';
}

void append_tabbed(std::string& out, const std::vector<std::string>& row, const std::vector<std::size_t>&) {
  for (std::size_t i = 0; i < row.size(); ++i)
    out += (i == 0 ? "" : "\t") + row[i];
  out += '\n';
}

} // namespace

std::string text_table::text(bool on_terminal, bool with_names) const {
  std::vector<std::size_t> widths(columns_.size());
  if (on_terminal) {
    for (std::size_t i = 0; i < columns_.size(); ++i) {
      widths[i] = columns_[i].size();
      for (const auto& row : rows_)
        if (i < row.size()) widths[i] = std::max(widths[i], row[i].size());
    }
  }
  std::string out;
  const auto append = on_terminal ? append_aligned : append_tabbed;
  if (with_names) append(out, columns_, widths);
  for (const auto& row : rows_)
    append(out, row, widths);
  return out;
}

} // namespace causeway
