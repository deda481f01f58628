// SPDX-License-Identifier: Apache-2.0
// How spool.db is looked at, and how that finds out that something is not as it was stored.
#include "store/seal.h"
#include "store/spool_file.h"

#include <algorithm>
#include <limits>
#include <utility>

namespace causeway::store {
namespace {

// Of the columns device, size, at, digest, whether there is a record, it, whether there is a device,
// application, device, whether the record is bytes.
result<std::optional<model::spool_row>> checked(spool_seq seq, const statement& row, spool_seq sealed_from) {
  const auto broken = [&](const char* why) {
    return error{errc::store_damaged, "message " + std::to_string(seq) + ": " + why};
  };
  if (waiting_digest(static_cast<std::int64_t>(seq), row.integer(0), row.integer(1), row.integer(2)) !=
      row.integer(3))
    return broken("its row is not what was stored");
  if (row.integer(4) == 0) return broken("its record is not there");
  if (row.integer(6) == 0) return broken("its device is not there");
  auto content = row.text(5);
  // Not a record with bad bytes, but another table's row.
  if (row.integer(9) == 0) return broken("no record of this Causeway stands in its place");
  if (is_sealed(content) || seq >= sealed_from) {
    const auto inside = unseal(content);
    if (!inside) return inside.fault();
    if (inside->seal.seq != seq) return broken("another's record stands in its place");
    if (inside->seal.application != row.text(7) || inside->seal.device != row.text(8))
      return broken("its row names another device than its record");
    content = inside->content;
  }
  auto message = model::decode_message(content);
  if (!message) return std::move(message).fault();
  return std::optional{model::spool_row{seq, *std::move(message)}};
}

} // namespace

result<amount> spool_file::count_waiting() {
  auto query = db_.prepare("SELECT count(*), total(size) FROM spool");
  if (!query) return std::move(query).fault();
  if (auto row = query->step(); !row) return std::move(row).fault();
  return amount{static_cast<std::uint64_t>(query->integer(0)), static_cast<std::uint64_t>(query->integer(1))};
}

result<spool_file> spool_file::open_to_look(const std::filesystem::path& file) {
  auto db = database::open_to_look(file);
  if (!db) return std::move(db).fault();
  auto prepared = prepare(*db);
  if (!prepared) return std::move(prepared).fault();
  auto commands = command_rows::prepare(*db);
  if (!commands) return std::move(commands).fault();
  spool_file made{*std::move(db), *std::move(prepared), *std::move(commands)};
  if (auto done = made.load_tally(); !done) return std::move(done).fault();
  return made;
}

result<void> spool_file::load_tally() {
  auto query = db_.prepare("SELECT next_seq, next_device, waiting, sealed_from, commands, next_command, "
                           "digest FROM tally");
  auto row = query ? query->step() : result<bool>{query.fault()};
  if (!row && !db_.damaged()) return std::move(row).fault();
  if (row && *row) {
    const auto number = [&](int column) { return query->integer(column); };
    row_digest sum;
    for (int column = 0; column < 6; ++column)
      sum.add(number(column));
    if (sum.value() == number(6)) {
      tally_ = {static_cast<spool_seq>(number(0)),     static_cast<std::uint32_t>(number(1)),
                static_cast<std::uint64_t>(number(2)), static_cast<spool_seq>(number(3)),
                static_cast<std::uint64_t>(number(4)), number(5)};
      saved_ = tally_;
      return {};
    }
  }
  damage_.note("the tally is not what was stored");
  return {};
}

result<bool> spool_file::is_complete() {
  const auto rows = db_.integer("SELECT count(*) FROM spool");
  if (!rows) return db_.is_corrupt() ? result<bool>{false} : rows.fault();
  return static_cast<std::uint64_t>(*rows) == tally_.waiting;
}

result<std::optional<model::spool_row>> spool_file::read(spool_seq seq) {
  auto& row = sql_.read_row;
  auto found = row.with(seq).step();
  if (!found) return db_.is_corrupt() ? error{errc::store_damaged, found.fault().detail()} : found.fault();
  if (!*found) return std::optional<model::spool_row>{};
  auto read = checked(seq, row, tally_.sealed_from);
  row.reset();
  return read;
}

} // namespace causeway::store
