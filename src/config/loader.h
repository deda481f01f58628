// SPDX-License-Identifier: Apache-2.0
// Reads a configuration and reports every fault at once. At start-up, on the main thread.
#pragma once

#include "config/configuration.h"
#include "config/findings.h"
#include "config/secret_reader.h"

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace causeway::config {

struct config_report {
  std::string file;
  std::optional<configuration> value; // present when there is no fault
  // Present when there are faults, but the file is TOML: what is good in it, the rest at its defaults. For
  // the later stages of a check alone, so that they can say what they find beside it; what its types promise
  // may be absent.
  std::optional<configuration> draft;
  // In the order of the file. Of the loader: config_unreadable, config_syntax, config_unknown_key,
  // config_missing_key, config_invalid_value, secret_unreadable.
  std::vector<fault> faults;
  std::vector<warning> warnings;

  // value, or else draft; null for a file that is no TOML.
  const configuration* readable() const { return value ? &*value : draft ? &*draft : nullptr; }
  // What a later stage found. A value that an earlier stage has refused is not judged twice.
  void add(findings later);
  // Faults and warnings, formatted, in the order of the file.
  std::vector<std::string> lines() const;

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
