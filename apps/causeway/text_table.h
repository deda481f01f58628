// SPDX-License-Identifier: Apache-2.0
// Rows below the names of their columns: aligned on a terminal, with tabs between elsewhere.
#pragma once

#include <string>
#include <vector>

namespace causeway {

class text_table {
public:
  explicit text_table(std::vector<std::string> columns) : columns_{std::move(columns)} {}
  void add(std::vector<std::string> row) { rows_.push_back(std::move(row)); }
  // with_names: not for the further pages of one table.
  std::string text(bool on_terminal, bool with_names = true) const;

private:
  std::vector<std::string> columns_;
  std::vector<std::vector<std::string>> rows_;
};

} // namespace causeway
