// SPDX-License-Identifier: Apache-2.0
// For the store's tests: a directory that goes away, a mailbox for what the store posts, a listener that
// writes down.
#pragma once

#include "store/migrations.h"
#include "store/spool_loader.h"
#include "store/store.h"

#include <gtest/gtest.h>

#include <condition_variable>
#include <deque>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <mutex>
#include <string>

namespace causeway::store {

class temporary_directory {
public:
  temporary_directory() {
    auto pattern = (std::filesystem::path{testing::TempDir()} / "store-XXXXXX").string();
    path_ = ::mkdtemp(pattern.data());
  }
  ~temporary_directory() {
    std::error_code ignored;
    std::filesystem::permissions(path_, std::filesystem::perms::owner_all, ignored);
    std::filesystem::remove_all(path_, ignored);
  }
  temporary_directory(const temporary_directory&) = delete;
  temporary_directory& operator=(const temporary_directory&) = delete;
  const std::filesystem::path& path() const { return path_; }

private:
  std::filesystem::path path_;
};

inline std::string contents(const std::filesystem::path& file) {
  std::ifstream in{file, std::ios::binary};
  return {std::istreambuf_iterator<char>{in}, {}};
}

inline void overwrite(const std::filesystem::path& file, std::string_view bytes) {
  std::ofstream{file, std::ios::binary | std::ios::trunc}.write(bytes.data(),
                                                                static_cast<std::streamsize>(bytes.size()));
}

// The spool's file, behind the back of a store that is closed.
inline void alter_spool(const std::filesystem::path& file, const char* statements) {
  bool damaged = false;
  auto db = database::open({.file = file, .application_id = spool_application_id}, damaged);
  ASSERT_TRUE(db) << db.fault().message();
  ASSERT_TRUE(db->execute(statements));
}

// The owner's loop, run by hand.
class mailbox {
public:
  void post(std::function<void()> work) {
    const std::lock_guard held{mutex_};
    waiting_.push_back(std::move(work));
    filled_.notify_one();
  }
  // Runs what comes until the condition holds. False: nothing came for a long time.
  template <class Condition>
  bool run_until(Condition holds) {
    while (!holds()) {
      std::function<void()> next;
      {
        std::unique_lock held{mutex_};
        if (!filled_.wait_for(held, seconds{20}, [this] { return !waiting_.empty(); })) return false;
        next = std::move(waiting_.front());
        waiting_.pop_front();
      }
      next();
      ++batches;
    }
    return true;
  }
  // Runs what is there.
  void drain() {
    while (!waiting_.empty()) {
      waiting_.front()();
      waiting_.pop_front();
    }
  }
  std::uint64_t batches = 0;

private:
  std::mutex mutex_;
  std::condition_variable filled_;
  std::deque<std::function<void()>> waiting_;
};

struct recorder : store_events, model::journal_events {
  std::vector<spool_seq> stored, refused;
  std::vector<errc> refusals;
  std::map<spool_seq, model::appended> last_results;
  std::vector<model::fresh_row> fresh;
  std::vector<model::spool_row> rows;
  std::vector<spool_seq> gone;
  std::vector<std::pair<std::uint64_t, result<model::dead_letter_page>>> pages;
  model::dead_letter_amounts letters;
  std::size_t spooled_calls = 0, reads = 0, faults = 0, heals = 0;

  void on_appended(const std::vector<model::appended>& what, moment) override {
    ++spooled_calls;
    for (const auto& one : what) {
      const auto number = static_cast<spool_seq>(one.id);
      (one.outcome ? stored : refused).push_back(number);
      if (!one.outcome) refusals.push_back(one.outcome.fault().code());
      last_results.insert_or_assign(number, one);
    }
  }
  void on_rows(std::vector<model::fresh_row> more, moment) override {
    std::move(more.begin(), more.end(), std::back_inserter(fresh));
  }
  void on_read_back(std::vector<model::spool_row> more, const std::vector<spool_seq>& lost, moment) override {
    ++reads;
    for (auto& row : more)
      rows.push_back(std::move(row));
    gone.insert(gone.end(), lost.begin(), lost.end());
  }
  void on_dead_letters(std::uint64_t request, result<model::dead_letter_page> page) override {
    pages.emplace_back(request, std::move(page));
  }
  void on_dead_letters_counted(const model::dead_letter_amounts& are) override { letters = are; }
  void on_store_fault(const error&) override { ++faults; }
  void on_store_healed() override { ++heals; }
  std::size_t answered() const { return stored.size() + refused.size(); }
};

inline model::message make_message(std::size_t body = 100) {
  return {"u-0123456789abcdef", "application/json", "utf-8", std::string(body, 'x'), {{"event", "uplink"}}};
}

inline model::device_record make_device(std::uint32_t ref) {
  return {device_ref{ref},
          {application_id{"water-meters"}, device_id{"meter-" + std::to_string(ref)}},
          causeway::dev_eui{"70B3D57ED0000001"}};
}

// seq: its number, where each append so far had one message.
inline model::append_request make_append(spool_seq seq, std::uint32_t device = 0, std::size_t body = 100) {
  model::append_request made{model::append_id{seq}, device_ref{device}, std::nullopt, {make_message(body)}};
  made.from = make_device(device).key;
  made.dev_eui = 0x70B3D57ED0000001;
  return made;
}

inline model::append_request make_refused(spool_seq seq, const std::string& raw, const error& reason) {
  return {model::append_id{seq},
          device_ref{0},
          std::nullopt,
          {},
          model::refused_event{make_device(0).key, raw, reason}};
}

inline model::kept_command make_command(const std::string& id, const std::string& content,
                                        std::uint32_t device = 0) {
  return {model::command_id{id}, make_device(device).key, content};
}

// With nothing beside them.
inline model::append_request make_commands(std::uint64_t id, std::vector<model::kept_command> commands,
                                           std::uint32_t device = 0) {
  model::append_request made;
  made.id = model::append_id{id};
  made.device = device_ref{device};
  made.from = make_device(device).key;
  made.commands = std::move(commands);
  return made;
}

inline model::assignment make_assignment(std::uint32_t ref) {
  return {hub_host{"plant.azure-devices.net"}, identity{"meter-" + std::to_string(ref)}, azure_name{"field"},
          wall_time{milliseconds{1'700'000'000'123}}, "0123456789abcdef"};
}

// What save_assignment has kept of make_assignment for the device of that name.
inline model::start_image::assigned assignment_of(const model::device_key& key) {
  const auto& name = key.device.str();
  return {key, make_assignment(static_cast<std::uint32_t>(std::stoul(name.substr(name.find('-') + 1))))};
}

inline void mark_done(store& it, spool_seq seq) {
  model::change what;
  what.done.push_back(seq);
  it.commit(std::move(what));
}

inline void bury(store& it, spool_seq seq, const error& reason) {
  model::change what;
  what.dead_letters.push_back({seq, reason});
  it.commit(std::move(what));
}

inline void save_device(store& it, const model::device_record& record) {
  model::change what;
  what.devices.push_back(record);
  it.commit(std::move(what));
}

inline void save_assignment(store& it, device_ref device, const model::assignment& where) {
  model::change what;
  what.assignments.push_back({device, where});
  it.commit(std::move(what));
}

inline void forget_assignment(store& it, device_ref device) {
  model::change what;
  what.assignments.push_back({device, std::nullopt});
  it.commit(std::move(what));
}

inline void forget_device(store& it, device_ref device, const model::device_key& key) {
  model::change what;
  what.gone.push_back({device, key});
  it.commit(std::move(what));
}

inline void forget_commands(store& it, std::vector<std::string> ids) {
  model::change what;
  for (auto& id : ids)
    what.forgotten_commands.emplace_back(std::move(id));
  it.commit(std::move(what));
}

inline std::vector<stored_row> waiting_in(spool_file& spool) {
  std::vector<stored_row> rows;
  EXPECT_TRUE(spool_loader{spool}.waiting([&](const stored_row& row) { rows.push_back(row); }));
  return rows;
}

inline std::vector<stored_key> keys_in(spool_file& spool) {
  std::vector<stored_key> keys;
  EXPECT_TRUE(spool_loader{spool}.keys([&](const stored_key& one) { keys.push_back(one); }));
  return keys;
}

inline std::vector<model::kept_command> commands_in(spool_file& spool) {
  std::vector<model::kept_command> commands;
  EXPECT_TRUE(
      spool_loader{spool}.commands([&](model::kept_command one) { commands.push_back(std::move(one)); }));
  return commands;
}

inline std::vector<spool_seq> seqs_of(const model::start_image& image) {
  std::vector<spool_seq> seqs;
  for (const auto& row : image.waiting)
    seqs.push_back(row.seq);
  return seqs;
}

// A store in a directory; opened again as often as a test likes.
class store_fixture : public testing::Test {
protected:
  void open() {
    load();
    it->start(events, events);
  }
  void open_by_hand() {
    load();
    it->start_by_hand(events, events);
  }
  void load() {
    options.directory = directory.path() / "state";
    events = recorder{};
    auto opened =
        store::open(options, clock, [this](std::function<void()> work) { box.post(std::move(work)); });
    ASSERT_TRUE(opened) << opened.fault().message();
    it = *std::move(opened);
    auto loaded = it->load();
    ASSERT_TRUE(loaded) << loaded.fault().message();
    image = *std::move(loaded);
  }
  void close() {
    ASSERT_TRUE(it->close(std::chrono::steady_clock::now() + seconds{20}));
    box.drain();
    it.reset();
  }
  void reopen() {
    close();
    open();
  }
  // As the file says: the store's own name for the next new device.
  std::uint32_t next_number() const {
    auto look = database::open_to_look(options.directory / "spool.db");
    const auto next =
        look ? look->integer("SELECT next_device FROM tally") : result<std::int64_t>{look.fault()};
    EXPECT_TRUE(next);
    return next ? static_cast<std::uint32_t>(*next) : 0;
  }
  bool answered(std::size_t appends) {
    return box.run_until([&] { return events.answered() >= appends; });
  }

  temporary_directory directory;
  store_options options;
  manual_clock clock;
  mailbox box;
  recorder events;
  model::start_image image;
  std::unique_ptr<store> it;
};

} // namespace causeway::store
