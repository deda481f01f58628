// SPDX-License-Identifier: Apache-2.0
// The state directory and the lock that keeps a second process out of it. Any one thread.
#pragma once

#include "base/result.h"

#include <sys/types.h>

#include <cstdint>
#include <filesystem>

namespace causeway::store {

// Holds <directory>/lock by flock(2), exclusively, as long as it lives. The kernel frees it when the process
// ends, however it ends; the file stays and holds the process id of the last holder, for a person to read.
class directory_lock {
public:
  // Makes the directory (0700, parents too) where it is not there, and syncs the one that it is made in.
  // Errors: state_unusable (names the directory and the reason), state_locked (names the directory and the
  // process).
  static result<directory_lock> acquire(const std::filesystem::path& directory);
  // Where it lies, links resolved: SQLite follows none on its way to a file.
  const std::filesystem::path& directory() const { return directory_; }
  // False once the directory, or the lock in it, was moved away or replaced: another process could start
  // there.
  bool holds() const;

  directory_lock(directory_lock&& other) noexcept;
  directory_lock& operator=(directory_lock&& other) noexcept;
  directory_lock(const directory_lock&) = delete;
  directory_lock& operator=(const directory_lock&) = delete;
  ~directory_lock();

private:
  explicit directory_lock(int descriptor) : descriptor_{descriptor} {}
  int descriptor_ = -1;
  dev_t device_{}; // of the file that is locked, with the next
  ino_t inode_{};
  std::filesystem::path directory_, file_;
};

// A name that is new in the directory of this entry outlives a power cut once that has been synced. Errors:
// state_unusable.
result<void> sync_directory_of(const std::filesystem::path& entry);

// Why open(2) with O_NOFOLLOW has not opened a file. code: errno.
error unopened(const std::filesystem::path& file, int code);

// Its size in bytes. Nothing but a regular file is read or written: of a pipe SQLite's first read fails with
// words that name no cause, and who opens it to read would wait for the other end. Errors: state_unusable.
result<std::uint64_t> size_of_regular(int descriptor, const std::filesystem::path& file);

// Makes an empty file that only its owner can read (0600) where there is none, its name safe from a power
// cut; SQLite gives its side files the same mode. Errors: state_unusable, also where no regular file has the
// name.
result<void> make_private_file(const std::filesystem::path& file);

} // namespace causeway::store
