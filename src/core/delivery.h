// SPDX-License-Identifier: Apache-2.0
// From a row in the spool to the hub's accept: a device's oldest message goes when nothing of it is in
// flight, with its body from the cache or read back. What an outcome means for the device is not its matter.
// Owned by the shard; one thread.
#pragma once

#include "base/clock.h"
#include "core/outlet.h"
#include "core/words.h"
#include "model/amount.h"
#include "model/hub_link.h"
#include "model/journal.h"
#include "model/timeline.h"
#include "model/totals.h"

#include <cstdint>
#include <deque>
#include <optional>
#include <unordered_map>
#include <utility>
#include <vector>

namespace causeway::core {

struct backlog;
class device_table;
class draft;
class gates;
class holdings;
class open_time;
class rule_book;
class spool_room;

class delivery {
public:
  struct options {
    std::size_t read_back_batch = 256;
    model::timeline* timeline = nullptr; // gets phase::first_send; nothing = off
  };
  // What an outcome has made of the message.
  enum class fate : std::uint8_t {
    foreign,  // it was of a connection that is gone: nothing
    accepted, // done
    buried,   // a dead letter
    kept,     // it stays the oldest; the device is to pause
  };

  // All must live as long.
  delivery(const options& by, const rule_book& rules, device_table& table, backlog& waiting, gates& held,
           const holdings& here, draft& book, const outlet<journal>& disk, const outlet<hub_link>& hub,
           const open_time& time, shard_totals& totals);

  // A row of the device has come: it waits, behind those before it. True: it is the only one. Precondition of
  // all with a device: it is in the table.
  bool take(device_ref which, fresh_row row);
  // A row with an owner: whether it is one too many, as a duplicate or of a device that is switched off. It
  // is done then.
  bool passes_over(device_ref which, const fresh_row& row);
  // What waits for it is no matter of this process any more, and stays on the disk.
  void let_go(device_ref which, moment now);
  // Sends what can be sent now.
  void pump(device_ref which, moment now);
  // It is about to be online.
  void came_online(device_ref which);
  // What is with the hub is not any more: whether the hub took it is not known, and it is sent again with the
  // same message-id. True: there was something.
  bool recall(device_ref which, errc why, moment now);
  fate on_outcome(device_ref which, spool_seq seq, const result<void>& outcome, moment now);
  // The devices with which it goes on; then read_more.
  std::vector<device_ref> on_read_back(std::vector<spool_row> rows, const std::vector<spool_seq>& gone,
                                       moment now);
  void read_more();
  // Its oldest becomes a dead letter. Precondition: it has one.
  void bury_oldest(device_ref which, const error& why, moment now);
  // Whether a device that is online still has messages that only wait for their turn, of those before this.
  bool is_sending(spool_seq before) const;

private:
  bool may_send(device_ref which, moment now);
  void send(device_ref which, spool_seq seq, const message& body, moment now);
  void want_body(device_ref which);
  using room_change = void (spool_room::*)(std::uint32_t application, const amount& what);
  void leave_queue(device_ref which, room_change to);
  void count_latency(std::uint32_t accepted_ms, moment now);
  void end_first_send(device_ref which, std::optional<errc> fault, moment now);

  options options_;
  const rule_book& rules_;
  device_table& table_;
  backlog& waiting_;
  gates& gates_;
  const holdings& here_;
  draft& book_;
  const outlet<journal>& disk_;
  const outlet<hub_link>& hub_;
  const open_time& time_;
  shard_totals& totals_;
  std::deque<device_ref> wanted_;                         // devices whose oldest body must be read back
  std::vector<std::pair<device_ref, spool_seq>> reading_; // the read that is under way, by seq
  std::unordered_map<device_ref, mono_time> first_sends_; // under way, for the timeline
  bool passes_over_ = false;                              // the rows of an event
};

} // namespace causeway::core
