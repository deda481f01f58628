// SPDX-License-Identifier: Apache-2.0
// What the owner's thread hands to the store's, and what that tells it. Plain values.
#pragma once

#include "model/dead_letter.h"
#include "model/journal.h"
#include "store/device_numbers.h"
#include "store/spool_file.h"

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <utility>
#include <variant>
#include <vector>

namespace causeway::store {

struct queued_append {
  model::append_request request;
  stored_number device{};    // the request's
  spool_seq first = 0;       // the number of its first row, or of the refused event
  std::uint64_t numbers = 0; // that it has from there on; 0: commands alone
  amount what;               // of its rows
  amount queued;             // what it counts for while it is not answered
  wall_time at{};            // accepted
};
// A model::change, of devices as the disk calls them.
struct queued_change {
  struct saved {
    stored_number device{};
    model::device_record record;
  };
  struct placed {
    stored_number device{};
    std::optional<model::assignment> where;
  };
  struct forgotten {
    stored_number device{};
    model::device_key key;
  };
  std::vector<spool_seq> done;
  std::vector<model::change::buried> dead_letters;
  std::vector<saved> devices;
  std::vector<placed> assignments; // until the writer has taken them apart: they are another file's
  std::vector<forgotten> gone;
  std::vector<model::command_id> forgotten_commands;
  wall_time at{}; // of its dead letters
};
struct queued_cursor {
  application_id application;
  wall_time at{};
};
struct queued_open_seconds {
  std::uint32_t open = 0;
};
struct queued_drop {
  std::uint64_t request = 0;
  std::vector<std::uint64_t> ids;
  std::vector<std::uint64_t> dropped{}; // once applied
};
using work = std::variant<queued_append, queued_change, queued_cursor, queued_open_seconds, queued_drop>;
// Last call wins, so there is never more than one a device.
using queued_devices = std::map<stored_number, model::device_record>;
// As above; nothing = forget.
using queued_assignments = std::map<stored_number, std::optional<model::assignment>>;

// About dead letters; id 0: the query.
struct question {
  std::uint64_t request = 0;
  std::uint64_t id = 0;
  model::dead_letter_query query;
};
struct page_reply {
  std::uint64_t request = 0;
  result<model::dead_letter_page> page;
};

// What came since the thread has looked last.
struct inbox {
  std::vector<work> pieces;
  bool ready = false; // to be taken: no more of them are about to come
  std::vector<spool_seq> marks;
  std::vector<std::vector<spool_seq>> reads;
  std::vector<question> questions;
  queued_assignments assignments;
  std::vector<queued_change::forgotten> forgotten;
};

// What one commit or one read has to tell the owner.
struct report {
  std::vector<model::appended> appends;
  std::vector<model::fresh_row> fresh;       // of those that are durable
  amount appended;                           // durable now
  amount refused;                            // rolled back
  amount concluded;                          // left the queue: both of these, and refused events
  amount erased;                             // left the spool
  std::uint64_t unreadable = 0, missing = 0; // store_counters
  bool missing_unknown = false;
  std::uint64_t missing_commands = 0; // as well
  std::optional<amount> waiting; // in the file, after this report: when that is not known from the others
  std::uint64_t dead_letters = 0;
  std::uint64_t commits = 0, commits_failed = 0, fsyncs = 0;
  std::chrono::microseconds commit_time{0};
  std::optional<error> fault; // an episode begins
  bool healed = false;        // an episode has ended
  bool has_read = false;
  std::vector<model::spool_row> rows;
  std::vector<spool_seq> gone;
  std::vector<page_reply> replies;
  std::optional<model::dead_letter_amounts> kept_dead_letters; // when that may have changed
  std::optional<spool_file::file_pages> pages;                 // after upkeep
};

// As in the file: a number keeps its key for ever.
void put_last(queued_devices& into, queued_change::saved what);

} // namespace causeway::store
