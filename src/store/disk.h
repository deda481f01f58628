// SPDX-License-Identifier: Apache-2.0
// SQLite's way to the disk. Its syncs are counted, and what it writes to a log one after the other goes out
// together: of each page first 24 bytes, then the page, so a commit of ten pages made twenty calls. Any
// thread; a file, as SQLite has it, one at a time.
#pragma once

#include <cstdint>

namespace causeway::store {

// The VFS to open a database with; null: there is none.
const char* disk_vfs();

// How many times SQLite has synced a file to the disk, in this process.
std::uint64_t syncs_so_far();

} // namespace causeway::store
