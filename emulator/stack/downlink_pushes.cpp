// SPDX-License-Identifier: Apache-2.0
#include "emulator/stack/downlink_pushes.h"

#include <algorithm>

namespace causeway::emulator {
namespace {

// Of the time that the stack works on a push: until then nobody has begun; then it is stored, told, answered.
constexpr int reached_percent = 40, stored_percent = 65, told_percent = 80;
// Of pushes that were cut off, each so manieth makes an event that says so (28 of 400).
constexpr std::uint64_t told_of_abandoned = 14;

stack_fault make_cancelled() {
  return {499, 1, "", "", "context canceled", {}};
}

// What the Application Server takes for the push's end; of one that got no answer, that its client has gone.
stack_fault fault_of(const push_rule& rule) {
  return rule.status ? fault_of_status(*rule.status) : make_cancelled();
}

} // namespace

std::string device_key(std::string_view application, std::string_view device) {
  return std::string{application} + "/" + std::string{device};
}

std::uint64_t downlink_pushes::begin(push_order order, moment now) {
  const auto number = ++last_;
  auto& made = pushes_[number];
  made.key = device_key(order.application, order.device);
  made.rule = switches_.use_push(order.device, now.mono);
  made.received_at = now.wall;
  made.order = std::move(order);
  if (const auto& rule = made.rule; rule && !rule->queued && (rule->status || rule->hang_up)) {
    if (rule->told == push_rule::event::failed) tell_failure(made, now);
    answer_later(number, fault_of_status(rule->status.value_or(500)), rule->delay, now);
  } else if (is_starved()) {
    made.rule.reset();
    answer_later(number, fault_of_status(500), switches_.starved_after, now);
  } else if (const auto lock = locks_.find(made.key); lock != locks_.end()) {
    lock->second.line.push_back(number);
    ++waiting_;
  } else {
    locks_[made.key];
    start(number, now);
  }
  return number;
}

std::optional<push_answer> downlink_pushes::take(std::uint64_t number) {
  const auto found = pushes_.find(number);
  if (found == pushes_.end() || !found->second.answer) return std::nullopt;
  auto answer = std::move(found->second.answer);
  pushes_.erase(found);
  return answer;
}

void downlink_pushes::leave(std::uint64_t number, moment now) {
  const auto found = pushes_.find(number);
  if (found == pushes_.end()) return;
  auto& of = found->second;
  if (of.at == stage::waiting) {
    // One that has its answer coming holds no place.
    if (const auto lock = locks_.find(of.key); lock != locks_.end())
      waiting_ -= std::erase(lock->second.line, number);
    pushes_.erase(found);
  } else if (of.at == stage::begun) {
    const auto key = of.key;
    pushes_.erase(found);
    release(key, now);
  } else if (of.at == stage::done) {
    pushes_.erase(found);
  } else {
    abandon(number, of, now);
  }
}

void downlink_pushes::abandon(std::uint64_t number, push& of, moment now) {
  if (of.at == stage::left) return;
  const bool untold = of.at != stage::told;
  lock_out(number, of, now);
  if (!is_late(of) && untold && ++abandoned_ % told_of_abandoned == 0) {
    const auto why = make_cancelled();
    to_.tell(of.order, &why, of.received_at, now);
  }
}

void downlink_pushes::lock_out(std::uint64_t number, push& of, moment now) {
  of.at = stage::left;
  auto& lock = locks_.at(of.key);
  lock.holder = 0;
  lock.until = of.begun + switches_.lock_time;
  if (is_late(of)) queue_late(of, now.mono);
  steps_.at(lock.until, [this, number, key = of.key](moment then) {
    pushes_.erase(number);
    release(key, then);
  });
}

void downlink_pushes::interrupt(bool killed, moment now) {
  for (auto& [key, lock] : locks_)
    lock.line.clear();
  waiting_ = 0;
  std::vector<std::uint64_t> all;
  for (const auto& [number, of] : pushes_)
    if (!of.answer && of.at != stage::left) all.push_back(number);
  std::sort(all.begin(), all.end());
  for (const auto number : all) {
    auto& of = pushes_.at(number);
    if (of.at == stage::begun)
      release(of.key, now);
    else if (of.at > stage::begun && of.at < stage::done)
      lock_out(number, of, now);
    of.at = stage::done;
    give(number, {killed ? registry_response{} : to_.fail(fault_of_status(499)), killed}, {}, now);
  }
}

mono_time downlink_pushes::free_at(const std::string& key, mono_time now) const {
  const auto found = locks_.find(key);
  return found == locks_.end() ? now : std::max(now, found->second.until);
}

bool downlink_pushes::is_stalled(const std::string& key) const {
  const auto found = locks_.find(key);
  return found != locks_.end() && found->second.stalled;
}

void downlink_pushes::after(mono_time when, std::uint64_t number,
                            void (downlink_pushes::*what)(push&, moment)) {
  steps_.at(when, [this, number, what](moment now) {
    const auto found = pushes_.find(number);
    if (found != pushes_.end() && found->second.at < stage::done) (this->*what)(found->second, now);
  });
}

void downlink_pushes::start(std::uint64_t number, moment now) {
  auto& of = pushes_.at(number);
  auto& lock = locks_.at(of.key);
  const auto work = std::chrono::duration_cast<mono_time::duration>(switches_.push_time);
  lock.holder = number;
  lock.until = now.mono + work;
  of.begun = now.mono;
  of.at = stage::begun;
  after(now.mono + work * reached_percent / 100, number, &downlink_pushes::reach);
  if (!is_late(of)) {
    after(now.mono + work * stored_percent / 100, number, &downlink_pushes::store);
    after(now.mono + work * told_percent / 100, number, &downlink_pushes::tell);
  }
  after(now.mono + work, number, &downlink_pushes::finish);
}

void downlink_pushes::reach(push& of, moment) {
  of.at = stage::reached;
}

void downlink_pushes::store(push& of, moment now) {
  of.at = stage::stored;
  of.refusal = to_.store(of.order, now);
}

void downlink_pushes::tell(push& of, moment now) {
  of.at = stage::told;
  if (of.refusal) {
    if (of.refusal->published) to_.tell(of.order, &of.refusal->fault, of.received_at, now);
    return;
  }
  const auto told = of.rule ? of.rule->told : push_rule::event::as_ever;
  if (told == push_rule::event::none) return;
  if (told == push_rule::event::failed) return tell_failure(of, now);
  to_.tell(of.order, nullptr, of.received_at, now);
}

// Precondition: a rule.
void downlink_pushes::tell_failure(const push& of, moment now) {
  const auto why = fault_of(*of.rule);
  to_.tell(of.order, &why, of.received_at, now);
}

// Precondition: it holds the lock, which stays at least until then.
void downlink_pushes::queue_late(const push& of, mono_time ended) {
  auto& lock = locks_.at(of.key);
  const auto due = ended + *of.rule->queued_after;
  lock.holder = 0;
  lock.stalled = true;
  lock.until = std::max<mono_time>(lock.until, due);
  steps_.at(due, [this, late = of](moment then) mutable {
    locks_.at(late.key).stalled = false;
    store(late, then);
    tell(late, then);
  });
}

void downlink_pushes::finish(push& of, moment now) {
  of.at = stage::done;
  const auto key = of.key;
  const auto number = locks_.at(key).holder;
  auto answer = answer_of(of);
  const auto delay = of.rule ? of.rule->delay : milliseconds{0};
  const bool late = is_late(of);
  if (late) {
    queue_late(of, now.mono + delay);
    steps_.at(locks_.at(key).until, [this, key](moment then) { release(key, then); });
  }
  give(number, std::move(answer), delay, now);
  if (!late) release(key, now);
}

// By MQTT nobody waits for it.
void downlink_pushes::give(std::uint64_t number, push_answer answer, milliseconds delay, moment now) {
  const auto done = [this, number, answer = std::move(answer)](moment) {
    const auto found = pushes_.find(number);
    if (found == pushes_.end()) return;
    if (found->second.order.route == downlink_route::mqtt)
      pushes_.erase(found);
    else if (!found->second.answer)
      found->second.answer = answer;
  };
  if (delay.count() == 0)
    done(now);
  else
    steps_.at(now.mono + delay, done);
}

push_answer downlink_pushes::answer_of(const push& of) {
  push_answer made;
  made.hang_up = of.rule && of.rule->hang_up;
  if (of.refusal) {
    made.response = to_.fail(of.refusal->fault);
  } else if (of.rule && of.rule->status) {
    made.response = to_.fail(fault_of_status(*of.rule->status));
  } else if (of.order.route == downlink_route::rest) {
    made.response.body = "{}";
  }
  return made;
}

// Without the lock, and without waiting for it.
void downlink_pushes::answer_later(std::uint64_t number, stack_fault what, milliseconds delay, moment now) {
  const auto& rule = pushes_.at(number).rule;
  push_answer made{to_.fail(what), rule && rule->hang_up};
  if (rule && rule->retry_after) {
    made.response.headers.emplace_back("X-Rate-Limit-Retry", std::to_string(*rule->retry_after));
    made.response.headers.emplace_back("Retry-After", std::to_string(*rule->retry_after));
  }
  give(number, std::move(made), delay, now);
}

void downlink_pushes::release(const std::string& key, moment now) {
  auto& lock = locks_.at(key);
  if (lock.line.empty()) {
    locks_.erase(key);
    to_.on_unlocked(key, now);
    return;
  }
  const auto next = lock.line.front();
  lock.line.pop_front();
  --waiting_;
  to_.on_unlocked(key, now);
  start(next, now);
}

} // namespace causeway::emulator
