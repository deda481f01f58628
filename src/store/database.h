// SPDX-License-Identifier: Apache-2.0
// SQLite with values for errors and scopes for lifetimes. One thread at a time; statements must go before
// their database.
#pragma once

#include "base/result.h"

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>

struct sqlite3;
struct sqlite3_stmt;

namespace causeway::store {

struct blob_view {
  std::string_view bytes;
};

// A prepared statement. Faults of bind are kept and come out of step.
class statement {
public:
  statement() = default; // of no database: every step is a fault
  // Starts over with these values, in the order of the statement's ?1, ?2, …. Text and blobs are not copied:
  // they must live until the last step.
  template <class... Values>
  statement& with(const Values&... values) {
    reset();
    int at = 0;
    (bind(++at, values), ...);
    return *this;
  }
  // True: a row is there to be read. False: done; the statement has been reset.
  result<bool> step();
  // One of the values alone, before the first step.
  template <class Value>
  void bind(int at, const Value& value) {
    if constexpr (std::is_same_v<Value, blob_view>) {
      bind_blob(at, value.bytes);
    } else if constexpr (std::is_same_v<Value, std::optional<std::int64_t>>) {
      value ? bind_integer(at, *value) : bind_null(at);
    } else if constexpr (std::is_integral_v<Value>) {
      bind_integer(at, static_cast<std::int64_t>(value));
    } else {
      bind_text(at, value);
    }
  }
  // Steps to the end. For statements without rows, or whose rows do not matter.
  result<void> run();
  void reset();

  // Of the current row; columns count from 0. Views hold until the next step, reset or with.
  std::int64_t integer(int column) const;
  std::string_view text(int column) const; // blobs too

private:
  friend class database;
  struct finalizer {
    void operator()(sqlite3_stmt* raw) const;
  };
  explicit statement(sqlite3_stmt* raw) : raw_{raw} {}

  void bind_integer(int at, std::int64_t value);
  void bind_null(int at);
  void bind_text(int at, std::string_view value);
  void bind_blob(int at, std::string_view value);

  std::unique_ptr<sqlite3_stmt, finalizer> raw_;
  int bind_fault_ = 0;
};

inline constexpr int pages_of_log = 4000; // after which a commit folds it

struct database_settings {
  std::filesystem::path file;
  std::uint32_t application_id = 0; // SQLite's header field that tells whose file this is
  int page_size = 4096;             // bytes; only matters when the file is made
  int autocheckpoint = pages_of_log;
  std::int64_t max_pages = 0; // 0: no limit but the disk's
  bool gives_back = false;    // pages that become free can leave the file (incremental_vacuum); only matters
                              // when the file is made
};

class database {
public:
  // WAL, synchronous=FULL: when a commit has returned, its pages are in the log and the log has been fsynced.
  // The lock is exclusive, so no shared-memory file is made.
  // Errors: store_unavailable or store_damaged with SQLite's own words; damaged() tells whether the file's
  // content is the reason. SQL has one function more, row_digest (seal.h).
  static result<database> open(const database_settings& settings, bool& damaged);
  // Only to look: nothing is written, no lock is taken, and no log is read. Precondition: its log has nothing
  // in it, and nobody has the file open. Errors: as above.
  static result<database> open_to_look(const std::filesystem::path& file);
  database(); // closed: every call is a fault
  database(database&& other) noexcept;
  database& operator=(database&& other) noexcept;
  ~database();

  result<void> execute(const char* statements);
  result<statement> prepare(std::string_view sql);
  // The first column of the first row.
  result<std::int64_t> integer(std::string_view sql);
  // Writes the log's pages to the file; it begins anew with the next commit, at the length that it has.
  result<void> fold();
  // Committed since the log was folded.
  std::uint64_t log_pages() const;
  // Takes the room on the disk that the file will need once the log is folded into it. In a transaction,
  // before its commit: so a log can always be folded, and begin anew, however full the disk is. Errors:
  // store_unavailable.
  result<void> reserve();
  // The last fault was about the file's content: not a database, malformed, not one of ours, marked as
  // read-only by a damaged header, or with rows that no table of ours can have. Never: that another program
  // has the file open, that the disk is full or refuses to write, that there is no memory.
  bool damaged() const;
  // The last fault was that a row does not fit its table: a constraint, or a value of another type.
  bool refused_row() const;
  // The last fault was that SQLite found a page in disorder, or that the disk could not read one.
  bool is_corrupt() const;
  bool is_open() const { return raw_ != nullptr; }
  bool in_transaction() const;
  // Rows that the last INSERT, UPDATE or DELETE changed.
  int changes() const;

private:
  friend class transaction;
  struct closer {
    void operator()(sqlite3* raw) const;
  };
  struct log_state;
  explicit database(sqlite3* raw);
  error fault() const;

  std::unique_ptr<log_state> log_; // before what calls it
  std::unique_ptr<sqlite3, closer> raw_;
  std::int64_t page_size_ = 0; // bytes
  statement begin_, commit_;
  statement page_count_; // in the transaction that is open
};

// Rolls back at the end of its scope unless committed.
class transaction {
public:
  static result<transaction> begin(database& on);
  transaction(transaction&& other) noexcept : on_{std::exchange(other.on_, nullptr)} {}
  transaction& operator=(transaction&&) = delete;
  ~transaction();
  result<void> commit();

private:
  explicit transaction(database& on) : on_{&on} {}
  database* on_;
};

} // namespace causeway::store
