// SPDX-License-Identifier: Apache-2.0
#include "causeway_bench/command_judge.h"

#include <fmt/format.h>

#include <algorithm>
#include <unordered_map>
#include <utility>

namespace causeway::bench {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t most_findings = 100;
// Before a look, and after it: what is so for longer than that is so at the look.
constexpr milliseconds before_look{5'000}, after_look{500};
// A gateway needs so long from its launch until the last twin is read; in how much of the rest, over all
// that came and went meanwhile, a change must have been.
constexpr auto start_takes = 3s, twin_is_read_within = 5s;
// Between an uplink and the transmission in its window, or the event that tells its verdict.
constexpr auto window = 6s;

bool is_end(const std::string& state) {
  return state == "acknowledged" || state == "failed" || state == "expired" || state == "cancelled";
}

// All that is known of one command.
struct file {
  const asked_command* asked = nullptr;
  std::vector<const booked_downlink*> items;
  std::vector<const told_step*> told;
};

// What a careful reader believes: ends stay, of two radio steps the later one counts, and a word that it is
// in the queue is news only for what was believed to be nowhere.
struct reader {
  std::string state;
  std::optional<wall_time> heard_at;

  void read(const told_step& step) {
    if (is_end(state)) return;
    const bool radio = step.state == "sent" || step.state == "nacked";
    if (radio && heard_at && step.at < *heard_at) return;
    if (step.state == "queued" && (state == "sent" || state == "nacked")) return;
    if (radio) heard_at = step.at;
    state = step.state;
  }
};

bool heard(const booked_downlink& item, std::string_view kind) {
  return std::any_of(item.heard.begin(), item.heard.end(), [&](const auto& one) { return one.kind == kind; });
}

bool stands_in_queue(const booked_downlink& item) {
  return item.end == "none" && item.queued > item.transmissions.size();
}

bool waits_for_ack(const booked_downlink& item) {
  return item.confirmed && item.end == "none" && item.queued <= item.transmissions.size();
}

// The event that says its end has been heard.
bool knows_end(const booked_downlink& item) {
  if (item.end == "acknowledged") return heard(item, "downlink_ack");
  if (item.end == "failed") return heard(item, "downlink_failed");
  // One of its push, which settles nothing, has no counter.
  if (item.end == "max_retries")
    return std::any_of(item.heard.begin(), item.heard.end(), [&](const heard_step& one) {
      return one.kind == "downlink_failed" && one.f_cnt == item.last_f_cnt;
    });
  if (item.end == "transmitted") return heard(item, "downlink_sent");
  return false;
}

class judgement {
public:
  explicit judgement(const command_evidence& all) : all_{all} {}
  command_figures judge();

private:
  void sort();
  void claim_by_twins();
  void judge_one(const file& of);
  void judge_twins();
  const asked_command* next_change(const asked_command& of) const;
  wall_time::duration time_to_read(wall_time from, wall_time to) const;
  bool was_superseded(const asked_command& one) const;
  void judge_state(const file& of, const std::string& state);
  void judge_without_item(const file& of, const std::string& state);
  void judge_steps(const file& of);
  void judge_hub_end(const file& of);
  void judge_doubt(const file& of, const told_step& doubt);
  static std::string difference(const booked_downlink& item, const std::string& state);
  bool would_be_seen(const booked_downlink& item, wall_time at) const;
  void find(std::uint64_t& count, const file& of, const std::string& what);

  const command_evidence& all_;
  command_figures made_;
  std::unordered_map<std::uint64_t, file> files_;
  std::map<std::string, std::vector<const told_step*>> strangers_; // reports of what is in no file
  std::map<std::string, std::vector<const booked_downlink*>> by_device_;
  std::map<std::string, std::vector<const asked_command*>> changes_; // of a device's twin, as they were made
};

std::string_view name_of(command_way way) {
  return way == command_way::c2d ? "message" : way == command_way::method ? "method" : "change of twin";
}

std::string last_state(const std::vector<const told_step*>& told) {
  reader by;
  for (const auto* step : told)
    by.read(*step);
  return by.state;
}

void judgement::find(std::uint64_t& count, const file& of, const std::string& what) {
  ++count;
  if (made_.findings.size() == most_findings) return;
  auto words = of.asked == nullptr
                   ? std::string{"nobody's"}
                   : fmt::format("{} {} for {}", name_of(of.asked->way), of.asked->number, of.asked->device);
  if (of.asked != nullptr) words += " of " + format_rfc3339(of.asked->at);
  if (const auto* const next = of.asked == nullptr ? nullptr : next_change(*of.asked))
    words += fmt::format(", the next change of {}, behind {:.1f} s in which it could be read",
                         format_rfc3339(next->at),
                         std::chrono::duration<double>{time_to_read(of.asked->at, next->at)}.count());
  if (!of.told.empty()) words += " (" + of.told.front()->id + ")";
  for (const auto* item : of.items) {
    words += fmt::format("; item accepted {} end {} queued {} sent {}", format_rfc3339(item->accepted),
                         item->end, item->queued, item->transmissions.size());
    for (const auto& one : item->heard)
      words += fmt::format(" {}#{}", one.kind, one.f_cnt);
  }
  for (const auto* step : of.told)
    words += fmt::format("; {} {}", step->state, format_rfc3339(step->at));
  made_.findings.push_back(what + ": " + words);
}

void judgement::sort() {
  std::unordered_map<std::string, std::uint64_t> numbers;
  for (const auto& one : all_.asked) {
    files_[one.number].asked = &one;
    if (!one.id.empty()) numbers.emplace(one.id, one.number);
    if (one.way == command_way::twin && one.accepted) changes_[one.device].push_back(&one);
  }
  for (const auto& one : all_.booked) {
    files_[one.number].items.push_back(&one);
    numbers.emplace(one.id, one.number);
    by_device_[one.device].push_back(&one);
  }
  for (const auto& one : all_.told) {
    const auto found = numbers.find(one.id);
    if (found != numbers.end())
      files_[found->second].told.push_back(&one);
    else if (one.number)
      files_[*one.number].told.push_back(&one);
    else
      strangers_[one.id].push_back(&one);
  }
  claim_by_twins();
}

// A report of a change names no number. Where nothing was queued it is of one that was there to be read, and
// first of those that had to be: a push without an answer may be in doubt only many starts and changes later.
void judgement::claim_by_twins() {
  std::vector<std::pair<wall_time, std::string>> earliest_first;
  for (const auto& [id, steps] : strangers_)
    if (steps.front()->by_twin) earliest_first.emplace_back(steps.front()->at, id);
  std::sort(earliest_first.begin(), earliest_first.end());
  for (const bool had_to_be_read : {true, false})
    for (const auto& [at, id] : earliest_first) {
      const auto stranger = strangers_.find(id);
      if (stranger == strangers_.end()) continue;
      const auto& changes = changes_[stranger->second.front()->device];
      const auto found =
          std::find_if(changes.rbegin(), changes.rend(), [&, at = at](const asked_command* one) {
            const auto& of = files_[one->number];
            const bool is_free = one->at <= at && of.items.empty() && of.told.empty();
            return is_free && (!had_to_be_read || !was_superseded(*one));
          });
      if (found == changes.rend()) continue;
      files_[(*found)->number].told = stranger->second;
      strangers_.erase(stranger);
    }
}

// Of the same twin; null: there is none.
const asked_command* judgement::next_change(const asked_command& of) const {
  const auto changes = changes_.find(of.device);
  if (changes == changes_.end()) return nullptr;
  const auto one = std::find(changes->second.begin(), changes->second.end(), &of);
  return one == changes->second.end() || std::next(one) == changes->second.end() ? nullptr : *std::next(one);
}

// Of the gateways that were there, without what each needs to start.
wall_time::duration judgement::time_to_read(wall_time from, wall_time to) const {
  wall_time::duration had{};
  for (const auto& life : all_.lives)
    had += std::max(std::min(life.to, to) - std::max(life.from + start_takes, from), wall_time::duration{});
  return had;
}

bool judgement::was_superseded(const asked_command& one) const {
  const auto* const next = next_change(one);
  return next != nullptr && time_to_read(one.at, next->at) < twin_is_read_within;
}

command_figures judgement::judge() {
  sort();
  for (const auto& [number, one] : files_)
    judge_one(one);
  // A method that got no answer and was never pushed: only its reports are there.
  for (const auto& [id, steps] : strangers_) {
    file made;
    made.told = steps;
    ++made_.commands;
    if (steps.front()->by_twin) {
      find(made_.mismatches, made, "no change asked for it");
      continue;
    }
    ++made_.methods;
    judge_without_item(made, last_state(steps));
  }
  judge_twins();
  return std::move(made_);
}

// What a twin says at last is of its last change, and what the reports say.
void judgement::judge_twins() {
  for (const auto& [device, changes] : changes_) {
    if (changes.empty()) continue;
    const auto& of = files_[changes.back()->number];
    if (of.told.empty()) continue; // lost, or without a report, and found as such
    const auto said = all_.twins.find(device);
    const auto state = last_state(of.told);
    if (said == all_.twins.end() || said->second.command != of.told.front()->id)
      find(made_.mismatches, of, "its twin tells of another command");
    else if (said->second.state != state)
      find(made_.mismatches, of,
           fmt::format("its twin says {} and the reports {}", said->second.state, state));
  }
}

void judgement::judge_one(const file& of) {
  const bool accepted = (of.asked != nullptr && of.asked->accepted) || !of.told.empty() || !of.items.empty();
  if (!accepted) return;
  const auto way = of.asked == nullptr ? command_way::c2d : of.asked->way;
  if (way == command_way::twin && of.told.empty() && of.items.empty() && was_superseded(*of.asked)) {
    ++made_.superseded;
    return;
  }
  ++made_.commands;
  ++(way == command_way::c2d ? made_.c2d : way == command_way::method ? made_.methods : made_.twins);
  for (std::size_t i = 1; i < of.items.size(); ++i)
    find(made_.doubled, of, "doubled");
  if (of.asked != nullptr && of.asked->refused && !of.items.empty())
    find(made_.mismatches, of, "queued though its caller was told that nothing was sent");
  judge_state(of, last_state(of.told));
  judge_steps(of);
  judge_hub_end(of);
  for (const auto* step : of.told)
    if (step->state == "in_doubt") judge_doubt(of, *step);
}

void judgement::judge_state(const file& of, const std::string& state) {
  if (of.items.empty()) return judge_without_item(of, state);
  ++made_.states[state.empty() ? "unreported" : state];
  if (state.empty()) return find(made_.reports_missing, of, "no report at all");
  if (state == "in_doubt") ++made_.in_doubt;
  const auto& item = *of.items.front();
  if (item.end == "none") ++made_.under_way;
  if (const auto what = difference(item, state); !what.empty()) {
    const bool is_young =
        !of.told.empty() && all_.now - std::max(of.told.back()->at, item.accepted) < all_.patience;
    if (what == "unheard" && is_young) {
      ++made_.unheard_yet;
    } else if (what.starts_with('~')) {
      ++made_.unknowable[what.substr(1)];
    } else {
      find(made_.mismatches, of, state + " but " + (what == "unheard" ? item.end + ", and not asked" : what));
    }
  }
}

// Empty: it is so. "~name": nobody can know better. "unheard": it will, once it is asked for.
std::string judgement::difference(const booked_downlink& item, const std::string& state) {
  const bool over = item.end != "none";
  if (state == "acknowledged") return item.end == state ? "" : "not " + state;
  if (state == "failed") return item.end == "failed" || item.end == "max_retries" ? "" : "not failed";
  if (state == "expired" || state == "cancelled") return "it was pushed";
  if (over && knows_end(item) && !(state == "sent" && item.end == "transmitted"))
    return item.end + ", and that was heard";
  if (state == "no_word")
    return stands_in_queue(item) ? "it stands in the queue"
           : waits_for_ack(item) ? "it waits for its ack"
                                 : "~no_word_of_" + item.end;
  if (state == "in_doubt") return heard(item, "downlink_queued") ? "its queued event was heard" : "~in_doubt";
  if (state == "replaced") return over ? (item.end == state ? "" : "~replaced_of_" + item.end) : "it goes on";
  if (state == "queued") {
    if (heard(item, "downlink_sent")) return "sent, and that was heard";
    if (stands_in_queue(item)) return item.transmissions.empty() ? "" : "~nack_unheard";
    return waits_for_ack(item) ? "~sent_unheard" : "unheard";
  }
  if (state == "sent") {
    if (item.transmissions.empty()) return "it was never sent";
    if (item.end == "transmitted" || waits_for_ack(item)) return "";
    if (item.end == "none") return "~nack_unheard";
    return "unheard";
  }
  if (state == "nacked") return stands_in_queue(item) ? "" : item.end == "none" ? "~sent_unheard" : "unheard";
  return "an unknown state";
}

void judgement::judge_without_item(const file& of, const std::string& state) {
  ++made_.states[state.empty() ? "none" : state];
  const bool ended_at_hub =
      of.asked != nullptr && !of.asked->hub_end.empty() && of.asked->hub_end != "Success";
  if (state == "failed" || state == "expired") return;
  if (state == "in_doubt") {
    ++made_.in_doubt;
    ++made_.unknowable["in_doubt_of_nothing"];
    return;
  }
  if (!state.empty()) return find(made_.mismatches, of, state + " but it never came into a queue");
  if (ended_at_hub) return;
  find(made_.lost, of, of.asked != nullptr && of.asked->waits ? "still in the hub" : "lost");
}

// What the gateway has taken, its sender must have.
void judgement::judge_steps(const file& of) {
  const auto told = [&](std::string_view state, std::optional<std::uint32_t> f_cnt) {
    return std::any_of(of.told.begin(), of.told.end(), [&](const told_step* one) {
      return one->state == state && (!f_cnt || one->f_cnt.value_or(0) == *f_cnt);
    });
  };
  for (const auto* item : of.items)
    for (const auto& step : item->heard) {
      if (step.kind == "downlink_queued" && !told("queued", {}))
        find(made_.reports_missing, of, "no report of queued");
      if (step.kind == "downlink_sent" && !told("sent", step.f_cnt))
        find(made_.reports_missing, of, fmt::format("no report of sent {}", step.f_cnt));
      if (step.kind == "downlink_ack" && !told("acknowledged", step.f_cnt))
        find(made_.reports_missing, of, "no report of its ack");
      // That of the last attempt comes behind the end, and is no news.
      if (step.kind == "downlink_nack" && !told("nacked", step.f_cnt) && item->end != "max_retries")
        find(made_.reports_missing, of, fmt::format("no report of nack {}", step.f_cnt));
    }
}

// Where the hub holds a message for its ack, Success means that it is there, or, of an unconfirmed one,
// queued.
void judgement::judge_hub_end(const file& of) {
  if (of.asked == nullptr || !of.asked->is_held || of.asked->hub_end != "Success") return;
  const bool reached = !of.items.empty() && (!of.asked->confirmed || of.items.front()->end == "acknowledged");
  if (!reached) find(made_.mismatches, of, "Success in the hub though it was not acknowledged");
}

// The two reads would have shown it.
bool judgement::would_be_seen(const booked_downlink& item, wall_time at) const {
  const auto from = at - before_look, to = at + after_look;
  if (item.accepted > from) return false;
  if (item.end != "none" && item.ended <= to) {
    // As the last of the device's downlinks, where nothing has come behind it.
    const auto known = all_.devices.find(item.device);
    if (known == all_.devices.end() || known->second.overwrites || item.transmissions.empty()) return false;
    const auto last = item.transmissions.back();
    if (last > from) return false;
    const auto& others = by_device_.at(item.device);
    return std::none_of(others.begin(), others.end(), [&](const booked_downlink* other) {
      return std::any_of(other->transmissions.begin(), other->transmissions.end(),
                         [&](wall_time when) { return when > last && when <= to; });
    });
  }
  // In the queue all the time, or pending all the time.
  const auto next = std::find_if(item.transmissions.begin(), item.transmissions.end(),
                                 [&](wall_time when) { return when > from; });
  const auto ended = item.end == "none" ? wall_time::max() : item.ended;
  const auto change = std::min(next == item.transmissions.end() ? wall_time::max() : *next, ended);
  return change > to + window || (next == item.transmissions.begin() && change > to);
}

void judgement::judge_doubt(const file& of, const told_step& doubt) {
  for (const auto* item : of.items)
    if (would_be_seen(*item, doubt.at))
      return find(made_.doubt_unfounded, of, "in doubt, and it could be seen");
  if (!of.items.empty() || of.asked == nullptr) return;
  // It never arrived, and its device, of class A, has never spoken: proof.
  const auto known = all_.devices.find(of.asked->device);
  if (known == all_.devices.end() || known->second.class_c) return;
  if (!known->second.first_uplink || *known->second.first_uplink > doubt.at)
    find(made_.doubt_unfounded, of, "in doubt, and its device has never spoken");
}

} // namespace

command_figures judge_commands(const command_evidence& all) {
  return judgement{all}.judge();
}

} // namespace causeway::bench
