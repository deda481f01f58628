// SPDX-License-Identifier: Apache-2.0
#include "core/room.h"

#include "base/earliest.h"
#include "base/log.h"
#include "core/backlog.h"
#include "core/device_table.h"
#include "core/draft.h"
#include "core/gates.h"
#include "core/open_time.h"
#include "core/outbox.h"
#include "core/rule_book.h"
#include "core/spool_room.h"

#include <algorithm>

namespace causeway::core {

room::room(const spool_limits& limits, const rule_book& rules, device_table& table, backlog& waiting,
           gates& held, draft& book, const open_time& time, shard_totals& totals)
    : limits_{limits},
      rules_{rules},
      table_{table},
      waiting_{waiting},
      gates_{held},
      book_{book},
      time_{time},
      totals_{totals} {}

void room::keep_stray(const waiting_message& message) {
  strays_.push_back(message);
  waiting_.account.take_stray({1, message.bytes});
}

void room::tick(moment now) {
  drop_overdue(now);
  tell_of_letters(now);
}

std::optional<mono_time> room::deadline() const {
  std::optional<mono_time> overdue, pause_over, look;
  if (const auto first = limits_.max_age ? oldest() : std::nullopt)
    overdue = time_.started() + seconds{first->accepted_s} + *limits_.max_age;
  if (drop_episode_) pause_over = drop_episode_->last + drop_pause;
  if (waiting_.account.letters().messages != 0) look = letters_looked_ + look_at_letters;
  return earliest({overdue, pause_over, look});
}

std::optional<answer> room::make(std::uint32_t application, const amount& comes, moment now,
                                 const amount& leaves) {
  amount more = comes;
  more.messages -= std::min(more.messages, leaves.messages);
  more.bytes -= std::min(more.bytes, leaves.bytes);
  if (more == amount{}) return std::nullopt;
  const bool may_drop =
      limits_.policy == when_full::drop_oldest && waiting_.account.can_ever_take(application, more);
  while (const auto lack = waiting_.account.lacks(application, more)) {
    const bool is_share = *lack == spool_room::shortage::share;
    if (may_drop && drop_oldest(is_share ? std::optional{application} : std::nullopt,
                                is_share ? drop_reason::share : drop_reason::full, now))
      continue;
    if (!is_share) return answer::full;
    ++refusals_[application];
    return answer::share_full;
  }
  return std::nullopt;
}

// The oldest that is not with the hub, of one application or of all. False: there is none.
bool room::drop_oldest(std::optional<std::uint32_t> application, drop_reason why, moment now) {
  const auto place = application ? waiting_.queue.oldest(*application) : waiting_.queue.oldest();
  const bool is_stray = !application && !strays_.empty() && (!place || strays_.front().seq < place->seq);
  if (is_stray) {
    const auto stray = strays_.front();
    strays_.pop_front();
    waiting_.account.give_stray({1, stray.bytes});
    book_.done(stray.seq);
    note_drop(why, {1, stray.bytes}, now);
    return true;
  }
  if (!place) return false;
  auto& d = table_.at(place->device);
  const amount what{1, waiting_.queue.idle(d)->bytes};
  if (!d.in_flight) gates_.forget(place->device);
  waiting_.queue.drop_idle(place->device, d);
  waiting_.bodies.drop(place->seq);
  waiting_.account.give(d.application, what);
  book_.done(place->seq);
  ++drops_[d.application];
  note_drop(why, what, now);
  return true;
}

std::optional<waiting_message> room::oldest() const {
  const auto place = waiting_.queue.oldest();
  if (!strays_.empty() && (!place || strays_.front().seq < place->seq)) return strays_.front();
  if (!place) return std::nullopt;
  return *waiting_.queue.idle(table_.at(place->device));
}

std::optional<seconds> room::oldest_age(moment now) const {
  const auto first = oldest();
  if (!first) return std::nullopt;
  return seconds{std::max(0, time_.since_start(now) - first->accepted_s)};
}

void room::drop_overdue(moment now) {
  constexpr int most_at_once = 1000; // so that the loop turns; the rest goes with the next tick
  if (const auto& age = limits_.max_age) {
    for (int i = 0; i < most_at_once; ++i) {
      const auto is = oldest_age(now);
      if (!is || *is < *age || !drop_oldest({}, drop_reason::age, now)) break;
    }
  }
  if (drop_episode_ && now.mono >= drop_episode_->last + drop_pause) end_drop_episode(now);
}

void room::note_drop(drop_reason why, const amount& what, moment now) {
  constexpr seconds longest_episode{3600};
  ++totals_.dropped[static_cast<std::size_t>(why)];
  if (drop_episode_ && now.mono >= drop_episode_->began + longest_episode) end_drop_episode(now);
  if (!drop_episode_) {
    drop_episode_.emplace();
    drop_episode_->began = now.mono;
    log::warning("messages_dropping",
                 {{"reason", to_string(why)}, {"waiting", waiting_.account.total().messages}});
  }
  drop_episode_->last = now.mono;
  drop_episode_->what += what;
  ++drop_episode_->by_reason[static_cast<std::size_t>(why)];
}

void room::end_drop_episode(moment now) {
  const auto& was = *drop_episode_;
  log::warning("messages_dropped",
               {{"messages", was.what.messages},
                {"bytes", was.what.bytes},
                {"full", was.by_reason[static_cast<std::size_t>(drop_reason::full)]},
                {"share", was.by_reason[static_cast<std::size_t>(drop_reason::share)]},
                {"age", was.by_reason[static_cast<std::size_t>(drop_reason::age)]},
                {"seconds", std::chrono::duration_cast<seconds>(now.mono - was.began).count()}});
  drop_episode_.reset();
}

void room::on_dead_letters_counted(const dead_letter_amounts& are) {
  amount strays;
  for (const auto& [application, there] : are)
    if (!rules_.number_of(application)) strays += there;
  waiting_.account.set_stray_letters(strays);
  for (std::uint32_t i = 0; i < rules_.size(); ++i) {
    const auto found = are.find(rules_.at(i).id);
    waiting_.account.set_letters(i, found == are.end() ? amount{} : found->second);
  }
}

void room::tell_of_letters(moment now) {
  constexpr seconds again{24 * 3600};
  constexpr double much = 0.5;
  if (letters_looked_ != mono_time{} && now.mono < letters_looked_ + look_at_letters) return;
  letters_looked_ = now.mono;
  for (std::uint32_t i = 0; i < rules_.size(); ++i) {
    const auto part = waiting_.account.letters_part(i);
    if (part < much || (letters_told_[i] && now.mono < *letters_told_[i] + again)) continue;
    letters_told_[i] = now.mono;
    log::warning("dead_letters_take_share", {{"application", rules_.at(i).id},
                                             {"dead_letters", waiting_.account.letters_of(i).messages},
                                             {"bytes", waiting_.account.letters_of(i).bytes},
                                             {"percent", static_cast<std::uint64_t>(part * 100)}});
  }
}

} // namespace causeway::core
