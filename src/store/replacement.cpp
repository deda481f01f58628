// SPDX-License-Identifier: Apache-2.0
// The new spool of what a survey has found.
#include "store/lock.h"
#include "store/migrations.h"
#include "store/survey_state.h"

#include "model/message.h"

#include <algorithm>
#include <limits>
#include <set>

namespace causeway::store {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t rows_a_commit = 2000;
constexpr std::uint64_t most_buried = 10'000; // more are counted only

fs::path beside(const fs::path& file, const char* suffix) {
  return file.string() + suffix;
}

error unusable(const fs::path& file, const std::string& why) {
  return error{errc::state_unusable, file.string() + ": " + why};
}

std::int64_t milliseconds_of(wall_time at) {
  return std::chrono::duration_cast<milliseconds>(at.time_since_epoch()).count();
}

// Writes the new file. All its calls belong to one object, so that commits come now and then.
class replacement {
public:
  replacement(database& to, survey::state& from, std::uint32_t version)
      : to_{to}, from_{from}, version_{version} {}

  result<void> write(spool_seq next_seq, wall_time now);

private:
  result<void> prepare();
  result<void> copy_row(const std::string& table, const found_row::where& at);
  result<void> write_message(const survey::state::kept& one);
  result<void> write_commands();
  result<void> bury(const survey::state::waiting_row& one, wall_time now);
  result<void> write_tally(spool_seq next_seq);
  result<std::int64_t> ref_for(const record_seal& seal);
  result<void> pace();

  struct table_shape {
    std::string insert; // up to the values
    std::vector<std::string> columns;
    std::vector<bool> is_rowid;
    bool keyless = false; // WITHOUT ROWID
  };
  result<const table_shape*> shape_of(const std::string& table);

  database& to_;
  survey::state& from_;
  std::uint32_t version_;
  statement body_, place_;
  std::optional<transaction> change_;
  std::uint64_t in_change_ = 0, messages_ = 0, letters_ = 0;
  std::int64_t next_device_ = 0, next_command_ = 1;
  std::uint64_t commands_ = 0;
  std::map<std::string, table_shape> shapes_;
};

// The columns in the order in which rows are stored: of a table WITHOUT ROWID its key comes first.
result<const replacement::table_shape*> replacement::shape_of(const std::string& table) {
  if (const auto known = shapes_.find(table); known != shapes_.end()) return &known->second;
  auto kind =
      to_.prepare("SELECT sql LIKE '%WITHOUT ROWID%' FROM sqlite_schema WHERE type = 'table' AND name = ?1");
  if (!kind) return std::move(kind).fault();
  auto there = kind->with(table).step();
  if (!there) return std::move(there).fault();
  table_shape shape;
  if (*there) {
    const bool keyless = shape.keyless = kind->integer(0) != 0;
    auto columns =
        to_.prepare(keyless ? "SELECT name, 0 FROM pragma_table_info(?1) ORDER BY pk = 0, pk, cid"
                            : "SELECT name, pk = 1 AND upper(type) = 'INTEGER' FROM pragma_table_info(?1)");
    if (!columns) return std::move(columns).fault();
    columns->with(table);
    for (;;) {
      auto row = columns->step();
      if (!row) return std::move(row).fault();
      if (!*row) break;
      shape.columns.emplace_back(columns->text(0));
      shape.is_rowid.push_back(columns->integer(1) != 0);
    }
    shape.insert = "INSERT OR REPLACE INTO " + table;
  }
  return &shapes_.emplace(table, std::move(shape)).first->second;
}

result<void> replacement::pace() {
  if (change_ && ++in_change_ < rows_a_commit) return {};
  if (change_)
    if (auto done = change_->commit(); !done) return done;
  change_.reset();
  in_change_ = 0;
  auto next = transaction::begin(to_);
  if (!next) return std::move(next).fault();
  change_.emplace(*std::move(next));
  return {};
}

// A table that this version does not have is left out; a column that it does not have, too. So is a row that
// does not fit the table: it is counted.
result<void> replacement::copy_row(const std::string& table, const found_row::where& at) {
  const auto row = from_.scan.row_at(at.page, at.cell);
  const auto shape = shape_of(table);
  if (!shape) return shape.fault();
  if (!row || (*shape)->columns.empty()) return {};
  if ((*shape)->keyless == row->has_rowid) {
    ++from_.found.misplaced;
    return {};
  }
  const auto count = std::min((*shape)->columns.size(), row->columns.size());
  std::string names, values;
  for (std::size_t i = 0; i < count; ++i) {
    names += (i == 0 ? "" : ", ") + (*shape)->columns[i];
    values += (i == 0 ? "?" : ", ?") + std::to_string(i + 1);
  }
  auto insert = to_.prepare((*shape)->insert + " (" + names + ") VALUES (" + values + ")");
  if (!insert) return std::move(insert).fault();
  for (std::size_t i = 0; i < count; ++i) {
    const int place = static_cast<int>(i) + 1;
    if ((*shape)->is_rowid[i] && row->has_rowid) {
      insert->bind(place, row->rowid);
      continue;
    }
    const auto& value = row->columns[i];
    if (const auto* integer = std::get_if<std::int64_t>(&value)) insert->bind(place, *integer);
    if (const auto* words = std::get_if<std::string>(&value)) insert->bind(place, std::string_view{*words});
    if (const auto* bytes = std::get_if<blob>(&value)) insert->bind(place, blob_view{bytes->bytes});
  }
  if (auto done = insert->run(); !done) {
    if (!to_.refused_row()) return done;
    ++from_.found.misplaced; // one row that does not fit is no reason to give all up
    return {};
  }
  return pace();
}

result<std::int64_t> replacement::ref_for(const record_seal& seal) {
  std::pair name{std::string{seal.application}, std::string{seal.device}};
  if (const auto known = from_.devices.refs.find(name); known != from_.devices.refs.end())
    return known->second;
  // The row's word, where nobody else is there: assignments go by the name, keys by this number.
  std::int64_t ref = next_device_;
  const auto row =
      std::lower_bound(from_.waiting.begin(), from_.waiting.end(), static_cast<std::int64_t>(seal.seq),
                       [](const auto& one, std::int64_t seq) { return one.seq < seq; });
  if (row != from_.waiting.end() && row->seq == static_cast<std::int64_t>(seal.seq) && row->device >= 0 &&
      row->device < next_device_ && from_.devices.names.count(row->device) == 0)
    ref = row->device;
  next_device_ = std::max(next_device_, ref + 1);
  std::string eui;
  if (seal.dev_eui) {
    constexpr std::string_view digits = "0123456789ABCDEF";
    for (int shift = 60; shift >= 0; shift -= 4)
      eui += digits[*seal.dev_eui >> shift & 0xfU];
  }
  const char* text = "INSERT INTO device (ref, application, device, dev_eui) VALUES (?1, ?2, ?3, ?4)";
  if (version_ >= first_with_digests)
    text = "INSERT INTO device (ref, application, device, dev_eui, digest) "
           "VALUES (?1, ?2, ?3, ?4, row_digest(?1, ?2, ?3, ?4, 0, -1, ''))";
  if (version_ >= first_with_open_time)
    text = "INSERT INTO device (ref, application, device, dev_eui, digest) "
           "VALUES (?1, ?2, ?3, ?4, row_digest(?1, ?2, ?3, ?4, 0, -1, '', 0, 0, 0, 0))";
  auto insert = to_.prepare(text);
  if (!insert) return std::move(insert).fault();
  if (auto done = insert->with(ref, name.first, name.second, eui).run(); !done)
    return std::move(done).fault();
  ++from_.found.renamed;
  from_.devices.names.emplace(ref, name);
  from_.devices.refs.emplace(std::move(name), ref);
  return ref;
}

result<void> replacement::prepare() {
  auto body = to_.prepare("INSERT INTO record VALUES (?1, ?2)");
  if (!body) return std::move(body).fault();
  body_ = std::move(*body);
  const char* text = "INSERT INTO spool (seq, device, size) VALUES (?1, ?2, ?3)";
  if (version_ >= first_with_times)
    text = "INSERT INTO spool (seq, device, size, at) VALUES (?1, ?2, ?3, ?4)";
  if (version_ >= first_with_digests)
    text = "INSERT INTO spool (seq, device, size, at, digest) VALUES (?1, ?2, ?3, ?4, row_digest(?1, ?2, ?3, "
           "?4) >> 32)";
  if (version_ >= first_with_open_time)
    text = "INSERT INTO spool (seq, device, size, at, digest, open) VALUES (?1, ?2, ?3, ?4, "
           "row_digest(?1, ?2, ?3, ?4) >> 32, ?5)";
  auto place = to_.prepare(text);
  if (!place) return std::move(place).fault();
  place_ = std::move(*place);
  return {};
}

result<void> replacement::write_message(const survey::state::kept& one) {
  const auto row = from_.scan.row_at(one.at.page, one.at.cell);
  const auto content = row ? blob_of(*row, 1) : std::nullopt;
  if (!content) return {};
  std::int64_t ref = 0, at = 0, size = 0;
  const auto waits =
      std::lower_bound(from_.waiting.begin(), from_.waiting.end(), one.seq,
                       [](const auto& waiting, std::int64_t seq) { return waiting.seq < seq; });
  // What is not known is now: nothing is given up for its age before its time.
  const auto now = from_.open_seconds.value_or(0);
  auto open = now;
  if (waits != from_.waiting.end() && waits->seq == one.seq) open = std::min(waits->open, now);
  if (one.good) {
    const auto inside = unseal(*content);
    if (!inside) return {};
    const auto message = model::decode_message(inside->content);
    if (!message) return {};
    const auto of = ref_for(inside->seal);
    if (!of) return of.fault();
    ref = *of;
    at = inside->seal.at;
    size = static_cast<std::int64_t>(model::size_of(*message));
  } else {
    ref = waits->device;
    at = waits->at;
    size = waits->size;
  }
  if (auto done = body_.with(one.seq, blob_view{*content}).run(); !done) return done;
  place_.with(one.seq, ref, size);
  if (version_ >= first_with_times) place_.bind(4, at);
  if (version_ >= first_with_open_time) place_.bind(5, open);
  if (auto done = place_.run(); !done) return done;
  ++messages_;
  return pace();
}

// One whose n is another's is left out: the survey has found both, and no n is used twice.
result<void> replacement::write_commands() {
  if (version_ < first_with_commands) return {};
  auto insert = to_.prepare("INSERT INTO command (n, id, application, device, content, revision, digest) "
                            "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)");
  if (!insert) return std::move(insert).fault();
  for (const auto& one : from_.commands) {
    const auto found = from_.scan.row_at(one.at.page, one.at.cell);
    const auto row = found ? command_of(*found) : std::nullopt;
    if (!row) continue;
    row_digest memory;
    auto done = insert
                    ->with(row->n, row->id, row->application, row->device, blob_view{row->content},
                           row->revision, command_digest(*row, memory))
                    .run();
    if (!done && !to_.refused_row()) return done;
    if (!done) {
      ++from_.found.misplaced;
      if (from_.found.lost_commands) ++*from_.found.lost_commands;
      continue;
    }
    ++commands_;
    next_command_ = std::max(next_command_, row->n + 1);
    if (auto paced = pace(); !paced) return paced;
  }
  return {};
}

result<void> replacement::bury(const survey::state::waiting_row& one, wall_time now) {
  const auto named = from_.devices.names.find(one.device);
  const auto application = named == from_.devices.names.end() ? std::string{} : named->second.first;
  const auto device = named == from_.devices.names.end() ? std::string{} : named->second.second;
  const auto there = std::lower_bound(from_.broken.begin(), from_.broken.end(), one.seq,
                                      [](const auto& kept, std::int64_t seq) { return kept.seq < seq; });
  std::string rest;
  if (there != from_.broken.end() && there->seq == one.seq && there->good)
    if (const auto row = from_.scan.row_at(there->at.page, there->at.cell))
      if (const auto content = blob_of(*row, 1)) rest = *content;
  auto insert =
      to_.prepare("INSERT INTO dead_letter (at, application, device, reason, detail, size, message) "
                  "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)");
  if (!insert) return std::move(insert).fault();
  const auto detail = "message " + std::to_string(one.seq) + " lay on a damaged page" +
                      (rest.empty() ? "; nothing of it can be read" : "");
  if (auto done = insert
                      ->with(milliseconds_of(now), application, device, error{errc::record_corrupt}.name(),
                             detail, rest.size(), blob_view{rest})
                      .run();
      !done)
    return done;
  ++letters_;
  return pace();
}

result<void> replacement::write_tally(spool_seq next_seq) {
  const auto& counts = from_.found.counts;
  const tally before = counts.value_or(tally{});
  next_seq = std::max({next_seq, before.next_seq, from_.found.highest + 1});
  auto sealed_from = before.sealed_from;
  if (!counts) {
    sealed_from = 1;
    for (const auto& one : from_.deliver)
      if (!one.good) sealed_from = static_cast<spool_seq>(one.seq) + 1;
  }
  if (version_ < first_with_digests) {
    auto save = to_.prepare("UPDATE counter SET value = max(value, ?2) WHERE name = ?1");
    if (!save) return std::move(save).fault();
    if (auto done = save->with(std::string_view{"next_seq"}, next_seq).run(); !done) return done;
    return save->with(std::string_view{"next_device"}, next_device_).run();
  }
  auto save =
      to_.prepare("INSERT OR REPLACE INTO tally (id, next_seq, next_device, waiting, sealed_from, digest) "
                  "VALUES (1, ?1, ?2, ?3, ?4, 0)");
  if (!save) return std::move(save).fault();
  if (auto done = save->with(next_seq, next_device_, messages_, sealed_from).run(); !done) return done;
  if (version_ >= first_with_commands) {
    auto count = to_.prepare("UPDATE tally SET commands = ?1, next_command = ?2");
    if (!count) return std::move(count).fault();
    if (auto done = count->with(commands_, std::max(next_command_, before.next_command)).run(); !done)
      return done;
    return to_.execute("UPDATE tally SET digest = row_digest(next_seq, next_device, waiting, sealed_from, "
                       "commands, next_command)");
  }
  return to_.execute("UPDATE tally SET digest = row_digest(next_seq, next_device, waiting, sealed_from)");
}

result<void> replacement::write(spool_seq next_seq, wall_time now) {
  if (auto done = prepare(); !done) return done;
  if (auto done = pace(); !done) return done;
  if (from_.found.counts) next_device_ = from_.found.counts->next_device;
  if (!from_.devices.places.empty())
    next_device_ = std::max(next_device_, from_.devices.places.rbegin()->first + 1);
  for (const auto& [ref, at] : from_.devices.places)
    if (auto done = copy_row("device", at); !done) return done;
  for (const auto& [table, at] : from_.others)
    if (auto done = copy_row(table, at); !done) return done;
  for (const auto& one : from_.letters)
    if (auto done = copy_row("dead_letter", one.at); !done) return done;
  for (const auto& one : from_.deliver)
    if (auto done = write_message(one); !done) return done;
  if (auto done = write_commands(); !done) return done;
  for (const auto& one : from_.missing)
    if (letters_ < most_buried)
      if (auto done = bury(one, now); !done) return done;
  if (auto done = write_tally(next_seq); !done) return done;
  return change_->commit();
}

// Makes the entry anew under another name, where it is.
result<void> link_aside(const fs::path& from, const fs::path& to) {
  std::error_code fault;
  if (!fs::exists(from, fault)) return {};
  fs::create_hard_link(from, to, fault);
  if (fault) fs::copy_file(from, to, fault); // a file system without links
  if (fault) return unusable(to, fault.message());
  return {};
}

result<fs::path> name_aside(const fs::path& file) {
  for (int n = 1; n < 10'000; ++n) {
    const auto aside = beside(file, (".damaged-" + std::to_string(n)).c_str());
    std::error_code ignored;
    if (!fs::exists(aside, ignored) && !fs::exists(beside(aside, "-wal"), ignored)) return aside;
  }
  return unusable(file, "too many damaged copies lie beside it; remove them");
}

result<fs::path> swap_in(const fs::path& file) {
  auto aside = name_aside(file);
  if (!aside) return aside;
  if (auto done = link_aside(file, *aside); !done) return std::move(done).fault();
  if (auto done = link_aside(beside(file, "-wal"), beside(*aside, "-wal")); !done)
    return std::move(done).fault();
  std::error_code fault;
  // First the log: it belongs to the old file, and would be folded into the new one.
  fs::remove(beside(file, "-wal"), fault);
  if (!fault) fs::rename(beside(file, ".mended"), file, fault);
  if (fault) return unusable(file, fault.message());
  if (auto done = sync_directory_of(file); !done) return std::move(done).fault();
  return aside;
}

} // namespace

result<void> finish_replacement(const fs::path& file) {
  std::error_code ignored;
  const auto mending = beside(file, ".mending").string();
  const bool is_ready = fs::exists(beside(file, ".mended"), ignored);
  if (!is_ready && !fs::exists(mending, ignored)) return {};
  if (auto looked = look_first(file); !looked) return std::move(looked).fault();
  for (const char* side : {"-wal", "-journal", ""}) // the last tells that there is something
    fs::remove(mending + side, ignored);
  if (!is_ready) return {};
  auto done = swap_in(file);
  if (!done) return std::move(done).fault();
  return {};
}

int kept_aside(const fs::path& file) {
  int count = 0;
  std::error_code ignored;
  const auto prefix = file.filename().string() + ".damaged-";
  for (const auto& entry : fs::directory_iterator{file.parent_path(), ignored}) {
    const auto name = entry.path().filename().string();
    count += name.rfind(prefix, 0) == 0 && name.find("-wal") == std::string::npos ? 1 : 0;
  }
  return count;
}

result<fs::path> survey::replace(spool_seq next_seq, wall_time now) {
  if (auto judged = judge(); !judged) return std::move(judged).fault();
  const auto& file = all_->file;
  const auto mending = beside(file, ".mending");
  std::error_code fault;
  for (const char* side : {"", "-wal", "-journal"})
    fs::remove(mending.string() + side, fault);
  if (auto made = make_private_file(mending); !made) return std::move(made).fault();
  {
    bool damaged = false;
    auto to = database::open({.file = mending, .application_id = spool_application_id, .gives_back = true},
                             damaged);
    if (!to) return unusable(mending, to.fault().detail());
    const auto steps = spool_steps();
    auto version = all_->version == 0 || all_->version > steps.size()
                       ? static_cast<std::uint32_t>(steps.size())
                       : all_->version;
    if (all_->found.counts) version = std::max(version, first_with_digests);
    if (all_->open_seconds) version = std::max(version, first_with_open_time);
    if (all_->counts_commands || !all_->commands.empty()) version = std::max(version, first_with_commands);
    auto done = migrate(*to, steps.first(version));
    if (done) done = replacement{*to, *all_, version}.write(next_seq, now);
    if (done) done = migrate(*to, steps);
    if (done) done = to->execute("PRAGMA wal_checkpoint(TRUNCATE)");
    if (!done) {
      const auto why = done.fault().detail();
      *to = database{};
      for (const char* side : {"", "-wal", "-journal"})
        fs::remove(mending.string() + side, fault);
      return unusable(file, "what can be read of it could not be written anew: " + why);
    }
  }
  fs::rename(mending, beside(file, ".mended"), fault);
  if (fault) return unusable(mending, fault.message());
  if (auto done = sync_directory_of(file); !done) return std::move(done).fault();
  return swap_in(file);
}

} // namespace causeway::store
