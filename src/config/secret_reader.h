// SPDX-License-Identifier: Apache-2.0
// Where secrets that the configuration only names come from. The seam between the loader and the system.
#pragma once

#include "base/result.h"
#include "base/secret.h"

#include <filesystem>
#include <optional>
#include <string>

namespace causeway::config {

struct secret_file {
  secret content;
  bool others_can_read = false;
};

class secret_reader {
public:
  virtual ~secret_reader() = default;
  // The whole file. Errors: secret_unreadable, which names the file and the system's reason.
  virtual result<secret_file> read(const std::filesystem::path& file) = 0;
  virtual std::optional<secret> variable(const std::string& name) = 0;
};

// The machine's files and this process's environment. At start-up, before there are threads.
class system_secret_reader final : public secret_reader {
public:
  static constexpr std::size_t longest_file = 64 * 1024;
  result<secret_file> read(const std::filesystem::path& file) override;
  std::optional<secret> variable(const std::string& name) override;
};

} // namespace causeway::config
