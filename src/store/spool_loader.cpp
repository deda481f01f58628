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

stored_number number_of(std::int64_t value) {
  return static_cast<stored_number>(static_cast<std::uint32_t>(value));
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
void take_keys(std::string_view bytes, stored_number device, char kind,
               const std::function<void(const stored_key&)>& take) {
  for (; bytes.size() >= 8; bytes.remove_suffix(8))
    take({device, {kind, hash_of(bytes.substr(bytes.size() - 8))}});
}

} // namespace

result<std::vector<model::device_record>> spool_loader::devices() {
  auto query =
      file_.db().prepare("SELECT ref, application, device, dev_eui, listed, integration, model_id, digest, "
                         "deleted, refused_at, former_until, attached FROM device ORDER BY ref");
  if (!query) return std::move(query).fault();
  numbers_.clear();
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
    if (devices.size() == most_places)
      return error{errc::state_unusable,
                   "it has more than " + std::to_string(most_places) + " devices, which is the most"};
    numbers_.push_back(number_of(query->integer(0)));
    devices.push_back({make_ref(static_cast<std::uint32_t>(devices.size()), 0),
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

std::optional<device_ref> spool_loader::ref_of(stored_number number) {
  // Keys come by the million, all of a device one after the other and the devices in this order.
  const auto is_it = [&](std::size_t place) { return place < numbers_.size() && numbers_[place] == number; };
  if (is_it(asked_last_ + 1)) ++asked_last_;
  if (!is_it(asked_last_)) {
    const auto found = std::lower_bound(numbers_.begin(), numbers_.end(), number);
    asked_last_ = static_cast<std::size_t>(found - numbers_.begin());
  }
  if (!is_it(asked_last_)) return std::nullopt;
  return make_ref(static_cast<std::uint32_t>(asked_last_), 0);
}

result<void> spool_loader::waiting(const std::function<void(const stored_row&)>& take) {
  auto query = file_.db().prepare("SELECT seq, device, size, at, digest, open FROM spool ORDER BY seq");
  if (!query) return std::move(query).fault();
  std::uint64_t rows = 0;
  for (;;) {
    auto row = query->step();
    if (!row && !file_.db().is_corrupt()) return std::move(row).fault();
    if (!row) file_.damage().note("waiting messages: " + row.fault().detail());
    if (!row || !*row) {
      if (rows + file_.damage().rows != file_.counts().waiting)
        file_.damage().note(std::to_string(rows + file_.damage().rows) + " messages wait where " +
                            std::to_string(file_.counts().waiting) + " should");
      if (rows < file_.counts().waiting) file_.damage().rows = file_.counts().waiting - rows;
      return {};
    }
    if (waiting_digest(query->integer(0), query->integer(1), query->integer(2), query->integer(3)) !=
        query->integer(4)) {
      ++file_.damage().rows;
      file_.damage().note("the row of message " + std::to_string(query->integer(0)) +
                          " is not what was stored");
      continue;
    }
    ++rows;
    take({static_cast<spool_seq>(query->integer(0)), number_of(query->integer(1)),
          static_cast<std::uint32_t>(query->integer(2)),
          static_cast<std::uint32_t>(
              std::clamp<std::int64_t>(query->integer(5), 0, std::numeric_limits<std::uint32_t>::max()))});
  }
}

result<void> spool_loader::keys(const std::function<void(const stored_key&)>& take) {
  if (auto former = former_keys(take); !former) return former;
  auto query = file_.db().prepare("SELECT id, hashes FROM key_ring ORDER BY id");
  if (!query) return std::move(query).fault();
  for (;;) {
    auto row = query->step();
    if (!row && file_.db().is_corrupt()) {
      file_.damage().note("recent keys: " + row.fault().detail());
      return {};
    }
    if (!row) return std::move(row).fault();
    if (!*row) return {};
    const auto id = query->integer(0);
    take_keys(query->text(1), number_of(id >> 8), static_cast<char>(id & 0xff), take);
  }
}

result<void> spool_loader::former_keys(const std::function<void(const stored_key&)>& take) {
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
    take_keys(query->text(1), number_of(query->integer(0)), model::kept_key::former, take);
  }
}

result<void> spool_loader::commands(const std::function<void(model::kept_command)>& take) {
  auto query = file_.db().prepare(
      "SELECT n, id, application, device, content, revision, digest FROM command ORDER BY n");
  if (!query) return std::move(query).fault();
  std::uint64_t loaded = 0;
  row_digest digest_of;
  for (;;) {
    auto read = query->step();
    if (!read && !file_.db().is_corrupt()) return std::move(read).fault();
    if (!read) file_.damage().note("commands: " + read.fault().detail());
    if (!read || !*read) return compare_commands(loaded);
    const command_row row{query->integer(0), query->text(1), query->text(2),
                          query->text(3),    query->text(4), query->integer(5)};
    const auto content = proven_content(row, query->integer(6), digest_of);
    if (!content) {
      ++file_.damage().commands;
      file_.damage().note("the row of command " + std::to_string(row.n) + " is not what was stored");
      continue;
    }
    ++loaded;
    take({model::command_id{std::string{row.id}},
          {application_id{std::string{row.application}}, device_id{std::string{row.device}}},
          std::string{*content}});
  }
}

// By the tally, and by the index: a command that this does not know would be kept a second time.
result<void> spool_loader::compare_commands(std::uint64_t loaded) {
  auto& damage = file_.damage();
  const auto should = file_.counts().commands;
  if (loaded + damage.commands != should)
    damage.note(std::to_string(loaded + damage.commands) + " commands lie where " + std::to_string(should) +
                " should");
  if (loaded < should) damage.commands = should - loaded;
  if (damage.any()) return {};
  const auto known = file_.db().integer("SELECT count(id) FROM command INDEXED BY command_id");
  if (!known && !file_.db().is_corrupt()) return known.fault();
  if (!known || static_cast<std::uint64_t>(*known) != loaded)
    damage.note("the index of commands: " +
                (known ? std::to_string(*known) + " of " + std::to_string(loaded) : known.fault().detail()));
  return {};
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
