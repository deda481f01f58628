// SPDX-License-Identifier: Apache-2.0
#include "store/database.h"

#include "store/disk.h"
#include "store/seal.h"

#include <sqlite3.h>

#include <array>
#include <string>
#include <utility>
#include <vector>

namespace causeway::store {
namespace {

// A page in disorder, or one that the disk cannot read.
bool is_damage(int code) {
  return (code & 0xff) == SQLITE_CORRUPT || (code & 0xff) == SQLITE_NOTADB || code == SQLITE_IOERR_READ ||
         code == SQLITE_IOERR_SHORT_READ || code == SQLITE_IOERR_CORRUPTFS;
}

error fault_of(sqlite3* raw) {
  if (raw == nullptr) return error{errc::store_unavailable, "the file is closed"};
  const char* name = sqlite3_db_filename(raw, "main");
  std::string detail = name == nullptr ? "" : std::filesystem::path{name}.filename().string() + ": ";
  detail.append(sqlite3_errmsg(raw))
      .append(" (SQLite ")
      .append(std::to_string(sqlite3_extended_errcode(raw)));
  if (const int cause = sqlite3_system_errno(raw);
      cause != 0 && (sqlite3_errcode(raw) & 0xff) == SQLITE_IOERR)
    detail.append(", errno ").append(std::to_string(cause));
  detail += ")";
  if (const int code = sqlite3_errcode(raw) & 0xff; code == SQLITE_BUSY || code == SQLITE_LOCKED)
    detail += ": another program has the file open; end that, or wait until it has ended";
  return error{is_damage(sqlite3_extended_errcode(raw)) ? errc::store_damaged : errc::store_unavailable,
               std::move(detail)};
}

// Of numbers and texts; anything else is a fault in the statement.
void row_digest_of(sqlite3_context* to, int count, sqlite3_value** values) {
  row_digest sum;
  for (int i = 0; i < count; ++i) {
    if (sqlite3_value_type(values[i]) == SQLITE_INTEGER) {
      sum.add(sqlite3_value_int64(values[i]));
    } else {
      const auto* text = reinterpret_cast<const char*>(sqlite3_value_text(values[i]));
      sum.add(std::string_view{text == nullptr ? "" : text,
                               static_cast<std::size_t>(sqlite3_value_bytes(values[i]))});
    }
  }
  sqlite3_result_int64(to, sum.value());
}

bool add_row_digest(sqlite3* to) {
  constexpr int traits = SQLITE_UTF8 | SQLITE_DETERMINISTIC;
  return sqlite3_create_function_v2(to, "row_digest", -1, traits, nullptr, row_digest_of, nullptr, nullptr,
                                    nullptr) == SQLITE_OK;
}

// A log that has been longer is cut when it begins anew.
constexpr std::int64_t longest_idle_log = 64LL * 1024 * 1024;
constexpr std::int64_t pages_at_once = 64; // of room that is taken

} // namespace

struct database::log_state {
  int pages = 0;
  int most_pages = 0;
  std::int64_t reserved = 0; // pages of the file that are known to have their room

  int fold(sqlite3* raw, const char* name) {
    reserved = 0; // folding cuts the file
    const int code = sqlite3_wal_checkpoint_v2(raw, name, SQLITE_CHECKPOINT_PASSIVE, nullptr, nullptr);
    if (code == SQLITE_OK) pages = 0;
    return code;
  }
  static int on_commit(void* self, sqlite3* raw, const char* name, int pages) {
    auto& state = *static_cast<log_state*>(self);
    state.pages = pages;
    if (pages >= state.most_pages) state.fold(raw, name);
    return SQLITE_OK; // a fault of folding is none of the commit
  }
};

void statement::finalizer::operator()(sqlite3_stmt* raw) const {
  sqlite3_finalize(raw);
}

void statement::bind_integer(int at, std::int64_t value) {
  if (const int code = sqlite3_bind_int64(raw_.get(), at, value); code != SQLITE_OK) bind_fault_ = code;
}

void statement::bind_null(int at) {
  if (const int code = sqlite3_bind_null(raw_.get(), at); code != SQLITE_OK) bind_fault_ = code;
}

void statement::bind_text(int at, std::string_view value) {
  const int code = sqlite3_bind_text64(raw_.get(), at, value.empty() ? "" : value.data(), value.size(),
                                       SQLITE_STATIC, SQLITE_UTF8);
  if (code != SQLITE_OK) bind_fault_ = code;
}

void statement::bind_blob(int at, std::string_view value) {
  const int code =
      sqlite3_bind_blob64(raw_.get(), at, value.empty() ? "" : value.data(), value.size(), SQLITE_STATIC);
  if (code != SQLITE_OK) bind_fault_ = code;
}

result<bool> statement::step() {
  if (bind_fault_ != 0) return error{errc::store_unavailable, sqlite3_errstr(std::exchange(bind_fault_, 0))};
  const int code = sqlite3_step(raw_.get());
  if (code == SQLITE_ROW) return true;
  if (code == SQLITE_DONE) {
    sqlite3_reset(raw_.get());
    return false;
  }
  auto fault = fault_of(sqlite3_db_handle(raw_.get()));
  sqlite3_reset(raw_.get());
  return fault;
}

result<void> statement::run() {
  for (;;) {
    auto row = step();
    if (!row) return std::move(row).fault();
    if (!*row) return {};
  }
}

void statement::reset() {
  sqlite3_reset(raw_.get());
  bind_fault_ = 0;
}

std::int64_t statement::integer(int column) const {
  return sqlite3_column_int64(raw_.get(), column);
}

std::string_view statement::text(int column) const {
  const void* bytes = sqlite3_column_blob(raw_.get(), column);
  if (bytes == nullptr) return {};
  return {static_cast<const char*>(bytes),
          static_cast<std::size_t>(sqlite3_column_bytes(raw_.get(), column))};
}

database::database(sqlite3* raw) : log_{std::make_unique<log_state>()}, raw_{raw} {}
database::database() = default;
database::database(database&&) noexcept = default;
database& database::operator=(database&&) noexcept = default;
database::~database() = default;

void database::closer::operator()(sqlite3* raw) const {
  sqlite3_close_v2(raw);
}

result<database> database::open(const database_settings& settings, bool& damaged) {
  damaged = false;
  std::error_code ignored;
  const bool is_new = std::filesystem::file_size(settings.file, ignored) == 0;
  sqlite3* raw = nullptr;
  constexpr int flags =
      SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_NOFOLLOW | SQLITE_OPEN_EXRESCODE;
  const int code = sqlite3_open_v2(settings.file.c_str(), &raw, flags, disk_vfs());
  if (raw == nullptr) return error{errc::store_unavailable, sqlite3_errstr(code)};
  database made{raw};
  const auto failed = [&](error fault) {
    damaged = made.damaged();
    return fault;
  };
  if (code != SQLITE_OK) return failed(made.fault());
  sqlite3_busy_timeout(raw, 2000);
  if (!add_row_digest(raw)) return made.fault();
  // What is not ours must not be changed: not even by its end, which folds a log. One that only the first
  // look makes goes with it.
  const bool has_log = std::filesystem::exists(settings.file.string() + "-wal", ignored);
  sqlite3_db_config(raw, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, has_log ? 1 : 0, nullptr);
  if (auto set = made.execute("PRAGMA locking_mode=EXCLUSIVE; PRAGMA temp_store=MEMORY; "
                              "PRAGMA trusted_schema=OFF; PRAGMA cell_size_check=ON;");
      !set)
    return failed(std::move(set).fault());
  auto owner = made.integer("PRAGMA application_id");
  if (!owner) return failed(std::move(owner).fault());
  auto objects = made.integer("SELECT count(*) FROM sqlite_schema");
  if (!objects) return failed(std::move(objects).fault());
  const bool is_nobodys = *owner == 0 && *objects == 0;
  if (!is_nobodys && *owner != static_cast<std::int64_t>(settings.application_id)) {
    damaged = true;
    return error{errc::store_unavailable, settings.file.filename().string() + ": not a file of Causeway"};
  }
  sqlite3_db_config(raw, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 0, nullptr);
  const std::string pragmas =
      "PRAGMA page_size=" + std::to_string(settings.page_size) +
      (settings.gives_back && is_new ? "; PRAGMA auto_vacuum=INCREMENTAL" : "") +
      "; PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA foreign_keys=OFF;" +
      "PRAGMA cache_size=-16384; PRAGMA journal_size_limit=" + std::to_string(longest_idle_log) + ";" +
      (is_nobodys ? "PRAGMA application_id=" + std::to_string(settings.application_id) : "");
  if (auto set = made.execute(pragmas.c_str()); !set) return failed(std::move(set).fault());
  made.log_->most_pages = settings.autocheckpoint;
  sqlite3_wal_hook(raw, log_state::on_commit, made.log_.get());
  if (settings.max_pages > 0) {
    const auto limit = "PRAGMA max_page_count=" + std::to_string(settings.max_pages);
    if (auto set = made.execute(limit.c_str()); !set) return failed(std::move(set).fault());
  }
  const auto page_size = made.integer("PRAGMA page_size");
  if (!page_size) return failed(page_size.fault());
  made.page_size_ = *page_size;
  const std::array kept{std::pair{&made.page_count_, "PRAGMA page_count"},
                        std::pair{&made.begin_, "BEGIN IMMEDIATE"}, std::pair{&made.commit_, "COMMIT"}};
  for (const auto& [where, sql] : kept) {
    auto prepared = made.prepare(sql);
    if (!prepared) return failed(std::move(prepared).fault());
    *where = std::move(*prepared);
  }
  return made;
}

result<database> database::open_to_look(const std::filesystem::path& file) {
  std::string name = "file:";
  for (const char letter : file.string()) {
    constexpr std::string_view digits = "0123456789ABCDEF";
    const auto byte = static_cast<unsigned char>(letter);
    if (letter == '%' || letter == '?' || letter == '#')
      name.append({'%', digits[byte >> 4], digits[byte & 0xfU]});
    else
      name += letter;
  }
  sqlite3* raw = nullptr;
  constexpr int flags = SQLITE_OPEN_READONLY | SQLITE_OPEN_URI | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_NOFOLLOW |
                        SQLITE_OPEN_EXRESCODE;
  const int code = sqlite3_open_v2((name + "?immutable=1").c_str(), &raw, flags, disk_vfs());
  if (raw == nullptr) return error{errc::store_unavailable, sqlite3_errstr(code)};
  database made{raw};
  if (code != SQLITE_OK || !add_row_digest(raw)) return made.fault();
  constexpr const char* pragmas =
      "PRAGMA temp_store=MEMORY; PRAGMA trusted_schema=OFF; PRAGMA cell_size_check=ON;";
  if (auto set = made.execute(pragmas); !set) return std::move(set).fault();
  return made;
}

error database::fault() const {
  return fault_of(raw_.get());
}

result<void> database::execute(const char* statements) {
  if (raw_ == nullptr) return fault();
  if (sqlite3_exec(raw_.get(), statements, nullptr, nullptr, nullptr) != SQLITE_OK) return fault();
  return {};
}

result<statement> database::prepare(std::string_view sql) {
  if (raw_ == nullptr) return fault();
  sqlite3_stmt* raw = nullptr;
  const int code = sqlite3_prepare_v3(raw_.get(), sql.data(), static_cast<int>(sql.size()),
                                      SQLITE_PREPARE_PERSISTENT, &raw, nullptr);
  if (code != SQLITE_OK) return fault();
  return statement{raw};
}

result<std::int64_t> database::integer(std::string_view sql) {
  auto query = prepare(sql);
  if (!query) return std::move(query).fault();
  auto row = query->step();
  if (!row) return std::move(row).fault();
  return *row ? query->integer(0) : 0;
}

result<void> database::fold() {
  if (raw_ == nullptr) return fault();
  if (log_->fold(raw_.get(), nullptr) != SQLITE_OK) return fault();
  return {};
}

std::uint64_t database::log_pages() const {
  return log_ == nullptr ? 0 : static_cast<std::uint64_t>(log_->pages);
}

result<void> database::reserve() {
  if (raw_ == nullptr) return fault();
  page_count_.reset();
  const auto row = page_count_.step();
  if (!row) return row.fault();
  const auto pages = page_count_.integer(0);
  page_count_.reset();
  if (pages <= log_->reserved) return {};
  // Not SQLITE_FCNTL_SIZE_HINT: where it fails half-way it keeps what it has taken, and with a chunk size the
  // file grows by holes when it is cut.
  sqlite3_file* file = nullptr;
  sqlite3_file_control(raw_.get(), "main", SQLITE_FCNTL_FILE_POINTER, &file);
  sqlite3_int64 there = 0;
  int code = file->pMethods->xFileSize(file, &there);
  const std::vector<char> zeros(static_cast<std::size_t>(page_size_));
  const auto wanted = (pages + pages_at_once - 1) / pages_at_once * pages_at_once;
  for (auto page = there / page_size_; code == SQLITE_OK && page < wanted; ++page)
    code = file->pMethods->xWrite(file, zeros.data(), static_cast<int>(page_size_), page * page_size_);
  if (code == SQLITE_OK) {
    log_->reserved = wanted;
    return {};
  }
  file->pMethods->xTruncate(file, there); // the log may need what was left
  return error{errc::store_unavailable,
               std::filesystem::path{sqlite3_db_filename(raw_.get(), "main")}.filename().string() +
                   ": the disk has no room for it to grow (" + sqlite3_errstr(code) + ")"};
}

bool database::damaged() const {
  if (raw_ == nullptr) return false;
  if (is_corrupt() || refused_row()) return true;
  const int code = sqlite3_extended_errcode(raw_.get());
  return (code & 0xff) == SQLITE_ERROR || (code & 0xff) == SQLITE_SCHEMA || (code & 0xff) == SQLITE_FORMAT ||
         code == SQLITE_READONLY;
}

bool database::refused_row() const {
  if (raw_ == nullptr) return false;
  const int code = sqlite3_errcode(raw_.get()) & 0xff;
  return code == SQLITE_CONSTRAINT || code == SQLITE_MISMATCH;
}

bool database::is_corrupt() const {
  if (raw_ == nullptr) return false;
  return is_damage(sqlite3_extended_errcode(raw_.get()));
}

bool database::in_transaction() const {
  return raw_ != nullptr && sqlite3_get_autocommit(raw_.get()) == 0;
}

int database::changes() const {
  return raw_ == nullptr ? 0 : sqlite3_changes(raw_.get());
}

result<transaction> transaction::begin(database& on) {
  if (!on.is_open()) return on.fault();
  if (auto began = on.begin_.run(); !began) return std::move(began).fault();
  return transaction{on};
}

transaction::~transaction() {
  // After a full disk or an I/O error SQLite may have rolled back by itself.
  if (on_ != nullptr && on_->in_transaction()) static_cast<void>(on_->execute("ROLLBACK"));
}

result<void> transaction::commit() {
  auto committed = on_->commit_.run();
  if (committed) on_ = nullptr;
  return committed;
}

} // namespace causeway::store
