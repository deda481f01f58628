// SPDX-License-Identifier: Apache-2.0
// A SQLite database as it would be with the good frames of its log folded in, page by page, without SQLite:
// so a page that is damaged costs nothing but itself. Reads only. One thread at a time.
#pragma once

#include "store/log_scan.h"
#include "store/raw_file.h"

namespace causeway::store {

class page_image {
public:
  // file + "-wal" is its log. A file that is not there has no pages. Errors: state_unusable.
  static result<page_image> open(const std::filesystem::path& file);

  const log_findings& log() const { return log_; }
  std::uint32_t pages() const { return pages_; }
  // What our files are made with; a header that says otherwise is damaged.
  static constexpr std::uint32_t page_size = 4096;
  // Numbers begin with 1. False: there is no such page, or the disk cannot read it.
  bool read(std::uint32_t number, std::string& into);
  // user_version, as the header says it, also of a file that ends within its first page. Nothing: the header
  // cannot be read, or what stands beside the version is not what a file of this owner has there
  // (migrations.h), so that what stands in its place may be anything.
  std::optional<std::int64_t> version(std::uint32_t application_id) const;

private:
  std::optional<raw_file> file_, log_file_;
  log_findings log_;
  std::uint32_t pages_ = 0;
};

} // namespace causeway::store
