// SPDX-License-Identifier: Apache-2.0
#include "store/disk.h"

#include <sqlite3.h>

#include <atomic>
#include <cstring>
#include <memory>
#include <new>
#include <utility>

namespace causeway::store {
namespace {

constexpr std::size_t most_gathered = 64 * 1024;

std::atomic<std::uint64_t> sync_count{0};
sqlite3_vfs* original = nullptr; // constant after registration, as the next
std::size_t extra_at = 0;

// What lies behind each file as SQLite's own VFS has opened it.
struct extra {
  const sqlite3_io_methods* original;
  sqlite3_io_methods methods; // original's, with ours in some places
  // Of a log: what SQLite has written there and the system has not been given yet, in the order written and
  // without a gap. Nothing on the disk may rely on it, and none does: SQLite takes a commit for made, and
  // writes a log's pages to the database, only after a sync, and that comes behind all of it.
  std::unique_ptr<char[]> gathered{};
  std::size_t size = 0;
  sqlite3_int64 begin = 0; // in the file
};

extra& extra_of(sqlite3_file* file) {
  return *std::launder(reinterpret_cast<extra*>(reinterpret_cast<char*>(file) + extra_at));
}

// After a fault what was gathered is given up: SQLite is told, and rolls back to what lay before it.
int write_out(sqlite3_file* file) {
  auto& of = extra_of(file);
  const auto size = std::exchange(of.size, 0);
  if (size == 0) return SQLITE_OK;
  return of.original->xWrite(file, of.gathered.get(), static_cast<int>(size), of.begin);
}

int write_log(sqlite3_file* file, const void* from, int amount, sqlite3_int64 offset) {
  auto& of = extra_of(file);
  const auto size = static_cast<std::size_t>(amount);
  const bool follows = offset == of.begin + static_cast<sqlite3_int64>(of.size);
  if (!follows || size > most_gathered - of.size)
    if (const int code = write_out(file); code != SQLITE_OK) return code;
  if (size > most_gathered) return of.original->xWrite(file, from, amount, offset);
  if (of.size == 0) of.begin = offset;
  std::memcpy(of.gathered.get() + of.size, from, size);
  of.size += size;
  return SQLITE_OK;
}

int read_log(sqlite3_file* file, void* to, int amount, sqlite3_int64 offset) {
  const int code = write_out(file);
  return code != SQLITE_OK ? code : extra_of(file).original->xRead(file, to, amount, offset);
}

int truncate_log(sqlite3_file* file, sqlite3_int64 size) {
  const int code = write_out(file);
  return code != SQLITE_OK ? code : extra_of(file).original->xTruncate(file, size);
}

int size_log(sqlite3_file* file, sqlite3_int64* size) {
  const int code = write_out(file);
  return code != SQLITE_OK ? code : extra_of(file).original->xFileSize(file, size);
}

int sync_file(sqlite3_file* file, int flags) {
  if (const int code = write_out(file); code != SQLITE_OK) return code;
  sync_count.fetch_add(1, std::memory_order_relaxed);
  return extra_of(file).original->xSync(file, flags);
}

int close_file(sqlite3_file* file) {
  static_cast<void>(write_out(file)); // of a commit that was not made
  auto& of = extra_of(file);
  const auto* methods = of.original;
  of.~extra();
  return methods->xClose(file);
}

int open_file(sqlite3_vfs* vfs, const char* name, sqlite3_file* file, int flags, int* out_flags) {
  const int code = original->xOpen(vfs, name, file, flags, out_flags);
  if (code != SQLITE_OK || file->pMethods == nullptr) return code;
  auto* of = new (reinterpret_cast<char*>(file) + extra_at) extra{file->pMethods, *file->pMethods};
  of->methods.xSync = sync_file;
  of->methods.xClose = close_file;
  if ((flags & SQLITE_OPEN_WAL) != 0) of->gathered.reset(new (std::nothrow) char[most_gathered]);
  if (of->gathered) {
    of->methods.xWrite = write_log;
    of->methods.xRead = read_log;
    of->methods.xTruncate = truncate_log;
    of->methods.xFileSize = size_log;
  }
  file->pMethods = &of->methods;
  return SQLITE_OK;
}

} // namespace

const char* disk_vfs() {
  static sqlite3_vfs vfs = [] {
    original = sqlite3_vfs_find(nullptr);
    sqlite3_vfs made = *original;
    constexpr auto step = alignof(extra);
    extra_at = (static_cast<std::size_t>(made.szOsFile) + step - 1) / step * step;
    made.szOsFile = static_cast<int>(extra_at + sizeof(extra));
    made.xOpen = open_file;
    made.zName = "causeway";
    made.pNext = nullptr;
    return made;
  }();
  static const bool registered = sqlite3_vfs_register(&vfs, 0) == SQLITE_OK;
  return registered ? vfs.zName : nullptr;
}

std::uint64_t syncs_so_far() {
  return sync_count.load(std::memory_order_relaxed);
}

} // namespace causeway::store
