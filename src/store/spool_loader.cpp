// SPDX-License-Identifier: Apache-2.0
#include "store/spool_loader.h"

#include "store/seal.h"

#include <algorithm>
#include <limits>
#include <utility>

namespace causeway::store {
namespace {

constexpr std::int64_t not_said = -1;
constexpr std::size_t most_reserved = 1'000'000; // devices, before it is seen whether there are as many

device_ref ref_of(std::int64_t value) {
  return static_cast<device_ref>(static_cast<std::uint32_t>(value));
}

std::optional<bool> integration_of(std::int64_t number) {
  if (number == not_said) return std::nullopt;
  return number != 0;
}

std::uint64_t hash_of(std::string_view bytes) {
  std::uint64_t hash = 0;
  for (std::size_t i = 0; i < 8; ++i)
    hash |= std::uint64_t{static_cast<unsigned char>(bytes[i])} << (8 * i);
  return hash;
}

// The oldest first. bytes: the newest first.
void append_keys(std::string_view bytes, device_ref device, char kind,
                 std::vector<model::start_image::recent_key>& into) {
  for (; bytes.size() >= 8; bytes.remove_suffix(8))
    into.push_back({device, {kind, hash_of(bytes.substr(bytes.size() - 8))}});
}

} // namespace

result<std::vector<model::device_record>> spool_loader::devices() {
  auto query =
      file_.db().prepare("SELECT ref, application, device, dev_eui, listed, integration, model_id, digest, "
                         "deleted, refused_at, former_until, attached FROM device ORDER BY ref");
  if (!query) return std::move(query).fault();
  std::vector<model::device_record> devices;
  devices.reserve(std::min<std::size_t>(file_.counts().next_device, most_reserved));
  row_digest digest_of;
  for (;;) {
    auto row = query->step();
    if (!row && file_.db().is_corrupt()) {
      file_.damage().note("devices: " + row.fault().detail());
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
    if (digest != query->integer(7) || query->integer(0) >= std::int64_t{file_.counts().next_device}) {
      ++file_.damage().devices;
      file_.damage().note("the row of device " + std::to_string(query->integer(0)) +
                          " is not what was stored");
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
                       {},
                       query->integer(11) != 0});
  }
}

result<std::vector<model::start_image::row>> spool_loader::waiting() {
  auto query = file_.db().prepare("SELECT seq, device, size, at, digest, open FROM spool ORDER BY seq");
  if (!query) return std::move(query).fault();
  std::vector<model::start_image::row> rows;
  for (;;) {
    auto row = query->step();
    if (!row && !file_.db().is_corrupt()) return std::move(row).fault();
    if (!row) file_.damage().note("waiting messages: " + row.fault().detail());
    if (!row || !*row) {
      if (rows.size() + file_.damage().rows != file_.counts().waiting)
        file_.damage().note(std::to_string(rows.size() + file_.damage().rows) + " messages wait where " +
                            std::to_string(file_.counts().waiting) + " should");
      if (rows.size() < file_.counts().waiting) file_.damage().rows = file_.counts().waiting - rows.size();
      return rows;
    }
    if (waiting_digest(query->integer(0), query->integer(1), query->integer(2), query->integer(3)) !=
        query->integer(4)) {
      ++file_.damage().rows;
      file_.damage().note("the row of message " + std::to_string(query->integer(0)) +
                          " is not what was stored");
      continue;
    }
    rows.push_back({static_cast<spool_seq>(query->integer(0)), ref_of(query->integer(1)),
                    static_cast<std::uint32_t>(query->integer(2)),
                    static_cast<std::uint32_t>(std::clamp<std::int64_t>(
                        query->integer(5), 0, std::numeric_limits<std::uint32_t>::max()))});
  }
}

result<std::vector<model::start_image::recent_key>> spool_loader::keys() {
  std::vector<model::start_image::recent_key> keys;
  if (auto former = former_keys(keys); !former) return std::move(former).fault();
  auto query = file_.db().prepare("SELECT id, hashes FROM key_ring ORDER BY id");
  if (!query) return std::move(query).fault();
  for (;;) {
    auto row = query->step();
    if (!row && file_.db().is_corrupt()) {
      file_.damage().note("recent keys: " + row.fault().detail());
      return keys;
    }
    if (!row) return std::move(row).fault();
    if (!*row) return keys;
    const auto id = query->integer(0);
    append_keys(query->text(1), ref_of(id >> 8), static_cast<char>(id & 0xff), keys);
  }
}

result<void> spool_loader::former_keys(std::vector<model::start_image::recent_key>& into) {
  const auto any = file_.db().integer("SELECT EXISTS (SELECT 1 FROM recent_key)");
  if (!any && file_.db().is_corrupt()) file_.damage().note("recent keys: " + any.fault().detail());
  if (!any) return file_.db().is_corrupt() ? result<void>{} : any.fault();
  if (*any == 0) return {};
  auto query =
      file_.db().prepare("SELECT device, hashes FROM recent_key WHERE device NOT IN "
                         "(SELECT id >> 8 FROM key_ring WHERE length(hashes) = 256) ORDER BY device");
  if (!query) return std::move(query).fault();
  for (;;) {
    auto row = query->step();
    if (!row && file_.db().is_corrupt()) {
      file_.damage().note("recent keys: " + row.fault().detail());
      return {};
    }
    if (!row) return std::move(row).fault();
    if (!*row) return {};
    append_keys(query->text(1), ref_of(query->integer(0)), model::kept_key::former, into);
  }
}

result<std::map<application_id, wall_time>> spool_loader::cursors() {
  auto query = file_.db().prepare("SELECT application, at, digest FROM cursor");
  if (!query) return std::move(query).fault();
  std::map<application_id, wall_time> cursors;
  for (;;) {
    auto row = query->step();
    if (!row && file_.db().is_corrupt()) {
      file_.damage().note("cursors: " + row.fault().detail());
      return cursors;
    }
    if (!row) return std::move(row).fault();
    if (!*row) return cursors;
    if (row_digest{}.add(query->text(0)).add(query->integer(1)).value() != query->integer(2)) {
      file_.damage().note("a cursor is not what was stored");
      continue;
    }
    cursors.emplace(application_id{std::string{query->text(0)}}, wall_time{milliseconds{query->integer(1)}});
  }
}

result<std::uint32_t> spool_loader::open_seconds() {
  auto query = file_.db().prepare("SELECT seconds, digest FROM open_time");
  if (!query) return std::move(query).fault();
  auto row = query->step();
  if (!row && !file_.db().is_corrupt()) return std::move(row).fault();
  if (row && *row && row_digest{}.add(query->integer(0)).value() == query->integer(1))
    return static_cast<std::uint32_t>(query->integer(0));
  file_.damage().note("the time in which the store was open is not what was stored");
  return std::uint32_t{0};
}

result<void> spool_loader::try_records(const std::vector<model::start_image::row>& waiting) {
  if (waiting.empty() || file_.damage().any()) return {};
  for (const auto at : {std::size_t{0}, waiting.size() / 2, waiting.size() - 1}) {
    const auto seq = waiting[at].seq;
    const auto row = file_.read(seq);
    if (!row && row.fault().code() == errc::store_damaged) file_.damage().note(row.fault().detail());
    if (!row && row.fault().code() != errc::store_damaged && row.fault().code() != errc::record_corrupt)
      return row.fault();
    if (row && !*row) file_.damage().note("message " + std::to_string(seq) + ": its row is not there");
  }
  return {};
}

} // namespace causeway::store
