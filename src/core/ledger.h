// SPDX-License-Identifier: Apache-2.0
// The commands that there are, each with where it stands: found by id and by device, bounded in all and by
// application. What is ended goes when its history is over, or earlier where there is no room for a new one.
// Owned by commands; one thread.
#pragma once

#include "base/clock.h"
#include "base/error.h"
#include "core/by_application.h"
#include "core/command_entry.h"
#include "core/limits.h"
#include "core/words.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <unordered_map>
#include <utility>
#include <vector>

namespace causeway::core {

class ledger {
public:
  explicit ledger(const command_limits& limits) : limits_{limits} {}

  // Nullptr: not here.
  command_entry* find(const command_id& id);
  const command_entry* find(const command_id& id) const;
  // In the order stored.
  std::vector<command_entry*> of_device(const device_key& key);
  std::vector<const command_entry*> of_device(const device_key& key) const;
  // The next in the order stored; nullptr: there is none. 0: the first.
  const command_entry* behind(std::uint64_t order) const;

  // Whether one more of this application has its place: nothing, or commands_full, commands_share_full. What
  // goes for it, the oldest that has ended, is still to be removed.
  struct vacancy {
    std::optional<errc> refused{};
    const command_entry* goes = nullptr;
  };
  vacancy make_room(std::uint32_t application) const;

  // One more has its place, if it is not of an application that has taken its share.
  bool has_room() const { return entries_.size() < limits_.most || !ended_.empty(); }

  // Precondition: its id is not here.
  command_entry& add(command_entry made);
  void remove(const command_id& id);
  // Its stage is another, or the time of its last step.
  void on_changed(command_entry& one);

  // When on_due is to have something of it; nothing: only an event can bring anything about.
  void set_due(command_entry& one, std::optional<mono_time> at);
  // One whose time has come, which has no time any more then; nullptr: none.
  command_entry* take_due(mono_time now);
  std::optional<mono_time> deadline() const;

  std::size_t size() const { return entries_.size(); }
  std::size_t of_application(std::uint32_t which) const { return by_application_[which]; }
  std::size_t in_stage(command_stage which) const { return stages_[static_cast<std::size_t>(which)]; }

private:
  struct place : command_entry {
    explicit place(command_entry made) : command_entry{std::move(made)} {}
    command_stage counted = command_stage::stored;
    std::optional<std::pair<std::uint32_t, std::uint64_t>> ended{}; // as it stands in ended_
  };
  void count(place& one, bool is);

  const command_limits& limits_;
  std::unordered_map<command_id, std::unique_ptr<place>> entries_;
  std::unordered_multimap<std::size_t, place*> by_device_; // by a hash of the device's key
  std::set<std::pair<mono_time, place*>> due_;
  std::map<std::pair<std::uint32_t, std::uint64_t>, place*>
      ended_; // by the time of the last step, then order
  by_application<std::size_t> by_application_;
  std::size_t applications_ = 0; // that have commands
  std::array<std::size_t, command_stages> stages_{};
  std::map<std::uint64_t, place*> by_order_;
  std::uint64_t next_order_ = 1;
};

} // namespace causeway::core
