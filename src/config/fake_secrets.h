// SPDX-License-Identifier: Apache-2.0
// Secrets for tests, in memory.
#pragma once

#include "config/secret_reader.h"

#include <map>
#include <set>

namespace causeway::config {

class fake_secrets final : public secret_reader {
public:
  std::map<std::string, std::string> files, variables;
  std::set<std::string> readable_by_others;

  result<secret_file> read(const std::filesystem::path& file) override {
    const auto found = files.find(file.string());
    if (found == files.end())
      return error{errc::secret_unreadable, file.string() + ": No such file or directory"};
    return secret_file{secret{found->second}, readable_by_others.contains(file.string())};
  }
  std::optional<secret> variable(const std::string& name) override {
    const auto found = variables.find(name);
    return found == variables.end() ? std::nullopt : std::optional{secret{found->second}};
  }
};

} // namespace causeway::config
