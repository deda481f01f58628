// SPDX-License-Identifier: Apache-2.0
#include "store/witness.h"

#include "base/checksum.h"
#include "store/lock.h"
#include "store/raw_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <system_error>

namespace causeway::store {
namespace {

constexpr std::string_view magic = "CWWITNS1";
constexpr std::size_t bytes = 32; // of one sector, so that no cut tears it

void put(std::string& out, std::uint64_t value) {
  for (int i = 0; i < 8; ++i)
    out += static_cast<char>(value >> (8 * i) & 0xffU);
}

std::uint64_t number_at(std::string_view text, std::size_t at) {
  return std::uint64_t{little_word(text, at + 4)} << 32 | little_word(text, at);
}

} // namespace

std::optional<witnessed> witness_file::read(const std::filesystem::path& file) {
  const auto opened = raw_file::open(file);
  std::string text(bytes, '\0');
  if (!opened || !*opened || !(*opened)->read(0, text)) return std::nullopt;
  const std::string_view all{text};
  if (all.substr(0, magic.size()) != magic || checksum64(all.substr(0, 24)) != number_at(all, 24))
    return std::nullopt;
  return witnessed{number_at(all, 8), number_at(all, 16)};
}

result<witness_file> witness_file::open(const std::filesystem::path& file) {
  if (auto made = make_private_file(file); !made) return std::move(made).fault();
  const int descriptor = ::open(file.c_str(), O_WRONLY | O_CLOEXEC | O_NOFOLLOW);
  if (descriptor < 0)
    return error{errc::state_unusable, file.string() + ": " + std::generic_category().message(errno)};
  return witness_file{descriptor};
}

witness_file& witness_file::operator=(witness_file&& other) noexcept {
  std::swap(descriptor_, other.descriptor_);
  return *this;
}

witness_file::~witness_file() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

bool witness_file::write(const witnessed& what) {
  if (descriptor_ < 0) return true;
  std::string text{magic};
  text.reserve(bytes);
  put(text, what.highest);
  put(text, what.waiting);
  put(text, checksum64(text));
  return ::pwrite(descriptor_, text.data(), text.size(), 0) == static_cast<ssize_t>(text.size());
}

void witness_file::sync() {
  if (descriptor_ >= 0) static_cast<void>(::fsync(descriptor_));
}

} // namespace causeway::store
