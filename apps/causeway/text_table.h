// SPDX-License-Identifier: Apache-2.0
// Rows for people on a terminal (columns aligned below their names), for programs elsewhere (tabs between,
// no names).
#pragma once

#include <string>
#include <vector>

namespace causeway {

class text_table {
public:
  explicit text_table(std::vector<std::string> columns) : columns_{std::move(columns)} {}
  void add(std::vector<std::string> row) { rows_.push_back(std::move(row)); }
  std::string text(bool on_terminal) const;

private:
  std::vector<std::string> columns_;
  std::vector<std::vector<std::string>> rows_;
};

} // namespace causeway
