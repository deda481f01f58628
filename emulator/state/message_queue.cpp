// SPDX-License-Identifier: Apache-2.0
#include "emulator/state/message_queue.h"

#include "base/earliest.h"

#include <algorithm>
#include <array>

namespace causeway::emulator {
namespace {

constexpr std::array<std::string_view, 4> ack_words{"none", "positive", "negative", "full"};
constexpr std::array<std::string_view, 5> end_words{"Success", "Rejected", "Expired", "DeliveryCountExceeded",
                                                    "Purged"};

} // namespace

std::optional<ack_mode> parse_ack_mode(std::string_view word) {
  const auto found = std::find(ack_words.begin(), ack_words.end(), word);
  if (found == ack_words.end()) return std::nullopt;
  return static_cast<ack_mode>(found - ack_words.begin());
}

std::string_view to_string(ack_mode mode) {
  return ack_words[static_cast<std::size_t>(mode)];
}

std::string_view to_string(message_end how) {
  return end_words[static_cast<std::size_t>(how)];
}

std::size_t hub_message::bytes() const {
  auto sum = body.size();
  for (const auto& [name, value] : properties)
    sum += name.size() + value.size();
  return sum;
}

std::optional<std::uint64_t> message_queue::add(hub_message message, wall_time enqueued, mono_time expires,
                                                mono_time deliverable) {
  if (messages_.size() >= limits_.most) return std::nullopt;
  queued_message made;
  made.content = std::move(message);
  made.sequence = ++last_sequence_;
  made.enqueued = enqueued;
  made.expires = expires;
  made.deliverable = deliverable;
  messages_.push_back(std::move(made));
  return last_sequence_;
}

std::deque<queued_message>::const_iterator message_queue::first(mono_time now) const {
  const auto found = std::find_if(messages_.begin(), messages_.end(), [now](const queued_message& message) {
    return !message.lock && message.expires > now;
  });
  return found == messages_.end() || found->deliverable > now ? messages_.end() : found;
}

const queued_message* message_queue::take(const guid& token, mono_time now) {
  const auto found = first(now);
  if (found == messages_.end()) return nullptr;
  auto& taken = messages_[static_cast<std::size_t>(found - messages_.begin())];
  taken.lock = message_lock{token, now + limits_.lock};
  ++taken.deliveries;
  return &taken;
}

std::deque<queued_message>::iterator message_queue::find(const guid& token) {
  return std::find_if(messages_.begin(), messages_.end(), [&](const queued_message& message) {
    return message.lock && message.lock->token == token;
  });
}

message_queue::verdict message_queue::settle(const guid& token, settlement how, mono_time now) {
  const auto found = find(token);
  if (found == messages_.end() || found->lock->until <= now) return {true, std::nullopt};
  auto end = how == settlement::complete ? message_end::completed : message_end::rejected;
  if (how == settlement::abandon) {
    found->lock.reset();
    if (++found->delivery_count < limits_.max_deliveries) return {};
    end = message_end::delivery_count_exceeded;
  }
  verdict settled{false, ended_message{std::move(*found), end}};
  messages_.erase(found);
  return settled;
}

void message_queue::release(const guid& token) {
  if (const auto found = find(token); found != messages_.end()) found->lock.reset();
}

std::size_t message_queue::release_all() {
  std::size_t released = 0;
  for (auto& message : messages_) {
    if (message.lock) ++released;
    message.lock.reset();
  }
  return released;
}

message_queue::passing message_queue::pass(mono_time now) {
  passing over;
  for (auto at = messages_.begin(); at != messages_.end();) {
    if (at->lock && at->lock->until <= now) {
      at->lock.reset();
      ++over.locks_expired;
    }
    if (at->lock || at->expires > now) {
      ++at;
      continue;
    }
    over.ended.push_back({std::move(*at), message_end::expired});
    at = messages_.erase(at);
  }
  return over;
}

std::vector<ended_message> message_queue::purge() {
  std::vector<ended_message> purged;
  for (auto& message : messages_)
    purged.push_back({std::move(message), message_end::purged});
  messages_.clear();
  return purged;
}

std::optional<mono_time> message_queue::next_due(mono_time now) const {
  std::optional<mono_time> next;
  for (const auto& message : messages_) {
    next = earliest({next, message.lock ? message.lock->until : message.expires});
    if (!message.lock && message.deliverable > now) next = earliest({next, message.deliverable});
  }
  return next;
}

} // namespace causeway::emulator
