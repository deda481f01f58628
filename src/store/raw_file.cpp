// SPDX-License-Identifier: Apache-2.0
#include "store/raw_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

namespace causeway::store {

result<std::optional<raw_file>> raw_file::open(const std::filesystem::path& file) {
  const int descriptor = ::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
  if (descriptor < 0 && errno == ENOENT) return std::optional<raw_file>{};
  if (descriptor < 0)
    return error{errc::state_unusable, file.string() + ": " + std::generic_category().message(errno)};
  struct stat about {};
  if (::fstat(descriptor, &about) != 0 || !S_ISREG(about.st_mode)) {
    ::close(descriptor);
    return error{errc::state_unusable, file.string() + ": not a file"};
  }
  return std::optional{raw_file{descriptor, static_cast<std::uint64_t>(about.st_size)}};
}

raw_file& raw_file::operator=(raw_file&& other) noexcept {
  std::swap(descriptor_, other.descriptor_);
  std::swap(size_, other.size_);
  return *this;
}

raw_file::~raw_file() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

bool raw_file::read(std::uint64_t from, std::string& into) const {
  std::size_t have = 0;
  while (have < into.size()) {
    const auto got =
        ::pread(descriptor_, into.data() + have, into.size() - have, static_cast<off_t>(from + have));
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return false;
    have += static_cast<std::size_t>(got);
  }
  return true;
}

} // namespace causeway::store
