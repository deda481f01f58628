// SPDX-License-Identifier: Apache-2.0
#include "emulator/state/c2d_mail.h"

#include "base/earliest.h"

#include <algorithm>

namespace causeway::emulator {
namespace {

constexpr std::size_t most_feedback_batches = 1'000;
constexpr std::chrono::hours feedback_life{1};

} // namespace

c2d_totals& c2d_totals::operator+=(const c2d_totals& more) {
  sent += more.sent;
  refused_full += more.refused_full;
  refused_large += more.refused_large;
  delivered += more.delivered;
  abandoned += more.abandoned;
  released += more.released;
  locks_expired += more.locks_expired;
  locks_lost += more.locks_lost;
  completed += more.completed;
  rejected += more.rejected;
  expired += more.expired;
  delivery_count_exceeded += more.delivery_count_exceeded;
  purged += more.purged;
  feedback_records += more.feedback_records;
  feedback_batches += more.feedback_batches;
  feedback_dropped += more.feedback_dropped;
  return *this;
}

c2d_mail::c2d_mail(const std::string& seed, std::string hub)
    : guids_{seed + "/c2d"}, hub_{std::move(hub)}, feedback_{{most_feedback_batches}} {}

c2d_verdict c2d_mail::add(const identity& device, std::string generation, hub_message message,
                          std::chrono::milliseconds delay, moment now) {
  if (message.bytes() > most_c2d_bytes) {
    ++totals_.refused_large;
    return c2d_verdict::too_large;
  }
  const auto latest = now.wall + longest_c2d_life;
  message.expires = std::min(message.expires.value_or(now.wall + default_c2d_life), latest);
  const auto life = std::chrono::duration_cast<mono_time::duration>(*message.expires - now.wall);
  auto& of = boxes_[device];
  of.generation = std::move(generation);
  if (!of.queue.add(std::move(message), now.wall, now.mono + life, now.mono + delay)) {
    ++totals_.refused_full;
    return c2d_verdict::full;
  }
  ++totals_.sent;
  reckon(device, of, now.mono);
  return c2d_verdict::taken;
}

const queued_message* c2d_mail::take(const identity& device, mono_time now) {
  const auto found = boxes_.find(device);
  if (found == boxes_.end() || !found->second.queue.has_one(now)) return nullptr;
  ++totals_.delivered;
  const auto* taken = found->second.queue.take(guids_.next(), now);
  reckon(device, found->second, now);
  return taken;
}

bool c2d_mail::settle(const identity& device, const guid& token, settlement how, moment now) {
  const auto found = boxes_.find(device);
  auto settled = found == boxes_.end() ? message_queue::verdict{true, std::nullopt}
                                       : found->second.queue.settle(token, how, now.mono);
  if (settled.lock_lost) {
    ++totals_.locks_lost;
    return false;
  }
  if (how == settlement::abandon) ++totals_.abandoned;
  if (settled.ended) end(device, found->second, std::move(*settled.ended), now);
  reckon(device, found->second, now.mono);
  return true;
}

std::size_t c2d_mail::release(const identity& device, mono_time now) {
  const auto found = boxes_.find(device);
  if (found == boxes_.end()) return 0;
  const auto released = found->second.queue.release_all();
  totals_.released += released;
  reckon(device, found->second, now);
  return released;
}

std::vector<identity> c2d_mail::expire_locks(const std::function<bool(const identity&)>& concerned,
                                             mono_time now) {
  std::vector<identity> devices;
  for (auto& [device, of] : boxes_) {
    if (!concerned(device)) continue;
    totals_.locks_expired += of.queue.release_all();
    devices.push_back(device);
  }
  for (const auto& device : devices)
    reckon(device, boxes_[device], now);
  return devices;
}

std::size_t c2d_mail::purge(const identity& device, moment now) {
  const auto found = boxes_.find(device);
  if (found == boxes_.end()) return 0;
  auto purged = found->second.queue.purge();
  for (auto& one : purged)
    end(device, found->second, std::move(one), now);
  reckon(device, found->second, now.mono);
  return purged.size();
}

std::size_t c2d_mail::waiting(const identity& device) const {
  const auto* queue = find(device);
  return queue == nullptr ? 0 : queue->size();
}

const message_queue* c2d_mail::find(const identity& device) const {
  const auto found = boxes_.find(device);
  return found == boxes_.end() ? nullptr : &found->second.queue;
}

std::vector<identity> c2d_mail::pass(moment now) {
  std::vector<identity> devices;
  while (!dues_.empty() && dues_.begin()->first <= now.mono) {
    const auto device = dues_.begin()->second;
    auto& of = boxes_[device];
    auto over = of.queue.pass(now.mono);
    totals_.locks_expired += over.locks_expired;
    for (auto& ended : over.ended)
      end(device, of, std::move(ended), now);
    if (of.queue.has_one(now.mono)) devices.push_back(device);
    reckon(device, of, now.mono);
  }
  feedback_.pass(now.mono);
  gather_feedback(now);
  return devices;
}

std::optional<mono_time> c2d_mail::next_due() const {
  auto next = earliest({gathered_.next_due(), feedback_due_});
  if (!dues_.empty()) next = earliest({next, dues_.begin()->first});
  return next;
}

// A box without messages stays: its sequence numbers go on.
void c2d_mail::reckon(const identity& device, box& of, mono_time now) {
  if (of.due) dues_.erase({*of.due, device});
  of.due = of.queue.next_due(now);
  if (of.due) dues_.emplace(*of.due, device);
}

void c2d_mail::end(const identity& device, const box& of, ended_message ended, moment now) {
  const auto& message = ended.message;
  count(ended.how);
  if (wants_feedback(message.content.ack, ended.how)) {
    ++totals_.feedback_records;
    gathered_.add({message.content.message_id, ended.how, device.str(), of.generation, now.wall}, now.mono);
    gather_feedback(now);
  }
  if (records_.size() >= most_records) records_.pop_front();
  records_.push_back({device, message.content.message_id, message.sequence, message.delivery_count,
                      message.deliveries, message.enqueued, now.wall, ended.how});
}

void c2d_mail::count(message_end how) {
  switch (how) {
  case message_end::completed:
    ++totals_.completed;
    break;
  case message_end::rejected:
    ++totals_.rejected;
    break;
  case message_end::expired:
    ++totals_.expired;
    break;
  case message_end::delivery_count_exceeded:
    ++totals_.delivery_count_exceeded;
    break;
  case message_end::purged:
    ++totals_.purged;
    break;
  }
}

void c2d_mail::gather_feedback(moment now) {
  while (auto body = gathered_.take(now.mono)) {
    hub_message batch;
    batch.message_id = guids_.next().text();
    batch.user_id = hub_;
    batch.to = "/messages/serviceBound/feedback";
    batch.content_type = "application/vnd.microsoft.iothub.feedback.json";
    batch.content_encoding = "utf-8";
    batch.body = std::move(*body);
    if (feedback_.add(std::move(batch), now.wall, now.mono + feedback_life, now.mono))
      ++totals_.feedback_batches;
    else
      ++totals_.feedback_dropped;
  }
  feedback_due_ = feedback_.next_due(now.mono);
}

const queued_message* c2d_mail::take_feedback(mono_time now) {
  if (!feedback_.has_one(now)) return nullptr;
  const auto* taken = feedback_.take(guids_.next(), now);
  feedback_due_ = feedback_.next_due(now);
  return taken;
}

bool c2d_mail::settle_feedback(const guid& token, settlement how, mono_time now) {
  const auto settled = feedback_.settle(token, how, now);
  feedback_due_ = feedback_.next_due(now);
  return !settled.lock_lost;
}

void c2d_mail::release_feedback(const guid& token) {
  feedback_.release(token);
}

} // namespace causeway::emulator
