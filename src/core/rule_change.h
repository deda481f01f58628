// SPDX-License-Identifier: Apache-2.0
// From one snapshot of the rules to the next while devices are connected: what does not fit the new one ends,
// then it is put in the old one's place, then everybody goes where it says, as after a start with it. A piece
// at a time, however many devices there are; between the pieces events come as ever, by the rules that are in
// the book. Owned by the shard; one thread.
#pragma once

#include "core/by_application.h"
#include "core/rule_book.h"

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <queue>
#include <vector>

namespace causeway::core {

struct backlog;
class census;
class device_table;
class journey;
class naming;
class open_time;

class rule_change {
public:
  struct grounds {
    rule_book& rules;
    const naming& names;
    device_table& table;
    census& counts;
    backlog& waiting;
    const open_time& time;
    journey& ways;
  };
  // All must live as long.
  explicit rule_change(const grounds& on) : on_{on} {}

  // Begins at once, or when what is under way is over: a change, or a start. Of several that wait the last
  // counts.
  void take(std::vector<application_rules> rules, moment now);
  // The next piece.
  void tick(moment now);
  std::optional<mono_time> deadline() const;

private:
  enum class step : std::uint8_t {
    none,
    ending,    // by the old rules: who does not fit the new ones; nobody sets out meanwhile
    claiming,  // by the new ones: who keeps its assignment has its identity before anybody else
    bringing,  // those that have ended, or were held
    directing, // everybody of an application that is concerned
  };
  struct effect {
    bool leaves = false, returns = false; // is not configured any more; is again
    bool moves = false;                   // to another section, enrolment, identity or hub
    bool renames = false;                 // identities meet those of others elsewhere, or otherwise
    bool follows = false;                 // the registry, from now on
    bool concerns = false;                // its devices may stand elsewhere now
    bool ends() const { return leaves || returns || moves || renames; }
  };

  struct claimant {
    bool has_none = false; // no assignment
    std::uint32_t assigned_at = 0;
    device_ref device{};
    friend auto operator<=>(const claimant&, const claimant&) = default;
  };

  void begin(std::vector<application_rules> rules);
  effect effect_on(std::uint32_t application);
  void go_on(std::size_t& most, moment now);
  bool is_anybody(bool (*is_meant)(const effect&)) const;
  bool claim_some(std::size_t& most, moment now);
  bool bring_some(std::size_t& most, moment now);
  template <class Do>
  bool go_over_places(std::size_t& most, Do what);
  void part(device_ref which, moment now);
  void end(device_ref which, moment now);
  void replace();
  void claim(device_ref which, moment now);
  void direct(device_ref which, bool was_ended, moment now);
  bool is_to_connect(const device& d);
  bool is_wish_another(const device& d) const;

  grounds on_;
  std::optional<std::vector<application_rules>> waiting_;
  step step_ = step::none;
  std::shared_ptr<const rule_snapshot> before_, after_;
  by_application<effect> effects_;
  // Who has let its identity go and is to have it again: as at start, who has had its assignment the longest
  // comes first.
  std::priority_queue<claimant, std::vector<claimant>, std::greater<>> claimants_;
  std::vector<device_ref> ended_; // who is to go on its way again
  std::uint32_t next_ = 0;        // place, or one of these
};

} // namespace causeway::core
