// SPDX-License-Identifier: Apache-2.0
// What a start reads of spool.db, and how it finds out that something is not as it was stored.
#include "store/seal.h"
#include "store/spool_file.h"

#include <algorithm>
#include <limits>
#include <utility>

namespace causeway::store {
namespace {

device_ref ref_of(std::int64_t value) {
  return static_cast<device_ref>(static_cast<std::uint32_t>(value));
}

constexpr std::int64_t not_said = -1;
constexpr std::size_t most_reserved = 1'000'000; // devices, before it is seen whether there are as many

std::optional<bool> integration_of(std::int64_t number) {
  if (number == not_said) return std::nullopt;
  return number != 0;
}

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
  return std::optional{model::spool_row{seq, ref_of(row.integer(0)), *std::move(message)}};
}

} // namespace

result<std::vector<model::device_record>> spool_file::load_devices() {
  auto query = db_.prepare("SELECT ref, application, device, dev_eui, listed, integration, model_id, digest, "
                           "deleted, refused_at, former_until, attached FROM device ORDER BY ref");
  if (!query) return std::move(query).fault();
  std::vector<model::device_record> devices;
  devices.reserve(std::min<std::size_t>(tally_.next_device, most_reserved));
  row_digest digest_of;
  for (;;) {
    auto row = query->step();
    if (!row && db_.is_corrupt()) {
      damage_.note("devices: " + row.fault().detail());
      return devices;
    }
    if (!row) return std::move(row).fault();
    if (!*row) return devices;
    const auto digest = digest_of.begin()
                            .add(query->integer(0))
                            .add(query->text(1))
                            .add(query->text(2))
                            .add(query->text(3))
                            .add(query->integer(4))
                            .add(query->integer(5))
                            .add(query->text(6))
                            .add(query->integer(8))
                            .add(query->integer(9))
                            .add(query->integer(10))
                            .add(query->integer(11))
                            .value();
    if (digest != query->integer(7) || query->integer(0) >= std::int64_t{tally_.next_device}) {
      ++damage_.devices;
      damage_.note("the row of device " + std::to_string(query->integer(0)) + " is not what was stored");
      continue;
    }
    devices.push_back({ref_of(query->integer(0)),
                       {application_id{std::string{query->text(1)}}, device_id{std::string{query->text(2)}}},
                       causeway::dev_eui{std::string{query->text(3)}},
                       query->integer(4) != 0,
                       integration_of(query->integer(5)),
                       std::string{query->text(6)},
                       query->integer(8) != 0,
                       static_cast<std::uint32_t>(query->integer(9)),
                       static_cast<spool_seq>(query->integer(10)),
                       query->integer(11) != 0});
  }
}

result<amount> spool_file::count_waiting() {
  auto query = db_.prepare("SELECT count(*), total(size) FROM spool");
  if (!query) return std::move(query).fault();
  if (auto row = query->step(); !row) return std::move(row).fault();
  return amount{static_cast<std::uint64_t>(query->integer(0)), static_cast<std::uint64_t>(query->integer(1))};
}

result<std::vector<model::start_image::row>> spool_file::load_waiting() {
  auto query = db_.prepare("SELECT seq, device, size, at, digest, open FROM spool ORDER BY seq");
  if (!query) return std::move(query).fault();
  std::vector<model::start_image::row> rows;
  for (;;) {
    auto row = query->step();
    if (!row && !db_.is_corrupt()) return std::move(row).fault();
    if (!row) damage_.note("waiting messages: " + row.fault().detail());
    if (!row || !*row) {
      if (rows.size() + damage_.rows != tally_.waiting)
        damage_.note(std::to_string(rows.size() + damage_.rows) + " messages wait where " +
                     std::to_string(tally_.waiting) + " should");
      if (rows.size() < tally_.waiting) damage_.rows = tally_.waiting - rows.size();
      return rows;
    }
    if (waiting_digest(query->integer(0), query->integer(1), query->integer(2), query->integer(3)) !=
        query->integer(4)) {
      ++damage_.rows;
      damage_.note("the row of message " + std::to_string(query->integer(0)) + " is not what was stored");
      continue;
    }
    rows.push_back({static_cast<spool_seq>(query->integer(0)), ref_of(query->integer(1)),
                    static_cast<std::uint32_t>(query->integer(2)),
                    static_cast<std::uint32_t>(std::clamp<std::int64_t>(
                        query->integer(5), 0, std::numeric_limits<std::uint32_t>::max()))});
  }
}

result<std::map<application_id, wall_time>> spool_file::load_cursors() {
  auto query = db_.prepare("SELECT application, at, digest FROM cursor");
  if (!query) return std::move(query).fault();
  std::map<application_id, wall_time> cursors;
  for (;;) {
    auto row = query->step();
    if (!row && db_.is_corrupt()) {
      damage_.note("cursors: " + row.fault().detail());
      return cursors;
    }
    if (!row) return std::move(row).fault();
    if (!*row) return cursors;
    if (row_digest{}.add(query->text(0)).add(query->integer(1)).value() != query->integer(2)) {
      damage_.note("a cursor is not what was stored");
      continue;
    }
    cursors.emplace(application_id{std::string{query->text(0)}}, wall_time{milliseconds{query->integer(1)}});
  }
}

result<std::uint32_t> spool_file::load_open_seconds() {
  auto query = db_.prepare("SELECT seconds, digest FROM open_time");
  if (!query) return std::move(query).fault();
  auto row = query->step();
  if (!row && !db_.is_corrupt()) return std::move(row).fault();
  if (row && *row && row_digest{}.add(query->integer(0)).value() == query->integer(1))
    return static_cast<std::uint32_t>(query->integer(0));
  damage_.note("the time in which the store was open is not what was stored");
  return std::uint32_t{0};
}

result<spool_file> spool_file::open_to_look(const std::filesystem::path& file) {
  auto db = database::open_to_look(file);
  if (!db) return std::move(db).fault();
  auto prepared = prepare(*db);
  if (!prepared) return std::move(prepared).fault();
  spool_file made{*std::move(db), *std::move(prepared)};
  if (auto done = made.load_tally(); !done) return std::move(done).fault();
  return made;
}

result<void> spool_file::load_tally() {
  auto query = db_.prepare("SELECT next_seq, next_device, waiting, sealed_from, digest FROM tally");
  auto row = query ? query->step() : result<bool>{query.fault()};
  if (!row && !db_.damaged()) return std::move(row).fault();
  if (row && *row) {
    const auto number = [&](int column) { return query->integer(column); };
    const auto digest = row_digest{}.add(number(0)).add(number(1)).add(number(2)).add(number(3)).value();
    if (digest == number(4)) {
      tally_ = {static_cast<spool_seq>(number(0)), static_cast<std::uint32_t>(number(1)),
                static_cast<std::uint64_t>(number(2)), static_cast<spool_seq>(number(3))};
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

result<void> spool_file::try_records(const std::vector<model::start_image::row>& waiting) {
  if (waiting.empty() || damage_.any()) return {};
  for (const auto at : {std::size_t{0}, waiting.size() / 2, waiting.size() - 1}) {
    const auto seq = waiting[at].seq;
    const auto row = read(seq);
    if (!row && row.fault().code() == errc::store_damaged) damage_.note(row.fault().detail());
    if (!row && row.fault().code() != errc::store_damaged && row.fault().code() != errc::record_corrupt)
      return row.fault();
    if (row && !*row) damage_.note("message " + std::to_string(seq) + ": its row is not there");
  }
  return {};
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
