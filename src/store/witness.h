// SPDX-License-Identifier: Apache-2.0
// Beside the store, what it has acknowledged: SQLite cannot tell a log that was cut short, or a file that is
// gone, from a power cut or a first start. Written after each commit, never synced: late perhaps, early
// never. So a spool whose own next number is not above it has lost something, at most the difference. One
// thread at a time.
#pragma once

#include "base/ids.h"
#include "base/result.h"

#include <filesystem>
#include <optional>
#include <utility>

namespace causeway::store {

struct witnessed {
  spool_seq highest = 0;     // the last number given out, durable
  std::uint64_t waiting = 0; // how many messages waited then
  friend bool operator==(const witnessed&, const witnessed&) = default;
};

class witness_file {
public:
  // Nothing: there is none, or it is damaged.
  static std::optional<witnessed> read(const std::filesystem::path& file);
  // Makes it where there is none. Errors: state_unusable.
  static result<witness_file> open(const std::filesystem::path& file);
  witness_file() = default; // writes nothing
  witness_file(witness_file&& other) noexcept : descriptor_{std::exchange(other.descriptor_, -1)} {}
  witness_file& operator=(witness_file&& other) noexcept;
  ~witness_file();

  // One write. False: the disk does not take it; the file then is late, no more.
  bool write(const witnessed& what);
  void sync();

private:
  explicit witness_file(int descriptor) : descriptor_{descriptor} {}
  int descriptor_ = -1;
};

} // namespace causeway::store
