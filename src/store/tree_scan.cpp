// SPDX-License-Identifier: Apache-2.0
// The format: https://www.sqlite.org/fileformat2.html.
#include "store/tree_scan.h"

#include <bit>
#include <cstring>

namespace causeway::store {
namespace {

constexpr std::uint8_t index_node = 2, table_node = 5, index_leaf = 10, table_leaf = 13;
constexpr std::uint8_t map_root = 1, map_free = 2, map_first_overflow = 3, map_overflow = 4, map_tree = 5;
constexpr std::uint64_t longest_row = 64ULL * 1024 * 1024;

std::uint32_t short_at(std::string_view page, std::size_t at) {
  return std::uint32_t{static_cast<unsigned char>(page[at])} << 8 | static_cast<unsigned char>(page[at + 1]);
}

// False: it does not end within the text.
bool varint(std::string_view text, std::size_t& at, std::uint64_t& value) {
  value = 0;
  for (int i = 0; i < 9; ++i) {
    if (at >= text.size()) return false;
    const auto byte = static_cast<unsigned char>(text[at++]);
    if (i == 8) {
      value = value << 8 | byte;
      return true;
    }
    value = value << 7 | (byte & 0x7fU);
    if ((byte & 0x80U) == 0) return true;
  }
  return false;
}

bool take_column(std::uint64_t type, std::string_view& body, column& into) {
  constexpr std::size_t sizes[] = {0, 1, 2, 3, 4, 6, 8, 8, 0, 0};
  if (type == 10 || type == 11) return false;
  const auto size = type >= 12 ? static_cast<std::size_t>((type - 12) / 2) : sizes[type];
  if (body.size() < size) return false;
  const auto bytes = body.substr(0, size);
  body.remove_prefix(size);
  if (type == 0) {
    into = std::monostate{};
  } else if (type == 8 || type == 9) {
    into = static_cast<std::int64_t>(type - 8);
  } else if (type >= 12) {
    if (type % 2 == 0)
      into = blob{std::string{bytes}};
    else
      into = std::string{bytes};
  } else {
    std::uint64_t value = (static_cast<unsigned char>(bytes[0]) & 0x80U) != 0 ? ~std::uint64_t{0} : 0;
    for (const char byte : bytes)
      value = value << 8 | static_cast<unsigned char>(byte);
    if (type == 7)
      into = std::bit_cast<double>(value);
    else
      into = static_cast<std::int64_t>(value);
  }
  return true;
}

bool take_columns(std::string_view record, std::vector<column>& into) {
  std::size_t at = 0;
  std::uint64_t header = 0;
  if (!varint(record, at, header) || header > record.size() || header < at) return false;
  auto body = record.substr(static_cast<std::size_t>(header));
  const auto types = record.substr(0, static_cast<std::size_t>(header));
  while (at < types.size()) {
    std::uint64_t type = 0;
    if (!varint(types, at, type)) return false;
    into.emplace_back();
    if (!take_column(type, body, into.back())) return false;
  }
  return body.empty();
}

} // namespace

void tree_scan::read_header() {
  std::string page;
  if (!pages_.read(1, page)) return;
  first_free_ = big_word(page, 32);
  free_pages_ = big_word(page, 36);
  has_maps_ = big_word(page, 52) != 0;
  // Behind its end the file may have room that was taken ahead. The number counts where it was written with
  // the rest.
  const auto said = big_word(page, 28);
  if (said != 0 && said < found_.pages && big_word(page, 24) == big_word(page, 92)) found_.pages = said;
  found_.version = big_word(page, 60);
}

std::optional<tree_scan::layout> tree_scan::layout_of(std::uint32_t number, std::string_view page) const {
  layout out;
  out.at = number == 1 ? 100 : 0;
  out.kind = static_cast<std::uint8_t>(page[out.at]);
  const bool is_leaf = out.kind == table_leaf || out.kind == index_leaf;
  if (!is_leaf && out.kind != table_node && out.kind != index_node) return std::nullopt;
  out.cells = short_at(page, out.at + 3);
  const auto pointers = out.at + (is_leaf ? 8 : 12);
  if (pointers + std::size_t{out.cells} * 2 > usable_) return std::nullopt;
  const auto content = short_at(page, out.at + 5);
  if (content != 0 && (content > usable_ || content < pointers + std::size_t{out.cells} * 2))
    return std::nullopt;
  return out;
}

void tree_scan::claim(std::uint32_t page, use as, std::uint8_t kind, std::uint32_t parent) {
  uses_[page] = as;
  if (const auto back = back_pointer(page); back && *back != std::pair{kind, parent}) ++found_.bad_links;
}

// Nothing: the file has none, or the page needs none.
std::optional<std::pair<std::uint8_t, std::uint32_t>> tree_scan::back_pointer(std::uint32_t page) {
  if (!has_maps_ || page < 3) return std::nullopt;
  const auto entries = static_cast<std::uint32_t>(usable_ / 5);
  const auto map = (page - 2) / (entries + 1) * (entries + 1) + 2;
  if (map == page) return std::nullopt;
  if (map != map_number_) {
    map_number_ = map;
    if (!pages_.read(map, map_page_)) map_page_.clear();
  }
  const auto at = std::size_t{page - map - 1} * 5;
  if (at + 5 > map_page_.size()) return std::nullopt;
  return std::pair{static_cast<std::uint8_t>(map_page_[at]), big_word(map_page_, at + 1)};
}

void tree_scan::mark_maps() {
  if (!has_maps_) return;
  const auto step = static_cast<std::uint32_t>(usable_ / 5) + 1;
  for (std::uint64_t map = 2; map <= found_.pages; map += step)
    uses_[static_cast<std::size_t>(map)] = use::map;
}

bool tree_scan::payload(std::string_view page, std::size_t at, std::uint64_t size, bool is_index,
                        std::string& into, std::uint32_t owner, bool note_overflow) {
  const auto most = is_index ? (usable_ - 12) * 64 / 255 - 23 : usable_ - 35;
  const auto least = (usable_ - 12) * 32 / 255 - 23;
  if (size > longest_row) return false;
  const auto all = static_cast<std::size_t>(size);
  auto local = all;
  if (all > most) {
    local = least + (all - least) % (usable_ - 4);
    if (local > most) local = least;
  }
  if (at + local + (local < all ? 4 : 0) > usable_) return false;
  into.assign(page.substr(at, local));
  if (local == all) return true;
  auto next = big_word(page, at + local);
  std::string more;
  for (auto kind = map_first_overflow; into.size() < all; kind = map_overflow) {
    if (next == 0 || next > found_.pages) return false;
    if (note_overflow) {
      if (uses_[next] != use::unknown) return false;
      claim(next, use::overflow, kind, owner);
    }
    if (!pages_.read(next, more)) return false;
    into.append(more, 4, std::min(usable_ - 4, all - into.size()));
    owner = next;
    next = big_word(more, 0);
  }
  return true;
}

bool tree_scan::cell_of(const layout& of, std::uint32_t page_number, std::string_view page,
                        std::uint32_t index, found_row& row, bool note_overflow) {
  const bool is_table = of.kind == table_leaf;
  const auto pointer = of.at + (of.kind == index_node ? 12 : 8) + std::size_t{index} * 2;
  std::size_t at = short_at(page, pointer);
  const auto text = page.substr(0, usable_);
  if (of.kind == index_node) at += 4;
  std::uint64_t size = 0, rowid = 0;
  if (at < pointer + 2 || !varint(text, at, size) || (is_table && !varint(text, at, rowid))) return false;
  row.has_rowid = is_table;
  row.rowid = static_cast<std::int64_t>(rowid);
  row.place = {page_number, index};
  row.columns.clear();
  std::string record;
  row.whole = payload(page, at, size, !is_table, record, page_number, note_overflow) &&
              take_columns(record, row.columns);
  if (!row.whole) row.columns.clear();
  return true;
}

void tree_scan::take_rows(const std::string& table, std::uint32_t number, const layout& of,
                          std::string_view page, const std::function<void(const found_row&)>& take) {
  found_row row;
  row.table = table;
  for (std::uint32_t i = 0; i < of.cells; ++i) {
    const bool is_there = cell_of(of, number, page, i, row, true);
    if (!is_there || !row.whole) {
      ++found_.bad_rows;
      found_.bad_tables.insert(table);
    }
    if (!is_there) continue;
    take(row);
  }
}

void tree_scan::walk(const tree& from, const std::function<void(const found_row&)>& take) {
  struct step {
    std::uint32_t page, parent;
  };
  std::vector<step> todo{{from.root, 0}};
  std::string page;
  const auto note_bad_page = [&] {
    ++found_.bad_pages;
    found_.bad_tables.insert(from.table);
  };
  while (!todo.empty()) {
    const auto [number, parent] = todo.back();
    todo.pop_back();
    if (number == 0 || number > found_.pages || uses_[number] != use::unknown) {
      note_bad_page();
      continue;
    }
    const auto of = pages_.read(number, page) ? layout_of(number, page) : std::nullopt;
    if (!of) {
      note_bad_page();
      uses_[number] = use::tree;
      continue;
    }
    claim(number, use::tree, parent == 0 ? map_root : map_tree, parent);
    // Another tree's page; what is on it may still prove itself.
    if (from.is_index != (of->kind == index_node || of->kind == index_leaf)) note_bad_page();
    if (of->kind == table_node || of->kind == index_node) {
      todo.push_back({big_word(page, of->at + 8), number});
      for (std::uint32_t i = of->cells; i-- > 0;) {
        const std::size_t at = short_at(page, of->at + 12 + std::size_t{i} * 2);
        if (at + 4 > usable_) {
          ++found_.bad_rows;
          found_.bad_tables.insert(from.table);
          continue;
        }
        todo.push_back({big_word(page, at), number});
      }
    }
    if (of->kind != table_node) take_rows(from.table, number, *of, page, take);
  }
}

void tree_scan::walk_free_list() {
  std::string page;
  std::uint64_t seen = 0;
  for (auto trunk = first_free_; trunk != 0;) {
    if (trunk > found_.pages || uses_[trunk] != use::unknown || !pages_.read(trunk, page)) {
      ++found_.bad_links;
      return;
    }
    claim(trunk, use::free, map_free, 0);
    ++seen;
    const auto leaves = big_word(page, 4);
    if (leaves > usable_ / 4 - 2) {
      ++found_.bad_links;
      return;
    }
    for (std::uint32_t i = 0; i < leaves; ++i, ++seen) {
      const auto leaf = big_word(page, 8 + std::size_t{i} * 4);
      if (leaf == 0 || leaf > found_.pages || uses_[leaf] != use::unknown)
        ++found_.bad_links;
      else
        claim(leaf, use::free, map_free, 0);
    }
    trunk = big_word(page, 0);
  }
  if (seen != free_pages_) ++found_.bad_links;
}

void tree_scan::take_strays(const std::function<void(const found_row&)>& take) {
  std::string page;
  for (std::uint32_t number = 2; number <= found_.pages; ++number) {
    if (uses_[number] != use::unknown) continue;
    const auto back = back_pointer(number);
    if (back && back->first == map_free) continue;
    const auto of = pages_.read(number, page) ? layout_of(number, page) : std::nullopt;
    // Of the others only the list of tables would say what they are; without it their rows may.
    if (!of || (of->kind != table_leaf && (found_.has_schema || of->kind != index_leaf))) continue;
    uses_[number] = use::tree;
    ++found_.stray_leaves;
    take_rows({}, number, *of, page, take);
  }
}

scan_findings tree_scan::run(const std::function<void(const found_row&)>& take) {
  found_.pages = pages_.pages();
  uses_.assign(std::size_t{found_.pages} + 1, use::unknown);
  if (found_.pages == 0) return found_;
  read_header();
  mark_maps();
  std::vector<tree> trees;
  walk({"sqlite_schema", 1}, [&](const found_row& row) {
    if (row.columns.size() < 5) return;
    const auto* type = std::get_if<std::string>(&row.columns[0]);
    const auto* name = std::get_if<std::string>(&row.columns[1]);
    const auto* root = std::get_if<std::int64_t>(&row.columns[3]);
    if (type == nullptr || name == nullptr || root == nullptr) return;
    found_.has_schema = true;
    if (*root == 0) return; // a trigger
    const auto* sql = std::get_if<std::string>(&row.columns[4]);
    const bool is_table = *type == "table";
    const bool is_index = !is_table || (sql != nullptr && sql->find("WITHOUT ROWID") != std::string::npos);
    trees.push_back({is_table ? *name : "index " + *name, static_cast<std::uint32_t>(*root), is_index});
  });
  for (const auto& one : trees)
    walk(one, take);
  walk_free_list();
  take_strays(take);
  return found_;
}

std::optional<found_row> tree_scan::row_at(std::uint32_t page_number, std::uint32_t cell) {
  std::string page;
  if (!pages_.read(page_number, page)) return std::nullopt;
  const auto of = layout_of(page_number, page);
  found_row row;
  if (!of || cell >= of->cells || !cell_of(*of, page_number, page, cell, row, false) || !row.whole)
    return std::nullopt;
  return row;
}

} // namespace causeway::store
