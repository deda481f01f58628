// SPDX-License-Identifier: Apache-2.0
// A small tar archive (POSIX ustar), gzipped, in memory. Pure; any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace causeway {

class tar_file {
public:
  // modified: seconds since 1970, of every file in it.
  explicit tar_file(std::uint64_t modified) : modified_{modified} {}

  // Mode 0600. Precondition: the name has 1 to 100 bytes, the content less than 8 GiB, all of them less than
  // 4 GiB.
  void add(std::string_view name, std::string_view content);
  // The whole archive. Nothing without memory.
  std::optional<std::string> gzipped() const;

private:
  std::uint64_t modified_;
  std::string blocks_;
};

} // namespace causeway
