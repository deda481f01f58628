// SPDX-License-Identifier: Apache-2.0
// For the store's tests: a SQLite VFS over the machine's own that can write down every change of the files of
// one folder, can run out of room, and can refuse single writes. Registered as the default, so that
// store::open goes through it; does nothing but pass on unless told. Any thread.
#pragma once

#include <sqlite3.h>
#include <unistd.h>

#include <cstdint>
#include <cstring>
#include <deque>
#include <filesystem>
#include <map>
#include <mutex>
#include <new>
#include <optional>
#include <string>
#include <vector>

namespace causeway::store {

class faulty_disk {
public:
  enum class kind : std::uint8_t { create, write, truncate, sync, remove };
  struct operation {
    kind what;
    std::string file; // without its folder
    std::int64_t offset = 0;
    std::string bytes; // of write
  };

  static faulty_disk& it() {
    static faulty_disk one;
    return one;
  }

  // From now on, until stop.
  void record(const std::filesystem::path& folder) {
    const std::lock_guard held{mutex_};
    folder_ = folder;
    operations_.clear();
    recording_ = true;
  }
  std::vector<operation> stop() {
    const std::lock_guard held{mutex_};
    recording_ = false;
    return std::move(operations_);
  }
  // How many operations have been written down.
  std::size_t position() {
    const std::lock_guard held{mutex_};
    return operations_.size();
  }
  // The files of the folder may together grow by so many bytes; nothing: as they like.
  void limit(const std::filesystem::path& folder, std::optional<std::uint64_t> more) {
    const std::lock_guard held{mutex_};
    folder_ = folder;
    room_.reset();
    if (more) room_ = used() + *more;
  }
  // Writes to the folder's files fail, each once, as a bad sector does: the first after so many more, each
  // further one after so many from the last that has failed. Also counts the folder's writes from now on.
  void fail_writes(const std::filesystem::path& folder, std::deque<std::size_t> after) {
    const std::lock_guard held{mutex_};
    folder_ = folder;
    failing_ = std::move(after);
    since_failed_ = writes_failed_ = writes_ = 0;
  }
  std::size_t writes() {
    const std::lock_guard held{mutex_};
    return writes_;
  }
  std::size_t writes_failed() {
    const std::lock_guard held{mutex_};
    return writes_failed_;
  }
  // Syncs that are not needed cost a test its time.
  void skip_syncs(bool skip) {
    const std::lock_guard held{mutex_};
    skip_syncs_ = skip;
  }

private:
  struct open_file {
    sqlite3_file base;
    std::string* path;
    sqlite3_file* real() { return reinterpret_cast<sqlite3_file*>(this + 1); }
  };

  faulty_disk() : real_{sqlite3_vfs_find(nullptr)}, vfs_{*real_} {
    vfs_.szOsFile = static_cast<int>(sizeof(open_file)) + real_->szOsFile;
    vfs_.zName = "faulty";
    vfs_.pNext = nullptr;
    vfs_.xOpen = [](sqlite3_vfs*, const char* name, sqlite3_file* file, int flags, int* out) {
      return it().open(name, file, flags, out);
    };
    vfs_.xDelete = [](sqlite3_vfs*, const char* name, int sync_directory) {
      return it().remove(name, sync_directory);
    };
    methods_.iVersion = 1; // no shared memory and no mapping: every byte comes by
    methods_.xClose = [](sqlite3_file* f) {
      auto& file = as_open(f);
      const int code = file.real()->pMethods->xClose(file.real());
      delete file.path;
      return code;
    };
    methods_.xRead = [](sqlite3_file* f, void* to, int amount, sqlite3_int64 offset) {
      return as_open(f).real()->pMethods->xRead(as_open(f).real(), to, amount, offset);
    };
    methods_.xWrite = [](sqlite3_file* f, const void* from, int amount, sqlite3_int64 offset) {
      return it().write(as_open(f), from, amount, offset);
    };
    methods_.xTruncate = [](sqlite3_file* f, sqlite3_int64 size) { return it().truncate(as_open(f), size); };
    methods_.xSync = [](sqlite3_file* f, int flags) { return it().sync(as_open(f), flags); };
    methods_.xFileSize = [](sqlite3_file* f, sqlite3_int64* size) {
      return as_open(f).real()->pMethods->xFileSize(as_open(f).real(), size);
    };
    methods_.xLock = [](sqlite3_file* f, int level) {
      return as_open(f).real()->pMethods->xLock(as_open(f).real(), level);
    };
    methods_.xUnlock = [](sqlite3_file* f, int level) {
      return as_open(f).real()->pMethods->xUnlock(as_open(f).real(), level);
    };
    methods_.xCheckReservedLock = [](sqlite3_file* f, int* out) {
      return as_open(f).real()->pMethods->xCheckReservedLock(as_open(f).real(), out);
    };
    methods_.xFileControl = [](sqlite3_file* f, int what, void* with) {
      return as_open(f).real()->pMethods->xFileControl(as_open(f).real(), what, with);
    };
    methods_.xSectorSize = [](sqlite3_file* f) {
      return as_open(f).real()->pMethods->xSectorSize(as_open(f).real());
    };
    methods_.xDeviceCharacteristics = [](sqlite3_file* f) {
      return as_open(f).real()->pMethods->xDeviceCharacteristics(as_open(f).real());
    };
    sqlite3_vfs_register(&vfs_, 1);
  }

  static open_file& as_open(sqlite3_file* f) { return *reinterpret_cast<open_file*>(f); }

  int open(const char* name, sqlite3_file* f, int flags, int* out) {
    auto& file = as_open(f);
    file.base.pMethods = nullptr;
    const bool is_new = name != nullptr && (flags & SQLITE_OPEN_CREATE) != 0 && ::access(name, F_OK) != 0;
    const int code = real_->xOpen(real_, name, file.real(), flags, out);
    if (code != SQLITE_OK) {
      if (file.real()->pMethods != nullptr) file.real()->pMethods->xClose(file.real());
      return code;
    }
    file.path = new std::string{name == nullptr ? "" : name};
    file.base.pMethods = &methods_;
    if (is_new) note(kind::create, *file.path, 0, {});
    return code;
  }
  bool has_room(open_file& file, std::int64_t size) {
    const std::lock_guard held{mutex_};
    if (!room_ || !is_ours(*file.path)) return true;
    sqlite3_int64 present = 0;
    file.real()->pMethods->xFileSize(file.real(), &present);
    return size <= present || used() + static_cast<std::uint64_t>(size - present) <= *room_;
  }
  int remove(const char* name, int sync_directory) {
    const int code = real_->xDelete(real_, name, sync_directory);
    if (code == SQLITE_OK) note(kind::remove, name, sync_directory, {});
    return code;
  }
  bool is_bad(const open_file& file) {
    const std::lock_guard held{mutex_};
    if (!is_ours(*file.path)) return false;
    ++writes_;
    if (failing_.empty() || since_failed_++ < failing_.front()) return false;
    failing_.pop_front();
    since_failed_ = 0;
    ++writes_failed_;
    return true;
  }
  int write(open_file& file, const void* from, int amount, std::int64_t offset) {
    if (is_bad(file)) return SQLITE_IOERR_WRITE;
    if (!has_room(file, offset + amount)) return SQLITE_FULL;
    const int code = file.real()->pMethods->xWrite(file.real(), from, amount, offset);
    if (code == SQLITE_OK)
      note(kind::write, *file.path, offset,
           {static_cast<const char*>(from), static_cast<std::size_t>(amount)});
    return code;
  }
  int truncate(open_file& file, std::int64_t size) {
    const int code = file.real()->pMethods->xTruncate(file.real(), size);
    if (code == SQLITE_OK) note(kind::truncate, *file.path, size, {});
    return code;
  }
  int sync(open_file& file, int flags) {
    {
      const std::lock_guard held{mutex_};
      if (skip_syncs_) return SQLITE_OK;
    }
    const int code = file.real()->pMethods->xSync(file.real(), flags);
    if (code == SQLITE_OK) note(kind::sync, *file.path, 0, {});
    return code;
  }

  bool is_ours(const std::string& path) const { return std::filesystem::path{path}.parent_path() == folder_; }
  void note(kind what, const std::string& path, std::int64_t offset, std::string_view bytes) {
    const std::lock_guard held{mutex_};
    if (!recording_ || !is_ours(path)) return;
    operations_.push_back({what, std::filesystem::path{path}.filename(), offset, std::string{bytes}});
  }
  std::uint64_t used() const {
    std::uint64_t sum = 0;
    std::error_code ignored;
    for (const auto& entry : std::filesystem::directory_iterator{folder_, ignored})
      sum += entry.file_size(ignored);
    return sum;
  }

  sqlite3_vfs* real_;
  sqlite3_vfs vfs_;
  sqlite3_io_methods methods_{};

  std::mutex mutex_; // protects what follows
  std::filesystem::path folder_;
  std::vector<operation> operations_;
  bool recording_ = false, skip_syncs_ = false;
  std::optional<std::uint64_t> room_;
  std::deque<std::size_t> failing_;
  std::size_t since_failed_ = 0, writes_failed_ = 0, writes_ = 0;
};

} // namespace causeway::store
