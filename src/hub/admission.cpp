// SPDX-License-Identifier: Apache-2.0
#include "hub/admission.h"

#include "azure/limits.h"
#include "base/earliest.h"

#include <algorithm>

namespace causeway::hub {
namespace {

constexpr auto max_own_tokens = static_cast<std::uint32_t>(azure::max_tokens_per_connection);

} // namespace

void admission::on_peer_open(std::uint16_t channel_max) {
  channel_max_ = std::min(channel_max, own_channel_max);
}

std::uint32_t admission::capacity() const {
  const std::uint32_t room = std::min(options_.max_devices, channel_max_ > 0 ? channel_max_ - 1 : 0);
  return options_.mode == auth::device_keys ? std::min(room, max_own_tokens) : room;
}

bool admission::has_room_for(device_ref device) const {
  const bool tokens_used_up = options_.mode == auth::device_keys && !authorised_.contains(device) &&
                              authorised_.size() >= max_own_tokens;
  return table_.size() < capacity() && !tokens_used_up;
}

void admission::add(device_ref device, const identity& name, const link_wish& wish) {
  authorised_.insert(device);
  device_session& who = table_.acquire(device);
  who.identity = name;
  who.wish = std::make_unique<link_wish>(wish);
  queue_.push_back(who.context());
}

device_session* admission::surplus() {
  while (table_.size() > capacity() && !queue_.empty()) {
    device_session* who = table_.find_context(queue_.back());
    queue_.pop_back();
    if (who != nullptr) return who;
  }
  return nullptr;
}

device_session* admission::next() {
  while (!queue_.empty()) {
    if (device_session* who = table_.find_context(queue_.front())) return who;
    queue_.pop_front();
    stalled_due_.reset();
  }
  stalled_due_.reset();
  return nullptr;
}

void admission::on_blocked(bool is_awaited, mono_time now) {
  if (is_awaited)
    stalled_due_.reset();
  else if (!stalled_due_)
    stalled_due_ = now + options_.answer_time_out;
}

void admission::take_next() {
  queue_.pop_front();
  ++channels_;
  stalled_due_.reset();
}

void admission::put_back(device_session& who) {
  who.state = session_state::queued;
  --channels_;
  queue_.push_front(who.context());
}

void admission::begin(device_session& who, mono_time now) {
  // Unique for ever: link names are scoped by the container id.
  who.begin(engine_, ++last_link_, options_.client_version);
  due_.push(who, now + options_.answer_time_out);
}

std::optional<mono_time> admission::on_link_news(device_session& who) {
  if (who.state != session_state::attaching || !who.is_usable()) return std::nullopt;
  due_.remove(who);
  who.state = session_state::attached;
  ++attached_;
  return who.answer_due - options_.answer_time_out;
}

void admission::remove(device_session& who) {
  const session_state was = who.state;
  if (was == session_state::attaching) due_.remove(who);
  if (was == session_state::attached) --attached_;
  if (was == session_state::attaching || was == session_state::attached) {
    table_.disown(who);
    return who.end();
  }
  if (was == session_state::queued) return table_.release(who);
  free(who); // authorising: its channel was promised
}

void admission::free(device_session& who) {
  --channels_;
  table_.release(who);
}

void admission::clear() {
  for (const std::uint32_t place : table_.owned()) {
    device_session& who = table_.at(place);
    if (who.state == session_state::attaching) due_.remove(who);
    table_.release(who);
  }
  attached_ = 0;
  queue_.clear();
}

std::optional<mono_time> admission::deadline() const {
  return earliest({due_.deadline(), stalled_due_});
}

} // namespace causeway::hub
