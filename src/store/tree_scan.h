// SPDX-License-Identifier: Apache-2.0
// The rows of a database, read off its pages without SQLite: the trees from their roots down, past every page
// that is in disorder; then the leaves that no tree leads to any more, unless they are known to be free. What
// a row says is as good as its own checksum. One thread at a time.
#pragma once

#include "store/page_image.h"

#include <functional>
#include <map>
#include <set>
#include <variant>
#include <vector>

namespace causeway::store {

struct blob {
  std::string bytes;
};
using column = std::variant<std::monostate, std::int64_t, double, std::string, blob>;

struct found_row {
  std::string table;      // empty: its leaf hangs in no tree
  bool has_rowid = false; // not of a table WITHOUT ROWID
  std::int64_t rowid = 0;
  std::vector<column> columns; // as stored: INTEGER PRIMARY KEY is null; WITHOUT ROWID: its key first
  bool whole = true;           // false: its overflow pages are not all there; columns is empty
  struct where {
    std::uint32_t page = 0;
    std::uint32_t cell = 0;
  };
  where place;
};

struct scan_findings {
  std::uint32_t pages = 0;
  std::uint64_t bad_pages = 0;      // in disorder, or unreadable
  std::uint64_t stray_leaves = 0;   // that no tree leads to, and that are not free
  std::uint64_t bad_rows = 0;       // that cannot be taken apart
  std::uint64_t bad_links = 0;      // of the free list and of the pointers back
  std::set<std::string> bad_tables; // of bad pages and rows: where they were looked for
  bool has_schema = false;
  std::uint32_t version = 0; // user_version
};

class tree_scan {
public:
  explicit tree_scan(page_image& pages) : pages_{pages} {}
  scan_findings run(const std::function<void(const found_row&)>& take);
  // The row once more. Nothing when it cannot be read.
  std::optional<found_row> row_at(std::uint32_t page, std::uint32_t cell);

private:
  enum class use : std::uint8_t { unknown, tree, overflow, free, map };
  struct layout {       // of a page that holds a tree's node
    std::size_t at = 0; // of its header
    std::uint8_t kind = 0;
    std::uint32_t cells = 0;
  };
  struct tree {
    std::string table;
    std::uint32_t root = 0;
    bool is_index = false; // or a table WITHOUT ROWID
  };

  std::optional<layout> layout_of(std::uint32_t number, std::string_view page) const;
  bool cell_of(const layout& of, std::uint32_t page_number, std::string_view page, std::uint32_t index,
               found_row& row, bool note_overflow);
  bool payload(std::string_view page, std::size_t at, std::uint64_t size, bool is_index, std::string& into,
               std::uint32_t owner, bool note_overflow);
  void walk(const tree& from, const std::function<void(const found_row&)>& take);
  void take_rows(const std::string& table, std::uint32_t number, const layout& of, std::string_view page,
                 const std::function<void(const found_row&)>& take);
  void claim(std::uint32_t page, use as, std::uint8_t kind, std::uint32_t parent);
  void read_header();
  void mark_maps();
  void walk_free_list();
  void take_strays(const std::function<void(const found_row&)>& take);
  std::optional<std::pair<std::uint8_t, std::uint32_t>> back_pointer(std::uint32_t page);

  page_image& pages_;
  scan_findings found_;
  std::vector<use> uses_; // by page number
  std::size_t usable_ = 4096;
  std::uint32_t first_free_ = 0, free_pages_ = 0;
  bool has_maps_ = false;
  std::uint32_t map_number_ = 0; // of the map page that is held
  std::string map_page_;
};

} // namespace causeway::store
