// SPDX-License-Identifier: Apache-2.0
// Reads a configuration and reports every fault at once. At start-up, on the main thread.
#pragma once

#include "config/configuration.h"
#include "config/document.h"
#include "config/secret_reader.h"

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace causeway::config {

struct fault {
  place at;
  error what; // config_unreadable, config_syntax, config_unknown_key, config_missing_key,
              // config_invalid_value, secret_unreadable
};

struct warning {
  place at;
  std::string text;
};

struct config_report {
  std::string file;
  std::optional<configuration> value; // present when there is no fault
  std::vector<fault> faults;          // in the order of the file
  std::vector<warning> warnings;      // in the order of the file

  // "causeway.toml:12:3: config_unknown_key: the configuration has a key …: \"lisen\" in [webhook]; did you
  // mean \"listen\"?"
  std::string format(const fault& one) const;
  std::string format(const warning& one) const;
};

config_report load(const std::filesystem::path& file);
config_report load(const std::filesystem::path& file, secret_reader& secrets);
// file_name: for the report, and for where relative paths start.
config_report parse(std::string_view text, const std::filesystem::path& file_name, secret_reader& secrets);

} // namespace causeway::config
