// SPDX-License-Identifier: Apache-2.0
#include "stack/mqtt_inbox.h"

#include <algorithm>
#include <deque>
#include <mutex>

namespace causeway::stack {
namespace {

std::size_t bytes_of(const mqtt_item& item) {
  return item.text.size() + item.payload.size();
}

} // namespace

struct mqtt_inbox::state {
  std::function<void()> wake;
  std::mutex mutex;
  std::deque<mqtt_item> items;
  std::size_t messages = 0, bytes = 0;
  bool woken = false;
  std::vector<std::uint64_t> dropped; // by connection
};

mqtt_inbox::mqtt_inbox(mqtt_limits limits, std::size_t connections, std::function<void()> wake)
    : limits_{limits}, state_{std::make_unique<state>()} {
  state_->wake = std::move(wake);
  state_->dropped.resize(connections);
}

mqtt_inbox::~mqtt_inbox() = default;

bool mqtt_inbox::push(mqtt_item item) {
  {
    const std::lock_guard lock{state_->mutex};
    if (item.what == mqtt_event::message) {
      if (state_->messages >= limits_.messages || state_->bytes + bytes_of(item) > limits_.bytes) {
        ++state_->dropped.at(item.connection);
        return false;
      }
      ++state_->messages;
      state_->bytes += bytes_of(item);
    }
    state_->items.push_back(std::move(item));
    if (state_->woken) return true;
    state_->woken = true;
  }
  state_->wake();
  return true;
}

void mqtt_inbox::take(std::vector<mqtt_item>& into, std::size_t most) {
  const std::lock_guard lock{state_->mutex};
  for (auto left = std::min(most, state_->items.size()); left > 0; --left) {
    auto& item = state_->items.front();
    if (item.what == mqtt_event::message) {
      --state_->messages;
      state_->bytes -= bytes_of(item);
    }
    into.push_back(std::move(item));
    state_->items.pop_front();
  }
  if (state_->items.empty()) state_->woken = false;
}

bool mqtt_inbox::empty() const {
  const std::lock_guard lock{state_->mutex};
  return state_->items.empty();
}

std::uint64_t mqtt_inbox::dropped(std::size_t connection) const {
  const std::lock_guard lock{state_->mutex};
  return state_->dropped.at(connection);
}

} // namespace causeway::stack
