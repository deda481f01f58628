// SPDX-License-Identifier: Apache-2.0
// What is whole in a damaged spool.
#include "store/survey_state.h"

#include "model/message.h"
#include "store/migrations.h"

#include <algorithm>

namespace causeway::store {
namespace {

template <class Kept>
void sort_by_seq(std::vector<Kept>& all) {
  std::stable_sort(all.begin(), all.end(), [](const Kept& a, const Kept& b) { return a.seq < b.seq; });
  all.erase(std::unique(all.begin(), all.end(), [](const Kept& a, const Kept& b) { return a.seq == b.seq; }),
            all.end());
}

template <class Kept>
const Kept* find_seq(const std::vector<Kept>& all, std::int64_t seq) {
  const auto found = std::lower_bound(all.begin(), all.end(), seq,
                                      [](const Kept& one, std::int64_t wanted) { return one.seq < wanted; });
  return found != all.end() && found->seq == seq ? &*found : nullptr;
}

// n: null, i: a number, t: a text, b: a blob; B and I: or null. As many of them as the row has columns, and
// not fewer than least.
bool fits(const found_row& row, std::string_view kinds, std::size_t least) {
  if (!row.whole || row.columns.size() < least || row.columns.size() > kinds.size()) return false;
  for (std::size_t i = 0; i < row.columns.size(); ++i) {
    const auto& value = row.columns[i];
    const bool is_null = std::holds_alternative<std::monostate>(value);
    const bool is_number = std::holds_alternative<std::int64_t>(value);
    const bool is_blob = std::holds_alternative<blob>(value);
    const char kind = kinds[i];
    const bool right = (kind == 'n' && is_null) || (kind == 'i' && is_number) || (kind == 'b' && is_blob) ||
                       (kind == 't' && std::holds_alternative<std::string>(value)) ||
                       (kind == 'B' && (is_null || is_blob)) || (kind == 'I' && (is_null || is_number));
    if (!right) return false;
  }
  return true;
}

bool fits_letters(const found_row& row) {
  return row.has_rowid && fits(row, "nittttiBBI", 9);
}

} // namespace

std::optional<std::int64_t> number_of(const found_row& row, std::size_t at) {
  if (at >= row.columns.size()) return std::nullopt;
  if (const auto* value = std::get_if<std::int64_t>(&row.columns[at])) return *value;
  return std::nullopt;
}

std::optional<std::string_view> text_of(const found_row& row, std::size_t at) {
  if (at >= row.columns.size()) return std::nullopt;
  if (const auto* value = std::get_if<std::string>(&row.columns[at])) return *value;
  return std::nullopt;
}

std::optional<std::string_view> blob_of(const found_row& row, std::size_t at) {
  if (at >= row.columns.size()) return std::nullopt;
  if (const auto* value = std::get_if<blob>(&row.columns[at])) return value->bytes;
  return std::nullopt;
}

// A row that proves itself is taken wherever it lies: of a page that two parents name, or that stands in
// another's place, each row is what its own checksum says.
void survey::state::take(const found_row& row) {
  if (const char* own = proven_by(row); own != nullptr) {
    if (!row.table.empty() && row.table != own) ++found.misplaced;
    return;
  }
  if (row.table.empty()) return take_stray(row);
  if (row.table == "spool") return take_waiting(row);
  if (row.table == "record") return broken.push_back({row.rowid, row.whole, row.place});
  if (row.table == "device") return take_device(row);
  if (row.table == "dead_letter") return take_letter(row);
  if (row.table == "cursor") return take_cursor(row);
  if (row.table == "dead_letter_sum") return take_sum(row);
  if (row.table == "tally" || row.table == "open_time") return; // told by its absence
  if (row.table == "command") {
    found.bad_commands += row.whole ? 1 : 0; // else it has been counted
    return;
  }
  const bool is_index = row.table.rfind("index ", 0) == 0 || row.table.rfind("sqlite_", 0) == 0;
  if (is_index || !row.whole) return;
  const bool keeps_keys = row.table == "key_ring" || row.table == "recent_key";
  if ((keeps_keys && !(row.has_rowid && fits(row, "nb", 2) && blob_of(row, 1)->size() % 8 == 0)) ||
      (row.table == "counter" && !(!row.has_rowid && fits(row, "ti", 2))))
    ++found.misplaced;
  else
    others.emplace_back(row.table, row.place);
}

// The table whose row it is for certain, and then it has been taken; or nothing.
const char* survey::state::proven_by(const found_row& row) {
  if (row.has_rowid && prove_waiting(row)) return "spool";
  if (row.has_rowid && prove_record(row)) return "record";
  if (row.has_rowid && prove_device(row)) return "device";
  if (row.has_rowid && prove_tally(row)) return "tally";
  if (row.has_rowid && prove_letter(row)) return "dead_letter";
  if (row.has_rowid && prove_open_time(row)) return "open_time";
  if (row.has_rowid && prove_command(row)) return "command";
  if (!row.has_rowid && prove_cursor(row)) return "cursor";
  return nullptr;
}

// Without the list of tables the sums hang in none.
void survey::state::take_stray(const found_row& row) {
  if (!row.has_rowid && !found.pages.has_schema && row.columns.size() == 3) take_sum(row);
}

void survey::state::take_sum(const found_row& row) {
  const auto letters_of = number_of(row, 1), bytes = number_of(row, 2);
  if (row.has_rowid || !text_of(row, 0) || !letters_of || !bytes || *letters_of < 0 || *bytes < 0) {
    sums.whole = false;
    return;
  }
  sums.there = true;
  sums.letters += static_cast<std::uint64_t>(*letters_of);
}

bool survey::state::prove_waiting(const found_row& row) {
  const auto device = number_of(row, 1), size = number_of(row, 2), at = number_of(row, 3),
             digest = number_of(row, 4);
  if (row.columns.size() > 6 || !device || !size || !at || !digest) return false;
  if (waiting_digest(row.rowid, *device, *size, *at) != *digest) return false;
  waiting.push_back({row.rowid, *device, *size, *at, number_of(row, 5).value_or(0)});
  return true;
}

void survey::state::take_waiting(const found_row& row) {
  const auto device = number_of(row, 1), size = number_of(row, 2), at = number_of(row, 3);
  const bool is_old = row.has_rowid && row.columns.size() < 5 && version < first_with_digests;
  if (is_old && device && size)
    waiting.push_back({row.rowid, *device, *size, at.value_or(0), 0});
  else
    ++bad_waiting;
}

bool survey::state::prove_record(const found_row& row) {
  const auto content = row.columns.size() == 2 ? blob_of(row, 1) : std::nullopt;
  if (content && is_sealed(*content)) {
    const auto inside = unseal(*content);
    if (!inside || !model::decode_message(inside->content)) return false;
    records.push_back({static_cast<std::int64_t>(inside->seal.seq), true, row.place});
    return true;
  }
  // Without a seal only its table says what it is.
  if (!row.table.empty() && row.table != "record") return false;
  if (!content || !model::decode_message(*content)) return false;
  records.push_back({row.rowid, false, row.place});
  return true;
}

bool survey::state::prove_device(const found_row& row) {
  const auto application = text_of(row, 1), device = text_of(row, 2), eui = text_of(row, 3);
  const auto listed = number_of(row, 4), integration = number_of(row, 5), digest = number_of(row, 7);
  const auto model = text_of(row, 6);
  if (!application || !device || !eui || !listed || !integration || !model || !digest) return false;
  row_digest sum;
  sum.add(row.rowid).add(*application).add(*device).add(*eui).add(*listed).add(*integration).add(*model);
  for (std::size_t later = 8; later < row.columns.size(); ++later) // of version 8 on
    if (const auto value = number_of(row, later)) sum.add(*value);
  if (sum.value() != *digest) return false;
  add_device(row.rowid, *application, *device, row.place);
  return true;
}

void survey::state::take_device(const found_row& row) {
  const auto application = text_of(row, 1), device = text_of(row, 2), eui = text_of(row, 3);
  const bool is_old = row.has_rowid && row.columns.size() < 8 && version < first_with_digests;
  if (is_old && application && device && eui && row.rowid >= 0 && row.rowid < std::int64_t{1} << 28)
    return add_device(row.rowid, *application, *device, row.place);
  ++bad_devices;
}

void survey::state::add_device(std::int64_t ref, std::string_view application, std::string_view device,
                               const place& at) {
  if (!devices.places.emplace(ref, at).second) return;
  devices.refs.emplace(std::pair{std::string{application}, std::string{device}}, ref);
  devices.names.emplace(ref, std::pair{std::string{application}, std::string{device}});
}

bool survey::state::prove_tally(const found_row& row) {
  const bool with_commands = row.columns.size() == 8;
  if (row.columns.size() != 6 && !with_commands) return false;
  row_digest sum;
  for (std::size_t i = 1; i < row.columns.size(); ++i) {
    const auto value = number_of(row, i);
    if (!value) return false;
    if (i != 5) sum.add(*value);
  }
  if (number_of(row, 5) != sum.value()) return false;
  // An older one may lie elsewhere.
  if (found.counts && row.table != "tally") return true;
  counts_commands = with_commands;
  found.counts =
      tally{static_cast<spool_seq>(*number_of(row, 1)), static_cast<std::uint32_t>(*number_of(row, 2)),
            static_cast<std::uint64_t>(*number_of(row, 3)), static_cast<spool_seq>(*number_of(row, 4))};
  if (with_commands) {
    found.counts->commands = static_cast<std::uint64_t>(*number_of(row, 6));
    found.counts->next_command = *number_of(row, 7);
  }
  return true;
}

bool survey::state::prove_letter(const found_row& row) {
  if (!fits_letters(row)) return false;
  const auto message = blob_of(row, 7), event = blob_of(row, 8);
  const auto content = message ? message : event;
  if (!content || !unseal(*content)) return false;
  if (row.table != "dead_letter") letters_are_whole = false;
  letters.push_back({row.rowid, true, row.place});
  return true;
}

void survey::state::take_letter(const found_row& row) {
  if (!row.whole) return;
  if (!fits_letters(row)) {
    ++found.misplaced;
    letters_are_whole = false;
    return;
  }
  const auto message = blob_of(row, 7), event = blob_of(row, 8);
  const auto content = message ? message : event;
  // What is left of a damaged record was never whole in here.
  const bool is_known = text_of(row, 4) == error{errc::record_corrupt}.name();
  if (content && is_sealed(*content) && !is_known) ++found.bad_letters;
  letters.push_back({row.rowid, true, row.place});
}

bool survey::state::prove_cursor(const found_row& row) {
  const auto application = text_of(row, 0);
  const auto at = number_of(row, 1), digest = number_of(row, 2);
  if (row.columns.size() != 3 || !application || !at || !digest) return false;
  if (row_digest{}.add(*application).add(*at).value() != *digest) return false;
  others.emplace_back("cursor", row.place);
  return true;
}

void survey::state::take_cursor(const found_row& row) {
  const bool is_old = row.columns.size() < 3 && version < first_with_digests;
  if (row.whole && is_old && !row.has_rowid && text_of(row, 0) && number_of(row, 1))
    others.emplace_back(row.table, row.place);
  else
    ++found.bad_cursors;
}

bool survey::state::prove_open_time(const found_row& row) {
  const auto seconds = number_of(row, 1), digest = number_of(row, 2);
  if (row.columns.size() != 3 || !seconds || !digest) return false;
  if (row_digest{}.add(*seconds).value() != *digest) return false;
  if (open_seconds && row.table != "open_time") return true;
  open_seconds = *seconds;
  others.emplace_back("open_time", row.place);
  return true;
}

void survey::state::conclude() {
  sort_by_seq(waiting);
  sort_by_seq(broken);
  sort_by_seq(letters);
  // A sealed one first, where a number is there twice.
  std::stable_sort(records.begin(), records.end(),
                   [](const kept& a, const kept& b) { return a.good && !b.good; });
  sort_by_seq(records);
  const auto& counts = found.counts;
  const bool knows_all = counts && bad_waiting == 0 && waiting.size() == counts->waiting;
  for (const auto& one : records) {
    const bool waits = find_seq(waiting, one.seq) != nullptr;
    // Without a seal only its row says whose it is. With one, and with rows that are not all there, it goes.
    if (!waits && (knows_all || !one.good)) continue;
    if (!one.good && counts && static_cast<spool_seq>(one.seq) >= counts->sealed_from) continue;
    deliver.push_back(one);
    if (!one.good) ++found.unprotected;
  }
  for (const auto& one : waiting)
    if (find_seq(deliver, one.seq) == nullptr) missing.push_back(one);
  found.whole = deliver.size();
  if (counts) {
    found.lost = counts->waiting - std::min<std::uint64_t>(counts->waiting, found.whole);
    // More rows than there should be: some are of messages that have gone. The youngest are the likeliest.
    if (missing.size() > *found.lost)
      missing.erase(missing.begin(), missing.end() - static_cast<std::ptrdiff_t>(*found.lost));
  } else if (version < first_with_digests && bad_waiting == 0 && found.pages.bad_pages == 0) {
    found.lost = missing.size(); // nobody counted
  }
  found.unreadable = missing.size();
  found.bad_rows = bad_waiting + bad_devices;
  found.devices = devices.places.size();
  found.letters = letters.size();
  // By the sums; without them nothing is lost where the letters' own pages are all in order.
  const auto& bad = found.pages.bad_tables;
  const bool knows_tables = found.pages.has_schema && !bad.contains("sqlite_schema");
  // More letters than they say: they are another table's.
  const bool knows_sums = sums.whole && sums.letters >= letters.size() && !bad.contains("dead_letter_sum") &&
                          (knows_tables ? version >= first_with_sums : sums.there);
  if (knows_sums)
    found.lost_letters = sums.letters - std::min<std::uint64_t>(sums.letters, letters.size());
  else if (knows_tables && letters_are_whole && !bad.contains("dead_letter"))
    found.lost_letters = 0;
  const auto top = [&](std::int64_t seq) {
    found.highest = std::max(found.highest, static_cast<spool_seq>(seq));
  };
  conclude_commands();
  found.lost_open_time = !open_seconds && version >= first_with_open_time;
  if (!waiting.empty()) top(waiting.back().seq);
  if (!records.empty()) top(records.back().seq);
}

survey::survey(std::unique_ptr<state> all) : all_{std::move(all)} {}
survey::survey(survey&&) noexcept = default;
survey::~survey() = default;

const spool_findings& survey::findings() const {
  return all_->found;
}

result<survey> survey::make(const std::filesystem::path& file) {
  auto image = page_image::open(file);
  if (!image) return std::move(image).fault();
  auto all = std::make_unique<state>(file, *std::move(image));
  std::string first;
  all->found.version = all->image.version(spool_application_id);
  if (all->image.read(1, first)) {
    all->version = big_word(first, 60);
    all->found.ours = big_word(first, 68) == spool_application_id;
  }
  const auto& log = all->image.log();
  all->found.log_damaged = log.damaged;
  all->found.log_behind = log.behind;
  all->found.log_bad = log.bad;
  all->found.pages = all->scan.run([&](const found_row& row) { all->take(row); });
  all->conclude();
  all->found.ours = all->found.ours || all->found.counts || all->found.whole > 0;
  return survey{std::move(all)};
}

result<void> survey::judge() const {
  const auto& found = all_->found;
  if (found.version)
    if (auto known = check_version(*found.version, spool_steps()); !known)
      return std::move(known).fault().in(all_->file.string());
  if (!found.ours && found.pages.has_schema)
    return error{errc::state_unusable, all_->file.string() +
                                           ": not a file of Causeway; move it away, or name "
                                           "another state directory"};
  return {};
}

result<log_findings> look_first(const std::filesystem::path& file) {
  const auto image = page_image::open(file);
  if (!image) return image.fault();
  if (const auto version = image->version(spool_application_id))
    if (auto known = check_version(*version, spool_steps()); !known)
      return std::move(known).fault().in(file.string());
  return image->log();
}

bool spool_findings::damaged() const {
  return !faults().empty();
}

std::vector<std::string> spool_findings::faults() const {
  std::vector<std::string> out;
  const auto say = [&](std::uint64_t count, const char* one, const char* many) {
    if (count != 0) out.push_back(std::to_string(count) + (count == 1 ? one : many));
  };
  if (pages.pages == 0) return out;
  if (log_damaged)
    out.push_back("the log spool.db-wal is damaged in " + std::to_string(log_bad) + " frame(s), with " +
                  std::to_string(log_behind) + " good frame(s) behind");
  say(pages.bad_pages, " page is in disorder", " pages are in disorder");
  say(pages.stray_leaves, " page hangs in no table", " pages hang in no table");
  say(pages.bad_rows, " row cannot be taken apart", " rows cannot be taken apart");
  say(pages.bad_links, " link between pages is wrong", " links between pages are wrong");
  if (!pages.has_schema) out.push_back("the list of tables cannot be read");
  if (!counts && pages.version >= first_with_digests) out.push_back("the tally cannot be read");
  say(bad_rows, " row of a message or device is not what was stored",
      " rows of messages or devices are not what was stored");
  if (lost_open_time)
    out.push_back("the time in which the store was open cannot be read; it is counted anew");
  say(misplaced, " row lies in a table that is not its own", " rows lie in tables that are not their own");
  say(bad_cursors, " cursor is not what was stored", " cursors are not what was stored");
  say(unreadable, " message that waited cannot be read", " messages that waited cannot be read");
  if (lost && *lost > unreadable)
    say(*lost - unreadable, " message more is missing", " messages more are missing");
  if (counts && whole > counts->waiting)
    say(whole - counts->waiting, " message more than should wait is there",
        " messages more than should wait are there");
  say(bad_letters, " dead letter is not what was stored", " dead letters are not what was stored");
  say(lost_letters.value_or(0), " dead letter is missing", " dead letters are missing");
  if (!lost_letters) out.push_back("cannot tell whether dead letters are missing");
  say(bad_commands, " command is not what was stored", " commands are not what was stored");
  if (lost_commands && *lost_commands > bad_commands)
    say(*lost_commands - bad_commands, " command more is missing", " commands more are missing");
  if (counts && commands > counts->commands)
    say(commands - counts->commands, " command more than should be is there",
        " commands more than should be are there");
  if (!lost_commands) out.push_back("cannot tell whether commands are missing");
  return out;
}

} // namespace causeway::store
