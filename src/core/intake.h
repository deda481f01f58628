// SPDX-License-Identifier: Apache-2.0
// From an event to a row in the spool, and to the answer: duplicates, formatting, room, append. Also dead
// letters that are tried again. An event whose shard is another process's, or leaves meanwhile, goes the same
// way without a device; its duplicates are its owner's matter. Owned by the shard; one thread. Bounded:
// is_full.
#pragma once

#include "base/clock.h"
#include "core/outlet.h"
#include "core/words.h"
#include "model/amount.h"
#include "model/door.h"
#include "model/event.h"
#include "model/formatter.h"
#include "model/journal.h"
#include "model/totals.h"

#include <cstdint>
#include <deque>
#include <optional>
#include <set>
#include <unordered_map>
#include <vector>

namespace causeway::core {

struct appends;
struct backlog;
struct device;
class device_table;
class naming;
class room;
class successions;

class intake {
public:
  struct outlets {
    const outlet<model::formatter>& formatter;
    const outlet<model::answers>& answers;
  };
  // All must live as long. most_in_progress: events being formatted or stored.
  intake(std::size_t most_in_progress, const naming& names, const device_table& table,
         const successions& heirs, backlog& waiting, room& space, appends& stored, const outlets& to,
         shard_totals& totals);

  void answer_now(ticket which, answer what);
  // No more can be in progress: an event is to be answered `full`.
  bool is_full() const { return formatting_.size() + appending_.size() + pending_copies_ >= most_; }
  // Precondition: the device, where there is one, is in the table. Answered once; a copy of an event in
  // progress with it.
  void take(ticket which, std::optional<device_ref> device, std::uint32_t application, model::event event,
            moment now);
  void on_formatted(ticket which, result<std::vector<message>> messages, moment now);
  void on_appended(const appended& what, moment now);
  // As shard::replay; the device is in the table.
  void replay(ticket which, std::uint64_t letter, device_ref device, message what, moment now);
  void replay(ticket which, std::uint64_t letter, device_ref device, model::event event, moment now);

  bool is_formatting(ticket which) const { return formatting_.count(which) != 0; }
  // Devices with an event on its way from the door to the disk.
  std::set<device_ref> in_storing() const;

private:
  // Of an event: its device may leave the table meanwhile.
  struct source {
    std::optional<device_ref> device{};
    std::uint32_t application = 0;
    std::optional<std::uint64_t> eui{}; // the device's, or its heir's, when the event came
  };
  struct in_progress { // between take and on_formatted
    source from;
    model::event event;
    std::optional<std::uint64_t> letter{}; // replayed
  };
  struct appending { // between append and on_appended
    append_id id{};
    ticket which{};
    source from;
    std::optional<kept_key> key;
    amount what;          // of its messages, or of the refused event
    bool refused = false; // the event itself, for the dead letters
    bool answered = false;
  };
  struct pending_key {
    device_ref device{};
    std::uint64_t hash = 0;
    friend bool operator==(const pending_key&, const pending_key&) = default;
  };
  struct pending_key_hash {
    std::size_t operator()(const pending_key& k) const noexcept {
      return k.hash ^ static_cast<std::uint32_t>(k.device);
    }
  };
  struct copy { // of an event that is between take and on_appended
    ticket which{};
    source from;
    model::event event;
  };

  const device* device_of(const source& from) const;
  source source_of(std::optional<device_ref> device, std::uint32_t application) const;
  bool is_of_former(const source& from) const;
  void conclude(ticket which, const source& from, const std::optional<kept_key>& key, answer what,
                moment now);
  void judge(copy one, moment now);
  void judge_again(moment now);
  bool is_duplicate(const device& d, const model::event& event, const kept_key& key) const;
  void format(ticket which, in_progress one, moment now);
  void refuse(ticket which, in_progress one, const error& why, moment now);
  void store(ticket which, const source& from, append_request request, moment now, const amount& leaves = {});
  void append(ticket which, const source& from, append_request request, const amount& what, moment now);

  std::size_t most_;
  const naming& names_;
  const device_table& table_;
  const successions& heirs_;
  backlog& waiting_;
  room& room_;
  appends& stored_;
  outlets to_;
  shard_totals& totals_;
  std::unordered_map<ticket, in_progress> formatting_;
  std::deque<appending> appending_; // by id
  // Of events between take and on_appended: the copies that came meanwhile.
  std::unordered_map<pending_key, std::vector<copy>, pending_key_hash> pending_keys_;
  std::size_t pending_copies_ = 0;
  std::deque<copy> again_; // copies of what was not stored: empty between events
  bool judging_ = false;
};

} // namespace causeway::core
