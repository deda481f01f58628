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

} // namespace

std::string text_table::text(bool on_terminal) const {
  std::string out;
  if (!on_terminal) {
    for (const auto& row : rows_) {
      for (std::size_t i = 0; i < row.size(); ++i)
        out += (i == 0 ? "" : "\t") + row[i];
      out += '\n';
    }
    return out;
  }
  std::vector<std::size_t> widths(columns_.size());
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    widths[i] = columns_[i].size();
    for (const auto& row : rows_)
      if (i < row.size()) widths[i] = std::max(widths[i], row[i].size());
  }
  append_aligned(out, columns_, widths);
  for (const auto& row : rows_)
    append_aligned(out, row, widths);
  return out;
}

} // namespace causeway
