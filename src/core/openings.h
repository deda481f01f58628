// SPDX-License-Identifier: Apache-2.0
// Who may not set out yet: the devices of the shards that are being opened, each until its assignments are
// placed, and everybody while they are held. Owned by the journey; one thread.
#pragma once

#include "core/opening.h"

#include <map>
#include <optional>
#include <vector>

namespace causeway::core {

struct device;
class naming;

class openings {
public:
  struct grounds {
    const rule_book& rules;
    const naming& names;
    device_table& table;
    claims& claimed;
    assignments& held;
    const holdings& here;
  };
  // All must live as long.
  explicit openings(const grounds& on) : on_{on} {}

  // A shard has come: all its devices that are on disk are in the table.
  void begin(shard_number which, std::vector<start_image::assigned> of);
  // It has gone again, or has not been here.
  void end(shard_number which) { all_.erase(which); }
  bool is_any() const { return !all_.empty(); }
  // Who is to connect next, once all assignments of its shard are placed; each of both lessens `most` by one.
  // Nothing: no more for now, and nothing at all while all are held. The device may be gone.
  std::optional<device_ref> next(std::size_t& most);
  // What is on disk for this device does not count any more.
  void lose(const device& d);

  // While all are held a shard that comes waits with its assignments too: it is opened by the rules that
  // count afterwards. Precondition of hold: none is being opened.
  void hold() { is_holding_ = true; }
  // Who would have set out meanwhile.
  std::vector<device_ref> let_go();
  // Whether it stays where it is.
  bool keeps(const device& d) const;
  // It would set out; precondition: keeps.
  void note_wanted(device_ref which);

private:
  grounds on_;
  std::map<shard_number, opening> all_; // until all are on their way
  bool is_holding_ = false;
  std::vector<device_ref> wanted_; // while all are held
};

} // namespace causeway::core
