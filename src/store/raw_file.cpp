// SPDX-License-Identifier: Apache-2.0
#include "store/raw_file.h"

#include "store/lock.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>

namespace causeway::store {

result<std::optional<raw_file>> raw_file::open(const std::filesystem::path& file) {
  const int descriptor = ::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
  if (descriptor < 0 && errno == ENOENT) return std::optional<raw_file>{};
  if (descriptor < 0) return unopened(file, errno);
  raw_file made{descriptor, 0};
  const auto size = size_of_regular(descriptor, file);
  if (!size) return size.fault();
  made.size_ = *size;
  return std::optional{std::move(made)};
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
