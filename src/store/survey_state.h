// SPDX-License-Identifier: Apache-2.0
// What survey.cpp and survey_commands.cpp find, and replacement.cpp writes.
#pragma once

#include "store/command_rows.h"
#include "store/salvage.h"
#include "store/seal.h"

#include <array>
#include <map>
#include <optional>

namespace causeway::store {

struct survey::state {
  using place = found_row::where;
  struct waiting_row {
    std::int64_t seq = 0, device = 0, size = 0, at = 0;
    std::int64_t open = 0; // when it came, of open_time
  };
  struct kept {
    std::int64_t seq = 0;
    bool good = false; // of records: sealed; of broken ones: there is content
    place at;
  };

  struct found_command {
    std::string id;
    std::int64_t n = 0, revision = 0;
    bool in_table = false; // one of its copies at least
    place at;
  };
  struct known_devices {
    std::map<std::int64_t, place> places;
    std::map<std::pair<std::string, std::string>, std::int64_t> refs;
    std::map<std::int64_t, std::pair<std::string, std::string>> names;
  };
  // Of the dead letters, as their table of sums tells.
  struct letter_sums {
    bool there = false, whole = true; // whole: but for bad pages
    std::uint64_t letters = 0;
  };

  state(std::filesystem::path of, page_image pages)
      : file{std::move(of)}, image{std::move(pages)}, scan{image} {}

  void take(const found_row& row);
  const char* proven_by(const found_row& row);
  // True: its own checksum says so, and it has been taken.
  bool prove_waiting(const found_row& row);
  bool prove_record(const found_row& row);
  bool prove_device(const found_row& row);
  bool prove_tally(const found_row& row);
  bool prove_letter(const found_row& row);
  bool prove_cursor(const found_row& row);
  bool prove_open_time(const found_row& row);
  bool prove_command(const found_row& row);
  // Of the table, and without such a proof: by its version's rules, or it is counted as bad.
  void take_waiting(const found_row& row);
  void take_device(const found_row& row);
  void take_letter(const found_row& row);
  void take_cursor(const found_row& row);
  void take_sum(const found_row& row);
  void take_stray(const found_row& row);
  void add_device(std::int64_t ref, std::string_view application, std::string_view device, const place& at);
  void conclude();
  void conclude_commands();

  std::filesystem::path file;
  page_image image;
  tree_scan scan; // of image
  std::uint32_t version = 0;
  std::optional<std::int64_t> open_seconds; // of open_time
  spool_findings found;
  std::vector<waiting_row> waiting, missing; // missing: without a record that can be read
  std::vector<kept> records, broken, deliver, letters;
  std::vector<found_command> commands;
  known_devices devices;
  letter_sums sums;
  std::vector<std::pair<std::string, place>> others; // of tables that are copied as they are
  std::uint64_t bad_waiting = 0, bad_devices = 0;
  bool counts_commands = false;  // found.counts does
  bool letters_are_whole = true; // but for bad pages
};

// Of its columns; nothing: there is none, or of another type.
std::optional<std::int64_t> number_of(const found_row& row, std::size_t at);
std::optional<std::string_view> text_of(const found_row& row, std::size_t at);
std::optional<std::string_view> blob_of(const found_row& row, std::size_t at);
// Nothing: the row has not its columns.
std::optional<command_row> command_of(const found_row& row);

// Versions of spool.db.
inline constexpr std::uint32_t first_with_times = 4, first_with_sums = 5, first_with_digests = 7,
                               first_with_open_time = 8, first_with_commands = 9;

} // namespace causeway::store
