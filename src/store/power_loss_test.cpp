// SPDX-License-Identifier: Apache-2.0
// Power cuts at every change that SQLite makes to a file. What a cut leaves is
// rebuilt from a record of all writes, truncations, syncs and removals: all that came before it; the same
// with the last write torn at a sector; and what was synced with any part of what was not. CAUSEWAY_LONG=1
// cuts more often.
#include "store/faulty_disk.h"
#include "store/lock.h"
#include "store/seal.h"
#include "store/spool_file.h"
#include "store/spool_loader.h"
#include "store/store_fixture.h"

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <limits>
#include <random>
#include <set>

namespace causeway::store {
namespace {

namespace fs = std::filesystem;
using operation = faulty_disk::operation;

[[maybe_unused]] const auto& first_use = faulty_disk::it(); // before the first database is opened

constexpr std::size_t sector = 512;

bool is_long() {
  return std::getenv("CAUSEWAY_LONG") != nullptr;
}

// What lies on the disk, and what has only been said to it.
class simulated_disk {
public:
  explicit simulated_disk(const fs::path& folder) {
    for (const auto& entry : fs::directory_iterator{folder}) {
      std::ifstream in{entry.path(), std::ios::binary};
      auto& f = files_[entry.path().filename()];
      f.now.emplace(std::istreambuf_iterator<char>{in}, std::istreambuf_iterator<char>{});
      f.durable = f.now;
    }
  }

  void apply(const operation& one) {
    auto& f = files_[one.file];
    switch (one.what) {
    case faulty_disk::kind::create:
      f.now.emplace();
      f.is_new_name = true;
      f.pending.clear();
      break;
    case faulty_disk::kind::write:
    case faulty_disk::kind::truncate:
      change(*f.now, one, one.bytes.size());
      f.pending.push_back(one);
      break;
    case faulty_disk::kind::sync:
      f.durable = f.now;
      f.pending.clear();
      // SQLite syncs the folder together with the first sync of a file that it has made.
      if (std::exchange(f.is_new_name, false))
        for (auto& [name, other] : files_)
          if (!other.now) other.durable.reset();
      break;
    case faulty_disk::kind::remove:
      f.now.reset();
      f.pending.clear();
      if (one.offset != 0) f.durable.reset();
      break;
    }
  }

  // torn: of the last write only so many sectors.
  void write_all(const fs::path& to, const operation* torn = nullptr, std::size_t sectors = 0) const {
    for (const auto& [name, f] : files_) {
      auto bytes = f.now;
      if (bytes && torn != nullptr && torn->file == name) change(*bytes, *torn, sectors * sector);
      put(to / name, bytes);
    }
  }
  // What was synced, and of the rest any part, each write in any part of its sectors.
  void write_some(const fs::path& to, std::mt19937_64& random) const {
    // A disk that has written nearly all, or nearly nothing, or half.
    const std::uint64_t likely = std::array<std::uint64_t, 3>{2, 8, 14}[random() % 3];
    const auto happens = [&] { return random() % 16 < likely; };
    for (const auto& [name, f] : files_) {
      if ((f.is_new_name || !f.now) && happens()) {
        put(to / name, f.durable); // its making, or removal, was lost
        continue;
      }
      auto bytes = f.is_new_name ? std::optional<std::string>{""} : f.now ? f.durable : f.now;
      if (bytes && !bytes->empty() && f.is_new_name) bytes->clear();
      if (bytes)
        for (const auto& one : f.pending)
          some_of(*bytes, one, random, happens);
      put(to / name, bytes);
    }
  }

private:
  struct file {
    std::optional<std::string> now, durable; // nothing: not there
    std::vector<operation> pending;          // since the last sync
    bool is_new_name = false;
  };

  static void change(std::string& bytes, const operation& one, std::size_t most) {
    const auto at = static_cast<std::size_t>(one.offset);
    if (one.what == faulty_disk::kind::truncate) {
      bytes.resize(at);
      return;
    }
    const auto length = std::min(most, one.bytes.size());
    if (length == 0) return;
    if (bytes.size() < at + length) bytes.resize(at + length);
    bytes.replace(at, length, one.bytes, 0, length);
  }
  template <class Happens>
  static void some_of(std::string& bytes, const operation& one, std::mt19937_64& random,
                      const Happens& happens) {
    if (one.what == faulty_disk::kind::truncate || random() % 4 != 0) {
      if (happens()) change(bytes, one, one.bytes.size());
      return;
    }
    // Sector by sector, as they lie on the disk.
    for (std::size_t from = 0; from < one.bytes.size();) {
      const auto at = static_cast<std::size_t>(one.offset) + from;
      const auto length = std::min(one.bytes.size() - from, sector - at % sector);
      if (happens())
        change(bytes, {one.what, one.file, static_cast<std::int64_t>(at), one.bytes.substr(from, length)},
               length);
      from += length;
    }
  }
  static void put(const fs::path& to, const std::optional<std::string>& bytes) {
    if (!bytes) {
      fs::remove(to);
      return;
    }
    std::ofstream{to, std::ios::binary | std::ios::trunc}.write(bytes->data(),
                                                                static_cast<std::streamsize>(bytes->size()));
  }

  std::map<std::string, file> files_;
};

model::message body_of(spool_seq seq) {
  auto made = make_message(seq % 7 == 0 ? 9000 : 50 + seq * 37 % 1200);
  made.body += std::to_string(seq);
  return made;
}

// What was promised, and from which operation on.
struct promises {
  std::map<spool_seq, std::size_t> stored;    // answered
  std::map<spool_seq, std::size_t> may_go;    // were marked
  std::map<spool_seq, std::size_t> buried;    // were given up
  std::map<std::string, std::size_t> refused; // raw events answered as kept
  // Of a command: its steps, in order; each with the number of its report.
  struct step {
    spool_seq report = 0; // 0: it has none
    std::size_t answered = std::numeric_limits<std::size_t>::max();
  };
  std::map<std::string, std::vector<step>> steps;
};

class workload final : public store_events, public model::journal_events {
public:
  workload(const fs::path& directory, std::uint64_t seed) : random_{seed} {
    options_.directory = directory;
    options_.upkeep_from = 4;
    options_.upkeep_delay = milliseconds{1};
  }

  void run(int commits) {
    open();
    for (std::uint32_t ref = 0; ref < 3; ++ref)
      save_device(*it_, make_device(ref));
    for (int i = 0; i < commits; ++i) {
      step();
      if (i == commits / 2) reopen();
    }
    ASSERT_TRUE(it_->close(std::chrono::steady_clock::now() + seconds{20}));
    it_.reset();
  }

  const promises& made() const { return made_; }

private:
  void open() {
    auto opened = store::open(options_, clock_, [this](std::function<void()> work) {
      box_.post([this, work = std::move(work), at = faulty_disk::it().position()] {
        position_ = at;
        work();
      });
    });
    ASSERT_TRUE(opened) << opened.fault().message();
    it_ = *std::move(opened);
    ASSERT_TRUE(it_->load());
    it_->start(*this, *this);
  }
  void reopen() {
    ASSERT_TRUE(it_->close(std::chrono::steady_clock::now() + seconds{20}));
    box_.drain();
    it_.reset();
    open();
  }
  void step() {
    const auto until = answered_ + 1 + random_() % 3;
    for (auto asked = answered_; asked < until; ++asked) {
      const auto what = random_() % 8;
      if (what < 3) {
        ASSERT_TRUE(it_->append(next_step(what == 0)));
        if (what == 0) continue; // no number
      } else if (what == 3) {
        const auto raw = "{\"raw\":" + std::to_string(next_) + "}";
        ids_[++id_] = {next_, raw, {}};
        auto request = make_refused(next_, raw, error{errc::format_refused});
        request.id = model::append_id{id_};
        ASSERT_TRUE(it_->append(std::move(request)));
      } else {
        const auto device = static_cast<std::uint32_t>(random_() % 3);
        auto request = make_append(next_, device);
        request.messages[0] = body_of(next_);
        request.key = model::kept_key{'u', next_};
        request.id = model::append_id{++id_};
        ids_[id_] = {next_, {}, {}};
        ASSERT_TRUE(it_->append(std::move(request)));
        waiting_.push_back(next_);
      }
      ++next_;
    }
    ASSERT_TRUE(box_.run_until([&] { return answered_ >= until; }));
    while (waiting_.size() > 12 || (!waiting_.empty() && random_() % 2 == 0)) {
      const auto which = waiting_.begin() + static_cast<std::ptrdiff_t>(random_() % waiting_.size());
      const auto now = faulty_disk::it().position();
      if (random_() % 6 == 0) {
        made_.buried[*which] = now;
        bury(*it_, *which, error{errc::hub_refused, "seq " + std::to_string(*which)});
      } else {
        made_.may_go[*which] = now;
        mark_done(*it_, *which);
      }
      waiting_.erase(which);
    }
  }

  // A step of some command, with its report or alone.
  model::append_request next_step(bool is_alone) {
    const auto name = "command-" + std::to_string(random_() % 4);
    auto& steps = made_.steps[name];
    auto request = is_alone ? make_commands(0, {}) : make_append(next_, 0);
    request.id = model::append_id{++id_};
    request.commands = {make_command(name, std::to_string(steps.size()) + std::string(random_() % 900, '.'))};
    ids_[id_] = {is_alone ? 0 : next_, {}, name};
    if (!is_alone) {
      request.messages[0] = body_of(next_);
      request.key = model::kept_key{'u', next_};
    }
    steps.push_back({is_alone ? 0 : next_});
    return request;
  }

  void on_appended(const std::vector<model::appended>& what, moment) override {
    for (const auto& one : what) {
      ASSERT_TRUE(one.outcome);
      ++answered_;
      const auto& asked = ids_.at(static_cast<std::uint64_t>(one.id));
      if (!asked.raw.empty()) {
        made_.refused[asked.raw] = position_;
      } else if (asked.command.empty()) {
        made_.stored[asked.number] = position_;
      } else {
        auto& steps = made_.steps[asked.command];
        const auto first = std::find_if(steps.begin(), steps.end(), [](const promises::step& step) {
          return step.answered == std::numeric_limits<std::size_t>::max();
        });
        first->answered = position_; // in the order made
      }
    }
  }
  void on_rows(std::vector<model::fresh_row>, moment) override {}
  void on_read_back(std::vector<model::spool_row>, const std::vector<spool_seq>&, moment) override {}
  void on_dead_letters_counted(const model::dead_letter_amounts&) override {}
  void on_store_fault(const error& what) override { ADD_FAILURE() << what.message(); }
  void on_store_healed() override {}

  store_options options_;
  manual_clock clock_;
  mailbox box_;
  std::unique_ptr<store> it_;
  std::mt19937_64 random_;
  struct appended_as {
    spool_seq number = 0;
    std::string raw, command; // empty: a message
  };
  std::map<std::uint64_t, appended_as> ids_;
  std::uint64_t id_ = 0;
  std::vector<spool_seq> waiting_;
  spool_seq next_ = 1;
  std::uint64_t answered_ = 0;
  std::size_t position_ = 0; // of the answer that is being taken
  promises made_;
};

// A step and its report: both or neither. Empty: so it is.
std::string fault_of_commands(const std::vector<model::kept_command>& commands,
                              const std::set<spool_seq>& there, const promises& made, std::size_t cut) {
  std::map<std::string, std::size_t> stands; // how many steps of it there are
  for (const auto& one : commands)
    stands[one.id.str()] = std::stoul(one.content) + 1;
  for (const auto& [name, steps] : made.steps) {
    const auto is = stands[name];
    for (std::size_t at = 0; at < steps.size(); ++at) {
      const auto& [report, answered] = steps[at];
      if (at >= is && answered <= cut) return "has lost step " + std::to_string(at) + " of " + name;
      if (report != 0 && there.contains(report) != (at < is))
        return (at < is ? "lacks the report " : "has the report ") + std::to_string(report) + " at step " +
               std::to_string(is) + " of " + name;
    }
  }
  return {};
}

// Opens what the cut at this operation has left. Empty: all that was promised is there.
std::string fault_after(const fs::path& folder, const promises& made, std::size_t cut) {
  auto spool = spool_file::open(folder / "spool.db", 0);
  if (!spool) return "does not open: " + spool.fault().message();
  auto check = spool->db().prepare("PRAGMA integrity_check");
  if (!check || !*check->step() || check->text(0) != "ok") return "is damaged";
  check->reset();
  std::vector<stored_row> waiting;
  const auto all = spool_loader{*spool}.waiting([&](const stored_row& row) { waiting.push_back(row); });
  if (!all) return "cannot be read: " + all.fault().message();
  std::set<spool_seq> there;
  for (const auto& row : waiting) {
    if (!there.empty() && *there.rbegin() >= row.seq) return "is out of order";
    there.insert(row.seq);
    const auto read = spool->read(row.seq);
    if (!read || !*read || (*read)->body != body_of(row.seq))
      return "has another body for " + std::to_string(row.seq);
  }
  std::set<std::string> letters;
  auto query = spool->db().prepare("SELECT coalesce(event, detail) FROM dead_letter");
  if (!query) return "has no dead letters";
  while (*query->step())
    if (const auto event = unseal(query->text(0)))
      letters.emplace(event->content);
    else
      letters.emplace(query->text(0));
  std::set<std::uint64_t> known;
  for (const auto& one : keys_in(*spool))
    known.insert(one.key.hash);
  const auto commands = commands_in(*spool);
  if (spool->damage().any()) return "is damaged: " + spool->damage().detail;
  if (auto torn = fault_of_commands(commands, there, made, cut); !torn.empty()) return torn;
  const auto next = spool->counts().next_seq;
  const auto before = [&](const std::map<spool_seq, std::size_t>& at, spool_seq seq) {
    const auto found = at.find(seq);
    return found != at.end() && found->second <= cut;
  };
  for (const auto& [seq, at] : made.stored) {
    if (at > cut) continue;
    const bool is_letter = letters.contains("seq " + std::to_string(seq));
    if (there.contains(seq) && is_letter) return "has twice " + std::to_string(seq);
    if (!there.contains(seq) && !before(made.may_go, seq) && !(before(made.buried, seq) && is_letter))
      return "has lost " + std::to_string(seq);
    if (next <= seq) return "would give a number again";
    // A device's last 32; fewer than that are younger.
    if (seq + 32 > next && !known.contains(seq)) return "has forgotten the key of " + std::to_string(seq);
  }
  for (const auto& [raw, at] : made.refused)
    if (at <= cut && !letters.contains(raw)) return "has lost " + raw;
  return {};
}

void cut_everywhere(std::uint64_t seed, int commits, int variants) {
  temporary_directory directory;
  const auto state = directory.path() / "state", after = directory.path() / "after";
  fs::create_directory(state);
  fs::create_directory(after);
  ASSERT_TRUE(make_private_file(state / "spool.db"));
  ASSERT_TRUE(make_private_file(state / "assignments.db"));
  simulated_disk disk{state};
  auto& real = faulty_disk::it();
  real.record(state);
  workload work{state, seed};
  work.run(commits);
  const auto operations = real.stop();
  ASSERT_FALSE(testing::Test::HasFatalFailure());
  ASSERT_GT(operations.size(), static_cast<std::size_t>(commits) * 4);
  real.skip_syncs(true);
  std::mt19937_64 random{seed};
  const auto look = [&](const char* what, std::size_t cut, std::size_t promised) {
    const auto fault = fault_after(after, work.made(), promised);
    fs::remove(after / "spool.db-wal");
    fs::remove(after / "spool.db-journal");
    return fault.empty() ? ""
                         : std::string{what} + ", cut at " + std::to_string(cut) + " of " +
                               std::to_string(operations.size()) + ", seed " + std::to_string(seed) +
                               ": the spool " + fault;
  };
  std::string fault;
  for (std::size_t cut = 0; cut <= operations.size() && fault.empty(); ++cut) {
    disk.write_all(after);
    fault = look("whole", cut, cut);
    for (int i = 0; i < variants && fault.empty(); ++i) {
      disk.write_some(after, random);
      fault = look("in parts", cut, cut);
    }
    if (cut == operations.size() || !fault.empty()) break;
    const auto& next = operations[cut];
    if (next.what == faulty_disk::kind::write && next.bytes.size() > sector) {
      disk.write_all(after, &next, 1 + random() % (next.bytes.size() / sector));
      fault = look("torn", cut, cut);
    }
    disk.apply(next);
  }
  real.skip_syncs(false);
  EXPECT_EQ(fault, "");
}

TEST(power_loss, leaves_everything_that_was_answered_wherever_it_comes) {
  if (!is_long()) return cut_everywhere(1, 12, 1);
  for (std::uint64_t seed = 2; seed < 12 && !testing::Test::HasFailure(); ++seed)
    cut_everywhere(seed, 150, 12);
}

// The test itself: a disk that forgets what it says it has synced is found out.
TEST(power_loss, is_noticed_where_a_sync_is_not_done) {
  temporary_directory directory;
  const auto state = directory.path() / "state", after = directory.path() / "after";
  fs::create_directory(state);
  fs::create_directory(after);
  ASSERT_TRUE(make_private_file(state / "spool.db"));
  ASSERT_TRUE(make_private_file(state / "assignments.db"));
  simulated_disk disk{state};
  auto& real = faulty_disk::it();
  real.record(state);
  workload work{state, 3};
  work.run(10);
  const auto operations = real.stop();
  std::mt19937_64 random{3};
  std::size_t lost = 0;
  real.skip_syncs(true);
  for (std::size_t cut = 0; cut < operations.size(); ++cut) {
    if (operations[cut].what != faulty_disk::kind::sync) disk.apply(operations[cut]);
    disk.write_some(after, random);
    lost += fault_after(after, work.made(), cut).empty() ? 0 : 1;
    fs::remove(after / "spool.db-wal");
    fs::remove(after / "spool.db-journal");
  }
  real.skip_syncs(false);
  EXPECT_GT(lost, operations.size() / 4);
}

} // namespace
} // namespace causeway::store
