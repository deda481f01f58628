// SPDX-License-Identifier: Apache-2.0
// A journal of several processes, in memory, stepped by hand: a commit takes its time on the manual clock,
// and who owns a shard is decided where the rows are, in the order of the commits. Outlives its members.
#pragma once

#include "base/clock.h"
#include "model/journal.h"
#include "model/start_image.h"

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace causeway::conversation {

class memory_journal {
public:
  // What one process has of it.
  class member;

  memory_journal(const manual_clock& clock, std::uint16_t shards);
  memory_journal(const memory_journal&) = delete;
  memory_journal& operator=(const memory_journal&) = delete;

  std::uint16_t shards() const { return static_cast<std::uint16_t>(places_.size()); }
  model::shard_number shard_of(const model::device_key& key) const;
  // The shard is this member's from now on; what there is of it. What its former owner still writes of it is
  // dropped, and its further rows are told to the new one.
  model::start_image give(model::shard_number which, member& to);
  // Nobody's, at once: its owner is dead, or taken for dead.
  void take_away(model::shard_number which);
  bool is_free(model::shard_number which) const { return place_of(which).owner == nullptr; }
  model::start_image image_of(model::shard_number which) const;

  // Commits what is due, also of members whose process stands still: the database has it already. False:
  // nothing was.
  bool step();
  std::optional<mono_time> deadline() const;

  std::size_t waiting_rows() const { return rows_.size(); }
  std::size_t waiting_rows(model::shard_number which) const;
  std::size_t dead_letters() const { return letters_.size(); }
  std::uint64_t rows_done() const { return rows_done_; }
  // Of rows, records, assignments and commands: by who had owned their shard, and did not any more.
  std::uint64_t dropped() const { return dropped_; }
  // What no owner may ever write, in words: a mark of a row that is not there, anything of a shard that was
  // not its own.
  const std::vector<std::string>& faults() const { return faults_; }

private:
  // Of a shard, from one owner to the next; 0: none yet.
  using epoch = std::uint64_t;

  struct place {
    member* owner = nullptr;
    epoch since = 0;
  };
  struct kept_row {
    model::shard_number shard{};
    model::device_key key;
    std::optional<std::uint64_t> dev_eui;
    model::message body;
    std::uint32_t accepted_at = 0;
    std::optional<model::kept_key> event; // with the first of its rows
    bool goes_on = false;
  };
  struct letter {
    model::device_key from;
    std::uint64_t bytes = 0;
    std::optional<model::kept_key> key;
  };
  struct command {
    std::uint64_t n = 0; // in the order in which they were first kept
    model::kept_command what;
  };
  struct piece {
    std::vector<epoch> held; // what its member owned as it wrote it; 0: not
    std::variant<model::append_request, model::change> what;
  };
  struct of_device {
    std::optional<model::device_record> record;
    std::optional<model::assignment> where;
    std::map<char, std::deque<std::uint64_t>> keys; // by kind, oldest first
  };

  place& place_of(model::shard_number which) { return places_[static_cast<std::size_t>(which)]; }
  const place& place_of(model::shard_number which) const { return places_[static_cast<std::size_t>(which)]; }
  void commit(member& by);
  model::appended apply(member& by, const piece& from, model::append_request& what);
  bool may_append(const member& by, const piece& from, const model::append_request& what);
  void keep_commands(model::append_request& what);
  void apply(member& by, const piece& from, model::change& what);
  // Whether the one that wrote it owns the shard still; what it must not write is counted.
  bool owns(const member& by, const piece& from, model::shard_number which, const char* what);
  void tell_owner(member& by, const model::append_request& what, spool_seq seq);
  // The row, where it may go.
  std::optional<kept_row> take_row(const member& by, const piece& from, spool_seq seq);
  void keep_key(const kept_row& of, spool_seq seq);
  bool take_letter(const model::kept_key& key);
  model::amount bury_event(const model::append_request& what);
  model::dead_letter_amounts letters_of(const member& whose) const;
  void end_tenure(model::shard_number which);

  const manual_clock& clock_;
  mono_time began_;
  std::vector<place> places_;
  std::vector<member*> members_;
  spool_seq next_seq_ = 1;
  std::map<spool_seq, kept_row> rows_; // waiting
  std::map<spool_seq, model::shard_number> all_rows_;
  std::map<model::device_key, of_device> devices_;
  std::map<std::uint64_t, letter> letters_;
  std::map<model::command_id, command> commands_;
  std::uint64_t last_command_ = 0;
  std::uint64_t last_letter_ = 0, rows_done_ = 0, dropped_ = 0;
  std::vector<std::string> faults_;
};

class memory_journal::member final : public model::journal {
public:
  explicit member(memory_journal& of);
  // The process has died: what is not committed is lost.
  ~member() override;
  void answer_to(model::journal_events* events) { events_ = events; }

  // What is under way is durable, but nobody hears of it.
  void finish_commit();
  // The process knows now that the shard is not its own.
  void give_up(model::shard_number which) { held_[static_cast<std::size_t>(which)] = 0; }

  // Tells what has come, and begins the next commit; false: there was nothing to do.
  bool step();
  std::optional<mono_time> deadline() const;
  std::size_t unwritten() const { return queue_.size(); }

  result<void> append(model::append_request request) override;
  void commit(model::change what) override;
  void read_back(std::vector<spool_seq> seqs) override;

private:
  friend class memory_journal;
  struct report {
    std::vector<model::appended> appends;
    bool letters_changed = false;
  };
  struct coming_row {
    model::shard_number shard{};
    model::fresh_row row;
  };

  bool has_marks_alone() const;
  std::optional<mono_time> next_commit() const;
  void tell_rows();
  void answer_reads();

  memory_journal& of_;
  model::journal_events* events_ = nullptr;
  std::vector<epoch> held_;
  std::map<model::append_id, spool_seq> last_rows_; // of appends that are durable
  std::deque<piece> queue_;
  std::size_t under_way_ = 0; // of these
  mono_time waits_since_{};
  std::optional<mono_time> commit_at_, read_at_, answer_at_;
  std::optional<report> told_next_;
  std::deque<coming_row> coming_;
  std::deque<std::vector<spool_seq>> reads_;
};

} // namespace causeway::conversation
