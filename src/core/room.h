// SPDX-License-Identifier: Apache-2.0
// When the spool is full, or its oldest have waited for too long: what is refused, and what is given up. The
// limits are kept by spool_room. Owned by the shard; one thread.
#pragma once

#include "base/clock.h"
#include "core/by_application.h"
#include "core/limits.h"
#include "core/waiting_message.h"
#include "model/dead_letter.h"
#include "model/door.h"
#include "model/journal.h"
#include "model/totals.h"

#include <array>
#include <deque>
#include <optional>

namespace causeway::core {

struct backlog;
class device_table;
class draft;
class gates;
class open_time;
class rule_book;

class room {
public:
  // All must live as long.
  room(const spool_limits& limits, const rule_book& rules, device_table& table, backlog& waiting, gates& held,
       draft& book, const open_time& time, shard_totals& totals);

  // Nothing: there is room now. leaves: what goes as the other comes.
  std::optional<answer> make(std::uint32_t application, const amount& comes, moment now,
                             const amount& leaves = {});
  // At start: a message of an application that is not configured any more. In the order of seq.
  void keep_stray(const waiting_message& message);
  void on_dead_letters_counted(const dead_letter_amounts& are);
  // Gives up what is over max_age, and tells what there is to tell.
  void tick(moment now);
  std::optional<mono_time> deadline() const;

  // How long the oldest that is not with a hub has waited; nothing when there is none.
  std::optional<seconds> oldest_age(moment now) const;
  // By application: events refused for its share, and messages given up.
  std::uint64_t refusals_of(std::uint32_t application) const { return refusals_[application]; }
  std::uint64_t drops_of(std::uint32_t application) const { return drops_[application]; }

private:
  // Drops that are closer together are one episode, told of at its begin and at its end.
  static constexpr seconds drop_pause{60};
  static constexpr seconds look_at_letters{60};
  struct drop_episode { // no initialisers: clang takes one inside a class for no default constructor
    mono_time began, last;
    amount what;
    std::array<std::uint64_t, drop_reasons> by_reason;
  };

  std::optional<waiting_message> oldest() const;
  bool drop_oldest(std::optional<std::uint32_t> application, drop_reason why, moment now);
  void drop_overdue(moment now);
  void note_drop(drop_reason why, const amount& what, moment now);
  void end_drop_episode(moment now);
  void tell_of_letters(moment now);

  const spool_limits& limits_;
  const rule_book& rules_;
  device_table& table_;
  backlog& waiting_;
  gates& gates_;
  draft& book_;
  const open_time& time_;
  shard_totals& totals_;
  std::deque<waiting_message> strays_; // of applications that are not configured any more
  by_application<std::uint64_t> refusals_, drops_;
  by_application<std::optional<mono_time>> letters_told_; // that they take half of its share
  mono_time letters_looked_{};
  std::optional<drop_episode> drop_episode_;
};

} // namespace causeway::core
