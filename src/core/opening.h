// SPDX-License-Identifier: Apache-2.0
// What has still to be done when a shard has come, a few devices at a time: each assignment on disk is put in
// its place, the oldest first, then devices connect. None of the shard's connects before all have the
// assignments that are on disk. One thread.
#pragma once

#include "core/words.h"
#include "model/start_image.h"

#include <cstdint>
#include <optional>
#include <set>
#include <utility>
#include <vector>

namespace causeway::core {

class assignments;
class claims;
class device_table;
class holdings;
class rule_book;

class opening {
public:
  // All must live as long. which: of the shards here.
  opening(const rule_book& rules, device_table& table, claims& claimed, assignments& held,
          const holdings& here, shard_number which)
      : rules_{rules}, table_{table}, claims_{claimed}, assignments_{held}, here_{here}, which_{which} {}

  // Once; all its devices that are on disk are in the table.
  void begin(std::vector<start_image::assigned> of);
  bool is_over() const { return !work_; }
  // Some assignments have still to find their places.
  bool is_placing() const { return work_ && !work_->has_order; }
  // Places some, at most `most`, which gets less by as many; false: there are more. Precondition: it is not
  // over.
  bool place_some(std::size_t& most);
  // Since the last call: whose assignment fits no more and may go from disk.
  std::vector<device_ref> take_misfits() { return std::exchange(misfits_, {}); }
  // Who is to connect next: those with an assignment first, and of them those with messages. Precondition:
  // all are placed, and it is not over.
  device_ref next();
  // What is on disk for this device does not count any more.
  void lose(const device_key& key);

private:
  struct work { // no initialisers: clang takes one inside a class for no default constructor
    std::vector<device_ref> there; // from the begin on, by place; who is not has come since
    std::vector<start_image::assigned> assignments;
    std::vector<std::uint32_t> by_age; // of these, once sorted: the oldest first,
    std::size_t placed;                // so many of them done
    std::set<device_key> lost;         // that do not count any more
    bool has_order;
    std::vector<device_ref> to_connect; // in this order,
    std::size_t connected;              // so many of them done
  };
  void sort();
  void place(const start_image::assigned& one);
  void order();

  const rule_book& rules_;
  device_table& table_;
  claims& claims_;
  assignments& assignments_;
  const holdings& here_;
  shard_number which_;
  std::optional<work> work_; // until all are on their way
  std::vector<device_ref> misfits_;
};

} // namespace causeway::core
