// SPDX-License-Identifier: Apache-2.0
// What the event under way makes durable: written down by the organs, committed as one change at its end, so
// that a crash finds all of it or nothing. Owned by the shard; one thread.
#pragma once

#include "core/outlet.h"
#include "core/words.h"
#include "model/journal.h"

#include <utility>

namespace causeway::core {

class draft {
public:
  explicit draft(const outlet<model::journal>& disk) : disk_{disk} {}

  void done(spool_seq seq) { change_.done.push_back(seq); }
  void bury(spool_seq seq, const error& why) { change_.dead_letters.push_back({seq, why}); }
  // The last record of a device counts.
  void save(device_record record) { change_.devices.push_back(std::move(record)); }
  void place(device_ref device, device_key key, const assignment& where) {
    change_.assignments.push_back({device, where, std::move(key)});
  }
  void displace(device_ref device, device_key key) {
    change_.assignments.push_back({device, std::nullopt, std::move(key)});
  }
  void forget(device_ref device, device_key key) { change_.gone.push_back({device, std::move(key)}); }

  void forget_command(const command_id& which) { change_.forgotten_commands.push_back(which); }

  void release(shard_number which) { change_.released.push_back(which); }

  // What is written so far goes: before an append that stands on it.
  void commit();
  // The same, where it is much: between one device and the next, in an event that goes over all of them.
  void commit_if_long();

  // An event, from its begin to its end; one that comes inside another ends with it.
  class event {
  public:
    explicit event(draft& of) : of_{of} { ++of_.events_; }
    ~event() {
      if (--of_.events_ == 0) of_.commit();
    }
    // No other one goes on when it ends.
    bool is_last() const { return of_.events_ == 1; }
    event(const event&) = delete;
    event& operator=(const event&) = delete;

  private:
    draft& of_;
  };

private:
  const outlet<model::journal>& disk_;
  change change_;
  int events_ = 0;
};

} // namespace causeway::core
