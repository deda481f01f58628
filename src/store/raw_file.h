// SPDX-License-Identifier: Apache-2.0
// A file as it lies on the disk, for those who look past SQLite. One thread at a time.
#pragma once

#include "base/result.h"

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace causeway::store {

class raw_file {
public:
  // Nothing when it is not there. Errors: state_unusable.
  static result<std::optional<raw_file>> open(const std::filesystem::path& file);
  raw_file(raw_file&& other) noexcept
      : descriptor_{std::exchange(other.descriptor_, -1)}, size_{other.size_} {}
  raw_file& operator=(raw_file&& other) noexcept;
  ~raw_file();

  std::uint64_t size() const { return size_; }
  // Fills `into`; false where the disk cannot read it or the file ends before. A bad sector is no more than
  // that.
  bool read(std::uint64_t from, std::string& into) const;

private:
  raw_file(int descriptor, std::uint64_t size) : descriptor_{descriptor}, size_{size} {}
  int descriptor_ = -1;
  std::uint64_t size_ = 0;
};

// Precondition of both: four bytes are there.
inline std::uint32_t big_word(std::string_view bytes, std::size_t at) {
  std::uint32_t value = 0;
  for (std::size_t i = 0; i < 4; ++i)
    value = value << 8 | static_cast<unsigned char>(bytes[at + i]);
  return value;
}
inline std::uint32_t little_word(std::string_view bytes, std::size_t at) {
  std::uint32_t value = 0;
  for (std::size_t i = 0; i < 4; ++i)
    value |= std::uint32_t{static_cast<unsigned char>(bytes[at + i])} << (8 * i);
  return value;
}

} // namespace causeway::store
