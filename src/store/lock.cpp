// SPDX-License-Identifier: Apache-2.0
#include "store/lock.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <string>
#include <system_error>
#include <utility>

namespace causeway::store {
namespace {

error unusable(const std::filesystem::path& what, int code) {
  return error{errc::state_unusable, what.string() + ": " + std::generic_category().message(code)};
}

result<void> make_directory(const std::filesystem::path& directory) {
  if (::mkdir(directory.c_str(), 0700) == 0) return sync_directory_of(directory);
  if (errno == ENOENT && directory.has_parent_path() && directory.parent_path() != directory) {
    if (auto made = make_directory(directory.parent_path()); !made) return made;
    if (::mkdir(directory.c_str(), 0700) == 0) return sync_directory_of(directory);
  }
  if (errno != EEXIST) return unusable(directory, errno);
  struct stat about {};
  if (::stat(directory.c_str(), &about) != 0) return unusable(directory, errno);
  if (!S_ISDIR(about.st_mode)) return unusable(directory, ENOTDIR);
  return {};
}

std::string holder_of(int descriptor) {
  std::array<char, 16> text{};
  const auto length = ::pread(descriptor, text.data(), text.size(), 0);
  long pid = 0;
  if (length <= 0 || std::from_chars(text.data(), text.data() + length, pid).ec != std::errc{})
    return "unknown";
  return std::to_string(pid);
}

} // namespace

// O_NOFOLLOW says ELOOP.
error unopened(const std::filesystem::path& file, int code) {
  if (code != ELOOP) return unusable(file, code);
  return error{errc::state_unusable,
               file.string() + " is a symbolic link; only the state directory may be one, or lie below one"};
}

result<std::uint64_t> size_of_regular(int descriptor, const std::filesystem::path& file) {
  struct stat about {};
  if (::fstat(descriptor, &about) != 0) return unusable(file, errno);
  if (!S_ISREG(about.st_mode)) return error{errc::state_unusable, file.string() + " is no regular file"};
  return static_cast<std::uint64_t>(about.st_size);
}

result<void> sync_directory_of(const std::filesystem::path& entry) {
  const auto directory = entry.has_parent_path() ? entry.parent_path() : std::filesystem::path{"."};
  const int descriptor = ::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (descriptor < 0)
    return errno == EACCES ? result<void>{} : unusable(directory, errno); // not ours to sync
  const int code = ::fsync(descriptor) == 0 ? 0 : errno;
  ::close(descriptor);
  // Some file systems cannot sync a directory, and do not need it.
  if (code != 0 && code != EINVAL) return unusable(directory, code);
  return {};
}

result<directory_lock> directory_lock::acquire(const std::filesystem::path& directory) {
  // A trailing slash would make the parent of "a/b/" the same directory.
  auto place = directory.has_filename() ? directory : directory.parent_path();
  if (auto made = make_directory(place); !made) return std::move(made).fault();
  std::error_code fault;
  place = std::filesystem::canonical(place, fault);
  if (fault) return error{errc::state_unusable, directory.string() + ": " + fault.message()};
  const auto file = place / "lock";
  const int descriptor = ::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (descriptor < 0) return unopened(file, errno);
  directory_lock lock{descriptor};
  lock.directory_ = place;
  lock.file_ = file;
  if (::flock(descriptor, LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK) return unusable(file, errno);
    return error{errc::state_locked, place.string() + " is held by process " + holder_of(descriptor)};
  }
  struct stat about {};
  if (::fstat(descriptor, &about) != 0) return unusable(file, errno);
  lock.device_ = about.st_dev;
  lock.inode_ = about.st_ino;
  const auto pid = std::to_string(::getpid()) + "\n";
  if (::ftruncate(descriptor, 0) != 0 ||
      ::pwrite(descriptor, pid.data(), pid.size(), 0) != static_cast<ssize_t>(pid.size()))
    return unusable(file, errno);
  return lock;
}

directory_lock::directory_lock(directory_lock&& other) noexcept
    : descriptor_{std::exchange(other.descriptor_, -1)},
      device_{other.device_},
      inode_{other.inode_},
      directory_{std::move(other.directory_)},
      file_{std::move(other.file_)} {}

directory_lock& directory_lock::operator=(directory_lock&& other) noexcept {
  std::swap(descriptor_, other.descriptor_);
  std::swap(device_, other.device_);
  std::swap(inode_, other.inode_);
  std::swap(directory_, other.directory_);
  std::swap(file_, other.file_);
  return *this;
}

bool directory_lock::holds() const {
  struct stat there {};
  return ::stat(file_.c_str(), &there) == 0 && there.st_dev == device_ && there.st_ino == inode_;
}

directory_lock::~directory_lock() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

result<void> make_private_file(const std::filesystem::path& file) {
  constexpr int flags = O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK;
  int descriptor = ::open(file.c_str(), flags | O_EXCL, 0600);
  const bool is_new = descriptor >= 0;
  if (!is_new && errno == EEXIST) descriptor = ::open(file.c_str(), flags, 0600);
  if (descriptor < 0) return unopened(file, errno);
  const auto size = size_of_regular(descriptor, file);
  ::close(descriptor);
  if (!size) return size.fault();
  return is_new ? sync_directory_of(file) : result<void>{};
}

} // namespace causeway::store
